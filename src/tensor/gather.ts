import { currentBackend } from '../kernels/select.js';
import type { Shape } from '../shape.js';
import { constantTensor } from './accumulate.js';
import { operation } from './tape.js';
import { emptyTensor, type Tensor } from './tensor.js';

/** @internal Row i of the result is row `indices[i]` of the source (zeros where negative); not noted on the tape. */
export function gatherInto(shape: Shape, source: Tensor, columns: number, indices: Int32Array): Tensor {
  const backend = currentBackend();
  const result = emptyTensor(shape);
  backend.gatherRows({ columns, indices, source: source.viewOn(backend), target: result.viewOn(backend) });
  return result;
}

/** @internal The adjoint of {@link gatherInto}: zeros of `shape` with each row of `values` added at its index. */
export function scatterAdd(values: Tensor, shape: Shape, columns: number, indices: Int32Array): Tensor {
  const backend = currentBackend();
  const result = constantTensor(shape, 0);
  backend.scatterAddRows({ columns, indices, source: result.viewOn(backend), target: values.viewOn(backend) });
  return result;
}

/**
 * @internal Copies rows of `columns` numbers of a tensor into a new shape by index, with its derivative: the one
 * primitive of all data movement (embedding, transpose, slice, concatenation along time, packing of sequences).
 */
export function gatherTensor(source: Tensor, shape: Shape, columns: number, indices: Int32Array): Tensor {
  const [result] = operation([source], () => ({
    outputs: [gatherInto(shape, source, columns, indices)],
    backward: ([dOutput]) => [dOutput && scatterAdd(dOutput, source.shape, columns, indices)],
  }));
  return result;
}
