import type { EncodedPair } from './pair-batches.js';

/** Pairs of a token of each side that the baseline counts at most, and how often it counts them. */
const [mostLinks, numRounds] = [1_000_000, 4];

/**
 * A baseline without a network: each token of a source becomes the target's token that most likely comes of it, in the
 * order of the source. Shares are those of Brown et al. 1993, "The mathematics of statistical machine translation",
 * model 1, by expectation maximisation, without the empty word.
 */
export class WordByWord {
  private constructor(readonly likeliest: ReadonlyMap<number, number>) {}

  static of(pairs: readonly EncodedPair[]): WordByWord {
    const numLinks = pairs.reduce((sum, { source, target }) => sum + source.length * target.length, 0);
    const step = Math.max(1, Math.ceil(numLinks / mostLinks));
    const learned = pairs.filter((_, place) => place % step === 0);
    let shares = shared(learned, undefined);
    for (let round = 1; round < numRounds; round++) shares = shared(learned, shares);
    const mostOf = (row: ReadonlyMap<number, number>): number =>
      [...row].reduce((most, own) => (own[1] > most[1] ? own : most))[0];
    return new WordByWord(new Map([...shares].map(([from, row]) => [from, mostOf(row)])));
  }

  /** Tokens that training has not shown are left out. */
  translate(source: ArrayLike<number>): number[] {
    return Array.from(source, (token) => this.likeliest.get(token)).filter((token) => token !== undefined);
  }

  /** Each token of a source, and what comes of it. */
  toJSON(): number[] {
    return [...this.likeliest].flat();
  }

  static fromJSON(flat: readonly number[]): WordByWord {
    const pairs = Array.from({ length: flat.length / 2 }, (_, i) => [flat[2 * i], flat[2 * i + 1]] as const);
    return new WordByWord(new Map(pairs));
  }
}

/** P(target token | source token) as the pairs say it with the shares of before; at first all are equal. */
function shared(
  pairs: readonly EncodedPair[],
  before: ReadonlyMap<number, ReadonlyMap<number, number>> | undefined,
): Map<number, Map<number, number>> {
  const counts = new Map<number, Map<number, number>>();
  for (const { source, target } of pairs) {
    const rows = Array.from(source, (from) => before?.get(from));
    for (const to of target) {
      const weights = rows.map((row) => row?.get(to) ?? (before === undefined ? 1 : 0));
      const sum = weights.reduce((total, weight) => total + weight, 0);
      if (sum === 0) continue;
      source.forEach((from, s) => {
        let row = counts.get(from);
        if (row === undefined) counts.set(from, (row = new Map()));
        row.set(to, (row.get(to) ?? 0) + weights[s] / sum);
      });
    }
  }
  for (const row of counts.values()) {
    let sum = 0;
    for (const count of row.values()) sum += count;
    for (const [to, count] of row) row.set(to, count / sum);
  }
  return counts;
}
