import { RondoError } from '../../errors.js';
import { firstInvalidByte } from '../utf8.js';
import { strictDecoder } from '../utf8-text.js';

/** Which words of a file are kept, and what happens to those that cannot be. */
export interface WordChoice {
  /** Reads only the first words of the file: the most frequent ones in files of the usual programs. All by default. */
  limit?: number | undefined;
  /** Keeps only words for which it returns true. All by default. */
  keep?: ((word: string) => boolean) | undefined;
  /**
   * A word that came before, or whose bytes are no text: `refuse` (default) makes it an error, `skip` leaves it out, as
   * some published files need.
   */
  faultyWords?: 'refuse' | 'skip' | undefined;
  /** Of the words, as a label of the Encoding Standard such as `windows-1252` or `gb18030`. Default utf-8. */
  encoding?: string | undefined;
}

/**
 * Collects the words and vectors of a file, in memory that grows with what is kept and not with what a header promises.
 */
export class VectorCollector {
  readonly words: string[] = [];
  readonly #known = new Map<string, number>();
  #table = new Float32Array(0);
  readonly #decoder: TextDecoder;

  readonly #choice: WordChoice;

  constructor(
    readonly dimension: number,
    choice: WordChoice,
    /** Names a place in the file: a line, an entry. */
    readonly placeName: (place: number) => string,
  ) {
    this.#choice = choice;
    this.#decoder = strictDecoder(choice.encoding ?? 'utf-8', true);
  }

  /** Whether the word at `index` of the file is within the limit. */
  wants(index: number): boolean {
    return index < (this.#choice.limit ?? Infinity);
  }

  /**
   * The word of these bytes, where it is to be kept.
   *
   * @param place where it is, as a number that `placeName` understands.
   * @throws DATA_FORMAT for a word that is no text, or came before
   */
  wordOf(bytes: Uint8Array, place: number): string | undefined {
    const skips = this.#choice.faultyWords === 'skip';
    let word: string;
    try {
      word = this.#decoder.decode(bytes);
    } catch (cause) {
      if (skips) return undefined;
      throw this.#notText(bytes, place, cause);
    }
    if (this.#choice.keep?.(word) === false) return undefined;
    const before = this.#known.get(word);
    if (before === undefined) {
      this.#known.set(word, place);
      return word;
    }
    if (skips) return undefined;
    throw new RondoError('DATA_FORMAT', {
      where: this.placeName(place),
      what: `the word ${JSON.stringify(word)} comes twice.`,
      expected: 'different words',
      received: `the same word as in ${this.placeName(before)}`,
      fix: "remove one of the two, or keep the first with faultyWords: 'skip'.",
    });
  }

  #notText(bytes: Uint8Array, place: number, cause: unknown): RondoError {
    const { encoding } = this.#decoder;
    const offset = encoding === 'utf-8' ? firstInvalidByte(bytes) : undefined;
    return new RondoError('DATA_FORMAT', {
      where: this.placeName(place),
      what: `the word is not in ${encoding.toUpperCase()}.`,
      expected: `text in ${encoding.toUpperCase()}`,
      received:
        `${offset === undefined ? '' : `0x${bytes[offset].toString(16)} at byte ${offset} of `}` +
        JSON.stringify(new TextDecoder('latin1').decode(bytes.subarray(0, 80))),
      fix: "name the encoding of the file, or leave such words out with faultyWords: 'skip'.",
      cause,
    });
  }

  /** The place to write the vector of a word to. */
  add(word: string): Float32Array {
    const start = this.words.length * this.dimension;
    this.words.push(word);
    const end = start + this.dimension;
    if (end > this.#table.length) {
      const larger = new Float32Array(Math.max(end, this.#table.length * 2, 1024));
      larger.set(this.#table.subarray(0, start));
      this.#table = larger;
    }
    return this.#table.subarray(start, end);
  }

  /** All vectors, `[words, dimension]`. */
  get values(): Float32Array {
    return this.#table.slice(0, this.words.length * this.dimension);
  }
}
