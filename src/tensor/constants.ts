import { type Shape, sizeOf } from '../shape.js';
import { type Tensor, tensor } from './tensor.js';

/** A tensor of zeros. */
export function zeros(shape: Shape): Tensor {
  return tensor(new Float32Array(sizeOf(shape)), shape);
}

/** A tensor of ones. */
export function ones(shape: Shape): Tensor {
  return tensor(new Float32Array(sizeOf(shape)).fill(1), shape);
}
