import { RondoError } from '../errors.js';
import type { Backend, GatherCall } from '../kernels/contract.js';
import { currentBackend } from '../kernels/select.js';
import { describeShape, type Shape, sizeOf } from '../shape.js';
import { constantTensor } from './accumulate.js';
import { requireTensors } from './operands.js';
import { rowGradient } from './row-gradient.js';
import { operation } from './tape.js';
import { emptyTensor, type Tensor } from './tensor.js';
import { Variable } from './variable.js';

/** Indices of rows: checked on the host, or a tensor of int32 on the device. */
export type RowIndices = Int32Array | Tensor;

/** @internal Row i of the result is row `indices[i]` of the source (zeros where negative); not noted on the tape. */
export function gatherInto(shape: Shape, source: Tensor, columns: number, indices: RowIndices): Tensor {
  const backend = currentBackend();
  const result = emptyTensor(shape, source.storedType);
  backend.gatherRows({
    columns,
    ...indexed(backend, indices, source.size / columns),
    source: source.storedViewOn(backend),
    target: result.storedViewOn(backend),
  });
  return result;
}

function indexed(backend: Backend, indices: RowIndices, numRows: number): Pick<GatherCall, 'indices' | 'numRows'> {
  if (indices instanceof Int32Array) return { indices };
  return { indices: { ...indices.storedViewOn(backend), length: indices.size }, numRows };
}

/** @internal The adjoint of {@link gatherInto}: zeros of `shape` with each row of `values` added at its index. */
export function scatterAdd(values: Tensor, shape: Shape, columns: number, indices: RowIndices): Tensor {
  const backend = currentBackend();
  const result = constantTensor(shape, 0);
  backend.scatterAddRows({
    columns,
    ...indexed(backend, indices, sizeOf(shape) / columns),
    source: result.viewOn(backend),
    target: values.viewOn(backend),
  });
  return result;
}

/**
 * Copies rows of `columns` numbers into a new shape by index: row i of the result is row `indices[i]` of the source, or
 * zeros where the index is negative. Its derivative adds each row's gradient to the row it came from (an embedding's, a
 * convolution window's); by a variable it is a {@link RowGradient}.
 *
 * Indices may be a tensor of int32 on the device: one that has no row gives zeros then, since nobody can check it.
 *
 * @throws SHAPE_MISMATCH where rows do not divide the source or fill the shape; OUT_OF_RANGE where an index has no row.
 */
export function gatherTensor(source: Tensor, shape: Shape, columns: number, indices: RowIndices): Tensor {
  requireTensors('gatherTensor', [source]);
  const count = indices instanceof Int32Array ? indices.length : requireIndices(indices).size;
  const rows = columns > 0 ? source.size / columns : 0;
  if (!Number.isInteger(rows) || sizeOf(shape) !== count * columns) {
    throw new RondoError('SHAPE_MISMATCH', {
      where: 'gatherTensor',
      what: `rows of ${columns} numbers do not fit the shapes.`,
      expected: `rows that divide ${describeShape(source.shape)}, ${count} of them in the result`,
      received: describeShape(shape),
      fix: 'give the shape that the indexed rows have together.',
    });
  }
  if (!(indices instanceof Int32Array)) return gather(source, shape, columns, indices);
  for (let i = 0; i < indices.length; i++) {
    if (indices[i] < rows || columns === 0) continue;
    throw new RondoError('OUT_OF_RANGE', {
      where: 'gatherTensor',
      what: `index ${indices[i]} at ${i} has no row.`,
      expected: `indices below ${rows}, or negative for zeros`,
      received: String(indices[i]),
      fix: 'correct the indices.',
    });
  }
  return gather(source, shape, columns, indices);
}

function requireIndices(indices: Tensor): Tensor {
  requireTensors('gatherTensor', [indices]);
  if (indices.dtype === 'int32') return indices;
  throw new RondoError('USAGE', {
    where: 'gatherTensor',
    what: `the indices are ${indices.dtype}.`,
    expected: 'an Int32Array, or a tensor of int32',
    received: indices.dtype,
    fix: "convert them: ops.cast(indices, 'int32').",
  });
}

/** @internal {@link gatherTensor} without its checks, for indices that are right by construction. */
export function gather(source: Tensor, shape: Shape, columns: number, indices: RowIndices): Tensor {
  const [result] = operation([source], () => ({
    outputs: [gatherInto(shape, source, columns, indices)],
    // The gradient of what other operations computed goes on to them whole.
    backward: ([dOutput]) => [
      dOutput &&
        (source instanceof Variable && indices instanceof Int32Array
          ? rowGradient(source.shape, columns, indices, dOutput)
          : scatterAdd(dOutput, source.shape, columns, indices)),
    ],
  }));
  return result;
}
