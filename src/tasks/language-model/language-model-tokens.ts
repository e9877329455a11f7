import type { TokenCodec } from '../../data/tokens/token-codec.js';
import type { LanguageModelData } from './language-model-data.js';

/** All tokens, where each file's begin, and how many at the end are held out. */
export function tokensOf(
  codec: TokenCodec,
  train: readonly string[],
  validation: string | undefined,
  share: number,
): { tokens: Int32Array; files: readonly number[]; held: number } {
  const parts = [...train, ...(validation === undefined ? [] : [validation])].map((text) => codec.encode(text));
  const files: number[] = [];
  let numTokens = 0;
  for (const part of parts) {
    files.push(numTokens);
    numTokens += part.length;
  }
  const tokens = new Int32Array(numTokens);
  parts.forEach((part, i) => tokens.set(part, files[i]));
  return {
    tokens,
    files: files.slice(0, train.length),
    held: validation === undefined ? Math.round(numTokens * share) : parts[train.length].length,
  };
}

/** Tokens, and where texts begin in them. */
interface Texts {
  readonly tokens: Int32Array;
  readonly files: readonly number[];
}

/** What training shows: the tokens to learn from, those of what was written, or both. */
export function shownTokens(codec: TokenCodec, learned: Texts, written: LanguageModelData['written']): Texts {
  if (written === undefined) return learned;
  const { tokens, files } = tokensOf(codec, written.texts, undefined, 0);
  if (!written.keepText) return { tokens, files };
  const both = new Int32Array(learned.tokens.length + tokens.length);
  both.set(learned.tokens);
  both.set(tokens, learned.tokens.length);
  return { tokens: both, files: [...learned.files, ...files.map((place) => learned.tokens.length + place)] };
}
