import { add, leaf } from '../expression/build.js';
import { pointwiseProgram } from '../expression/program.js';
import type { Strided } from '../kernels/contract.js';
import { copyProgram } from '../kernels/convert.js';
import { currentBackend } from '../kernels/select.js';
import type { Shape } from '../shape.js';
import { emptyTensor, type Tensor } from './tensor.js';
import { requireRunsOnce, type Variable } from './variable.js';

const sum = pointwiseProgram('accumulate', [{ name: 'sum', expression: add(leaf('a'), leaf('b')) }]);

/** @internal How a block's source is read: an element for each place, one per column (rows repeat), or one per row. */
export type CopyAccess = 'element' | 'column' | 'row';

const copies = {
  element: copyProgram,
  column: pointwiseProgram('copy.column', [{ name: 'copy', expression: leaf('a', 'column') }]),
  row: pointwiseProgram('copy.row', [{ name: 'copy', expression: leaf('a', 'row') }]),
};

/** @internal The sum of two tensors of equal shape, not noted on the tape. */
export function addTensors(a: Tensor, b: Tensor): Tensor {
  const result = emptyTensor(a.shape);
  currentBackend().pointwise({
    program: sum,
    rows: 1,
    columns: a.size,
    inputs: { a: asRow(a), b: asRow(b) },
    outputs: { sum: asRow(result) },
  });
  return result;
}

/** @internal Adds a tensor to another of equal size, in place. */
export function addInto(target: Tensor, added: Tensor): void {
  currentBackend().pointwise({
    program: sum,
    rows: 1,
    columns: target.size,
    inputs: { a: asRow(target), b: asRow(added) },
    outputs: { sum: asRow(target) },
  });
}

/** @internal Copies a tensor's numbers into another of the same size, or over the first numbers of a larger one. */
export function copyInto(target: Tensor, source: Tensor): void {
  copyBlock(1, source.size, asStoredRows(source, source.size), asStoredRows(target, source.size));
}

/** @internal Copies a tensor's numbers into a variable of the same size. @throws USAGE in work that may run twice */
export function assignTensor(target: Variable, source: Tensor): void {
  requireRunsOnce(target);
  copyInto(target, source);
}

/** @internal A copy in the open scope. */
export function copyOf(source: Tensor): Tensor {
  const copy = emptyTensor(source.shape, source.storedType);
  copyBlock(1, source.size, asStoredRows(source, source.size), asStoredRows(copy, source.size));
  return copy;
}

/** @internal Copies a block of `[rows, columns]`. */
export function copyBlock(
  rows: number,
  columns: number,
  from: Strided,
  to: Strided,
  access: CopyAccess = 'element',
): void {
  if (rows === 0 || columns === 0) return;
  currentBackend().pointwise({ program: copies[access], rows, columns, inputs: { a: from }, outputs: { copy: to } });
}

/** @internal A tensor of one repeated value in the open scope. */
export function constantTensor(shape: Shape, value: number): Tensor {
  const result = emptyTensor(shape);
  const backend = currentBackend();
  backend.fill(result.viewOn(backend), result.size, value);
  return result;
}

/** @internal A tensor's numbers as rows of the backend's float type, from the `start`th number on. */
export function asRows(values: Tensor, rowStride: number, start = 0): Strided {
  const { buffer, offset } = values.viewOn(currentBackend());
  return { buffer, offset: offset + start, rowStride };
}

/** @internal The same in the type in which the numbers are stored, for programs, which read and write any. */
export function asStoredRows(values: Tensor, rowStride: number, start = 0): Strided {
  const { buffer, offset } = values.storedViewOn(currentBackend());
  return { buffer, offset: offset + start, rowStride };
}

function asRow(values: Tensor): Strided {
  return asRows(values, values.size);
}
