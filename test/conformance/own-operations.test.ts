import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { add, mul, rowSum, softplus, square, tanh } from '../../src/expression/build.js';
import { useBackend } from '../../src/kernels/select.js';
import { Random } from '../../src/random.js';
import { defineOperation } from '../../src/tensor/define-operation.js';
import { definePointwise } from '../../src/tensor/define-pointwise.js';
import * as ops from '../../src/tensor/index.js';
import { valueAndGradients } from '../../src/tensor/tape.js';
import type { Tensor } from '../../src/tensor/tensor.js';
import { Variable } from '../../src/tensor/variable.js';
import { expectClose } from '../support/close.js';
import { conformanceBackends } from '../support/conformance-backends.js';
import { normals } from '../support/random.js';

/** `[a * tanh(b), a + b^2]`, whose derivatives are told apart by operand and by output. */
const pairOf = defineOperation({
  name: 'pairOf',
  forward: (a: Tensor, b: Tensor) => {
    const t = ops.tanh(b);
    return { output: [ops.mul(a, t), ops.add(a, ops.square(b))], saved: { t } };
  },
  backward: ([dFirst, dSecond], { inputs: [a, b], saved: { t } }) => [
    ops.add(ops.mul(dFirst, t), dSecond),
    ops.add(ops.mul(ops.mul(dFirst, a), ops.sub(1, ops.square(t))), ops.mul(dSecond, ops.mul(2, b))),
  ],
});
const plainPair = (a: Tensor, b: Tensor): readonly Tensor[] => [ops.mul(a, ops.tanh(b)), ops.add(a, ops.square(b))];

const mish = definePointwise({ name: 'mish', element: (x) => mul(x, tanh(softplus(x))) });
const combine = definePointwise({ name: 'combine', element: (x, w) => add(mul(x, tanh(w)), square(w)) });

const numbersOf = async (values: readonly Tensor[]): Promise<number[]> =>
  (await Promise.all(values.map((value) => value.data()))).flatMap((numbers) => [...numbers]);

describe.each(conformanceBackends)('operations of a user on $title', ({ make }) => {
  beforeEach(() => void useBackend(make()));
  afterEach(() => void useBackend('wasm'));

  /**
   * Value and gradients of a loss of two tensors of shape [3, 5], where it takes those that are listed for constants.
   */
  function stepOf(
    loss: (a: Tensor, b: Tensor) => Tensor,
    watched: (tensors: readonly Tensor[]) => readonly Tensor[] = (all) => all,
  ): Promise<number[]> {
    const random = new Random(31);
    const [a, b] = [normals([3, 5], random), normals([3, 5], random)];
    const { value, gradients } = valueAndGradients(() => loss(a, b), watched([a, b]));
    return numbersOf([value, ...gradients]);
  }
  const both = (outputs: readonly Tensor[]): Tensor => ops.mean(ops.mul(ops.square(outputs[0]), outputs[1]));

  it('have the gradients of the same computed step by step, by several inputs from several outputs', async () => {
    expectClose(
      await stepOf((a, b) => both(pairOf(a, b))),
      await stepOf((a, b) => both(plainPair(a, b))),
      1e-6,
      'both',
    );
  });

  it('have them where an input is constant, where one output is unused, and where one tensor is both inputs', async () => {
    for (const keep of [0, 1]) {
      const watched = (all: readonly Tensor[]): Tensor[] => [all[keep]];
      expectClose(
        await stepOf((a, b) => both(pairOf(a, b)), watched),
        await stepOf((a, b) => both(plainPair(a, b)), watched),
        1e-6,
        `by ${keep}`,
      );
      const one = (pair: typeof plainPair) => stepOf((a, b) => ops.sum(ops.square(pair(a, b)[keep])));
      expectClose(await one(pairOf), await one(plainPair), 1e-6, `output ${keep} alone`);
    }
    expectClose(
      await stepOf((a) => both(pairOf(a, a))),
      await stepOf((a) => both(plainPair(a, a))),
      1e-6,
      'twice the same',
    );
  });

  it('may be used several times, also inside of a checkpoint, with the same bits', async () => {
    const twice = (a: Tensor, b: Tensor): Tensor => {
      const [first, second] = pairOf(a, b);
      return both(pairOf(mish(second), combine(first, b)));
    };
    const plain = await stepOf(twice);
    expect(await stepOf((a, b) => ops.checkpoint(twice, [a, b]))).toEqual(plain);
    expect(await stepOf((a, b) => ops.checkpoint((x, y) => ops.checkpoint(twice, [x, y]), [a, b]))).toEqual(plain);
  });

  it('have derivatives of their own where they give back what they are given, a variable too', async () => {
    const reversed = defineOperation({
      name: 'reversed',
      forward: (x: Tensor) => ({ output: x }),
      backward: (gradient) => ops.neg(gradient),
    });
    const weight = new Variable([2], [3, -4], 'weight');
    const gradientOf = (loss: () => Tensor): Promise<number[]> =>
      numbersOf(valueAndGradients(loss, [weight]).gradients);
    expect(await gradientOf(() => ops.sum(ops.square(reversed(weight))))).toEqual([-6, 8]);
    expect(await gradientOf(() => ops.sum(ops.add(reversed(weight), ops.mul(3, weight))))).toEqual([2, 2]);
    expect(await gradientOf(() => ops.sum(ops.square(reversed(reversed(weight)))))).toEqual([6, -8]);
  });

  it('do not differentiate what the forward pass computes, and take undefined for zero', async () => {
    const stopped = defineOperation({
      name: 'stopped',
      forward: (x: Tensor) => ({ output: ops.exp(x) }),
      backward: () => undefined,
    });
    const found = await stepOf(
      (a, b) => ops.sum(ops.mul(stopped(a), b)),
      ([a]) => [a],
    );
    expect(found.slice(1)).toEqual(new Array(15).fill(0));
  });

  it('follow from an equation, with numbers and rows as operands', async () => {
    expectClose(
      await stepOf((a) => ops.sum(mish(a))),
      await stepOf((a) => ops.sum(ops.activate('mish', a))),
      1e-6,
      'mish',
    );
    expectClose(
      await stepOf((a) => ops.sum(combine(a, 0.5))),
      await stepOf((a) => ops.sum(ops.add(ops.mul(a, Math.tanh(0.5)), 0.25))),
      1e-6,
      'a number',
    );
    const share = definePointwise({ name: 'share', element: (x) => mul(x, rowSum(square(x))) });
    expectClose(
      await stepOf((a, b) => ops.sum(ops.mul(b, share(a)))),
      await stepOf((a, b) => ops.sum(ops.mul(b, ops.mul(a, ops.reshape(ops.sum(ops.square(a), -1), [3, 1]))))),
      1e-5,
      'rows',
    );
  });
});
