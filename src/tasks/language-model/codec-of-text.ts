import { BytePairs } from '../../data/byte-pairs/byte-pairs.js';
import { isText, SavedFields } from '../../data/saved-fields.js';
import { RondoError, refuseUnknownOptions, requireCount, unknownName } from '../../errors.js';
import { ByteCodec } from './byte-codec.js';
import { TextCodec, type TextCodecOptions, type TextLevel } from './text-codec.js';
import type { TokenCodec, TokenLevel } from './token-codec.js';
import { TokenizerCodec, type TokenizerLibrary } from './tokenizer-codec.js';

/** What a token may be where tokens are made from a text. */
export const tokenLevels = ['characters', 'words', 'bytes', 'bpe'] as const satisfies readonly TokenLevel[];

/** How a text becomes tokens. */
export interface CodecOptions extends Omit<TextCodecOptions, 'level'> {
  /**
   * `characters`: Unicode code points (default). `words`: words, and each line's end as a token. `bytes`: the bytes of
   * UTF-8. `bpe`: byte pairs learned from the text. The last two can read and write every text.
   */
  level?: (typeof tokenLevels)[number] | undefined;
}

/** Most tokens by default; bytes are always 256. */
export const defaultMaxTokens: Readonly<Record<(typeof tokenLevels)[number], number>> = {
  characters: 20_000,
  words: 20_000,
  bytes: 256,
  bpe: 4_096,
};

/** The codec of a text. @throws UNKNOWN_NAME, OUT_OF_RANGE; USAGE for options that the tokens have no use for */
export function codecOfText(text: string, options: CodecOptions = {}): TokenCodec {
  const where = 'codecOfText';
  refuseUnknownOptions(where, options, ['level', 'lower', 'maxTokens', 'punctuation']);
  const { level = 'characters', lower = false, maxTokens, punctuation } = options;
  if (!tokenLevels.includes(level)) throw unknownName(where, 'level', level, tokenLevels);
  if (level === 'characters' || level === 'words') return TextCodec.fromText(text, { ...options, level });
  if (punctuation === 'attach') throw unused(where, '`punctuation` is about words.', 'level words', `level ${level}`);
  if (level === 'bytes') {
    if (maxTokens !== undefined && maxTokens !== 256)
      throw unused(where, 'there are 256 bytes.', 'no `maxTokens`', `maxTokens ${maxTokens}`);
    return new ByteCodec(new BytePairs(), lower);
  }
  const most = maxTokens ?? defaultMaxTokens.bpe;
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
