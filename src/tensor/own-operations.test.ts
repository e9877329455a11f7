import { afterEach, describe, expect, it } from 'vitest';
import { messageOf } from '../../test/support/central-differences.js';
import { add, type Expression, mul, square } from '../expression/build.js';
import { currentBackend, useBackend } from '../kernels/select.js';
import { bernoulli } from '../layers/dropout-mask.js';
import { checkGradients } from './check-gradients.js';
import { defineOperation } from './define-operation.js';
import { definePointwise } from './define-pointwise.js';
import * as ops from './index.js';
import { valueAndGradients } from './tape.js';
import { type Tensor, tensor } from './tensor.js';
import { Variable } from './variable.js';

afterEach(() => void useBackend('wasm'));

const x = tensor([[1, -2, 3]]);

/** The message of a step through an operation of two inputs whose backward pass gives what is given. */
function messageOfBackward(result: unknown): string {
  const product = defineOperation({
    name: 'product',
    forward: (a: Tensor, b: Tensor) => ({ output: ops.mul(a, b) }),
    backward: () => result as Tensor[],
  });
  return messageOf(() => valueAndGradients(() => ops.sum(product(x, x)), [x]));
}

describe('defineOperation', () => {
  it('refuses gradients of another shape than the inputs', () => {
    expect(messageOfBackward([x, tensor([1, 2, 3])])).toMatchInlineSnapshot(`
      "[SHAPE_MISMATCH] product.backward: the gradient by input 1 does not have the shape of that input.
        expected: [1, 3]
        received: [3]
        fix: sum the gradient over axes along which the input was repeated, or reshape it."
    `);
  });

  it('refuses another number of gradients than of inputs, and what is no gradient', () => {
    expect(messageOfBackward([x])).toMatchInlineSnapshot(`
      "[USAGE] product.backward: the function does not return one gradient for each input.
        expected: an array of 2: a tensor for each input, or undefined where its gradient is zero
        received: [a tensor]
        fix: return the gradients in the order of the inputs of \`forward\`."
    `);
    expect(messageOfBackward(x)).toContain('received: a tensor');
    expect(messageOfBackward(undefined)).toContain('received: undefined');
    expect(messageOfBackward([x, 2])).toContain('received: [a tensor, 2]');
    expect(messageOfBackward(Promise.resolve([x, x]))).toContain('received: a promise');
  });

  it('refuses a forward pass without an output, and operands that are no tensors', () => {
    const bare = defineOperation({
      name: 'bare',
      forward: (a: Tensor) => a as unknown as { output: Tensor },
      backward: () => undefined,
    });
    expect(messageOf(() => bare(x))).toMatchInlineSnapshot(`
      "[USAGE] bare.forward: the function does not return its output.
        expected: { output, saved }, where \`output\` is a tensor, or an array of tensors, and \`saved\` may be left out
        received: tensors without a name
        fix: return { output: ... }."
    `);
    expect(messageOf(() => bare([1, 2] as unknown as Tensor))).toContain('[USAGE] bare: an operand is not a tensor.');
    const late = defineOperation({
      name: 'late',
      forward: async (a: Tensor) => ({ output: a }),
      backward: () => undefined,
    } as unknown as Parameters<typeof defineOperation<[Tensor], Tensor>>[0]);
    expect(messageOf(() => late(x))).toContain('received: a promise');
  });

  it('refuses a definition that lacks something', () => {
    expect(
      messageOf(() => defineOperation({ name: 'half', forward: (a: Tensor) => ({ output: a }) } as never)),
    ).toMatchInlineSnapshot(`
      "[USAGE] defineOperation: the definition has no function \`backward\`.
        expected: { name, forward, backward }
        received: { name, forward }
        fix: give an object with a name and these functions."
    `);
    expect(messageOf(() => definePointwise({ element: square } as never))).toContain('the definition has no name.');
  });
});

describe('definePointwise', () => {
  it('refuses an equation that gives no expression, one without operands, and calls with another number of them', () => {
    expect(
      messageOf(() => definePointwise({ name: 'none', element: () => mul(2, 3) as Expression })),
    ).toMatchInlineSnapshot(`
      "[USAGE] none: \`element\` names no operands.
        expected: a parameter for each operand, none of them with a default or \`...\`
        fix: name the operands, as in (x, y) => mul(x, y)."
    `);
    expect(messageOf(() => definePointwise({ name: 'text', element: (_) => 'x' as unknown as Expression }))).toContain(
      '[USAGE]',
    );
    const product = definePointwise({ name: 'product', element: (a: Expression, b: Expression) => mul(a, b) });
    expect(messageOf(() => (product as (a: Tensor) => Tensor)(x))).toMatchInlineSnapshot(`
      "[USAGE] product: the number of operands is not that of the equation.
        expected: 2
        received: 1
        fix: give a tensor, or a number, for each operand."
    `);
  });
});

describe('checkGradients', () => {
  const cube = (wrong: number) =>
    defineOperation({
      name: 'cube',
      forward: (a: Tensor) => ({ output: ops.mul(a, ops.square(a)) }),
      backward: (gradient, { inputs: [a] }) => ops.mul(gradient, ops.mul(tensor([3, 3, wrong]), ops.square(a))),
    });

  it('passes a right derivative and says where a wrong one is wrong', () => {
    expect(checkGradients(cube(3), [x])).toMatchObject({ passed: true, inputs: [{ input: 0 }] });
    const { passed, largestError, inputs, summary } = checkGradients(
      (a, b) => ops.mul(a, cube(2)(b)),
      [x, [[1, 2, 5]]],
    );
    expect(passed).toBe(false);
    expect(inputs[0]?.error).toBeLessThan(1e-6);
    expect(inputs[1]).toMatchObject({ input: 1, index: [0, 2], error: largestError });
    // 2 x^2 stands where 3 x^2 should.
    expect(inputs[1]!.analytic / inputs[1]!.numeric).toBeCloseTo(2 / 3, 6);
    expect(summary).toContain('by input 1 at [0, 2] the gradient is');
  });

  it('fails a gradient that is not finite', () => {
    const broken = defineOperation({
      name: 'broken',
      forward: (a: Tensor) => ({ output: a }),
      backward: (gradient) => ops.div(gradient, 0),
    });
    expect(checkGradients(broken, [x])).toMatchObject({ passed: false, largestError: Infinity });
  });

  it('checks variables and puts them back, draws the same dropout each time, and leaves the backend as it was', () => {
    const weight = new Variable([3], [0.1, 0.2, 0.3], 'weight');
    const before = [...weight.dataSync()];
    const backend = currentBackend();
    const report = checkGradients(
      (a) => [ops.mul(ops.tanh(ops.mul(a, weight)), bernoulli([1, 3], 0.5, 2)), ops.exp(a)],
      [x, weight],
    );
    expect(report.passed, report.summary).toBe(true);
    expect(report.inputs.map((place) => place?.input)).toEqual([0, 1]);
    expect([...weight.dataSync()]).toEqual(before);
    expect(currentBackend()).toBe(backend);
  });

  it('refuses what is no tensor, and a step of 0', () => {
    expect(messageOf(() => checkGradients((() => 3) as never, [x]))).toContain(
      '[USAGE] checkGradients: the function gives no tensors.',
    );
    expect(messageOf(() => checkGradients((a) => a, [x], { step: 0 }))).toContain('[OUT_OF_RANGE] checkGradients');
    expect(checkGradients((a) => ops.sum(ops.square(a)), [new Float32Array(0) as unknown as number[]]).inputs).toEqual([
      undefined,
    ]);
  });

  it('checks functions from equations', () => {
    const f = definePointwise({ name: 'f', element: (a: Expression, b: Expression) => add(mul(a, square(b)), b) });
    expect(checkGradients(f, [x, [2]]).passed).toBe(true);
  });
});
