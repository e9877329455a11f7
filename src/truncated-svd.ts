import { maximumOf } from './extremes.js';
import { symmetricEigenvectors } from './symmetric-eigenvectors.js';
import { transposed } from './transposed.js';

/** The largest singular values of a matrix `[m, n]` and their vectors: `A ~ U diag(s) V'`. */
export interface TruncatedSvd {
  /** `[m, rank]`, orthonormal columns. */
  readonly u: Float64Array;
  /** The largest first. */
  readonly singularValues: Float64Array;
  /** `[rank, n]`, orthonormal rows; zeros where the singular value is 0. */
  readonly v: Float64Array;
}

/**
 * The matrix of a rank that is nearest to a matrix, in the sum of squared differences, as its singular value
 * decomposition (Eckart and Young 1936, "The approximation of one matrix by another of lower rank"). The vectors of the
 * shorter side are the eigenvectors of the matrix times its transpose; the longer ones follow from `U' A`, so that at
 * full rank the product is the matrix itself up to rounding, however small its singular values are. Which of those below
 * 1e-8 of the largest comes first is left to rounding.
 *
 * @param matrix row-major, finite.
 * @param rank at most the shorter side.
 */
export function truncatedSvd(matrix: ArrayLike<number>, [m, n]: readonly number[], rank: number): TruncatedSvd {
  if (m > n) {
    const { u, singularValues, v } = truncatedSvd(transposed(Float64Array.from(matrix), m, n), [n, m], rank);
    return { u: transposed(v, rank, m), singularValues, v: transposed(u, n, rank) };
  }
  // Squares of numbers of any size are then within range.
  const scale = maximumOf(Float64Array.from(matrix, Math.abs)) || 1;
  const a = Float64Array.from(matrix, (value) => value / scale);
  const directions = symmetricEigenvectors(timesTransposed(a, m, n), m).vectors.subarray(0, rank * m);
  const v = new Float64Array(rank * n);
  const singularValues = new Float64Array(rank);
  for (let i = 0; i < rank; i++) {
    const row = v.subarray(i * n, (i + 1) * n);
    for (let j = 0; j < m; j++) addScaled(row, directions[i * m + j], a.subarray(j * n, (j + 1) * n));
    const length = Math.sqrt(dot(row, row));
    singularValues[i] = length * scale;
    if (length > 0) for (let j = 0; j < n; j++) row[j] /= length;
  }
  return { u: transposed(directions, rank, m), singularValues, v };
}

/** `A A'`, `[m, m]`. */
function timesTransposed(a: Float64Array, m: number, n: number): Float64Array {
  const product = new Float64Array(m * m);
  for (let i = 0; i < m; i++) {
    const row = a.subarray(i * n, (i + 1) * n);
    for (let j = 0; j <= i; j++) product[i * m + j] = product[j * m + i] = dot(row, a.subarray(j * n, (j + 1) * n));
  }
  return product;
}

/** In four sums, which the processor adds side by side. */
function dot(a: Float64Array, b: Float64Array): number {
  let s0 = 0;
  let s1 = 0;
  let s2 = 0;
  let s3 = 0;
  let i = 0;
  for (; i + 3 < a.length; i += 4) {
    s0 += a[i] * b[i];
    s1 += a[i + 1] * b[i + 1];
    s2 += a[i + 2] * b[i + 2];
    s3 += a[i + 3] * b[i + 3];
  }
  for (; i < a.length; i++) s0 += a[i] * b[i];
  return s0 + s1 + (s2 + s3);
}

function addScaled(target: Float64Array, factor: number, values: Float64Array): void {
  for (let i = 0; i < target.length; i++) target[i] += factor * values[i];
}
