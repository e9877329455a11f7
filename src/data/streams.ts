import { RondoError, refuseUnknownOptions, requireCount } from '../errors.js';
import type { NumericArray } from './array.js';

export interface TokenStreamsOptions {
  /** Streams that run side by side. */
  batchSize: number;
  /** Tokens of each stream in one window. */
  timesteps: number;
}

/** Two windows `[batch, timesteps]`; `target` is `input` one token later. */
export interface StreamWindow {
  input: NumericArray<Int32Array>;
  target: NumericArray<Int32Array>;
}

/**
 * A text as `batchSize` parallel streams, for truncated backpropagation through time with the state carried over: row
 * `b` of window `i + 1` goes on exactly where row `b` of window `i` ended. Reset the state before window 0 only.
 *
 * Of `n` tokens each stream takes `floor((n - 1) / batchSize)` consecutive ones, cut down to whole windows; the tokens
 * left over at the end of each stream are not used, and {@link unusedTokens} counts them. With `batchSize` 1 at most
 * `timesteps - 1` predictions are lost, which is the way to evaluate.
 */
export class TokenStreams implements Iterable<StreamWindow> {
  /** Number of windows. */
  readonly length: number;
  readonly batchSize: number;
  readonly timesteps: number;
  /** Tokens that are never a target; the very first token of the text is not counted. */
  readonly unusedTokens: number;
  readonly #streamLength: number;

  readonly #tokens: Int32Array;

  /**
   * @param tokens kept, not copied.
   * @throws OUT_OF_RANGE when there are too few tokens for one window.
   */
  constructor(tokens: Int32Array, options: TokenStreamsOptions) {
    this.#tokens = tokens;
    const where = 'TokenStreams';
    refuseUnknownOptions(where, options, ['batchSize', 'timesteps']);
    const { batchSize, timesteps } = options;
    requireCount(where, 'batchSize', batchSize);
    requireCount(where, 'timesteps', timesteps);
    this.batchSize = batchSize;
    this.timesteps = timesteps;
    this.#streamLength = Math.floor((tokens.length - 1) / batchSize);
    this.length = Math.max(0, Math.floor(this.#streamLength / timesteps));
    this.unusedTokens = Math.max(0, tokens.length - 1) - this.length * batchSize * timesteps;
    if (this.length > 0) return;
    const fitting = Math.floor((tokens.length - 1) / timesteps);
    throw new RondoError('OUT_OF_RANGE', {
      where,
      what: 'the text is too short for one window.',
      expected: `at least ${batchSize * timesteps + 1} tokens: batchSize ${batchSize} x timesteps ${timesteps} + 1`,
      received: `${tokens.length} tokens`,
      fix:
        fitting > 0
          ? `use a batchSize of at most ${fitting}, fewer timesteps, or a longer text.`
          : 'use fewer timesteps, or a longer text.',
    });
  }

  /** @throws OUT_OF_RANGE when there is no such window. */
  window(index: number): StreamWindow {
    if (!Number.isInteger(index) || index < 0 || index >= this.length) {
      throw new RondoError('OUT_OF_RANGE', {
        where: 'TokenStreams.window',
        what: 'no window has this index.',
        expected: `a whole number from 0 to ${this.length - 1}`,
        received: String(index),
        fix: 'take indices below `length`.',
      });
    }
    const { batchSize, timesteps } = this;
    const tokens = this.#tokens;
    const input = new Int32Array(batchSize * timesteps);
    const target = new Int32Array(batchSize * timesteps);
    for (let b = 0; b < batchSize; b++) {
      const start = b * this.#streamLength + index * timesteps;
      input.set(tokens.subarray(start, start + timesteps), b * timesteps);
      target.set(tokens.subarray(start + 1, start + timesteps + 1), b * timesteps);
    }
    const shape = [batchSize, timesteps];
    return { input: { data: input, shape }, target: { data: target, shape: [...shape] } };
  }

  *[Symbol.iterator](): Generator<StreamWindow> {
    for (let index = 0; index < this.length; index++) yield this.window(index);
  }
}
