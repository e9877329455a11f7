import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { expectDerivative, messageOf } from '../../test/support/central-differences.js';
import { normals } from '../../test/support/random.js';
import { createReferenceBackend } from '../kernels/reference/backend.js';
import { useBackend } from '../kernels/select.js';
import { Random } from '../random.js';
import { addTensors } from './accumulate.js';
import * as ops from './index.js';
import { operation, valueAndGradients, withoutTape } from './tape.js';
import { scope, type Tensor, tensor } from './tensor.js';
import { Variable } from './variable.js';

beforeEach(() => void useBackend('reference'));
afterEach(() => void useBackend('wasm'));

const x = tensor([1, 2, 3]);
const y = tensor([5, 7, 11]);

describe('valueAndGradients', () => {
  it('gives each of two operands its own gradient where one tensor is the gradient of both', () => {
    const [a, b, weight] = [11, 12, 13].map((seed) => normals([3, 5], new Random(seed)));
    const { gradients } = valueAndGradients(() => {
      const product = ops.mul(a, 3);
      return ops.add(ops.sum(ops.mul(ops.add(a, b), weight)), ops.sum(product));
    }, [a, b]);
    expect([...gradients[1].dataSync()]).toEqual([...weight.dataSync()]);
    expect([...gradients[0].dataSync()]).toEqual(Array.from(weight.dataSync(), (value) => value + 3));
  });

  it('adds the gradients of every use of a tensor', () => {
    const { value, gradients } = valueAndGradients(
      () => ops.sum(ops.add(ops.mul(x, x), ops.mul(ops.mul(x, y), 2))),
      [x],
    );
    expect(value.item()).toBe(14 + 2 * (5 + 14 + 33));
    expect(gradients[0].array()).toEqual([2 + 10, 4 + 14, 6 + 22]);
  });

  it('gives one gradient for each tensor asked for, in their order, twice where it is asked for twice', () => {
    const { gradients } = valueAndGradients(() => ops.sum(ops.mul(x, y)), [y, x, y]);
    expect(gradients.map((gradient) => gradient.array())).toEqual([
      [1, 2, 3],
      [5, 7, 11],
      [1, 2, 3],
    ]);
  });

  it('gives zeros for what the loss does not use', () => {
    const unused = tensor([[1, 2]]);
    const onlyRead = tensor([4]);
    const { gradients } = valueAndGradients(() => {
      ops.sum(ops.exp(onlyRead));
      return ops.sum(ops.mul(x, 3));
    }, [unused, x, onlyRead]);
    expect(gradients.map((gradient) => gradient.array())).toEqual([[[0, 0]], [3, 3, 3], [0]]);
  });

  it('gives zeros where the loss depends on nothing, and one where it is what is asked for', () => {
    const scalar = tensor(4);
    expect(valueAndGradients(() => ops.sum(y), [x]).gradients[0].array()).toEqual([0, 0, 0]);
    expect(valueAndGradients(() => scalar, [scalar]).gradients[0].array()).toBe(1);
  });

  it('sums over several outputs of one operation', () => {
    const both = (a: Tensor): Tensor[] =>
      operation([a], () => ({
        outputs: [addTensors(a, a), addTensors(a, addTensors(a, a))],
        backward: ([first, second]) => {
          const twice = first && addTensors(first, first);
          const thrice = second && addTensors(second, addTensors(second, second));
          return [twice && thrice ? addTensors(twice, thrice) : (twice ?? thrice)];
        },
      }));
    const gradientOf = (loss: (outputs: Tensor[]) => Tensor): unknown =>
      valueAndGradients(() => loss(both(x)), [x]).gradients[0].array();
    expect(gradientOf(([a, b]) => ops.sum(ops.add(a, ops.mul(b, y))))).toEqual([17, 23, 35]);
    expect(gradientOf(([, b]) => ops.sum(b))).toEqual([3, 3, 3]);
    expect(gradientOf(([a]) => ops.sum(a))).toEqual([2, 2, 2]);
  });

  it('asks an operation only for the gradients that are wanted, and not at all where its result is not used', () => {
    const asked: boolean[][] = [];
    const noted = (a: Tensor, b: Tensor): Tensor =>
      operation([a, b], () => ({
        outputs: [addTensors(a, b)],
        backward: ([dOutput], wanted) => {
          asked.push([...wanted]);
          return [dOutput, dOutput];
        },
      }))[0];
    valueAndGradients(() => ops.sum(noted(x, y)), [y]);
    valueAndGradients(() => {
      noted(x, y);
      return ops.sum(x);
    }, [x, y]);
    expect(asked).toEqual([[false, true]]);
  });

  it('does not follow what runs without a tape', () => {
    const { gradients } = valueAndGradients(
      () =>
        ops.sum(
          ops.mul(
            withoutTape(() => ops.mul(x, x)),
            x,
          ),
        ),
      [x],
    );
    expect(gradients[0].array()).toEqual([1, 4, 9]);
  });

  it('is right through a chain of many kinds of operation', () => {
    const random = new Random(3);
    expectDerivative(
      ([a, b, c]) => ops.max(ops.softmax(ops.add(ops.matmul(ops.tanh(a), ops.transpose(b)), c)), 0),
      [normals([3, 5], random), normals([7, 5], random), normals([7], random)],
    );
  });

  it('keeps values and gradients past the end, and gives everything else back', () => {
    const backend = createReferenceBackend();
    useBackend(backend);
    const weight = new Variable([3], [1, 2, 3], 'weight');
    const { value, gradients } = valueAndGradients(() => ops.sum(ops.square(weight)), [weight]);
    expect(backend.memory().temporaryBytes).toBe(0);
    expect([value.array(), gradients[0].array()]).toEqual([14, [2, 4, 6]]);
  });

  it('inside a scope leaves its tensors on the backend', () => {
    const result = scope(() => {
      const { gradients } = valueAndGradients(() => ops.sum(ops.square(x)), [x]);
      return ops.mul(gradients[0], 10);
    });
    expect(result.array()).toEqual([20, 40, 60]);
  });

  it('cannot be nested, and the outer call goes on', () => {
    const inner = (): Tensor => valueAndGradients(() => ops.sum(x), [x]).value;
    expect(messageOf(() => valueAndGradients(inner, [x]))).toBe(
      '[USAGE] valueAndGradients: calls cannot be nested.\n  fix: compute the inner gradients before.',
    );
    const { gradients } = valueAndGradients(() => {
      messageOf(inner);
      return ops.sum(ops.mul(x, y));
    }, [x]);
    expect(gradients[0].array()).toEqual([5, 7, 11]);
    const detached = valueAndGradients(() => ops.mul(withoutTape(inner), ops.sum(x)), [x]);
    expect(detached.gradients[0].array()).toEqual([6, 6, 6]);
  });

  it('can be called again after the loss failed', () => {
    expect(() =>
      valueAndGradients(() => {
        throw new Error('no loss');
      }, [x]),
    ).toThrow('no loss');
    expect(() =>
      valueAndGradients(
        () =>
          withoutTape(() => {
            throw new Error('no loss');
          }),
        [x],
      ),
    ).toThrow('no loss');
    expect(valueAndGradients(() => ops.sum(x), [x]).gradients[0].array()).toEqual([1, 1, 1]);
  });

  it.each([
    [
      'a loss of several numbers',
      () => valueAndGradients(() => ops.mul(x, 2), [x]),
      '[SHAPE_MISMATCH] valueAndGradients: the loss is not one number.\n  expected: []\n  received: [3]\n  fix: ' +
        'return the mean or the sum.',
    ],
    [
      'a loss that is a plain number',
      () => valueAndGradients((() => 4) as unknown as () => Tensor, [x]),
      '[USAGE] valueAndGradients: the loss is not a tensor.\n  expected: a tensor of one number\n  received: 4\n' +
        '  fix: return the loss from the function, as a tensor.',
    ],
    [
      'no loss',
      () => valueAndGradients((() => undefined) as unknown as () => Tensor, [x]),
      '[USAGE] valueAndGradients: the loss is not a tensor.\n  expected: a tensor of one number\n  received: ' +
        'undefined\n  fix: return the loss from the function, as a tensor.',
    ],
    [
      'arrays for tensors',
      () => valueAndGradients(() => ops.sum(x), [[1, 2] as unknown as Tensor]),
      '[USAGE] valueAndGradients: an operand is not a tensor.\n  expected: a tensor\n  received: an array\n  ' +
        'fix: make one with tensor(...).',
    ],
  ])('refuses %s', (_, call, message) => {
    expect(messageOf(call)).toBe(message);
    expect(valueAndGradients(() => ops.sum(x), [x]).value.item()).toBe(6);
  });
});
