/** Something that was done or guessed when a table was taken as series, and may not be what was meant. */
export interface SeriesNote {
  readonly kind:
    | 'unnamed'
    | 'numbers'
    | 'notFinite'
    | 'constant'
    | 'order'
    | 'foreign'
    | 'repeats'
    | 'gaps'
    | 'closed'
    | 'clock'
    | 'irregular'
    | 'filled'
    | 'start'
    | 'end'
    | 'dropped';
  /** Rows, cells or series that it is about. */
  readonly count: number;
  /** One sentence. */
  readonly text: string;
}

/** `lines 3, 7 and 12`, or the first of many. */
export function linesOf(lines: readonly number[]): string {
  if (lines.length === 1) return `line ${lines[0]}`;
  const shown = lines.slice(0, 4);
  const numMore = lines.length - shown.length;
  const last = numMore > 0 ? `${numMore} more` : String(shown.pop());
  return `lines ${shown.join(', ')} and ${last}`;
}
