import { RondoError } from '../errors.js';
import { gatherTensor } from '../tensor/gather.js';
import type { Tensor } from '../tensor/tensor.js';
import { requireSequence, titleOf } from './input-axes.js';
import { type CallOptions, describeOpenShape, Layer, type OpenShape, singleInput } from './layer.js';
import { clearMasked, type Mask } from './mask.js';

/** Steps at the beginning and at the end of a sequence, or the same number at both. */
export type BothEnds = number | readonly [beginning: number, end: number];

/** @throws OUT_OF_RANGE unless both are whole numbers of at least 0 */
export function bothEnds(where: string, option: string, given: BothEnds): readonly [beginning: number, end: number] {
  const ends: unknown = typeof given === 'number' ? [given, given] : given;
  if (Array.isArray(ends) && ends.length === 2 && ends.every((count) => Number.isSafeInteger(count) && count >= 0))
    return ends as unknown as readonly [number, number];
  throw new RondoError('OUT_OF_RANGE', {
    where,
    what: `\`${option}\` is out of range.`,
    expected: 'a whole number of at least 0, or two, for the beginning and the end',
    received: JSON.stringify(given),
    fix: `write ${option}: [2, 0].`,
  });
}

/**
 * Sequences of steps that are copies of the input's, or zeros: `[batch, time, features]` to `[batch, steps, features]`.
 * A mask goes with the steps (Keras drops it with a warning): a zero step counts nowhere, and masked steps become zeros.
 */
export abstract class ResampledSteps extends Layer {
  /** How many steps come out of `time`. */
  protected abstract numSteps(time: number): number;
  /** Which step of `time` one of the output is; outside of them it is zeros. */
  protected abstract sourceOf(step: number): number;

  override build(): void {}

  /** @throws SHAPE_MISMATCH where no step is left */
  override computeOutputShape(inputShape: OpenShape): OpenShape {
    requireSequence(this, inputShape, null);
    const [batch, time, features] = inputShape;
    const steps = time === null ? null : this.numSteps(time);
    if (steps === null || steps > 0) return [batch, steps, features];
    throw new RondoError('SHAPE_MISMATCH', {
      where: titleOf(this),
      what: 'no step of the sequences is left.',
      expected: 'longer sequences',
      received: describeOpenShape(inputShape),
      fix: 'take fewer steps away, or pad the sequences.',
    });
  }

  override call(inputs: Tensor | readonly Tensor[], { mask }: CallOptions): Tensor {
    const input = singleInput(this.name, inputs);
    const [batch, steps, features] = this.computeOutputShape(input.shape) as readonly number[];
    const sources = this.#sources(batch, input.shape[1], steps);
    return gatherTensor(clearMasked(input, mask), [batch, steps, features], features, sources);
  }

  protected override maskAfter(mask: Mask, { shape: [batch, time] }: Tensor): Mask {
    return Uint8Array.from(this.#sources(batch, time, this.numSteps(time)), (row) => (row < 0 ? 0 : mask[row]));
  }

  /** For each step of `[batch, steps]` its row in `[batch * time]`, or -1. */
  #sources(batch: number, time: number, steps: number): Int32Array {
    const sources = new Int32Array(batch * steps);
    for (let i = 0; i < sources.length; i++) {
      const source = this.sourceOf(i % steps);
      sources[i] = source >= 0 && source < time ? Math.floor(i / steps) * time + source : -1;
    }
    return sources;
  }
}
