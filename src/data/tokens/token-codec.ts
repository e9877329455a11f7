import type { Json } from '../../layers/layer.js';

/** What a token is. */
export type TokenLevel = 'characters' | 'words' | 'bytes' | 'bpe' | 'file';

/** Turns tokens into text as they come. */
export interface TokenWriter {
  /** The text that is certain once this token is known; empty where its bytes only begin a character. */
  write(token: number): string;
  /** What is left; a character that never ended is U+FFFD. */
  end(): string;
}

/** Text to token ids and back, as a model reads and writes it. */
export interface TokenCodec {
  readonly level: TokenLevel;
  /** Number of tokens. */
  readonly size: number;
  /** The id that stands for every unknown token; undefined where the tokens can spell any text. */
  readonly unknownId: number | undefined;
  encode(text: string): Int32Array;
  decode(ids: ArrayLike<number>): string;
  /** The text that a token adds after `before`, the token to its left; undefined where it is not whole characters. */
  written(token: number, before: number | undefined): string | undefined;
  /** A token as a person reads it. */
  shown(token: number): string;
  /** @param before the token to the left of the first one. */
  writer(before?: number): TokenWriter;
  toJSON(): Json;
}
