import { describe, expect, it } from 'vitest';
import { expectClose } from '../test/support/close.js';
import { Random } from './random.js';
import { symmetricEigenvectors } from './symmetric-eigenvectors.js';
import { truncatedSvd } from './truncated-svd.js';

function normals(count: number, seed = 1): Float64Array {
  const random = new Random(seed);
  return Float64Array.from({ length: count }, () => random.normal());
}

/** `[m, k] x [k, n]`. */
function product(a: ArrayLike<number>, b: ArrayLike<number>, [m, k, n]: readonly number[]): Float64Array {
  return Float64Array.from({ length: m * n }, (_, i) => {
    let sum = 0;
    for (let j = 0; j < k; j++) sum += a[Math.floor(i / n) * k + j] * b[j * n + (i % n)];
    return sum;
  });
}

function transposed(a: ArrayLike<number>, m: number, n: number): Float64Array {
  return Float64Array.from({ length: m * n }, (_, i) => a[(i % m) * n + Math.floor(i / m)]);
}

function identity(n: number): Float64Array {
  return Float64Array.from({ length: n * n }, (_, i) => (i % (n + 1) === 0 ? 1 : 0));
}

/** `U diag(s) V'`. */
function rebuilt(matrix: ArrayLike<number>, [m, n]: readonly number[], rank: number): Float64Array {
  const { u, singularValues, v } = truncatedSvd(matrix, [m, n], rank);
  return product(
    u.map((value, i) => value * singularValues[i % rank]),
    v,
    [m, rank, n],
  );
}

/** Sums of a few hundred float64 products. */
const tolerance = 1e-12;

describe('truncatedSvd', () => {
  const sizes = [
    [7, 11],
    [11, 7],
    [1, 5],
    [5, 1],
    [1, 1],
    [53, 53],
    [37, 101],
  ] as const;

  it.each(sizes)('of %i by %i is the matrix at full rank, with vectors at right angles', (m, n) => {
    const rank = Math.min(m, n);
    const matrix = normals(m * n);
    expectClose(rebuilt(matrix, [m, n], rank), matrix, tolerance, 'product');
    const { u, singularValues, v } = truncatedSvd(matrix, [m, n], rank);
    expectClose(product(transposed(u, m, rank), u, [rank, m, rank]), identity(rank), tolerance, "U'U");
    expectClose(product(v, transposed(v, rank, n), [rank, n, rank]), identity(rank), 1e-7, "V V'");
    expect([...singularValues]).toEqual([...singularValues].sort((a, b) => b - a));
  });

  it('has the singular values that NumPy gives', () => {
    // numpy.linalg.svd([[2, -1, 0.5, 3], [0, 4, 1, -2], [1.5, 2, -3, 1]], compute_uv=False), NumPy 2.4.6
    const known = [5.2726220732842455, 4.191552247142362, 2.475953600492456];
    const matrix = [2, -1, 0.5, 3, 0, 4, 1, -2, 1.5, 2, -3, 1];
    expectClose(truncatedSvd(matrix, [3, 4], 3).singularValues, known, 1e-13, 'singular values');
    expectClose(truncatedSvd(transposed(matrix, 3, 4), [4, 3], 2).singularValues, known.slice(0, 2), 1e-13, 'two');
  });

  it('is the nearest matrix of its rank: what is left is the other singular values', () => {
    const [m, n] = [13, 18];
    const matrix = normals(m * n, 2);
    const all = truncatedSvd(matrix, [m, n], m).singularValues;
    for (const rank of [1, 4, 9]) {
      const left = rebuilt(matrix, [m, n], rank).map((value, i) => value - matrix[i]);
      expect(Math.hypot(...left)).toBeCloseTo(Math.hypot(...all.slice(rank)), 10);
    }
  });

  it('gives a matrix of a low rank back at that rank', () => {
    const matrix = product(normals(9 * 3, 3), normals(3 * 14, 4), [9, 3, 14]);
    expectClose(rebuilt(matrix, [9, 14], 3), matrix, tolerance, 'product');
    const { singularValues } = truncatedSvd(matrix, [9, 14], 6);
    expect(Math.max(...singularValues.slice(3))).toBeLessThan(1e-7 * singularValues[0]);
  });

  it('takes zeros, equal singular values and numbers of any size', () => {
    expect([...truncatedSvd(new Float64Array(15), [3, 5], 2).singularValues]).toEqual([0, 0]);
    expectClose(rebuilt(identity(6), [6, 6], 6), identity(6), tolerance, 'identity');
    for (const size of [1e-100, 1e100]) {
      const matrix = normals(20, 5).map((value) => value * size);
      const ratios = rebuilt(matrix, [4, 5], 4).map((value) => value / size);
      expectClose(ratios, normals(20, 5), tolerance, `times ${size}`);
    }
  });
});

describe('symmetricEigenvectors', () => {
  it.each([1, 2, 3, 29])('of %i rows turn the matrix into its diagonal of values', (n) => {
    const half = normals(n * n, 6);
    const matrix = half.map((value, i) => value + half[(i % n) * n + Math.floor(i / n)]);
    const { values, vectors } = symmetricEigenvectors(Float64Array.from(matrix), n);
    const turned = product(product(vectors, matrix, [n, n, n]), transposed(vectors, n, n), [n, n, n]);
    expectClose(
      turned,
      identity(n).map((value, i) => value * values[i % n]),
      tolerance,
      'diagonal',
    );
  });
});
