import type { TokenConstraint } from './token-constraint.js';

/**
 * Lets tokens be written that spell these bytes, the last of them perhaps more, and everything behind them: tokens of byte pairs are
 * others where a text ends than where it goes on. Undefined where there is nothing to spell.
 *
 * @param bytesOf of a token; none of one that is not text.
 */
export function spelledBytes(bytes: Uint8Array, bytesOf: (token: number) => Uint8Array): TokenConstraint | undefined {
  if (bytes.length === 0) return undefined;
  return {
    allows(token) {
      const own = bytesOf(token);
      const shared = Math.min(own.length, bytes.length);
      for (let i = 0; i < shared; i++) if (own[i] !== bytes[i]) return false;
      return shared > 0;
    },
    after: (token) => spelledBytes(bytes.subarray(bytesOf(token).length), bytesOf),
  };
}
