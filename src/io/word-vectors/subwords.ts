/** How a model cuts words into n-grams, and the vectors of these. */
export interface SubwordTable {
  /** Shortest and longest n-gram, in characters (code points), with the signs `<` and `>` that enclose a word. */
  readonly minLength: number;
  readonly maxLength: number;
  /** Number of rows that n-grams are hashed to. */
  readonly buckets: number;
  readonly dimension: number;
  /** `[rows, dimension]`. */
  readonly values: Float32Array;
  /** The row of a bucket in `values`; undefined where every bucket has the row of its own number. */
  readonly rowOf?: ReadonlyMap<number, number> | undefined;
}

const utf8 = new TextEncoder();

/**
 * The buckets of the n-grams of a word: from each character on, all n-grams of `minLength` to `maxLength` characters of
 * `<word>`, without a lone `<` or `>`, each hashed. Several n-grams may share a bucket, and each counts.
 *
 * Bojanowski et al. 2017, "Enriching word vectors with subword information", section 3.2.
 */
export function subwordBuckets(
  word: string,
  { minLength, maxLength, buckets }: Pick<SubwordTable, 'minLength' | 'maxLength' | 'buckets'>,
): number[] {
  const found: number[] = [];
  if (buckets === 0) return found;
  const bytes = utf8.encode(`<${word}>`);
  const starts: number[] = [];
  bytes.forEach((byte, i) => {
    if ((byte & 0xc0) !== 0x80) starts.push(i);
  });
  for (let first = 0; first < starts.length; first++) {
    for (let length = 1; length <= maxLength && first + length <= starts.length; length++) {
      if (length < minLength || (length === 1 && (first === 0 || first === starts.length - 1))) continue;
      const end = first + length === starts.length ? bytes.length : starts[first + length];
      found.push(subwordHash(bytes, starts[first], end) % buckets);
    }
  }
  return found;
}

/**
 * FNV-1a (Fowler, Noll and Vo 1991) with 32 bits, as fastText computes it: each byte is taken as a signed number, so
 * bytes from 0x80 up also turn the upper 24 bits.
 */
export function subwordHash(bytes: Uint8Array, start = 0, end = bytes.length): number {
  let hash = 0x811c9dc5;
  for (let i = start; i < end; i++) hash = Math.imul(hash ^ ((bytes[i] << 24) >> 24), 0x01000193);
  return hash >>> 0;
}

/** Vectors of words by the n-grams they are made of. */
export class Subwords {
  readonly dimension: number;

  constructor(readonly table: SubwordTable) {
    this.dimension = table.dimension;
  }

  /** The mean of the vectors of a word's n-grams; undefined where it has none (fastText prints zeros then). */
  vectorOf(word: string): Float32Array | undefined {
    const mean = new Float32Array(this.dimension);
    return this.addTo(mean, word, 0) === 0 ? undefined : mean;
  }

  /**
   * Adds the vectors of a word's n-grams to a sum of `count` vectors and divides by the number of all, each step
   * rounded to single precision as fastText rounds it.
   *
   * @returns how many vectors the mean is of.
   */
  addTo(sum: Float32Array, word: string, count: number): number {
    const { dimension, table } = this;
    const buckets = subwordBuckets(word, table);
    for (const bucket of buckets) {
      const row = (table.rowOf?.get(bucket) ?? bucket) * dimension;
      for (let i = 0; i < dimension; i++) sum[i] += table.values[row + i];
    }
    const share = Math.fround(1 / (count + buckets.length));
    if (count + buckets.length > 0) for (let i = 0; i < dimension; i++) sum[i] *= share;
    return count + buckets.length;
  }
}
