import { numbersOfHalves } from '../../rounding.js';
import {
  activationLevels,
  type BlockSparseMatrix,
  blockOutputs,
  type CompressedMatrix,
  type HalfMatrix,
  type QuantizedMatrix,
  type RowRounding,
} from '../compressed-matrix.js';

/** A row times `n` columns of a compressed matrix, whole segments from `firstColumn` on. */
export function compressedProduct(
  matrix: CompressedMatrix,
  row: Float64Array,
  firstColumn: number,
  n: number,
): Float64Array {
  switch (matrix.kind) {
    case 'int8':
      return quantizedProduct(matrix, row, firstColumn, n);
    case 'blocks':
      return blockProduct(matrix, row, firstColumn, n);
    default:
      return halfProduct(matrix, row, firstColumn, n);
  }
}

function halfProduct(
  { kind, values, ...matrix }: HalfMatrix,
  row: Float64Array,
  firstColumn: number,
  n: number,
): Float64Array {
  const result = new Float64Array(n);
  row.forEach((value, i) => {
    const from = i * matrix.n + firstColumn;
    numbersOfHalves(kind, values.subarray(from, from + n)).forEach((weight, j) => {
      result[j] += value * weight;
    });
  });
  return result;
}

/** Whole numbers as every backend has them: what is rounded is computed in single precision. */
function quantizedProduct(matrix: QuantizedMatrix, row: Float64Array, firstColumn: number, n: number): Float64Array {
  const { scale, zero, inverse } = roundingOf(row);
  const rounded = row.map((value) =>
    Math.min(activationLevels, Math.max(0, Math.fround(nearest(Math.fround(Math.fround(value) * inverse)) + zero))),
  );
  const result = new Float64Array(n);
  for (let j = 0; j < n; j++) {
    const column = firstColumn + j;
    let sum = 0;
    rounded.forEach((q, i) => {
      sum += (q - zero) * matrix.values[i * matrix.n + column];
    });
    result[j] = sum * scale * matrix.scales[column];
  }
  return result;
}

function roundingOf(row: Float64Array): RowRounding & { inverse: number } {
  const [low, high] = row.reduce(([l, h], value) => [Math.min(l, value), Math.max(h, value)], [0, 0]).map(Math.fround);
  const range = Math.fround(high - low);
  const inverse = range > 0 ? Math.fround(activationLevels / range) : 0;
  const zero = nearest(-Math.fround(low * inverse));
  return { scale: Math.fround(range / activationLevels), zero: Number.isNaN(zero) ? 0 : zero, inverse };
}

/** The nearest whole number, ties to even. */
function nearest(value: number): number {
  const floor = Math.floor(value);
  const rest = value - floor;
  return rest > 0.5 || (rest === 0.5 && floor % 2 !== 0) ? floor + 1 : floor;
}

function blockProduct(matrix: BlockSparseMatrix, row: Float64Array, firstColumn: number, n: number): Float64Array {
  const { segment, starts, inputs, values } = matrix;
  const panels = Math.ceil(segment / blockOutputs);
  const result = new Float64Array(n);
  for (let j = 0; j < n; j++) {
    const column = firstColumn + j;
    const inSegment = column % segment;
    const panel = Math.floor(column / segment) * panels + Math.floor(inSegment / blockOutputs);
    for (let block = starts[panel]; block < starts[panel + 1]; block++)
      result[j] += row[inputs[block]] * values[block * blockOutputs + (inSegment % blockOutputs)];
  }
  return result;
}
