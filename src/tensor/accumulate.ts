import { add, leaf } from '../expression/build.js';
import { pointwiseProgram } from '../kernels/program.js';
import { currentBackend } from '../kernels/select.js';
import type { Shape } from '../shape.js';
import { emptyTensor, type Tensor, type Variable } from './tensor.js';

const sum = pointwiseProgram('accumulate', [{ name: 'sum', expression: add(leaf('a'), leaf('b')) }]);
const copy = pointwiseProgram('copy', [{ name: 'copy', expression: leaf('a') }]);

/** @internal The sum of two tensors of equal shape, not noted on the tape. */
export function addTensors(a: Tensor, b: Tensor): Tensor {
  const backend = currentBackend();
  const result = emptyTensor(a.shape);
  const flat = (x: Tensor): { buffer: ReturnType<Tensor['viewOn']>['buffer']; offset: number; rowStride: number } => ({ ...x.viewOn(backend), rowStride: a.size });
  backend.pointwise({ program: sum, rows: 1, columns: a.size, inputs: { a: flat(a), b: flat(b) }, outputs: { sum: flat(result) } });
  return result;
}

/** @internal Copies a tensor's numbers into a variable of the same size. */
export function assignTensor(target: Variable, source: Tensor): void {
  const backend = currentBackend();
  const strided = (x: Tensor): { buffer: ReturnType<Tensor['viewOn']>['buffer']; offset: number; rowStride: number } => ({ ...x.viewOn(backend), rowStride: source.size });
  backend.pointwise({ program: copy, rows: 1, columns: source.size, inputs: { a: strided(source) }, outputs: { copy: strided(target) } });
}

/** @internal A tensor of one repeated value in the open scope. */
export function constantTensor(shape: Shape, value: number): Tensor {
  const backend = currentBackend();
  const result = emptyTensor(shape);
  backend.fill(result.viewOn(backend), result.size, value);
  return result;
}
