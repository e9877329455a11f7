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

/** The mutated source, or why there is none: the code has moved on since the mutation was written. */
export function mutated(source: string, { from, to }: Mutation): { readonly text: string } | { readonly stale: string } {
  const first = source.indexOf(from);
  if (first < 0) return { stale: 'its code is not in the file' };
  if (source.indexOf(from, first + 1) >= 0) return { stale: 'its code is in the file more than once' };
  return { text: source.slice(0, first) + to + source.slice(first + from.length) };
}
