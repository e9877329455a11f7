import { RondoError, unknownName } from '../errors.js';
import { gather } from '../tensor/gather.js';
import * as ops from '../tensor/index.js';
import type { Tensor } from '../tensor/tensor.js';
import { meanOverTime } from './global-average-pooling-1d.js';
import { maximumOverTime } from './global-max-pooling-1d.js';
import { requireSequence } from './input-axes.js';
import { type CallOptions, type Json, Layer, type LayerOptions, type OpenShape, singleInput } from './layer.js';
import type { Mask } from './mask.js';

const summaries = ['last', 'max', 'mean'] as const;
/** One vector of a sequence: its last step, or the largest value or the mean over its steps. */
export type SequenceSummary = (typeof summaries)[number];

export interface SequencePooling1DOptions extends LayerOptions {
  /** What is concatenated, in this order. Default `['max', 'mean']`. */
  pooling?: readonly SequenceSummary[] | undefined;
  /**
   * Whether the second half of the features was read from the end, as a Bidirectional's is: `last` then takes its first
   * step, where that reader stopped. Default false.
   */
  bidirectional?: boolean | undefined;
}

/**
 * Makes one vector of a sequence by several summaries next to each other: `[batch, time, features]` becomes
 * `[batch, summaries * features]`. Steps that are masked do not count; a sequence without real steps gives zeros. The
 * mask ends here. Howard and Ruder 2018, "Universal language model fine-tuning for text classification", section 3.3,
 * "concat pooling".
 *
 * @throws UNKNOWN_NAME; OUT_OF_RANGE for no summary or one named twice; SHAPE_MISMATCH
 */
export class SequencePooling1D extends Layer {
  readonly className = 'SequencePooling1D';
  readonly pooling: readonly SequenceSummary[];
  readonly bidirectional: boolean;

  constructor(options: SequencePooling1DOptions = {}) {
    super('SequencePooling1D', options, ['pooling', 'bidirectional']);
    this.pooling = options.pooling ?? ['max', 'mean'];
    this.bidirectional = options.bidirectional ?? false;
    for (const name of this.pooling)
      if (!summaries.includes(name)) throw unknownName('SequencePooling1D', 'pooling', String(name), summaries);
    if (this.pooling.length === 0 || new Set(this.pooling).size < this.pooling.length) {
      throw new RondoError('OUT_OF_RANGE', {
        where: 'SequencePooling1D',
        what: '`pooling` must name each summary once.',
        expected: `some of ${summaries.join(', ')}`,
        received: JSON.stringify(this.pooling),
        fix: "give a list such as ['max', 'mean'].",
      });
    }
  }

  override build(): void {}

  override computeOutputShape(inputShape: OpenShape): OpenShape {
    requireSequence(this, inputShape, null);
    const [batch, , features] = inputShape;
    if (this.bidirectional && features !== null && features % 2 !== 0) {
      throw new RondoError('SHAPE_MISMATCH', {
        where: 'SequencePooling1D',
        what: 'an odd number of features has no two halves.',
        expected: 'an even number of features',
        received: String(features),
        fix: "use it after a Bidirectional with mergeMode 'concat', or leave `bidirectional` out.",
      });
    }
    return [batch, features === null ? null : features * this.pooling.length];
  }

  override call(inputs: Tensor | readonly Tensor[], { mask }: CallOptions): Tensor {
    const input = singleInput(this.name, inputs);
    this.computeOutputShape(input.shape);
    const parts = this.pooling.map((name) =>
      name === 'max'
        ? maximumOverTime(input, mask)
        : name === 'mean'
          ? meanOverTime(input, mask)
          : lastSteps(input, mask, this.bidirectional),
    );
    return parts.length === 1 ? parts[0] : ops.concatenate(parts, -1);
  }

  override getConfig(): Record<string, Json | undefined> {
    return { ...this.baseConfig(), pooling: this.pooling, bidirectional: this.bidirectional };
  }
}

/**
 * The last step that counts, `[batch, features]`; of the second half of the features the first one where it was read
 * from the end.
 */
function lastSteps(input: Tensor, mask: Mask | undefined, bidirectional: boolean): Tensor {
  const [batch, time, features] = input.shape;
  const counts = (b: number): Uint8Array | undefined => mask?.subarray(b * time, (b + 1) * time);
  const last = (b: number): number => counts(b)?.lastIndexOf(1) ?? time - 1;
  const first = (b: number): number => counts(b)?.indexOf(1) ?? 0;
  const halves = bidirectional ? 2 : 1;
  // A negative index stands for zeros.
  const place = (b: number, t: number, half: number): number => (t < 0 ? -1 : (b * time + t) * halves + half);
  const indices = Array.from({ length: batch }, (_, b) =>
    bidirectional ? [place(b, last(b), 0), place(b, first(b), 1)] : [place(b, last(b), 0)],
  );
  return gather(input, [batch, features], features / halves, Int32Array.from(indices.flat()));
}
