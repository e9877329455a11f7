/**
 * The edits of TER. Letters: H words of the hypothesis, R of the reference; `costs[i * (R + 1) + j]` are the edits that
 * turn the first i words of the hypothesis into the first j of the reference.
 */

/** The limits of tercom and of sacreBLEU's port: of a shift's words, its distance, the beam, and how many are tried. */
const LONGEST_SHIFT = 10;
const FARTHEST_SHIFT = 50;
const BEAM = 25;
const MOST_TRIED = 1000;

/** Steps back through the table. */
const [MATCH, SUBSTITUTE, DROP, ADD] = [0, 1, 2, 3];

/**
 * The number of edits of a hypothesis until it is the reference: words substituted, dropped or added, and runs of words
 * moved to another place, each as one edit. Moves are sought greedily: again and again the one after which the fewest
 * other edits are left, while there is one that helps (Snover, Dorr, Schwartz, Micciulla and Makhoul 2006, algorithm 1).
 */
export function shiftedEdits(hypothesis: readonly string[], reference: readonly string[]): number {
  if (reference.length === 0) return hypothesis.length;
  const ids = new Map<string, number>();
  const idOf = (word: string): number => {
    const id = ids.get(word) ?? ids.size;
    ids.set(word, id);
    return id;
  };
  const right = Int32Array.from(reference, idOf);
  const table = new EditTable(Int32Array.from(hypothesis, idOf), right);
  let [shifts, tried] = [0, 0];
  for (;;) {
    const before = table.edits;
    const found = bestShift(table, tried);
    tried = found.tried;
    if (tried >= MOST_TRIED || found.shift === undefined || found.edits >= before) return shifts + before;
    shifts++;
    table.become(shifted(table.words, found.shift));
  }
}

interface Shift {
  /** The first word that is moved, and how many are. */
  readonly from: number;
  readonly length: number;
  /** Before which word they go; of the words as they stand. */
  readonly to: number;
}

/** The shift that leaves the fewest edits; of equals the longest, then the first, then the one that goes least far. */
function bestShift(table: EditTable, triedBefore: number): { shift?: Shift; edits: number; tried: number } {
  const { words, reference } = table;
  const { lastWord, isWrongWord, isWrongReference } = table.alignment();
  let tried = triedBefore;
  let best: { shift?: Shift; edits: number } = { edits: Infinity };
  for (const [from, at, length] of sharedRuns(words, reference)) {
    if (!isWrongWord.subarray(from, from + length).includes(1)) continue;
    if (!isWrongReference.subarray(at, at + length).includes(1)) continue;
    if (lastWord[at] >= from && lastWord[at] < from + length) continue;
    let previous = -1;
    for (let offset = -1; offset < length; offset++) {
      const to = at + offset < 0 ? 0 : lastWord[at + offset] + 1;
      if (to === previous) continue;
      previous = to;
      const shift = { from, length, to };
      const edits = table.editsOf(shifted(words, shift), Math.min(from, to));
      tried++;
      if (best.shift === undefined || edits < best.edits || (edits === best.edits && isPreferred(shift, best.shift)))
        best = { shift, edits };
    }
    if (tried >= MOST_TRIED) break;
  }
  return { ...best, tried };
}

function isPreferred(a: Shift, b: Shift): boolean {
  return (a.length - b.length || b.from - a.from || b.to - a.to) > 0;
}

/** Every run of words that both have, as its place in the one, its place in the other, and its length. */
function* sharedRuns(
  words: Int32Array,
  reference: Int32Array,
): Generator<readonly [from: number, at: number, length: number]> {
  for (let from = 0; from < words.length; from++) {
    const end = Math.min(reference.length - 1, from + FARTHEST_SHIFT);
    for (let at = Math.max(0, from - FARTHEST_SHIFT); at <= end; at++) {
      const longest = Math.min(LONGEST_SHIFT, words.length - from, reference.length - at);
      for (let n = 0; n < longest && words[from + n] === reference[at + n]; n++) yield [from, at, n + 1];
    }
  }
}

/** The words after a shift. A place inside of what is moved counts on as if that were gone, as far as there are words. */
function shifted(words: Int32Array, { from, length, to }: Shift): Int32Array {
  const place = Math.min(to > from + length ? to - length : to, words.length - length);
  const result = words.slice();
  if (place < from) result.copyWithin(place + length, place, from);
  else result.copyWithin(from, from + length, place + length);
  result.set(words.subarray(from, from + length), place);
  return result;
}

/** More than any number of edits: what lies outside of the beam. */
const OUTSIDE = 2 ** 29;

/** Levenshtein's table of a hypothesis, in a beam around its diagonal. */
class EditTable {
  readonly reference: Int32Array;
  words: Int32Array;
  readonly #width: number;
  /** `[H + 1, R + 1]`: edits, and the last step of them. */
  readonly #costs: Int32Array;
  readonly #steps: Uint8Array;
  /** The same of words that are tried. */
  readonly #triedCosts: Int32Array;
  readonly #triedSteps: Uint8Array;

  constructor(words: Int32Array, reference: Int32Array) {
    this.reference = reference;
    this.words = words;
    this.#width = reference.length + 1;
    const size = (words.length + 1) * this.#width;
    this.#costs = new Int32Array(size).fill(OUTSIDE);
    this.#steps = new Uint8Array(size).fill(ADD);
    for (let j = 0; j < this.#width; j++) this.#costs[j] = j;
    this.#triedCosts = this.#costs.slice();
    this.#triedSteps = this.#steps.slice();
    this.become(words);
  }

  get edits(): number {
    return this.#costs[this.#costs.length - 1];
  }

  /** Takes other words, as many as before. */
  become(words: Int32Array): void {
    this.words = words;
    this.#fillRows(words, 0, this.#costs, this.#steps);
  }

  /** The edits of as many other words, of which the first `numSame` are those of the table. */
  editsOf(words: Int32Array, numSame: number): number {
    const row = numSame * this.#width;
    this.#triedCosts.set(this.#costs.subarray(row, row + this.#width), row);
    this.#fillRows(words, numSame, this.#triedCosts, this.#triedSteps);
    return this.#triedCosts[this.#triedCosts.length - 1];
  }

  #fillRows(words: Int32Array, numFilled: number, costs: Int32Array, steps: Uint8Array): void {
    const { reference } = this;
    const width = this.#width;
    const slope = reference.length / words.length;
    const beam = BEAM < slope / 2 ? Math.ceil(slope / 2 + BEAM) : BEAM;
    for (let i = numFilled + 1; i <= words.length; i++) {
      const word = words[i - 1];
      const diagonal = Math.floor(i * slope);
      const end = i === words.length ? width : Math.min(width, diagonal + beam);
      for (let j = Math.max(0, diagonal - beam); j < end; j++) {
        const at = i * width + j;
        let cost = OUTSIDE;
        let step = ADD;
        if (j > 0) {
          const isSame = word === reference[j - 1];
          cost = costs[at - width - 1] + (isSame ? 0 : 1);
          step = isSame ? MATCH : SUBSTITUTE;
        }
        if (costs[at - width] + 1 < cost) [cost, step] = [costs[at - width] + 1, DROP];
        if (j > 0 && costs[at - 1] + 1 < cost) [cost, step] = [costs[at - 1] + 1, ADD];
        costs[at] = cost;
        steps[at] = step;
      }
    }
  }

  /** By word of the reference, the last word of the hypothesis at or before its place (or -1); and what is wrong. */
  alignment(): { lastWord: Int32Array; isWrongWord: Uint8Array; isWrongReference: Uint8Array } {
    let [i, j] = [this.words.length, this.reference.length];
    const lastWord = new Int32Array(j);
    const isWrongWord = new Uint8Array(i);
    const isWrongReference = new Uint8Array(j);
    while (i > 0 || j > 0) {
      const step = this.#steps[i * this.#width + j];
      if (step !== ADD) i--;
      if (step !== DROP) lastWord[--j] = step === ADD ? i - 1 : i;
      if (step === SUBSTITUTE || step === DROP) isWrongWord[i] = 1;
      if (step === SUBSTITUTE || step === ADD) isWrongReference[j] = 1;
    }
    return { lastWord, isWrongWord, isWrongReference };
  }
}
