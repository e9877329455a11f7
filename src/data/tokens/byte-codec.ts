import type { Json } from '../../layers/layer.js';
import { BytePairs } from '../byte-pairs/byte-pairs.js';
import { isBoolean, SavedFields } from '../saved-fields.js';
import type { TokenCodec, TokenWriter } from './token-codec.js';

/** Text to bytes, or to byte pairs, and back without loss. */
export class ByteCodec implements TokenCodec {
  readonly level: 'bytes' | 'bpe';
  readonly unknownId = undefined;
  readonly #texts: (string | undefined)[];

  /** @param lower lower-cases a text before it is encoded; what comes back is then lower case. */
  constructor(
    readonly pairs: BytePairs,
    readonly lower = false,
  ) {
    this.level = pairs.merges.length === 0 ? 'bytes' : 'bpe';
    const strict = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });
    this.#texts = Array.from({ length: pairs.size }, (_, token) => {
      try {
        return strict.decode(pairs.bytesOf(token));
      } catch {
        // A part of a character.
        return undefined;
      }
    });
  }

  get size(): number {
    return this.pairs.size;
  }

  encode(text: string): Int32Array {
    return this.pairs.encode(this.lower ? text.toLowerCase() : text);
  }

  /** A text that may go on within its last piece: the tokens before that, and the bytes of it. */
  encodeOpen(text: string): { readonly ids: Int32Array; readonly open: Uint8Array } {
    return this.pairs.encodeOpen(this.lower ? text.toLowerCase() : text);
  }

  decode(ids: ArrayLike<number>): string {
    return this.pairs.decode(ids);
  }

  written(token: number): string | undefined {
    return this.#texts[token];
  }

  shown(token: number): string {
    return (
      this.#texts[token] ??
      Array.from(this.pairs.bytesOf(token), (byte) => `<${byte.toString(16).padStart(2, '0')}>`).join('')
    );
  }

  writer(): TokenWriter {
    const decoder = new TextDecoder('utf-8', { ignoreBOM: true });
    return {
      write: (token) => decoder.decode(this.pairs.bytesOf(token), { stream: true }),
      end: () => decoder.decode(),
    };
  }

  toJSON(): Json {
    return { level: this.level, lower: this.lower, merges: this.pairs.toJSON().merges };
  }

  /** @throws FILE_FORMAT when the value is not what {@link toJSON} writes. */
  static fromJSON(value: unknown, where = 'ByteCodec.fromJSON'): ByteCodec {
    return new ByteCodec(
      BytePairs.fromJSON(value, where),
      new SavedFields(where, value).read('lower', 'true or false', isBoolean),
    );
  }
}
