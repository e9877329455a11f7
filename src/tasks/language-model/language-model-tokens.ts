import type { TokenCodec } from '../../data/tokens/token-codec.js';
import { RondoError } from '../../errors.js';
import type { LanguageModelData } from './language-model-data.js';

/** All tokens, where each file's begin, and how many at the end are held out. */
export function tokensOf(
  codec: TokenCodec,
  train: readonly string[],
  validation: string | undefined,
  share: number,
): { tokens: Int32Array; files: readonly number[]; held: number } {
  const parts = [...train, ...(validation === undefined ? [] : [validation])].map((text) => codec.encode(text));
  const { all: tokens, places } = joined(parts);
  return {
    tokens,
    files: places.slice(0, train.length),
    held: validation === undefined ? Math.round(tokens.length * share) : parts[train.length].length,
  };
}

/** One behind the other, and where each begins. */
function joined(parts: readonly Int32Array[]): { all: Int32Array; places: number[] } {
  const places: number[] = [];
  let length = 0;
  for (const part of parts) {
    places.push(length);
    length += part.length;
  }
  const all = new Int32Array(length);
  parts.forEach((part, i) => all.set(part, places[i]));
  return { all, places };
}

/** Tokens, and where texts begin in them. */
interface Texts {
  readonly tokens: Int32Array;
  readonly files: readonly number[];
}

/** What training shows: the tokens to learn from, those of what was written, or both. */
export function shownTokens(codec: TokenCodec, learned: Texts, written: LanguageModelData['written']): Texts {
  if (written === undefined) return learned;
  requireTokens(written.texts, codec.size);
  const parts = [...(written.keepText ? [learned.tokens] : []), ...written.texts];
  const { all: tokens, places } = joined(parts);
  return { tokens, files: written.keepText ? [...learned.files, ...places.slice(1)] : places };
}

/** @throws USAGE for what is no token of the codec */
function requireTokens(texts: readonly Int32Array[], size: number): void {
  const isText = (text: unknown): boolean =>
    text instanceof Int32Array && text.every((token) => token >= 0 && token < size);
  const given: unknown = texts;
  if (Array.isArray(given) && given.length > 0 && given.every(isText)) return;
  throw new RondoError('USAGE', {
    where: 'LanguageModelTraining, written',
    what: 'these are no texts of tokens.',
    expected: `lists of token ids below ${size}, each an Int32Array`,
    fix: 'give what sequenceLevelText gives.',
  });
}
