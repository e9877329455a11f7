import { refuseUnknownOptions, requireCount, unknownName } from '../../errors.js';
import type { Json } from '../../layers/layer.js';
import { isBoolean, isText, isTexts, SavedFields } from '../saved-fields.js';
import { charactersOf, wordsOf } from '../text.js';
import { Vocabulary } from '../vocabulary.js';
import type { TokenCodec, TokenWriter } from './token-codec.js';

const levels = ['characters', 'words'] as const;
export type TextLevel = (typeof levels)[number];
export const punctuationChoices = ['separate', 'attach'] as const;

/** How a text becomes tokens. */
export interface TextCodecOptions {
  /** `characters`: Unicode code points (default). `words`: words, and each line's end as a token. */
  level?: TextLevel | undefined;
  /** Lower-case the text first. Default false. */
  lower?: boolean | undefined;
  /** Most tokens in the vocabulary; rarer ones become the out-of-vocabulary token. Default 20,000. */
  maxTokens?: number | undefined;
  /**
   * For words: `separate` (default) makes each sign a token; `attach` cuts at white space only, for texts that are
   * already cut into tokens.
   */
  punctuation?: (typeof punctuationChoices)[number] | undefined;
}

/** The token for what the vocabulary does not hold: U+FFFD, or `<unk>` for words. */
const outOfVocabulary: Record<TextLevel, string> = { characters: '\ufffd', words: '<unk>' };

/** Text to token ids and back, with the vocabulary of the text it was made from. */
export class TextCodec implements TokenCodec {
  private constructor(
    readonly level: TextLevel,
    readonly lower: boolean,
    readonly punctuation: 'separate' | 'attach',
    readonly vocabulary: Vocabulary,
  ) {}

  /** The codec of a text: its tokens, most frequent first. @throws UNKNOWN_NAME, OUT_OF_RANGE */
  static fromText(text: string, options: TextCodecOptions = {}): TextCodec {
    const where = 'TextCodec.fromText';
    refuseUnknownOptions(where, options, ['level', 'lower', 'maxTokens', 'punctuation']);
    const { level = 'characters', lower = false, maxTokens = 20_000, punctuation = 'separate' } = options;
    if (!levels.includes(level)) throw unknownName(where, 'level', level, levels);
    if (!punctuationChoices.includes(punctuation))
      throw unknownName(where, 'choice of `punctuation`', punctuation, punctuationChoices);
    requireCount(where, 'maxTokens', maxTokens, 2);
    const vocabulary = Vocabulary.fromTokens(tokensOf(text, level, lower, punctuation), {
      oovToken: outOfVocabulary[level],
      maxTokens,
    });
    return new TextCodec(level, lower, punctuation, vocabulary);
  }

  /** Number of tokens, the out-of-vocabulary token included. */
  get size(): number {
    return this.vocabulary.size;
  }

  /** The id that stands for every unknown token. */
  get unknownId(): number {
    return this.vocabulary.idOf(outOfVocabulary[this.level]);
  }

  /** The tokens of a text. */
  split(text: string): string[] {
    return tokensOf(text, this.level, this.lower, this.punctuation);
  }

  encode(text: string): Int32Array {
    return this.vocabulary.encode(this.split(text));
  }

  /** The text of one token where it follows `before`, the token to its left. */
  written(token: number, before: number | undefined): string {
    const text = this.vocabulary.tokenOf(token);
    if (this.level === 'characters' || text === '\n' || before === undefined) return text;
    const left = this.vocabulary.tokenOf(before);
    const isTight =
      left === '\n' ||
      (this.punctuation === 'separate' &&
        (/^[.,;:!?)\]}%’”。，、；：！？）」』》…]/u.test(text) ||
          /[([{‘“（「『《]$/u.test(left) ||
          (isHan(text) && isHan(left))));
    return isTight ? text : ` ${text}`;
  }

  decode(ids: ArrayLike<number>): string {
    let text = '';
    for (let i = 0; i < ids.length; i++) text += this.written(ids[i], i === 0 ? undefined : ids[i - 1]);
    return text;
  }

  shown(token: number): string {
    return this.vocabulary.tokenOf(token);
  }

  writer(before?: number): TokenWriter {
    let left = before;
    return {
      write: (token) => {
        const text = this.written(token, left);
        left = token;
        return text;
      },
      end: () => '',
    };
  }

  toJSON(): Json {
    const { tokens } = this.vocabulary.toJSON();
    return { level: this.level, lower: this.lower, punctuation: this.punctuation, tokens };
  }

  /** @throws FILE_FORMAT when the value is not what {@link toJSON} writes. */
  static fromJSON(value: unknown, where = 'TextCodec.fromJSON'): TextCodec {
    const saved = new SavedFields(where, value);
    const level = saved.read('level', levels.join(' or '), (found): found is TextLevel =>
      levels.includes(found as TextLevel),
    );
    const lower = saved.read('lower', 'true or false', isBoolean);
    const punctuation = saved.read(
      'punctuation',
      punctuationChoices.join(' or '),
      (found): found is 'separate' | 'attach' => isText(found) && punctuationChoices.includes(found as 'separate'),
    );
    const tokens = saved.read('tokens', 'a list of texts', isTexts);
    return new TextCodec(
      level,
      lower,
      punctuation,
      Vocabulary.fromJSON({ tokens, paddingToken: null, oovToken: outOfVocabulary[level] }, where),
    );
  }
}

function tokensOf(text: string, level: TextLevel, lower: boolean, punctuation: 'separate' | 'attach'): string[] {
  // One kind of line end, so that a model never learns to write carriage returns.
  const clean = text.replace(/\r\n?/g, '\n');
  if (level === 'characters') return charactersOf(lower ? clean.toLowerCase() : clean);
  const tokens: string[] = [];
  let start = 0;
  for (let end = clean.indexOf('\n'); ; end = clean.indexOf('\n', start)) {
    for (const word of wordsOf(clean.slice(start, end < 0 ? undefined : end), { lower, punctuation }))
      tokens.push(word);
    if (end < 0) return tokens;
    tokens.push('\n');
    start = end + 1;
  }
}

function isHan(text: string): boolean {
  return /^\p{Script=Han}$/u.test(text);
}
