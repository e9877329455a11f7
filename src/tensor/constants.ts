import { type Shape, sizeOf } from '../shape.js';
import { tensor, type Tensor } from './tensor.js';

export function zeros(shape: Shape): Tensor {
  return tensor(new Float32Array(sizeOf(shape)), shape);
}

export function ones(shape: Shape): Tensor {
  return tensor(new Float32Array(sizeOf(shape)).fill(1), shape);
}
