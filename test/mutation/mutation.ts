/** A bug that is put into one source file, to find out which test sees it. */
export interface Mutation {
  /** What is wrong then, in words. */
  readonly bug: string;
  readonly file: string;
  /** The right code: it must stand exactly once in the file. */
  readonly from: string;
  /** The wrong code in its place. */
  readonly to: string;
  /** Test files, or the starts of their paths, that should see it. */
  readonly tests: readonly string[];
}

type Row = readonly [bug: string, from: string, to: string];

/** Mutations of one file, with the tests nearest to it. */
export function inFile(file: string, tests: readonly string[], rows: readonly Row[]): Mutation[] {
  return rows.map(([bug, from, to]) => ({ bug, file, from, to, tests }));
}

/**
 * The mutated source, or why there is none: the code has moved on since the mutation was written. How the code is
 * broken into lines does not matter, nor a comma that the formatter puts behind the last of several lines.
 */
export function mutated(
  source: string,
  { from, to }: Mutation,
): { readonly text: string } | { readonly stale: string } {
  const found = [...source.matchAll(new RegExp(patternOf(from), 'g'))];
  if (found.length === 0) return { stale: 'its code is not in the file' };
  if (found.length > 1) return { stale: 'its code is in the file more than once' };
  const [{ index, 0: code }] = found;
  return { text: source.slice(0, index) + to + source.slice(index + code.length) };
}

/** A pattern for code that may have line breaks where another has blanks or nothing. */
function patternOf(code: string): string {
  const tokens = code.match(/[\w$]+|\s+|[^\w$\s]/g) ?? [];
  return tokens
    .map((token, i) => {
      if (/\s/.test(token)) return /[)\]}]/.test(tokens[i + 1] ?? '') ? ',?\\s+' : '\\s+';
      const escaped = token.replace(/[^\w$]|\$/g, '\\$&');
      const closes = /[)\]}]/.test(token);
      const before = i === 0 ? '' : closes ? ',?\\s*' : '\\s*';
      return /\s/.test(tokens[i - 1] ?? '') ? escaped : before + escaped;
    })
    .join('');
}
