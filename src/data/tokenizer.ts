import { RondoError, refuseUnknownOptions, requireCount } from '../errors.js';
import { isBoolean, isCount, isCountOrNull, isText, isTextOrNull, SavedFields } from './saved-fields.js';

export interface TokenizerOptions {
  /** Sequences hold only ids below it: the `numWords - 1` most frequent words. All words by default. */
  numWords?: number | undefined;
  /** Characters that become separators; all ASCII punctuation, tab and newline, without the apostrophe, by default. */
  filters?: string | undefined;
  /** Lower-case the texts; true by default. */
  lower?: boolean | undefined;
  /** What stands between words; a space by default. */
  split?: string | undefined;
  /** Every character (code point) is a word, and nothing is filtered; false by default. */
  charLevel?: boolean | undefined;
  /** A word of id 1 that stands for every word not kept; by default such words are left out. */
  oovToken?: string | undefined;
}

/** What {@link Tokenizer.toJSON} writes. Words are a list of pairs, because an object would reorder `1` and `2`. */
export interface TokenizerJson {
  numWords: number | null;
  filters: string;
  lower: boolean;
  split: string;
  charLevel: boolean;
  oovToken: string | null;
  documentCount: number;
  wordCounts: [word: string, count: number][];
}

/** A text, or a text that is already cut into words. */
export type TokenizerText = string | readonly string[];

const optionNames = ['numWords', 'filters', 'lower', 'split', 'charLevel', 'oovToken'];

/**
 * Words to ids and back, with the words and the exact behaviour of `keras.preprocessing.text.Tokenizer`: id 0 is
 * reserved for padding, ids go by frequency and, among equals, by first appearance; {@link wordIndex} holds all words
 * even where `numWords` keeps fewer.
 *
 * As in Keras, an `oovToken` that is also a word of the texts takes that word's id.
 *
 * ```ts
 * const tokenizer = new Tokenizer({ oovToken: '<unk>' });
 * tokenizer.fitOnTexts(['the cat sat on the mat']);
 * tokenizer.textsToSequences(['the dog sat']); // [[2, 1, 4]]
 * ```
 */
export class Tokenizer {
  readonly numWords: number | undefined;
  readonly filters: string;
  readonly lower: boolean;
  readonly split: string;
  readonly charLevel: boolean;
  readonly oovToken: string | undefined;
  /** Texts seen by {@link fitOnTexts}. */
  documentCount = 0;
  /** How often each word was seen, in the order of first appearance. */
  readonly wordCounts = new Map<string, number>();
  #index: Map<string, number> = new Map();
  #words: (string | undefined)[] = [];
  readonly #filtered: RegExp | undefined;

  constructor(options: TokenizerOptions = {}) {
    refuseUnknownOptions('Tokenizer', options, optionNames);
    this.numWords = options.numWords;
    this.filters = options.filters ?? '!"#$%&()*+,-./:;<=>?@[\\]^_`{|}~\t\n';
    this.lower = options.lower ?? true;
    this.split = options.split ?? ' ';
    this.charLevel = options.charLevel ?? false;
    this.oovToken = options.oovToken;
    if (this.numWords !== undefined) requireCount('Tokenizer', 'numWords', this.numWords);
    if (this.split === '') {
      throw new RondoError('OUT_OF_RANGE', {
        where: 'Tokenizer',
        what: '`split` is empty.',
        expected: 'a separator of at least one character',
        received: '""',
        fix: 'use charLevel: true to cut texts into characters.',
      });
    }
    if (this.filters !== '') this.#filtered = new RegExp(`[${this.filters.replace(/[\\\]^-]/g, '\\$&')}]`, 'gu');
  }

  /** Every word and its id, 1 and up. */
  get wordIndex(): ReadonlyMap<string, number> {
    return this.#index;
  }

  /** Counts the words of the texts, in addition to all before, and numbers the words anew. */
  fitOnTexts(texts: Iterable<TokenizerText>): void {
    for (const text of texts) {
      this.documentCount += 1;
      for (const word of this.#wordsOf(text)) this.wordCounts.set(word, (this.wordCounts.get(word) ?? 0) + 1);
    }
    this.#numberWords();
  }

  /** The ids of the words of each text; words that are not kept become the `oovToken`, or nothing. */
  textsToSequences(texts: Iterable<TokenizerText>): number[][] {
    this.#requireFitted('Tokenizer.textsToSequences');
    const limit = this.numWords ?? Infinity;
    const oovId = this.oovToken === undefined ? undefined : this.#index.get(this.oovToken);
    return Array.from(texts, (text) => {
      const ids: number[] = [];
      for (const word of this.#wordsOf(text)) {
        const id = this.#index.get(word);
        if (id !== undefined && id < limit) ids.push(id);
        else if (oovId !== undefined) ids.push(oovId);
      }
      return ids;
    });
  }

  /** The words of each sequence with a space between them; ids that are not kept become the `oovToken`, or nothing. */
  sequencesToTexts(sequences: Iterable<ArrayLike<number>>): string[] {
    this.#requireFitted('Tokenizer.sequencesToTexts');
    const limit = this.numWords ?? Infinity;
    return Array.from(sequences, (ids) => {
      const words: string[] = [];
      for (let i = 0; i < ids.length; i++) {
        const word = ids[i] < limit ? this.#words[ids[i]] : undefined;
        if (word !== undefined) words.push(word);
        else if (this.oovToken !== undefined) words.push(this.oovToken);
      }
      return words.join(' ');
    });
  }

  toJSON(): TokenizerJson {
    const { numWords = null, filters, lower, split, charLevel, oovToken = null, documentCount } = this;
    return { numWords, filters, lower, split, charLevel, oovToken, documentCount, wordCounts: [...this.wordCounts] };
  }

  /** @throws FILE_FORMAT when the value is not what {@link toJSON} writes. */
  static fromJSON(value: unknown, where = 'Tokenizer.fromJSON'): Tokenizer {
    const saved = new SavedFields(where, value);
    const tokenizer = new Tokenizer({
      numWords: saved.read('numWords', 'a count or null', isCountOrNull) ?? undefined,
      filters: saved.read('filters', 'a text', isText),
      lower: saved.read('lower', 'true or false', isBoolean),
      split: saved.read('split', 'a text', isText),
      charLevel: saved.read('charLevel', 'true or false', isBoolean),
      oovToken: saved.read('oovToken', 'a text or null', isTextOrNull) ?? undefined,
    });
    tokenizer.documentCount = saved.read('documentCount', 'a count', isCount);
    for (const [word, count] of saved.read('wordCounts', 'pairs of a word and its count', isWordCounts)) {
      tokenizer.wordCounts.set(word, count);
    }
    tokenizer.#numberWords();
    return tokenizer;
  }

  #wordsOf(text: TokenizerText): readonly string[] {
    if (typeof text !== 'string') return this.lower ? text.map((word) => word.toLowerCase()) : text;
    const cased = this.lower ? text.toLowerCase() : text;
    if (this.charLevel) return Array.from(cased);
    const spaced = this.#filtered === undefined ? cased : cased.replace(this.#filtered, () => this.split);
    return spaced.split(this.split).filter((word) => word !== '');
  }

  #numberWords(): void {
    const byCount = [...this.wordCounts].sort(([, a], [, b]) => b - a);
    const ordered = byCount.map(([word]) => word);
    if (this.oovToken !== undefined) ordered.unshift(this.oovToken);
    this.#index = new Map(ordered.map((word, i) => [word, i + 1]));
    this.#words = [];
    for (const [word, id] of this.#index) this.#words[id] = word;
  }

  #requireFitted(where: string): void {
    if (this.documentCount > 0) return;
    throw new RondoError('OUT_OF_RANGE', {
      where,
      what: 'the tokenizer has seen no text.',
      expected: 'a call of fitOnTexts first',
      fix: 'call fitOnTexts with the training texts, or restore a saved tokenizer.',
    });
  }
}

function isWordCounts(value: unknown): value is [string, number][] {
  return (
    Array.isArray(value) &&
    value.every((pair) => Array.isArray(pair) && pair.length === 2 && isText(pair[0]) && isCount(pair[1]))
  );
}
