import { beforeEach, describe, expect, it } from 'vitest';
import { messageOf } from '../../test/support/central-differences.js';
import { type DType, dtypes } from '../dtype.js';
import { createReferenceBackend } from '../kernels/reference/backend.js';
import { useBackend } from '../kernels/select.js';
import { LSTM } from '../layers/lstm.js';
import { rounded } from '../rounding.js';
import { defineOperation } from './define-operation.js';
import * as ops from './index.js';
import { valueAndGradients } from './tape.js';
import { scope, type Tensor, tensor } from './tensor.js';
import { Variable } from './variable.js';

const numbers = [0.1, -2.7, 3.5, 250.4, -1000.3, 0, 7.9, 1 / 3, -0.25, 65.5, 12.01, -128.9];
const singles = Float32Array.from(numbers);

describe.each([
  ['reference', () => useBackend(createReferenceBackend())],
  ['reference that is read asynchronously', () => useBackend(createReferenceBackend({ readsNow: false }))],
  ['wasm', () => useBackend('wasm')],
] as const)('tensors of other types on %s', (_, use) => {
  beforeEach(() => void use());

  it.each(dtypes)('know their type, hold what it can hold, and keep it when they leave a step: %s', async (dtype) => {
    const wanted = [...singles].map((value) => rounded(dtype, value));
    const made = tensor(singles, [3, 4], dtype);
    const converted = scope(() => ops.cast(tensor(singles, [3, 4]), dtype));
    for (const each of [made, converted]) {
      expect(each.dtype).toBe(dtype);
      expect([...(await each.data())]).toEqual(wanted);
    }
    const back = scope(() => ops.cast(converted, 'float64'));
    expect([...(await back.data())]).toEqual(wanted);
  });

  it.each(dtypes)('are operands of every operation: %s', async (dtype) => {
    const typed = tensor(singles, [3, 4], dtype);
    const plain = tensor(
      singles.map((value) => rounded(dtype, value)),
      [3, 4],
    );
    const other = tensor(Float32Array.from(numbers).reverse(), [4, 3]);
    const results = (x: Tensor): Tensor[] => [
      ops.add(ops.mul(x, x), 1),
      ops.matmul(x, other),
      ops.softmax(x),
      ops.mean(x, 0),
      ops.max(x, 1),
      ops.add(x, tensor([[1], [2], [3]])),
      ops.add(ops.slice(x, 0, 1, 2), tensor([[1], [2], [3]])),
    ];
    const [found, wanted] = [typed, plain].map((x) => scope(() => results(x)));
    for (const [i, each] of found.entries()) {
      expect(each.dtype).toBe(tensor([1]).dtype);
      expect([...(await each.data())]).toEqual([...(await wanted[i].data())]);
    }
  });

  it.each(dtypes)('keep their type where they are only moved: %s', async (dtype) => {
    const x = tensor(singles, [3, 4], dtype);
    const of = (place: (i: number) => number): number[] =>
      Array.from({ length: 12 }, (_, i) => rounded(dtype, singles[place(i)]));
    const moved = scope(() => [
      ops.reshape(x, [4, 3]),
      ops.transpose(x),
      ops.reverse(x, 1),
      ops.concatenate([ops.slice(x, 1, 0, 1), ops.slice(x, 1, 1)], 1),
    ]);
    const wanted = [
      of((i) => i),
      of((i) => 4 * (i % 3) + Math.floor(i / 3)),
      of((i) => i - 2 * (i % 4) + 3),
      of((i) => i),
    ];
    for (const [i, each] of moved.entries()) {
      expect(each.dtype).toBe(dtype);
      expect([...(await each.data())]).toEqual(wanted[i]);
    }
  });

  it.each([
    ['int32', [2 ** 24 + 1, -(2 ** 31) + 1, 2 ** 31 - 1, 33_554_433, 5, -7]],
    ['float64', [0.1, 1e300, -1 / 3, 2 ** 53 - 1, 0, -2e-300]],
  ] as const)('are moved without losing a digit: %s', async (dtype, exact) => {
    const x = tensor([...exact], [2, 3], dtype);
    const moved = scope(() => [
      ops.slice(x, 1, 0, 2),
      ops.concatenate([x, x], 1),
      ops.stack([x, x], 1),
      ops.transpose(x),
      ops.reverse(x, 1),
    ]);
    const places = [
      [0, 1, 3, 4],
      [0, 1, 2, 0, 1, 2, 3, 4, 5, 3, 4, 5],
      [0, 1, 2, 0, 1, 2, 3, 4, 5, 3, 4, 5],
      [0, 3, 1, 4, 2, 5],
      [2, 1, 0, 5, 4, 3],
    ];
    for (const [i, each] of moved.entries())
      expect([...(await each.data())]).toEqual(places[i].map((place) => exact[place]));
  });

  it('show under another shape what a variable holds now', async () => {
    const half = new Variable([2], [1, 2], 'half', false, 'float16');
    const shown = scope(() => {
      const row = ops.reshape(half, [1, 2]);
      const unit = tensor([
        [1, 0],
        [0, 1],
      ]);
      const before = ops.matmul(row, unit);
      half.assign([10, 20]);
      return [before, ops.matmul(row, unit)];
    });
    expect([...(await shown[0].data()), ...(await shown[1].data())]).toEqual([1, 2, 10, 20]);
  });

  it.each(['float16', 'bfloat16'] as const)('come back as gradients of operations of users: %s', async (dtype) => {
    const layer = new LSTM({ units: 3, returnState: true });
    layer.ensureBuilt([null, 4, 2]);
    const input = tensor(
      Float32Array.from({ length: 16 }, (_, i) => Math.sin(i)),
      [2, 4, 2],
    );
    const gradientOf = async (type: DType): Promise<number[]> => {
      const passed = defineOperation({
        name: 'passed',
        forward: (x: Tensor) => ({ output: ops.mul(x, 1) }),
        backward: (dOutput: Tensor) => ops.cast(dOutput, type),
      });
      const hidden = new Variable([2, 3], [0.1, 0.2, 0.3, 0.4, 0.5, 0.6], 'hidden');
      const cell = new Variable([2, 3], new Float32Array(6), 'cell');
      const { gradients } = valueAndGradients(() => {
        const { states } = layer.apply(input, { initialState: { hidden, cell } });
        return ops.sum(passed(states[0].hidden));
      }, [hidden]);
      return [...(await gradients[0].data())];
    };
    const [typed, plain] = [await gradientOf(dtype), await gradientOf('float32')];
    typed.forEach((value, i) => expect(value).toBeCloseTo(plain[i], 5));
  });

  it('start recomputed segments in the type in which the backend computes', async () => {
    const whole = new LSTM({ units: 3 });
    whole.ensureBuilt([null, 12, 2]);
    const inParts = new LSTM({ units: 3, recomputeSteps: 4 });
    inParts.ensureBuilt([null, 12, 2]);
    for (const [i, weight] of inParts.weights.entries()) weight.assign(await whole.weights[i].data());
    const input = tensor(
      Float32Array.from({ length: 48 }, (_, i) => Math.cos(i)),
      [2, 12, 2],
    );
    const initialState = {
      hidden: tensor([1, 0, -1, 0, 1, 0], [2, 3], 'int8'),
      cell: tensor([2, 0, 1, -1, 0, 3], [2, 3], 'int8'),
    };
    const outputs = scope(() => [whole, inParts].map((layer) => layer.apply(input, { initialState })));
    const [expected, found] = [await outputs[0].data(), await outputs[1].data()];
    found.forEach((value, i) => expect(value).toBeCloseTo(expected[i], 6));
  });

  it('pass derivatives between floating types, and none through whole numbers', async () => {
    const x = new Variable([4], [0.3, -1.2, 2.5, 0.7], 'x');
    const gradientThrough = async (dtype: DType): Promise<number[]> => {
      const { gradients } = valueAndGradients(() => ops.sum(ops.square(ops.cast(x, dtype))), [x]);
      return [...(await gradients[0].data())];
    };
    const expected = [0.3, -1.2, 2.5, 0.7].map((value) => 2 * rounded('bfloat16', Math.fround(value)));
    expect(await gradientThrough('bfloat16')).toEqual(expected);
    expect(await gradientThrough('int8')).toEqual([0, 0, 0, 0]);
  });

  it('are converted where a variable takes those of another', async () => {
    const values = [0.1, -3.3, 70_000];
    const single = new Variable([3], values, 'single');
    const half = new Variable([3], [0, 0, 0], 'half', false, 'float16');
    half.assign(single);
    const halves = [...(await half.data())];
    expect(halves).toEqual([...(await single.data())].map((value) => rounded('float16', value)));
    single.assign(half);
    expect([...(await single.data())]).toEqual(halves);
    half.assign(half);
    expect([...(await half.data())]).toEqual(halves);
    const whole = new Variable([1], [2 ** 31 - 1], 'whole', false, 'int32');
    const other = new Variable([1], [0], 'other', false, 'int32');
    other.assign(whole);
    expect([...(await other.data())]).toEqual([...(await whole.data())]);
  });

  it('hold weights that are not trained, and follow what is assigned within a step', async () => {
    const half = new Variable([2], [0.1, 70_000], 'half', false, 'float16');
    expect(half.dtype).toBe('float16');
    expect([...(await half.data())]).toEqual([rounded('float16', 0.1), Infinity]);
    half.assign([1.5, -2.25]);
    const [before, after] = scope(() => {
      const before = ops.matmul(tensor([[1, 1]]), ops.reshape(half, [2, 1]));
      half.assign([10, 20]);
      return [before, ops.matmul(tensor([[1, 1]]), ops.reshape(half, [2, 1]))];
    });
    expect([await before.data(), await after.data()].map(([value]) => value)).toEqual([-0.75, 30]);
    expect(messageOf(() => new Variable([1], [1], 'w', true, 'int8'))).toMatch(
      /^\[USAGE\] Variable w: a variable of int8 cannot be trained/,
    );
  });

  it('are indices of rows on the device, with a derivative', async () => {
    const table = new Variable([3, 2], [1, 2, 3, 4, 5, 6], 'table');
    const indices = tensor([2, 0, 2, -1, 9], [5], 'int32');
    const weights = tensor([1, 10, 100, 1000, 10_000, 2, 3, 4, 5, 6], [5, 2]);
    const { value, gradients } = valueAndGradients(
      () => ops.sum(ops.mul(ops.gatherTensor(table, [5, 2], 2, indices), weights)),
      [table],
    );
    expect([...(await value.data())]).toEqual([5 + 60 + 100 + 2000 + 50_000 + 12]);
    expect([...(await gradients[0].data())]).toEqual([100, 1000, 0, 0, 10_001, 12]);
    expect(messageOf(() => ops.gatherTensor(table, [5, 2], 2, tensor([0, 1, 2, 0, 1])))).toMatch(
      /^\[USAGE\] gatherTensor: the indices are float/,
    );
  });
});

it('refuses a type that there is none of', () => {
  expect(messageOf(() => ops.cast(tensor([1]), 'float8' as DType))).toMatch(/^\[UNKNOWN_NAME\] cast: /);
  expect(messageOf(() => tensor([1], [1], 'half' as DType))).toMatch(/^\[UNKNOWN_NAME\] tensor/);
  expect(messageOf(() => tensor(tensor([1]), [1], 'int8'))).toMatch(/ops\.cast/);
});
