import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { expectDerivative, messageOf } from '../../test/support/central-differences.js';
import { expectClose } from '../../test/support/close.js';
import { normals } from '../../test/support/random.js';
import { add, exp, greater, mul, rowMax, rowSum, square, sub, tanh } from '../expression/build.js';
import { backendNames, useBackend } from '../kernels/select.js';
import { Random } from '../random.js';
import { type Shape, sizeOf } from '../shape.js';
import { blockLayout } from './broadcast.js';
import * as ops from './index.js';
import { applyPointwise, type PointwiseFunction } from './pointwise.js';
import { valueAndGradients } from './tape.js';
import { type Tensor, tensor } from './tensor.js';

beforeEach(() => void useBackend('reference'));
afterEach(() => void useBackend('wasm'));

/** Neither symmetric nor linear in its operands, so that exchanging or dropping one shows. */
const combine: PointwiseFunction = { name: 'combine', build: ([a, b]) => add(mul(a, tanh(b)), square(b)) };
const combined = (a: number, b: number): number => a * Math.tanh(b) + b * b;

/** What broadcasting means, one index at a time. */
function broadcastAt(values: ArrayLike<number>, operand: Shape, shape: Shape, place: number): number {
  let index = 0;
  let stride = 1;
  for (let axis = shape.length - 1, rest = place; axis >= 0; axis--) {
    const size = operand[axis - shape.length + operand.length] ?? 1;
    if (size !== 1) index += (rest % shape[axis]) * stride;
    rest = Math.floor(rest / shape[axis]);
    stride *= size;
  }
  return values[index];
}

function expectCombined(a: Tensor, b: Tensor, shape: Shape, tolerance: number): void {
  const result = applyPointwise(combine, [a, b]);
  expect(result.shape).toEqual(shape);
  const [valuesA, valuesB] = [a.dataSync(), b.dataSync()];
  const expected = Float64Array.from({ length: sizeOf(shape) }, (_, i) =>
    combined(broadcastAt(valuesA, a.shape, shape, i), broadcastAt(valuesB, b.shape, shape, i)),
  );
  expectClose(result.dataSync(), expected, tolerance, `${a} and ${b}`);
}

/** A shape, and two operands that broadcast to it. */
const operands = fc
  .array(fc.record({ size: fc.constantFrom(1, 2, 3, 5), a: fc.boolean(), b: fc.boolean() }), { maxLength: 4 })
  .chain((axes) => {
    const shape = (keeps: (axis: (typeof axes)[number]) => boolean): number[] =>
      axes.map((axis) => (keeps(axis) ? axis.size : 1));
    const dropped = (axes: number[]): fc.Arbitrary<number[]> =>
      fc
        .nat({
          max: Math.max(
            0,
            axes.findIndex((size) => size !== 1),
          ),
        })
        .map((count) => axes.slice(count));
    const a = shape((axis) => axis.a || !axis.b);
    const b = shape((axis) => axis.b);
    return fc.tuple(dropped(a), dropped(b));
  });

const sameRank = (a: Shape, b: Shape): Shape => {
  const rank = Math.max(a.length, b.length);
  return Array.from({ length: rank }, (_, i) => Math.max(a[i - rank + a.length] ?? 1, b[i - rank + b.length] ?? 1));
};

/** How the second operand of `[B, T, F]` is read, by its shape. */
const places: [how: string, shape: number[], a: number[], b: number[], access: string][] = [
  ['the same shape', [3, 5, 7], [3, 5, 7], [3, 5, 7], 'element'],
  ['one value a column', [3, 5, 7], [3, 5, 7], [7], 'column'],
  ['one value a column of the last two axes', [3, 5, 7], [3, 5, 7], [1, 5, 7], 'column'],
  ['one value a row', [3, 5, 7], [3, 5, 7], [3, 5, 1], 'row'],
  ['one value a row of the last two axes', [3, 5, 7], [3, 5, 7], [3, 1, 1], 'row'],
  ['one value', [3, 5, 7], [3, 5, 7], [], 'single'],
  ['one value with axes', [3, 5, 7], [3, 5, 7], [1, 1], 'single'],
  ['repeated along the middle', [3, 5, 7], [3, 5, 7], [3, 1, 7], 'expanded'],
  ['repeated at both ends', [3, 5, 7], [3, 5, 7], [5, 1], 'expanded'],
  ['repeated both ways', [3, 5], [3, 1], [1, 5], 'column'],
  ['repeated both ways, the other way round', [3, 5], [5], [3, 1], 'row'],
];

describe('applyPointwise', () => {
  it.each(places)('reads %s', (_, shape, a, b, access) => {
    const split = blockLayout(shape, [a, b]);
    const read = split.reads[1];
    expect(read === undefined ? 'expanded' : read.single ? 'single' : read.access).toBe(access);
    const random = new Random(7);
    expectCombined(normals(a, random), normals(b, random), shape, 1e-15);
    expectCombined(normals(b, random), normals(a, random), shape, 1e-15);
    expectDerivative(([p, q]) => applyPointwise(combine, [p, q]), [normals(a, random), normals(b, random)]);
    expectDerivative(([p, q]) => applyPointwise(combine, [p, q]), [normals(b, random), normals(a, random)]);
  });

  it.each(backendNames)('broadcasts any shapes on %s', (backend) => {
    useBackend(backend);
    const random = new Random(11);
    fc.assert(
      fc.property(operands, ([a, b]) =>
        expectCombined(normals(a, random), normals(b, random), sameRank(a, b), backend === 'wasm' ? 1e-6 : 1e-15),
      ),
      { seed: 13, numRuns: 200 },
    );
  });

  it('has the derivative of any shapes', () => {
    const random = new Random(17);
    fc.assert(
      fc.property(operands, ([a, b]) =>
        expectDerivative(([p, q]) => applyPointwise(combine, [p, q]), [normals(a, random), normals(b, random)]),
      ),
      { seed: 19, numRuns: 60 },
    );
  });

  it('has the same derivatives on wasm', () => {
    const random = new Random(23);
    for (const [how, , a, b] of places) {
      const inputs = [normals(a, random), normals(b, random)];
      const gradients = backendNames.map((backend) => {
        useBackend(backend);
        return valueAndGradients(() => ops.sum(ops.square(applyPointwise(combine, inputs))), inputs).gradients.map(
          (gradient) => gradient.dataSync(),
        );
      });
      inputs.forEach((_, i) => expectClose(gradients[0][i], gradients[1][i], 2e-5, `${how}, input ${i}`));
    }
  });

  it('computes only the gradients that are wanted', () => {
    const random = new Random(29);
    const [a, b] = [normals([3, 5, 7], random), normals([3, 1, 7], random)];
    const loss = (): Tensor => ops.sum(applyPointwise(combine, [a, b]));
    const both = valueAndGradients(loss, [a, b]).gradients;
    expect(valueAndGradients(loss, [b]).gradients[0].array()).toEqual(both[1].array());
    expect(valueAndGradients(loss, [a]).gradients[0].array()).toEqual(both[0].array());
  });

  it('adds up where one tensor is several operands', () => {
    expectDerivative(([a]) => applyPointwise(combine, [a, a]), [normals([3, 5], new Random(31))]);
  });

  it('takes numbers as scalars', () => {
    const scaled: PointwiseFunction = {
      name: 'scaled',
      build: ([x], { by, plus }) => add(mul(x, by), plus),
      scalars: ['by', 'plus'],
    };
    const x = tensor([[1, 2, 3]]);
    expect(applyPointwise(scaled, [x], { by: 10, plus: 0.5 }).array()).toEqual([[10.5, 20.5, 30.5]]);
    expect(applyPointwise(scaled, [x], { by: 2, plus: 0 }).array()).toEqual([[2, 4, 6]]);
    expectDerivative(([p]) => applyPointwise(scaled, [p], { by: -3, plus: 1 }), [x]);
  });

  it('gives zeros for what the result does not depend on', () => {
    const jump: PointwiseFunction = { name: 'jump', build: ([a, b]) => greater(a, b) };
    const inputs = [
      tensor([
        [1, 5],
        [2, 0],
      ]),
      tensor([1, 1]),
    ];
    const { gradients } = valueAndGradients(() => ops.sum(applyPointwise(jump, inputs)), inputs);
    expect(gradients.map((gradient) => gradient.array())).toEqual([
      [
        [0, 0],
        [0, 0],
      ],
      [0, 0],
    ]);
  });

  describe('along rows', () => {
    const centred: PointwiseFunction = {
      name: 'centred',
      build: ([x, w]) => mul(sub(x, rowMax(mul(x, w))), rowSum(exp(x))),
      alongRows: true,
    };
    const weighted: PointwiseFunction = {
      name: 'weighted',
      build: ([x, w]) => rowSum(mul(square(x), tanh(w))),
      alongRows: true,
      perRow: true,
    };

    it.each([[[3, 5, 7]], [[7]], [[5, 1]], [[1, 1, 1]], [[3, 1, 7]], [[]]])(
      'reduces over the last axis, with weights of shape %j',
      (shape) => {
        const random = new Random(37);
        const inputs = [normals([3, 5, 7], random), normals(shape, random)];
        const result = applyPointwise(weighted, inputs);
        expect(result.shape).toEqual([3, 5]);
        const [x, w] = inputs.map((input) => input.dataSync());
        const expected = Float64Array.from({ length: 15 }, (_, row) => {
          let total = 0;
          for (let i = row * 7; i < row * 7 + 7; i++)
            total += x[i] ** 2 * Math.tanh(broadcastAt(w, shape, [3, 5, 7], i));
          return total;
        });
        expectClose(result.dataSync(), expected, 1e-14, 'weighted');
        expectDerivative((at) => applyPointwise(weighted, at), inputs, 'weighted');
        expectDerivative((at) => applyPointwise(centred, at), inputs, 'centred', 1e-6);
      },
    );

    it('works on a scalar, as a row of one', () => {
      expect(applyPointwise(weighted, [tensor(3), tensor(1)]).shape).toEqual([]);
      expect(applyPointwise(weighted, [tensor(3), tensor(1)]).item()).toBeCloseTo(9 * Math.tanh(1), 14);
    });

    it('refuses empty rows that should give a value', () => {
      expect(messageOf(() => applyPointwise(weighted, [tensor([], [3, 0]), tensor(1)]))).toBe(
        '[SHAPE_MISMATCH] weighted: the last axis is empty.\n  expected: at least one value a row\n  received: ' +
          '[3, 0]\n  fix: leave out what has no values.',
      );
      expect(applyPointwise(weighted, [tensor([], [0, 3]), tensor(1)]).shape).toEqual([0]);
    });
  });

  it.each(backendNames)('computes nothing of empty tensors on %s, and gives zeros as their derivatives', (backend) => {
    useBackend(backend);
    for (const [a, b] of [
      [[0, 5], [5]],
      [
        [3, 0],
        [3, 1],
      ],
      [[3, 0], []],
      [[0], [1]],
      [
        [2, 0, 5],
        [2, 1, 5],
      ],
    ]) {
      const inputs = [tensor(new Float64Array(sizeOf(a)), a), tensor(new Float64Array(sizeOf(b)).fill(2), b)];
      expect(applyPointwise(combine, inputs).shape).toEqual(a);
      const { value, gradients } = valueAndGradients(() => ops.sum(applyPointwise(combine, inputs)), inputs);
      expect(value.item()).toBe(0);
      gradients.forEach((gradient, i) => {
        expect(gradient.shape).toEqual(inputs[i].shape);
        expect([...gradient.dataSync()]).toEqual(new Array(inputs[i].size).fill(0));
      });
    }
  });

  it('says what does not fit', () => {
    expect(messageOf(() => ops.add(tensor([1, 2, 3]), tensor([[1, 2]])))).toBe(
      '[SHAPE_MISMATCH] add: the operands cannot be broadcast together.\n  expected: axes that are equal or 1, ' +
        'aligned at the last axis\n  received: [3] and [1, 2]\n  fix: reshape one of them.',
    );
    expect(messageOf(() => ops.tanh([1, 2] as unknown as Tensor))).toBe(
      '[USAGE] tanh: an operand is not a tensor.\n  expected: a tensor\n  received: an array\n  fix: make one ' +
        'with tensor(...).',
    );
    expect(messageOf(() => ops.mul(tensor([1]), undefined as unknown as Tensor))).toMatch(
      /^\[USAGE\] mul: an operand is not a tensor\..*\n.*\n {2}received: undefined/,
    );
  });
});
