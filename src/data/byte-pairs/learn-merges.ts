import { piecesOf } from './pieces.js';

/** Two tokens that become one. */
export type Merge = readonly [left: number, right: number];

const utf8 = new TextEncoder();
/** Ids of pairs: `left * idLimit + right`. */
const idLimit = 2 ** 26;

/**
 * Byte pairs of a text: starting from the 256 bytes, the pair of neighbours that is most frequent becomes a token,
 * until there are `numTokens` tokens or no pair comes twice. Of equally frequent pairs the one with the smaller ids
 * wins, so equal texts give equal pairs. Sennrich, Haddow and Birch 2016, "Neural machine translation of rare words
 * with subword units", algorithm 1, on bytes as in Radford et al. 2019, "Language models are unsupervised multitask
 * learners", section 2.2.
 */
export function learnMerges(text: string, numTokens: number): Merge[] {
  const counts = new Map<string, number>();
  for (const piece of piecesOf(text)) counts.set(piece, (counts.get(piece) ?? 0) + 1);
  const words = [...counts].map(([piece, count]) => ({ tokens: Array.from(utf8.encode(piece)), count }));
  const pairs = new PairCounts();
  words.forEach(({ tokens, count }, word) => {
    for (let i = 0; i + 1 < tokens.length; i++) pairs.add(tokens[i], tokens[i + 1], count, word);
  });
  const merges: Merge[] = [];
  while (256 + merges.length < numTokens) {
    const best = pairs.takeBest();
    if (best === undefined) break;
    const merged = 256 + merges.length;
    merges.push(best.pair);
    for (const word of best.words) {
      const { tokens, count } = words[word];
      replacePair(tokens, best.pair, merged, (left, right, sign) => pairs.add(left, right, sign * count, word));
    }
  }
  return merges;
}

/** Replaces a pair in place and reports the neighbours that come and go. */
function replacePair(
  tokens: number[],
  [left, right]: Merge,
  merged: number,
  change: (left: number, right: number, sign: 1 | -1) => void,
): void {
  let kept = 0;
  for (let i = 0; i < tokens.length; i++) {
    if (tokens[i] !== left || tokens[i + 1] !== right) {
      tokens[kept++] = tokens[i];
      continue;
    }
    if (kept > 0) {
      change(tokens[kept - 1], left, -1);
      change(tokens[kept - 1], merged, 1);
    }
    if (i + 2 < tokens.length) {
      change(right, tokens[i + 2], -1);
      // Where the same pair follows, what comes is reported by it.
      change(merged, tokens[i + 2], 1);
    }
    tokens[kept++] = merged;
    i++;
  }
  tokens.length = kept;
}

/** How often each pair stands in the text, and in which words. */
class PairCounts {
  readonly #counts = new Map<number, number>();
  readonly #words = new Map<number, Set<number>>();
  /** A binary heap of counts that once were right; a pair's true count decides when it is taken. */
  readonly #heap: { key: number; count: number }[] = [];
  #dirty = new Set<number>();

  add(left: number, right: number, by: number, word: number): void {
    const key = left * idLimit + right;
    this.#counts.set(key, (this.#counts.get(key) ?? 0) + by);
    if (by > 0) {
      const found = this.#words.get(key);
      if (found === undefined) this.#words.set(key, new Set([word]));
      else found.add(word);
    }
    this.#dirty.add(key);
  }

  /** Removes the most frequent pair that comes at least twice. */
  takeBest(): { pair: Merge; words: readonly number[] } | undefined {
    for (const key of this.#dirty) if (this.#counts.get(key)! > 1) this.#push({ key, count: this.#counts.get(key)! });
    this.#dirty.clear();
    for (let top = this.#pop(); top !== undefined; top = this.#pop()) {
      if (this.#counts.get(top.key) !== top.count) continue;
      const words = [...this.#words.get(top.key)!].sort((a, b) => a - b);
      this.#counts.delete(top.key);
      this.#words.delete(top.key);
      return { pair: [Math.floor(top.key / idLimit), top.key % idLimit], words };
    }
    return undefined;
  }

  #push(item: { key: number; count: number }): void {
    const heap = this.#heap;
    let at = heap.length;
    heap.push(item);
    for (let up = (at - 1) >> 1; at > 0 && goesBefore(item, heap[up]); up = (at - 1) >> 1) {
      heap[at] = heap[up];
      at = up;
    }
    heap[at] = item;
  }

  #pop(): { key: number; count: number } | undefined {
    const heap = this.#heap;
    const top = heap[0];
    const last = heap.pop();
    if (last === undefined || heap.length === 0) return top;
    let at = 0;
    for (let down = 1; down < heap.length; down = 2 * at + 1) {
      if (down + 1 < heap.length && goesBefore(heap[down + 1], heap[down])) down++;
      if (!goesBefore(heap[down], last)) break;
      heap[at] = heap[down];
      at = down;
    }
    heap[at] = last;
    return top;
  }
}

function goesBefore(a: { key: number; count: number }, b: { key: number; count: number }): boolean {
  return a.count > b.count || (a.count === b.count && a.key < b.key);
}
