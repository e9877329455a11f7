/**
 * How often each run of 1 to `longest` items occurs: the first map holds single items. Items must not contain a space,
 * unless all are of one character.
 */
export function countNGrams(items: readonly string[], longest: number): Map<string, number>[] {
  const counts = Array.from({ length: longest }, () => new Map<string, number>());
  for (let from = 0; from < items.length; from++) {
    let run = '';
    for (let n = 0; n < longest && from + n < items.length; n++) {
      run += ` ${items[from + n]}`;
      counts[n].set(run, (counts[n].get(run) ?? 0) + 1);
    }
  }
  return counts;
}

/** Runs of `length` items among `numItems`. */
export function numNGrams(numItems: number, length: number): number {
  return Math.max(0, numItems - length + 1);
}

/** Runs that two texts share: of each the smaller count. */
export function numShared(a: ReadonlyMap<string, number>, b: ReadonlyMap<string, number>): number {
  let shared = 0;
  for (const [run, count] of a) shared += Math.min(count, b.get(run) ?? 0);
  return shared;
}
