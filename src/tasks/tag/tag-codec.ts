import { isBoolean, isCount, isTexts, optional, SavedFields } from '../../data/saved-fields.js';
import { tokenCounts, Vocabulary } from '../../data/vocabulary.js';
import { RondoError } from '../../errors.js';
import type { FormVectors } from '../../io/word-vectors/form-vectors.js';
import type { Json } from '../../layers/layer.js';
import type { Resolved } from '../../resolved.js';
import { checkOptions, count, flag, type OptionsOf, optionTable, withDefaults } from '../option-table.js';
import { requireTeachersClasses } from '../task-teacher.js';
import { lookUpForm } from './look-up-form.js';
import type { TaggedSentence } from './tagged-sentence.js';
import { affixesOf, isAffixLength, mostAffix, numAffixesOf, sharedAffixes } from './word-affixes.js';

/** How words become numbers. */
export const tagCodecOptions = optionTable({
  /** Look words up in lower case; the characters keep theirs. Default true. */
  lower: flag({
    default: true,
    off: { flag: 'keep-case', about: 'Tell words apart by their case; the characters always show it.' },
    ofInitial: 'decided',
  }),
  /** Look words up with every digit as 0; the characters keep theirs. Default true. */
  digits: flag({
    default: true,
    off: { flag: 'keep-digits', about: 'Tell numbers apart by their digits; the characters always show them.' },
    ofInitial: 'decided',
  }),
  /** Words seen less often in training share the vector of unknown words, which is so learned from them. Default 2. */
  minCount: count({ default: 2, ofInitial: 'decided' }),
  /** Of longer words the first and the last characters are read, half each. Default 24. */
  maxCharacters: count({ default: 24, flag: false, ofInitial: 'decided' }),
  /**
   * Prefixes and suffixes of up to so many characters have vectors, and the word's shape (capitals, digits) with them,
   * so that new words share what others taught. 0: none. Default 4.
   */
  longestAffix: count({ least: 0, most: mostAffix, default: 4, ofInitial: 'decided' }),
});

/** How words become numbers. */
export interface TagCodecOptions extends OptionsOf<typeof tagCodecOptions> {}

/** A sentence as numbers. */
export interface EncodedSentence {
  readonly words: Int32Array;
  /** By word. */
  readonly characters: readonly Int32Array[];
  /** So many for each word, one word after the other. */
  readonly affixes: Int32Array;
  readonly affixesPerWord: number;
  readonly tags: Int32Array;
}

/** No word of a line holds a line end. */
const special = { paddingToken: '\n', oovToken: '\n\n' };
const numSpecial = Object.keys(special).length;

/** Words, characters and tags to indices and back, with the vocabularies of the sentences it was made from. */
export class TagCodec {
  readonly #rareWords: ReadonlySet<string>;
  readonly #tagIds: ReadonlyMap<string, number>;

  readonly #numVectorWords: number;
  private constructor(
    readonly options: Readonly<Resolved<TagCodecOptions>>,
    /**
     * By look-up form: index 0 is padding, 1 stands for every other word; then those of training, then what only given
     * vectors know.
     */
    readonly words: Vocabulary,
    numVectorWords: number,
    readonly characters: Vocabulary,
    /** Index 0 stands for an affix that is longer than the word, 1 for every one that is not known. */
    readonly affixes: Vocabulary,
    /** In the order of their labels. */
    readonly tags: readonly string[],
    rareWords: readonly string[],
  ) {
    this.#numVectorWords = numVectorWords;
    this.#rareWords = new Set(rareWords);
    this.#tagIds = new Map(tags.map((tag, id) => [tag, id]));
  }

  /**
   * The codec of training sentences.
   *
   * @param pretrained vectors by look-up form: a word that has one need not be seen so often, and the first `numWords`
   *   are known although training did not show them.
   * @throws OUT_OF_RANGE where all words have the same tag
   */
  static fromSentences(
    sentences: readonly TaggedSentence[],
    options: TagCodecOptions = {},
    pretrained?: { vectors: FormVectors; numWords: number },
  ): TagCodec {
    const where = 'TagCodec.fromSentences';
    checkOptions(where, tagCodecOptions, options);
    const all = withDefaults(tagCodecOptions, options);
    const { minCount, longestAffix } = all;
    requireDifferentTags(sentences, where);
    const seenWords = sentences.flatMap((sentence) => sentence.words);
    const forms = seenWords.map((word) => lookUpForm(word, all));
    const words = Vocabulary.fromTokens(forms, {
      ...special,
      minCount,
      keep: (form) => pretrained?.vectors.has(form) === true,
      more: pretrained?.vectors.firstForms(pretrained.numWords),
    });
    const specialForms = words.tokens.slice(0, numSpecial);
    const seenForms = tokenCounts(forms).flatMap(([form]) => (specialForms.includes(form) ? [] : [form]));
    const rare = seenForms.filter((form) => !words.has(form));
    const numSeen = seenForms.length - rare.length;
    const numVectorWords = words.size - numSpecial - numSeen;
    const characters = Vocabulary.fromTokens(
      seenWords.flatMap((word) => [...word]),
      { ...special, minCount: 2 },
    );
    const affixes = new Vocabulary(sharedAffixes(seenWords, longestAffix), special);
    return new TagCodec(all, words, numVectorWords, characters, affixes, tagsOf(sentences), rare);
  }

  /**
   * An earlier codec's words and characters, for a training that begins with its model; and its tags, where the
   * sentences have the same, else those of the sentences.
   */
  static continued(earlier: TagCodec, sentences: readonly TaggedSentence[]): TagCodec {
    const own = tagsOf(sentences);
    const hasItsTags = own.length === earlier.tags.length && earlier.tags.every((tag) => own.includes(tag));
    return TagCodec.#withWordsOf(earlier, sentences, hasItsTags ? earlier.tags : own);
  }

  /**
   * A teacher's words, characters and tags, for a student of it. @throws DATA_FORMAT for sentences with other tags; rare
   * ones may be missing
   */
  static ofTeacher(teacher: TagCodec, sentences: readonly TaggedSentence[], where: string): TagCodec {
    const { tags } = teacher;
    const unknown = tagsOf(sentences).filter((tag) => !tags.includes(tag));
    if (unknown.length > 0) requireTeachersClasses(where, tags, [...tags, ...unknown], 'tags');
    return TagCodec.#withWordsOf(teacher, sentences, tags);
  }

  static #withWordsOf(earlier: TagCodec, sentences: readonly TaggedSentence[], tags: readonly string[]): TagCodec {
    const rare = new Set(earlier.#rareWords);
    for (const { words } of sentences) {
      for (const word of words) if (earlier.isUnknown(word)) rare.add(earlier.lookUpForm(word));
    }
    const { options, words, characters, affixes } = earlier;
    const numVectorWords = earlier.#numVectorWords;
    return new TagCodec(options, words, numVectorWords, characters, affixes, tags, [...rare]);
  }

  /** Whether training never showed the word, in its look-up form. */
  isUnknown(word: string): boolean {
    const form = lookUpForm(word, this.options);
    const id = this.words.idOf(form);
    return (id === this.words.unknownId || id >= this.numSeenWords) && !this.#rareWords.has(form);
  }

  /** Indices below are padding, the unknown word and words of training. */
  get numSeenWords(): number {
    return this.words.size - this.#numVectorWords;
  }

  /** How many affixes each word has. */
  get affixesPerWord(): number {
    return numAffixesOf(this.options.longestAffix);
  }

  /** The form in which a word is looked up. */
  lookUpForm(word: string): string {
    return lookUpForm(word, this.options);
  }

  /** A sentence as numbers; a tag that training never showed is -1. */
  encode({
    words,
    tags = [],
  }: {
    readonly words: readonly string[];
    readonly tags?: readonly string[] | undefined;
  }): EncodedSentence {
    return {
      words: Int32Array.from(words, (word) => this.words.idInText(this.lookUpForm(word))),
      characters: words.map((word) => this.#charactersOf(word)),
      affixes: Int32Array.from(
        words.flatMap((word) => affixesOf(word, this.options.longestAffix)),
        (affix) => (affix === '' ? 0 : this.affixes.idInText(affix)),
      ),
      affixesPerWord: this.affixesPerWord,
      tags: Int32Array.from(tags, (tag) => this.#tagIds.get(tag) ?? -1),
    };
  }

  toJSON(): Json {
    return {
      ...this.options,
      words: this.words.toJSON().tokens,
      numVectorWords: this.#numVectorWords,
      characters: this.characters.toJSON().tokens,
      affixes: this.affixes.toJSON().tokens,
      tags: this.tags,
      rareWords: [...this.#rareWords],
    };
  }

  /** @throws FILE_FORMAT when the value is not what {@link toJSON} writes. */
  static fromJSON(value: unknown, where = 'TagCodec.fromJSON'): TagCodec {
    const saved = new SavedFields(where, value);
    const texts = (name: string): string[] => saved.read(name, 'a list of texts', isTexts);
    const vocabulary = (name: string): Vocabulary => Vocabulary.fromJSON({ tokens: texts(name), ...special }, where);
    const flag = (name: string): boolean => saved.read(name, 'true or false', isBoolean);
    const count = (name: string): number => saved.read(name, 'a whole number', isCount);
    const options = {
      lower: flag('lower'),
      digits: flag('digits'),
      minCount: count('minCount'),
      maxCharacters: count('maxCharacters'),
      // Older files have none.
      longestAffix: saved.read('longestAffix', 'a whole number of at most 16', optional(isAffixLength)) ?? 0,
    };
    return new TagCodec(
      options,
      vocabulary('words'),
      count('numVectorWords'),
      vocabulary('characters'),
      options.longestAffix === 0 ? new Vocabulary([], special) : vocabulary('affixes'),
      texts('tags'),
      texts('rareWords'),
    );
  }

  #charactersOf(word: string): Int32Array {
    const { maxCharacters } = this.options;
    let points = Array.from(word);
    if (points.length > maxCharacters) {
      const head = Math.ceil(maxCharacters / 2);
      points = [...points.slice(0, head), ...points.slice(points.length - (maxCharacters - head))];
    }
    return Int32Array.from(points, (point) => this.characters.idInText(point));
  }
}

/** The most frequent first. */
function tagsOf(sentences: readonly TaggedSentence[]): string[] {
  return tokenCounts(sentences.flatMap(({ tags }) => tags)).map(([tag]) => tag);
}

/** @internal @throws OUT_OF_RANGE where all words have the same tag */
export function requireDifferentTags(sentences: readonly TaggedSentence[], where: string): void {
  const first = sentences[0]?.tags[0];
  if (sentences.some(({ tags }) => tags.some((tag) => tag !== first))) return;
  throw new RondoError('OUT_OF_RANGE', {
    where,
    what: `all words have the same tag, ${JSON.stringify(first)}.`,
    expected: 'at least 2 different tags',
    received: '1',
    fix: 'choose the column that holds the tags.',
  });
}
