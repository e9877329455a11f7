import { BytePairs } from '../data/byte-pairs/byte-pairs.js';
import { isText, SavedFields } from '../data/saved-fields.js';
import { ByteCodec } from '../data/tokens/byte-codec.js';
import { punctuationChoices, TextCodec, type TextLevel } from '../data/tokens/text-codec.js';
import type { TokenCodec, TokenLevel } from '../data/tokens/token-codec.js';
import { TokenizerCodec, type TokenizerLibrary } from '../data/tokens/tokenizer-codec.js';
import { RondoError, requireCount } from '../errors.js';
import { checkOptions, choice, count, flag, type OptionsOf, optionTable, withDefaults } from './option-table.js';

/** What a token may be where tokens are made from a text. */
export const tokenLevels = ['characters', 'words', 'bytes', 'bpe'] as const satisfies readonly TokenLevel[];

/** What is said of the kind of tokens, which data may decide too. */
export const levelFacts = {
  default: 'characters',
  flag: 'tokens',
  value: 'KIND',
  ofInitial: 'decided',
  changesScore: 'all',
} as const;

/** Most tokens by default; bytes are always 256. */
const defaultMaxTokens: Readonly<Partial<Record<TokenLevel, number>>> = { bytes: 256, bpe: 4_096 };

/** How a text becomes tokens: entries of the table of a task that reads text. */
export const codecOptions = optionTable({
  /**
   * What a token is: `characters` (Unicode code points, default), `words` (and the end of each line), `bytes` of UTF-8,
   * or `bpe`, byte pairs learned from the text. The last two can read and write every text.
   */
  level: choice({ ...levelFacts, of: tokenLevels }),
  /** Lower-case the text. Default false. */
  lower: flag({ ofInitial: 'decided', changesScore: 'all' }),
  /**
   * Most tokens in the vocabulary; rarer characters and words become one unknown token. Default 20,000, 4,096 for bpe.
   */
  maxTokens: count({
    least: 2,
    default: ({ level }: { level: TokenLevel }) => defaultMaxTokens[level] ?? 20_000,
    flag: 'vocabulary',
    ofInitial: 'decided',
    changesScore: 'all',
  }),
  /**
   * For words: `separate` (default) makes each sign a token; `attach` cuts at white space only, for texts that are
   * already cut into tokens.
   */
  punctuation: choice({
    of: punctuationChoices,
    default: 'separate',
    ofInitial: 'decided',
    changesScore: 'all',
  }),
});

/** How a text becomes tokens. */
export interface CodecOptions extends OptionsOf<typeof codecOptions> {}

/** The codec of a text. @throws UNKNOWN_NAME, OUT_OF_RANGE; USAGE for options that the tokens have no use for */
export function codecOfText(text: string, options: CodecOptions = {}): TokenCodec {
  const where = 'codecOfText';
  checkOptions(where, codecOptions, options);
  const { level, lower, maxTokens: most } = withDefaults(codecOptions, options);
  const { maxTokens, punctuation } = options;
  if (level === 'characters' || level === 'words') return TextCodec.fromText(text, { ...options, level });
  if (punctuation === 'attach') throw unused(where, '`punctuation` is about words.', 'level words', `level ${level}`);
  if (level === 'bytes') {
    if (maxTokens !== undefined && maxTokens !== 256)
      throw unused(where, 'there are 256 bytes.', 'no `maxTokens`', `maxTokens ${maxTokens}`);
    return new ByteCodec(new BytePairs(), lower);
  }
  requireCount(where, 'maxTokens', most, 257);
  const pairs = BytePairs.learn(lower ? text.toLowerCase() : text, most);
  if (pairs.size > 256) return new ByteCodec(pairs, lower);
  throw new RondoError('OUT_OF_RANGE', {
    where,
    what: 'no two bytes stand beside each other twice.',
    expected: 'a text that repeats itself',
    received: `${text.length} characters`,
    fix: 'give a longer text, or use bytes.',
  });
}

/**
 * The codec of a model file.
 *
 * @param tokenizers what a file's own tokenizer is made with, see {@link TokenizerLibrary}.
 * @throws FILE_FORMAT; BACKEND_UNAVAILABLE where a tokenizer is to be made without a library
 */
export function codecFromJSON(value: unknown, where: string, tokenizers?: TokenizerLibrary): TokenCodec {
  const level = new SavedFields(where, value).read('level', 'a kind of tokens', isText) as TextLevel | TokenLevel;
  if (level === 'file') return TokenizerCodec.fromJSON(value, where, tokenizers);
  return level === 'bytes' || level === 'bpe' ? ByteCodec.fromJSON(value, where) : TextCodec.fromJSON(value, where);
}

function unused(where: string, what: string, expected: string, received: string): RondoError {
  return new RondoError('USAGE', { where, what, expected, received, fix: 'leave it out, or choose other tokens.' });
}
