import { RondoError, requireCount } from '../../errors.js';
import { SavedFields } from '../saved-fields.js';
import { learnMerges, type Merge } from './learn-merges.js';
import { piecesOf } from './pieces.js';

const utf8 = new TextEncoder();

/** What {@link BytePairs.toJSON} writes: the pairs in the order they were learned, two numbers each. */
export interface BytePairsJson {
  merges: number[];
}

/**
 * Tokens of bytes: ids 0 to 255 are the bytes, each id after them is a pair of earlier ones. Every text of Unicode
 * characters can be encoded and comes back exactly. Without pairs the tokens are the bytes.
 *
 * @example
 * const pairs = BytePairs.learn(text, 1000);
 * pairs.decode(pairs.encode('naïve 🎉')); // 'naïve 🎉'
 */
export class BytePairs {
  readonly #bytes: readonly Uint8Array[];
  readonly #ranks = new Map<number, number>();
  readonly #known = new Map<string, Int32Array>();

  /** @throws OUT_OF_RANGE for a pair of ids that come later */
  constructor(readonly merges: readonly Merge[] = []) {
    const bytes = Array.from({ length: 256 }, (_, byte) => Uint8Array.of(byte));
    for (const [left, right] of merges) {
      const limit = bytes.length;
      if (!isId(left, limit) || !isId(right, limit)) {
        throw new RondoError('OUT_OF_RANGE', {
          where: 'BytePairs',
          what: `pair ${limit - 256} is made of ids that do not exist yet.`,
          expected: `two whole numbers from 0 to ${limit - 1}`,
          received: `${left}, ${right}`,
          fix: 'use pairs that BytePairs.learn made, in their order.',
        });
      }
      const joined = new Uint8Array(bytes[left].length + bytes[right].length);
      joined.set(bytes[left]);
      joined.set(bytes[right], bytes[left].length);
      this.#ranks.set(left * 2 ** 26 + right, limit);
      bytes.push(joined);
    }
    this.#bytes = bytes;
  }

  /**
   * Learns the pairs of a text; see `learnMerges`. A short text may have fewer than asked for.
   *
   * @param numTokens the size of the vocabulary, the 256 bytes included.
   * @throws OUT_OF_RANGE
   */
  static learn(text: string, numTokens: number): BytePairs {
    requireCount('BytePairs.learn', 'numTokens', numTokens, 256);
    return new BytePairs(learnMerges(text, numTokens));
  }

  get size(): number {
    return this.#bytes.length;
  }

  /** The bytes of a token. @throws OUT_OF_RANGE when no token has this id */
  bytesOf(token: number): Uint8Array {
    const found = this.#bytes[token];
    if (found !== undefined) return found;
    throw new RondoError('OUT_OF_RANGE', {
      where: 'BytePairs.bytesOf',
      what: 'no token has this id.',
      expected: `a whole number from 0 to ${this.size - 1}`,
      received: String(token),
      fix: 'use ids that these pairs made.',
    });
  }

  /** The tokens of a text. Half of a surrogate pair, which is no character, is read as U+FFFD. */
  encode(text: string): Int32Array {
    if (this.merges.length === 0) return Int32Array.from(utf8.encode(text));
    const parts = piecesOf(text).map((piece) => this.#encodePiece(piece));
    const ids = new Int32Array(parts.reduce((sum, { length }) => sum + length, 0));
    let filled = 0;
    for (const part of parts) {
      ids.set(part, filled);
      filled += part.length;
    }
    return ids;
  }

  /** A text that may go on within its last piece: the tokens before that, and the bytes of it. */
  encodeOpen(text: string): { readonly ids: Int32Array; readonly open: Uint8Array } {
    const last = piecesOf(text).at(-1) ?? '';
    return { ids: this.encode(text.slice(0, text.length - last.length)), open: utf8.encode(last) };
  }

  /** The text of tokens; bytes that are no UTF-8 become U+FFFD. */
  decode(ids: ArrayLike<number>): string {
    const decoder = new TextDecoder('utf-8', { ignoreBOM: true });
    let text = '';
    for (let i = 0; i < ids.length; i++) text += decoder.decode(this.bytesOf(ids[i]), { stream: true });
    return text + decoder.decode();
  }

  toJSON(): BytePairsJson {
    return { merges: this.merges.flat() };
  }

  /** @throws FILE_FORMAT when the value is not what {@link toJSON} writes. */
  static fromJSON(value: unknown, where = 'BytePairs.fromJSON'): BytePairs {
    const saved = new SavedFields(where, value);
    const flat = saved.read(
      'merges',
      'an even number of ids',
      (found): found is number[] =>
        Array.isArray(found) && found.length % 2 === 0 && found.every((id, i) => isId(id, 256 + (i >> 1))),
    );
    return new BytePairs(Array.from({ length: flat.length / 2 }, (_, i): Merge => [flat[2 * i], flat[2 * i + 1]]));
  }

  /** Merges the earliest learned pair first, until none is left. */
  #encodePiece(piece: string): Int32Array {
    const before = this.#known.get(piece);
    if (before !== undefined) return before;
    const tokens = Array.from(utf8.encode(piece));
    for (;;) {
      let best = Infinity;
      for (let i = 0; i + 1 < tokens.length; i++)
        best = Math.min(best, this.#ranks.get(tokens[i] * 2 ** 26 + tokens[i + 1]) ?? Infinity);
      if (best === Infinity) break;
      const [left, right] = this.merges[best - 256];
      let kept = 0;
      for (let i = 0; i < tokens.length; i++) {
        const isPair = tokens[i] === left && tokens[i + 1] === right;
        tokens[kept++] = isPair ? best : tokens[i];
        if (isPair) i++;
      }
      tokens.length = kept;
    }
    const ids = Int32Array.from(tokens);
    // Most pieces come again; a text of nothing but rare ones must not fill the memory.
    if (this.#known.size < 100_000) this.#known.set(piece, ids);
    return ids;
  }
}

function isId(value: unknown, limit: number): value is number {
  return Number.isInteger(value) && (value as number) >= 0 && (value as number) < limit;
}
