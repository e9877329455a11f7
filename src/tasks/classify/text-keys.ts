import { type TokenEncoderSettings, tokensRead } from './token-encoder.js';

/**
 * What a classifier reads of a text: equal for texts that it cannot tell apart, however they are spelt. Empty without a
 * token.
 */
export function textKey(text: string, settings: TokenEncoderSettings): string {
  // No token holds a line end.
  return tokensRead(text, settings)
    .map(({ token }) => token)
    .join('\n');
}

/** Equal for texts that differ in case, signs and white space alone; empty for those without a letter or digit. */
export function nearKey(text: string): string {
  return text
    .normalize('NFKC')
    .toLowerCase()
    .replace(/[^\p{L}\p{M}\p{N}]+/gu, '');
}

/** Texts of a part that training has learned from in some spelling. */
export interface TextOverlap {
  /** The classifier reads the very same tokens. */
  readonly numEqual: number;
  /** They differ in case, signs or white space. */
  readonly numNear: number;
}

/** How many texts of a part are equal or nearly equal to texts that are learned from. */
export function overlapOf(
  part: readonly string[],
  learned: readonly string[],
  keyOf: (text: string) => string,
): TextOverlap {
  const equal = new Set(learned.map(keyOf));
  const near = new Set(learned.map(nearKey));
  near.delete('');
  let [numEqual, numNear] = [0, 0];
  for (const text of part) {
    if (equal.has(keyOf(text))) numEqual++;
    else if (near.has(nearKey(text))) numNear++;
  }
  return { numEqual, numNear };
}
