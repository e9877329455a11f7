import { type Shape, sizeOf } from '../shape.js';
import { transposed } from '../transposed.js';
import type { WeightForm } from './compressed-weights.js';

/** Where the matrices of a weight are in its shape. */
export interface MatrixPlace {
  readonly form: WeightForm;
  /**
   * How many leading axes are the inputs of its one matrix, and all others its outputs. Absent where the matrices are
   * the last two axes, one for each head before them.
   */
  readonly inputAxes?: number | undefined;
}

/** How many matrices `[k, n]` a weight has, and their inputs and outputs. */
export function matrixSizes(
  shape: Shape,
  { form, inputAxes }: MatrixPlace,
): { readonly count: number; readonly k: number; readonly n: number } {
  if (inputAxes !== undefined)
    return { count: 1, k: sizeOf(shape.slice(0, inputAxes)), n: sizeOf(shape.slice(inputAxes)) };
  const [rows, columns] = shape.slice(-2);
  const count = sizeOf(shape.slice(0, -2));
  return form === 'table' ? { count, k: columns, n: rows } : { count, k: rows, n: columns };
}

/** The matrices `[k, n]` of the numbers of a weight. */
export function matricesOf(
  numbers: Float32Array,
  shape: Shape,
  place: MatrixPlace,
): { readonly values: Float32Array; readonly k: number; readonly n: number }[] {
  const { count, k, n } = matrixSizes(shape, place);
  if (place.form === 'table') return [{ values: transposed(numbers, n, k), k, n }];
  const size = k * n;
  return Array.from({ length: count }, (_, head) => ({
    values: numbers.subarray(head * size, (head + 1) * size),
    k,
    n,
  }));
}
