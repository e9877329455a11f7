import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { expectDerivative, messageOf } from '../../test/support/central-differences.js';
import { normals } from '../../test/support/random.js';
import { createReferenceBackend } from '../kernels/reference/backend.js';
import { backendNames, useBackend } from '../kernels/select.js';
import { Random } from '../random.js';
import { type Shape, sizeOf } from '../shape.js';
import * as ops from './index.js';
import { valueAndGradients } from './tape.js';
import { scope, type Tensor, tensor } from './tensor.js';
import { Variable } from './variable.js';

beforeEach(() => void useBackend('reference'));
afterEach(() => void useBackend('wasm'));

/** 0, 1, 2, ... under a shape: exact in float32, and every place has a number of its own. */
const counted = (shape: Shape): Tensor =>
  tensor(
    Float64Array.from({ length: sizeOf(shape) }, (_, i) => i),
    shape,
  );

function stridesOf(shape: Shape): number[] {
  return shape.map((_, axis) => sizeOf(shape.slice(axis + 1)));
}

function placesOf(shape: Shape): number[][] {
  const strides = stridesOf(shape);
  return Array.from({ length: sizeOf(shape) }, (_, i) =>
    shape.map((size, axis) => Math.floor(i / strides[axis]) % size),
  );
}

/** Checks a movement of `counted(shape)`: which place of the source each place of the result shows. */
function expectMoved(
  result: Tensor,
  shape: Shape,
  source: Shape,
  sourceOf: (place: readonly number[]) => readonly number[],
): void {
  expect(result.shape).toEqual(shape);
  const strides = stridesOf(source);
  const expected = placesOf(shape).map((place) =>
    sourceOf(place).reduce((index, at, axis) => index + at * strides[axis], 0),
  );
  expect([...result.dataSync()]).toEqual(expected);
}

const shapes = fc.array(fc.constantFrom(1, 2, 3, 5), { minLength: 1, maxLength: 4 });
const shapesAndAxes = shapes.chain((shape) => fc.tuple(fc.constant(shape), fc.nat(shape.length - 1), fc.boolean()));
const runs = { seed: 7, numRuns: 100 };

describe.each(backendNames)('movement on %s', (backend) => {
  beforeEach(() => void useBackend(backend));

  it('transposes to any order', () => {
    const orders = shapes.chain((shape) =>
      fc.tuple(fc.constant(shape), fc.shuffledSubarray([...shape.keys()], { minLength: shape.length })),
    );
    fc.assert(
      fc.property(orders, ([shape, order]) =>
        expectMoved(
          ops.transpose(counted(shape), order),
          order.map((axis) => shape[axis]),
          shape,
          (place) => shape.map((_, axis) => place[order.indexOf(axis)]),
        ),
      ),
      runs,
    );
  });

  it('slices any axis, counted from either end', () => {
    const parts = shapesAndAxes.chain(([shape, axis, fromEnd]) =>
      fc.tuple(fc.constant(shape), fc.constant(axis), fc.constant(fromEnd), fc.nat(shape[axis]), fc.nat(shape[axis])),
    );
    fc.assert(
      fc.property(parts, ([shape, axis, fromEnd, one, other]) => {
        const [start, end] = [Math.min(one, other), Math.max(one, other)];
        const rank = shape.length;
        const result =
          fromEnd && start > 0 && end < shape[axis]
            ? ops.slice(counted(shape), axis - rank, start - shape[axis], end - shape[axis])
            : ops.slice(counted(shape), axis, start, end);
        expectMoved(
          result,
          shape.map((size, i) => (i === axis ? end - start : size)),
          shape,
          (place) => place.map((at, i) => (i === axis ? at + start : at)),
        );
      }),
      runs,
    );
  });

  it('reverses any axis', () => {
    fc.assert(
      fc.property(shapesAndAxes, ([shape, axis, fromEnd]) =>
        expectMoved(ops.reverse(counted(shape), fromEnd ? axis - shape.length : axis), shape, shape, (place) =>
          place.map((at, i) => (i === axis ? shape[axis] - 1 - at : at)),
        ),
      ),
      runs,
    );
  });

  it('joins what was cut', () => {
    fc.assert(
      fc.property(shapesAndAxes, ([shape, axis, fromEnd]) => {
        const x = counted(shape);
        const parts = Array.from({ length: shape[axis] }, (_, i) => ops.slice(x, axis, i, i + 1));
        const uneven = [ops.slice(x, axis, 0, 1), ops.slice(x, axis, 1)];
        for (const sources of [parts, uneven]) {
          const joined = ops.concatenate(sources, fromEnd ? axis - shape.length : axis);
          expect(joined.shape).toEqual(shape);
          expect(joined.array()).toEqual(x.array());
        }
      }),
      runs,
    );
  });

  it('stacks along a new axis, counted from either end', () => {
    const [one, other] = [counted([3, 5]), ops.mul(counted([3, 5]), -1)];
    for (const axis of [0, 1, 2]) {
      const shape = [3, 5];
      shape.splice(axis, 0, 2);
      for (const at of [axis, axis - 3]) {
        const stacked = ops.stack([one, other], at);
        expect(stacked.shape).toEqual(shape);
        const expected = placesOf(shape).map((place) => {
          const rest = place.filter((_, i) => i !== axis);
          return (place[axis] === 0 ? 1 : -1) * (rest[0] * 5 + rest[1]);
        });
        expect([...stacked.dataSync()].map((value) => value + 0)).toEqual(expected.map((value) => value + 0));
      }
    }
    expect(ops.stack([tensor(1), tensor(2), tensor(3)]).array()).toEqual([1, 2, 3]);
    expect(ops.stack([tensor([1, 2])], -1).array()).toEqual([[1], [2]]);
  });

  it('expands axes of 1, and missing ones', () => {
    expectMoved(ops.expand(counted([3, 1, 7]), [3, 5, 7]), [3, 5, 7], [3, 1, 7], ([b, , f]) => [b, 0, f]);
    expectMoved(ops.expand(counted([7]), [3, 5, 7]), [3, 5, 7], [7], ([, , f]) => [f]);
    expectMoved(ops.expand(counted([5, 1]), [3, 5, 7]), [3, 5, 7], [5, 1], ([, t]) => [t, 0]);
    expectMoved(ops.expand(counted([]), [3, 5]), [3, 5], [], () => []);
  });

  it('moves nothing of empty tensors', () => {
    const empty = tensor([], [3, 0, 5]);
    expect(ops.transpose(empty, [2, 0, 1]).shape).toEqual([5, 3, 0]);
    expect(ops.reverse(empty, 1).shape).toEqual([3, 0, 5]);
    expect(ops.reverse(empty, 0).shape).toEqual([3, 0, 5]);
    expect(ops.slice(empty, 0, 1, 2).shape).toEqual([1, 0, 5]);
    expect(ops.slice(counted([3, 5]), 1, 2, 2).shape).toEqual([3, 0]);
    expect(ops.concatenate([empty, empty], 0).shape).toEqual([6, 0, 5]);
    expect(ops.concatenate([tensor([], [3, 0]), counted([3, 5])], 1).array()).toEqual(counted([3, 5]).array());
    expect(ops.expand(tensor([], [1, 0]), [7, 0]).shape).toEqual([7, 0]);
    expect(ops.reshape(empty, [0, 15]).shape).toEqual([0, 15]);
    const { gradients } = valueAndGradients(() => ops.sum(ops.slice(ops.transpose(empty), 0, 1, 3)), [empty]);
    expect(gradients[0].shape).toEqual([3, 0, 5]);
  });
});

describe('reshape', () => {
  it('works out an axis of -1', () => {
    expect(ops.reshape(counted([3, 5, 2]), [-1, 10]).shape).toEqual([3, 10]);
    expect(ops.reshape(counted([3, 5, 2]), [5, -1, 3]).shape).toEqual([5, 2, 3]);
    expect(ops.reshape(counted([1]), []).shape).toEqual([]);
    expect(ops.reshape(tensor([], [0, 3]), [-1, 3]).shape).toEqual([0, 3]);
    expect(ops.reshape(counted([3, 5]), [5, 3]).array()).toEqual([
      [0, 1, 2],
      [3, 4, 5],
      [6, 7, 8],
      [9, 10, 11],
      [12, 13, 14],
    ]);
  });

  it.each([[[4, 4]], [[-1, -1]], [[-1, 4]], [[-3, -5]], [[7.5, 2]], [[0, -1]]])(
    'refuses %j for 15 numbers',
    (shape) => {
      expect(messageOf(() => ops.reshape(counted([3, 5]), shape))).toBe(
        '[SHAPE_MISMATCH] reshape: the shapes hold different numbers of elements.\n  expected: 15 elements, as ' +
          `in [3, 5]; at most one axis may be -1\n  received: [${shape.join(', ')}]\n  fix: give a shape of the ` +
          'same size.',
      );
    },
  );

  it('refuses to work out an axis beside an empty one', () => {
    expect(messageOf(() => ops.reshape(tensor([], [0, 3]), [0, -1]))).toMatch(/^\[SHAPE_MISMATCH\] reshape/);
  });

  it('moves nothing, on the host or on a backend', () => {
    const backend = createReferenceBackend();
    useBackend(backend);
    const before = backend.memory().peakBytes;
    ops.slice(ops.reshape(counted([30]), [6, 5]), 0, 2, 4);
    expect(backend.memory().peakBytes).toBe(before);
    scope(() => {
      const x = ops.mul(counted([30]), 2);
      const held = backend.memory().temporaryBytes;
      expect(ops.slice(ops.reshape(x, [6, 5]), 0, 2, 4).array()).toEqual([
        [20, 22, 24, 26, 28],
        [30, 32, 34, 36, 38],
      ]);
      expect(backend.memory().temporaryBytes).toBe(held);
    });
  });

  it('of a variable outside of a step is a copy', () => {
    const weight = new Variable([4], [1, 2, 3, 4], 'weight');
    const shaped = ops.reshape(weight, [2, 2]);
    const part = ops.slice(weight, 0, 1, 3);
    weight.assign([5, 6, 7, 8]);
    expect([shaped.array(), part.array()]).toEqual([
      [
        [1, 2],
        [3, 4],
      ],
      [2, 3],
    ]);
  });
});

describe('the derivatives of movement', () => {
  const random = new Random(41);
  const x = normals([3, 5, 2], random);
  const cases: Record<string, (inputs: readonly Tensor[]) => Tensor> = {
    reshape: ([a]) => ops.reshape(a, [6, 5]),
    transpose: ([a]) => ops.transpose(a),
    'transpose, all three axes turned': ([a]) => ops.transpose(a, [1, 2, 0]),
    'transpose, last axis kept': ([a]) => ops.transpose(a, [1, 0, 2]),
    'slice of the first axis': ([a]) => ops.slice(a, 0, 1, 3),
    'slice of a middle axis': ([a]) => ops.slice(a, 1, 1, 4),
    'slice of the last axis': ([a]) => ops.slice(a, -1, 1),
    'two slices that overlap': ([a]) => ops.mul(ops.slice(a, 1, 0, 3), ops.slice(a, 1, 2, 5)),
    reverse: ([a]) => ops.reverse(a, 1),
    expand: ([a]) => ops.expand(ops.slice(a, 1, 2, 3), [3, 7, 2]),
    'concatenate along the first axis': ([a]) => ops.concatenate([a, ops.square(a), ops.slice(a, 0, 0, 1)], 0),
    'concatenate along a middle axis': ([a]) => ops.concatenate([ops.square(a), ops.slice(a, 1, 0, 2)], 1),
    'concatenate along the last axis': ([a]) => ops.concatenate([a, ops.exp(a), a], -1),
    stack: ([a]) => ops.stack([a, ops.square(a)], -1),
    'gather with repeats and gaps': ([a]) => ops.gatherTensor(a, [4, 2], 2, Int32Array.of(14, -1, 3, 14)),
  };
  it.each(Object.keys(cases))('%s', (name) => expectDerivative(cases[name], [x], name));

  it('concatenate of several tensors, of which some are watched', () => {
    const other = normals([3, 4, 2], random);
    expectDerivative(([a, b]) => ops.concatenate([ops.square(a), b, ops.exp(a)], 1), [x, other]);
    const { gradients } = valueAndGradients(() => ops.sum(ops.square(ops.concatenate([x, other], 1))), [other]);
    expect(gradients[0].array()).toEqual(ops.mul(other, 2).array());
  });
});

describe('movement refuses', () => {
  const x = counted([3, 5]);
  const noAxis = (where: string, axis: number): string =>
    `[OUT_OF_RANGE] ${where}: a tensor of shape [3, 5] has no axis ${axis}.\n  expected: a whole number from -2 ` +
    `to 1\n  received: ${axis}\n  fix: correct the axis.`;
  it.each([
    ['slice', 2, () => ops.slice(x, 2, 0)],
    ['slice', -3, () => ops.slice(x, -3, 0)],
    ['reverse', 2, () => ops.reverse(x, 2)],
    ['reverse', 0.5, () => ops.reverse(x, 0.5)],
    ['concatenate', 2, () => ops.concatenate([x, x], 2)],
    ['sum', 2, () => ops.sum(x, 2)],
    ['mean', -3, () => ops.mean(x, -3)],
    ['max', 7, () => ops.max(x, 7)],
  ])('%s along axis %d', (where, axis, call) => expect(messageOf(call)).toBe(noAxis(where, axis)));

  it('an axis of a tensor without axes', () => {
    const message = (where: string): string =>
      `[OUT_OF_RANGE] ${where}: a tensor of shape [] has no axis -1.\n  expected: a tensor with at least one ` +
      'axis\n  received: -1\n  fix: reshape it first.';
    expect(messageOf(() => ops.concatenate([tensor(1), tensor(2)]))).toBe(message('concatenate'));
    expect(messageOf(() => ops.max(tensor(1)))).toBe(message('max'));
    expect(messageOf(() => ops.argMax(tensor(1)))).toBe(message('argMax'));
    expect(messageOf(() => ops.flatten(tensor(1)))).toMatch(/^\[OUT_OF_RANGE\] flatten/);
  });

  it.each([
    [4, undefined, '4 to 3'],
    [0, 4, '0 to 4'],
    [2, 1, '2 to 1'],
    [-4, undefined, '-4 to 3'],
    [0.5, 2, '0.5 to 2'],
  ])('places %d to %s', (start, end, places) => {
    expect(messageOf(() => ops.slice(x, 0, start, end))).toBe(
      `[OUT_OF_RANGE] slice: axis 0 of [3, 5] has no places ${places}.\n  expected: whole numbers from 0 to 3 ` +
        `in order, or negative ones counted from the end\n  received: ${places}\n  fix: correct the axis or the ` +
        'places.',
    );
  });

  it.each([[[0]], [[0, 0]], [[0, 2]], [[0, 1, 2]], [[0, -1]]])('the order %j', (order) => {
    expect(messageOf(() => ops.transpose(x, order))).toBe(
      '[SHAPE_MISMATCH] transpose: `order` is not a permutation of the axes.\n  expected: each of 0, 1 once\n' +
        `  received: [${order.join(', ')}]\n  fix: name each axis once.`,
    );
  });

  it('tensors that do not fit together', () => {
    expect(messageOf(() => ops.concatenate([x, counted([3, 4])], 0))).toBe(
      '[SHAPE_MISMATCH] concatenate: the tensors cannot be joined along axis 0.\n  expected: shapes like [3, 5] ' +
        'but for axis 0\n  received: [3, 4]\n  fix: make the other axes equal.',
    );
    expect(messageOf(() => ops.concatenate([x, counted([3, 5, 1])], 0))).toMatch(/^\[SHAPE_MISMATCH\] concatenate/);
    expect(messageOf(() => ops.stack([x, counted([5, 3])]))).toBe(
      '[SHAPE_MISMATCH] stack: the tensors cannot be joined along axis 0.\n  expected: shapes like [3, 5]\n  ' +
        'received: [5, 3]\n  fix: make the other axes equal.',
    );
    expect(messageOf(() => ops.stack([x, x], 3))).toMatch(/^\[OUT_OF_RANGE\] stack: /);
    expect(messageOf(() => ops.concatenate([], 0))).toBe(
      '[USAGE] concatenate: there is nothing to join.\n  expected: a list of at least one tensor\n  received: ' +
        '[]\n  fix: give the tensors in an array.',
    );
    expect(messageOf(() => ops.stack([x, [1] as unknown as Tensor]))).toMatch(
      /^\[USAGE\] stack: an operand is not a tensor/,
    );
  });

  it.each([[[3, 7]], [[5]], [[5, 3]], [[3, 5, 1]]])('to expand [3, 5] to %j', (shape) => {
    expect(messageOf(() => ops.expand(x, shape))).toBe(
      '[SHAPE_MISMATCH] expand: the tensor cannot be repeated into the shape.\n  expected: axes that end like ' +
        `[3, 5], where an axis of 1 may have any size\n  received: [${shape.join(', ')}]\n  fix: reshape it ` +
        'first, so that the axes to repeat are 1.',
    );
  });

  it('indices without a row, and rows that do not fit', () => {
    expect(messageOf(() => ops.gatherTensor(x, [2, 5], 5, Int32Array.of(0, 3)))).toBe(
      '[OUT_OF_RANGE] gatherTensor: index 3 at 1 has no row.\n  expected: indices below 3, or negative for ' +
        'zeros\n  received: 3\n  fix: correct the indices.',
    );
    expect(messageOf(() => ops.gatherTensor(x, [2, 5], 4, Int32Array.of(0, 1)))).toMatch(
      /^\[SHAPE_MISMATCH\] gatherTensor/,
    );
    expect(messageOf(() => ops.gatherTensor(x, [3, 5], 5, Int32Array.of(0, 1)))).toBe(
      '[SHAPE_MISMATCH] gatherTensor: rows of 5 numbers do not fit the shapes.\n  expected: rows that divide ' +
        '[3, 5], 2 of them in the result\n  received: [3, 5]\n  fix: give the shape that the indexed rows have ' +
        'together.',
    );
  });
});
