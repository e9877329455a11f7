import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { expectDerivative, messageOf } from '../../test/support/central-differences.js';
import { expectClose } from '../../test/support/close.js';
import { normals } from '../../test/support/random.js';
import { backendNames, useBackend } from '../kernels/select.js';
import { Random } from '../random.js';
import type { Resolved } from '../resolved.js';
import { type Shape, sizeOf } from '../shape.js';
import * as ops from './index.js';
import type { MatmulOptions } from './matmul.js';
import { valueAndGradients } from './tape.js';
import { type Tensor, tensor } from './tensor.js';

beforeEach(() => void useBackend('reference'));
afterEach(() => void useBackend('wasm'));

const [M, K, N] = [3, 7, 5];
const both = [false, true];
const options = both.flatMap((transposeA) =>
  both.map((transposeB): Resolved<MatmulOptions> => ({ transposeA, transposeB })),
);
const stored = (leading: Shape, rows: number, columns: number, transposed: boolean): number[] => [
  ...leading,
  ...(transposed ? [columns, rows] : [rows, columns]),
];

/** The product of the last two axes, as its definition says. */
function slowProduct(
  a: Tensor,
  b: Tensor,
  { transposeA = false, transposeB = false }: MatmulOptions,
  matrices: number,
): Float64Array {
  const [x, y] = [a.dataSync(), b.dataSync()];
  const [sizeA, sizeB] = [a.size / matrices, b.size / matrices];
  const k = transposeA ? a.shape.at(-2)! : a.shape.at(-1)!;
  const [m, n] = [sizeA / k, sizeB / k];
  const result = new Float64Array(matrices * m * n);
  for (let matrix = 0; matrix < matrices; matrix++) {
    for (let i = 0; i < m; i++) {
      for (let j = 0; j < n; j++) {
        for (let l = 0; l < k; l++) {
          result[(matrix * m + i) * n + j] +=
            x[matrix * sizeA + (transposeA ? l * m + i : i * k + l)] *
            y[matrix * sizeB + (transposeB ? j * k + l : l * n + j)];
        }
      }
    }
  }
  return result;
}

describe('matmul', () => {
  it.each(options)('of two matrices, %j', (given) => {
    const random = new Random(73);
    const inputs = [
      normals(stored([], M, K, given.transposeA), random),
      normals(stored([], K, N, given.transposeB), random),
    ];
    const result = ops.matmul(inputs[0], inputs[1], given);
    expect(result.shape).toEqual([M, N]);
    expectClose(result.dataSync(), slowProduct(inputs[0], inputs[1], given, 1), 1e-14, 'product');
    expectDerivative(([a, b]) => ops.matmul(a, b, given), inputs);
  });

  it.each(options)('matrix by matrix, %j', (given) => {
    const random = new Random(79);
    for (const leading of [[2], [2, 3], [1, 1]]) {
      const inputs = [
        normals(stored(leading, M, K, given.transposeA), random),
        normals(stored(leading, K, N, given.transposeB), random),
      ];
      const result = ops.matmul(inputs[0], inputs[1], given);
      expect(result.shape).toEqual([...leading, M, N]);
      expectClose(result.dataSync(), slowProduct(inputs[0], inputs[1], given, sizeOf(leading)), 1e-14, 'product');
      expectDerivative(([a, b]) => ops.matmul(a, b, given), inputs);
    }
  });

  it.each(both)('of the last axis of any rank with a matrix, transposed: %j', (transposeB) => {
    const random = new Random(83);
    for (const leading of [[], [2], [2, 3], [1, 2, 3]]) {
      const inputs = [normals([...leading, K], random), normals(stored([], K, N, transposeB), random)];
      const result = ops.matmul(inputs[0], inputs[1], { transposeB });
      expect(result.shape).toEqual([...leading, N]);
      expectClose(
        result.dataSync(),
        slowProduct(inputs[0], inputs[1], { transposeB }, 1),
        1e-14,
        `rank ${leading.length + 1}`,
      );
      expectDerivative(([a, b]) => ops.matmul(a, b, { transposeB }), inputs);
    }
  });

  it.each(options)('repeats matrices along leading axes that are 1 or missing, %j', (given) => {
    const random = new Random(103);
    const [m, k, n] = [3, 2, 5];
    for (const [leadingA, leadingB, leading] of [
      [[], [2], [2]],
      [[2], [], [2]],
      [
        [2, 1],
        [1, 3],
        [2, 3],
      ],
      [
        [1, 3],
        [2, 3],
        [2, 3],
      ],
      [[3], [2, 3], [2, 3]],
      [
        [2, 1, 3],
        [1, 2, 1],
        [2, 2, 3],
      ],
    ]) {
      const inputs = [
        normals(stored(leadingA, m, k, given.transposeA), random),
        normals(stored(leadingB, k, n, given.transposeB), random),
      ];
      const result = ops.matmul(inputs[0], inputs[1], given);
      expect(result.shape).toEqual([...leading, m, n]);
      const [a, b] = inputs.map((input) => ops.expand(input, [...leading, ...input.shape.slice(-2)]));
      const label = `${leadingA} and ${leadingB}`;
      expectClose(result.dataSync(), slowProduct(a, b, given, sizeOf(leading)), 1e-14, label);
      expectDerivative(([x, y]) => ops.matmul(x, y, given), inputs, label);
    }
  });

  it('has no derivative by matrices that are repeated no times', () => {
    const inputs = [normals([1, 3, 7], new Random(5)), tensor([], [0, 7, 5])];
    const { gradients } = valueAndGradients(() => ops.sum(ops.matmul(inputs[0], inputs[1])), inputs);
    expect([...gradients[0].dataSync()]).toEqual(new Array(21).fill(0));
    expect(gradients[1].shape).toEqual([0, 7, 5]);
  });

  it.each(options)('is the same on wasm, with its derivative, %j', (given) => {
    const random = new Random(89);
    const inputs = [
      normals(stored([2], M, K, given.transposeA), random),
      normals(stored([2], K, N, given.transposeB), random),
    ];
    const results = backendNames.map((backend) => {
      useBackend(backend);
      const { value, gradients } = valueAndGradients(
        () => ops.sum(ops.square(ops.matmul(inputs[0], inputs[1], given))),
        inputs,
      );
      return [value, ...gradients].map((result) => result.dataSync());
    });
    results[0].forEach((values, i) => expectClose(values, results[1][i], 1e-5, `result ${i}`));
  });

  it('of a matrix with itself adds both derivatives', () => {
    expectDerivative(([a]) => ops.matmul(a, a, { transposeB: true }), [normals([3, 5], new Random(97))]);
  });

  it.each(backendNames)('of empty matrices on %s', (backend) => {
    useBackend(backend);
    const [a, b] = [tensor([], [3, 0]), tensor([], [0, 5])];
    expect(ops.matmul(a, b).array()).toEqual([1, 2, 3].map(() => [0, 0, 0, 0, 0]));
    expect(ops.matmul(b, normals([5, 7], new Random(1))).shape).toEqual([0, 7]);
    expect(ops.matmul(tensor([], [0, 2, 3]), tensor([], [0, 3, 5])).shape).toEqual([0, 2, 5]);
    const w = normals([5, 7], new Random(1));
    const { gradients } = valueAndGradients(() => ops.sum(ops.matmul(b, w)), [w, b]);
    expect([...gradients[0].dataSync()]).toEqual(new Array(35).fill(0));
    expect(gradients[1].shape).toEqual([0, 5]);
  });

  it.each([
    ['other inner axes', [3, 7], [5, 7], {}, '[3, 7] and [5, 7]'],
    ['other inner axes once transposed', [7, 3], [5, 7], { transposeA: true }, '[7, 3] transposed and [5, 7]'],
    ['other leading axes', [2, 3, 7], [3, 7, 5], {}, '[2, 3, 7] and [3, 7, 5]'],
    ['a vector beside several matrices', [7], [2, 7, 5], {}, '[7] and [2, 7, 5]'],
    ['a vector at the right', [3, 7], [7], {}, '[3, 7] and [7]'],
    ['a number at the left', [], [7, 5], {}, '[] and [7, 5]'],
    ['a transposed vector', [7], [7, 5], { transposeA: true }, '[7] transposed and [7, 5]'],
  ])('refuses %s', (_, shapeA, shapeB, given, received) => {
    const random = new Random(101);
    expect(messageOf(() => ops.matmul(normals(shapeA, random), normals(shapeB, random), given))).toBe(
      '[SHAPE_MISMATCH] matmul: the operands do not fit together.\n  expected: [..., m, k] and [..., k, n], ' +
        `with leading axes that are equal, 1 or missing, aligned at the last\n  received: ${received}\n  fix: ` +
        'reshape or transpose one of them.',
    );
  });
});
