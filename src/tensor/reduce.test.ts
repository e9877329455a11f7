import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { expectDerivative, messageOf } from '../../test/support/central-differences.js';
import { expectClose } from '../../test/support/close.js';
import { normals } from '../../test/support/random.js';
import { backendNames, useBackend } from '../kernels/select.js';
import { Random } from '../random.js';
import { type Shape, sizeOf } from '../shape.js';
import * as ops from './index.js';
import { placesOfLargest } from './reduce.js';
import { valueAndGradients } from './tape.js';
import { scope, type Tensor, tensor } from './tensor.js';

beforeEach(() => void useBackend('reference'));
afterEach(() => void useBackend('wasm'));

const shapes = fc.array(fc.constantFrom(1, 2, 3, 5), { minLength: 1, maxLength: 4 });
const shapesAndAxes = shapes.chain((shape) =>
  fc.tuple(fc.constant(shape), fc.integer({ min: -shape.length, max: shape.length - 1 })),
);
const runs = { seed: 43, numRuns: 100 };

/** By place of the result: the values along the axis. */
function lines(x: Tensor, axis: number): { shape: Shape; values: number[][] } {
  const at = axis < 0 ? axis + x.shape.length : axis;
  const [outer, inner] = [sizeOf(x.shape.slice(0, at)), sizeOf(x.shape.slice(at + 1))];
  const data = x.dataSync();
  const values = Array.from({ length: outer * inner }, (_, i) =>
    Array.from(
      { length: x.shape[at] },
      (_, j) => data[(Math.floor(i / inner) * x.shape[at] + j) * inner + (i % inner)],
    ),
  );
  return { shape: x.shape.filter((_, i) => i !== at), values };
}

const total = (values: readonly number[]): number => values.reduce((a, b) => a + b, 0);

describe.each([
  ['reference', 1e-14],
  ['wasm', 1e-6],
] as const)('reductions on %s', (backend, tolerance) => {
  beforeEach(() => void useBackend(backend));

  it.each([
    ['sum', ops.sum, total],
    ['mean', ops.mean, (values: readonly number[]) => total(values) / values.length],
    ['max', ops.max, (values: readonly number[]) => Math.max(...values)],
  ] as const)('%s over any axis of any shape', (name, op, plain) => {
    const random = new Random(47);
    fc.assert(
      fc.property(shapesAndAxes, ([shape, axis]) => {
        const x = normals(shape, random);
        const expected = lines(x, axis);
        const result = op(x, axis);
        expect(result.shape).toEqual(expected.shape);
        expectClose(result.dataSync(), expected.values.map(plain), tolerance, `${name} over axis ${axis} of ${x}`);
      }),
      runs,
    );
  });

  it('sum and mean over everything', () => {
    const x = normals([3, 5, 7], new Random(53));
    expect(ops.sum(x).shape).toEqual([]);
    expectClose(
      [ops.sum(x).item(), ops.mean(x).item()],
      [total([...x.dataSync()]), total([...x.dataSync()]) / 105],
      tolerance,
      'everything',
    );
    expect(ops.sum(tensor(3)).item()).toBe(3);
    expect(ops.mean(tensor([[3]])).item()).toBe(3);
  });

  it('derivatives of long and short axes', () => {
    for (const [shape, axis] of [
      [[7, 2, 3], 1],
      [[2, 7, 3], 1],
      [[3, 5], 0],
      [[3, 5], 1],
      [[1, 7, 1], 1],
    ] as const) {
      const x = normals(shape, new Random(59));
      const weights = normals(
        shape.filter((_, i) => i !== axis),
        new Random(61),
      );
      const { gradients } = valueAndGradients(() => ops.sum(ops.mul(ops.sum(x, axis), weights)), [x]);
      const line = lines(gradients[0], axis);
      line.values.forEach((values, i) =>
        expectClose(
          values,
          values.map(() => weights.dataSync()[i]),
          tolerance,
          `${shape} over ${axis}`,
        ),
      );
    }
  });

  it('sums nothing to 0', () => {
    expect(ops.sum(tensor([])).item()).toBe(0);
    expect(ops.sum(tensor([], [3, 0]), 1).array()).toEqual([0, 0, 0]);
    expect(ops.sum(tensor([], [3, 0, 2]), 1).array()).toEqual([
      [0, 0],
      [0, 0],
      [0, 0],
    ]);
    expect(ops.sum(tensor([], [3, 0]), 0).shape).toEqual([0]);
    const empty = tensor([], [3, 0]);
    expect(valueAndGradients(() => ops.sum(ops.sum(empty, 1)), [empty]).gradients[0].shape).toEqual([3, 0]);
  });
});

describe('the derivatives of reductions', () => {
  const x = normals([3, 5, 2], new Random(67));
  it.each([0, 1, 2, -1])('over axis %d', (axis) => {
    expectDerivative(([a]) => ops.sum(ops.square(a), axis), [x], 'sum');
    expectDerivative(([a]) => ops.mean(ops.square(a), axis), [x], 'mean');
    expectDerivative(([a]) => ops.max(a, axis), [x], 'max');
  });

  it('over everything', () => {
    expectDerivative(([a]) => ops.sum(ops.square(a)), [x], 'sum');
    expectDerivative(([a]) => ops.mean(ops.square(a)), [x], 'mean');
  });

  it('of max is shared by equal values', () => {
    const ties = tensor([
      [2, 7, 7, 7],
      [1, 5, 0, 2],
    ]);
    const { gradients } = valueAndGradients(() => ops.sum(ops.mul(ops.max(ties), tensor([6, 10]))), [ties]);
    expect(gradients[0].array()).toEqual([
      [0, 2, 2, 2],
      [0, 10, 0, 0],
    ]);
  });
});

describe('reductions of nothing', () => {
  it.each([
    ['mean', () => ops.mean(tensor([]))],
    ['mean', () => ops.mean(tensor([], [0]), 0)],
    ['max', () => ops.max(tensor([], [0]))],
    ['argMax', () => ops.argMax(tensor([], [0]))],
  ])('are refused: %s', (where, call) => {
    expect(messageOf(call)).toBe(
      `[SHAPE_MISMATCH] ${where}: there are no values to reduce.\n  expected: at least one value along the ` +
        'axis\n  received: [0]\n  fix: leave empty batches and sequences out.',
    );
  });

  it('give as many results as there are rows', () => {
    expect(ops.max(tensor([], [0, 3])).shape).toEqual([0]);
    expect(ops.mean(tensor([], [0, 3]), 1).shape).toEqual([0]);
    expect(ops.argMax(tensor([], [0, 3]))).toEqual(new Int32Array(0));
  });
});

describe('argMax', () => {
  it.each(backendNames)('gives the first of the largest along the last axis on %s', (backend) => {
    useBackend(backend);
    expect(
      ops.argMax(
        tensor([
          [
            [1, 3, 2],
            [5, 5, 0],
          ],
          [
            [-3, -2, -1],
            [0, 0, 0],
          ],
        ]),
      ),
    ).toEqual(Int32Array.of(1, 0, 2, 0));
    expect(ops.argMax(ops.mul(tensor([1, 2, 3]), -1))).toEqual(Int32Array.of(0));
  });
});

describe('flatten', () => {
  it('joins all axes but the first', () => {
    expect(ops.flatten(normals([3, 5, 2], new Random(71))).shape).toEqual([3, 10]);
    expect(ops.flatten(tensor([1, 2, 3])).array()).toEqual([[1], [2], [3]]);
    expect(ops.flatten(tensor([], [0, 3, 5])).shape).toEqual([0, 15]);
  });
});

describe('the places of the largest, on the device', () => {
  it('are those of argMax, the first of several', () => {
    const values = tensor([
      [0, 3, 3, -1],
      [-5, -5, -7, -9],
      [1, 2, -Infinity, 4],
    ]);
    expect([...scope(() => placesOfLargest(values)).dataSync()]).toEqual([...ops.argMax(values)]);
  });
});
