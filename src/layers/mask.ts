import type { Tensor } from '../tensor/tensor.js';

/** `[batch * time]` on the host: 0 where a step is padding. */
export type Mask = Uint8Array;

const masks = new WeakMap<Tensor, Mask>();

/** The mask that travels with a tensor, if any. */
export function maskOf(value: Tensor): Mask | undefined {
  return masks.get(value);
}

/** Sends a mask along with a tensor. */
export function setMask(value: Tensor, mask: Mask | undefined): void {
  if (mask !== undefined) masks.set(value, mask);
}
