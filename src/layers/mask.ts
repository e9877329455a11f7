import { RondoError } from '../errors.js';
import { mul, select } from '../expression/build.js';
import type { Shape } from '../shape.js';
import { reshape } from '../tensor/index.js';
import { applyPointwise, type PointwiseFunction } from '../tensor/pointwise.js';
import { type Tensor, tensor } from '../tensor/tensor.js';

/** `[batch * time]` on the host: 0 where a step is padding. */
export type Mask = Uint8Array;

const masks = new WeakMap<Tensor, Mask>();
let numMasksRead = 0;

/** The mask that travels with a tensor, if any. */
export function maskOf(value: Tensor): Mask | undefined {
  const mask = masks.get(value);
  if (mask !== undefined) numMasksRead++;
  return mask;
}

/** Whether work asks for a mask: for that of a tensor that has one, or for that of the options it is given. */
export function readsMask(mask: Mask, work: (options: { readonly mask: Mask }) => void): boolean {
  const before = numMasksRead;
  work({
    get mask() {
      numMasksRead++;
      return mask;
    },
  });
  return numMasksRead > before;
}

/** @throws SHAPE_MISMATCH where a mask has another number of entries than `shape`, [batch, time, ...], has steps */
export function requireStepMask(where: string, shape: Shape, mask: Mask | undefined): void {
  if (mask === undefined || mask.length === shape[0] * shape[1]) return;
  throw new RondoError('SHAPE_MISMATCH', {
    where,
    what: 'the mask has the wrong size.',
    expected: `${shape[0]} * ${shape[1]} entries, one a step`,
    received: `${mask.length} entries`,
    fix: 'give one 0 or 1 for every time step of every sequence.',
  });
}

/** Sends a mask along with a tensor. */
export function setMask(value: Tensor, mask: Mask | undefined): void {
  if (mask !== undefined) masks.set(value, mask);
}

/** {@link maskOf} for those who only pass masks around, which does not count as reading it. */
export function stillMaskOf(value: Tensor): Mask | undefined {
  return masks.get(value);
}

/** Gives a tensor another mask, or none. */
export function replaceMask(value: Tensor, mask: Mask | undefined): void {
  if (mask === undefined) masks.delete(value);
  else masks.set(value, mask);
}

/** 0 where the weight is 0 even if x is not finite there. */
const weighting: PointwiseFunction = { name: 'weighted', build: ([x, weight]) => select(weight, mul(x, weight), 0) };

/** `x [..., features]` times one weight a step; what has weight 0 becomes 0 whatever it held. */
export function weighted(x: Tensor, weights: Uint8Array | Float64Array): Tensor {
  return applyPointwise(weighting, [x, tensor(weights, [...x.shape.slice(0, -1), 1])]);
}

/** x with zeros at masked steps, whatever stood there; x itself where no step is masked. */
export function clearMasked(x: Tensor, mask: Mask | undefined): Tensor {
  if (mask === undefined || !mask.includes(0)) return x;
  return reshape(weighted(reshape(x, [mask.length, x.size / mask.length]), mask), x.shape);
}

/** A mask of `[batch, time]` with the steps of every sequence in reverse. */
export function reversedMask(mask: Mask, time: number): Mask {
  return mask.map((_, i) => mask[i + time - 1 - 2 * (i % time)]);
}

/**
 * The mask of `numSteps` steps that are finer, or coarser: a step counts where anything counts of what it is part of,
 * or holds.
 */
export function resampledMask(mask: Mask, numSteps: number): Mask {
  const width = mask.length / numSteps;
  return Uint8Array.from({ length: numSteps }, (_, step) => {
    const from = Math.floor(step * width);
    return mask.subarray(from, Math.max(from + 1, from + width)).includes(1) ? 1 : 0;
  });
}

/** Steps that both masks let count; they may be of different fineness, and the result is of the finer. */
export function bothMasks(a: Mask | undefined, b: Mask | undefined): Mask | undefined {
  if (a === undefined || b === undefined || a === b) return a ?? b;
  const [fine, coarse] = a.length >= b.length ? [a, b] : [b, a];
  const width = fine.length / coarse.length;
  return fine.map((counts, i) => counts & coarse[Math.floor(i / width)]);
}
