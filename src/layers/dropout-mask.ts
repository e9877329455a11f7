import { currentRandom } from '../random.js';
import { type Shape, sizeOf } from '../shape.js';
import { type Tensor, tensor } from '../tensor/tensor.js';

/**
 * 0 with probability `rate`, else `1 / (1 - rate)`, drawn for every element (Srivastava et al. 2014, inverted form).
 */
export function dropoutMask(shape: Shape, rate: number): Tensor {
  return bernoulli(shape, 1 - rate, 1 / (1 - rate));
}

/** `value` with the given probability, else 0. */
export function bernoulli(shape: Shape, probability: number, value: number): Tensor {
  const mask = new Float32Array(sizeOf(shape));
  currentRandom().fillBelow(mask, probability * 2 ** 32, value);
  return tensor(mask, shape);
}
