import { inspect } from 'node:util';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { messageOf } from '../../test/support/central-differences.js';
import type { Backend } from '../kernels/contract.js';
import { createReferenceBackend } from '../kernels/reference/backend.js';
import { backendNames, currentBackend, useBackend } from '../kernels/select.js';
import * as ops from './index.js';
import { valueAndGradients } from './tape.js';
import { scope, type Tensor, tensor } from './tensor.js';
import { Variable } from './variable.js';

beforeEach(() => void useBackend('reference'));
afterEach(() => void useBackend('wasm'));

describe('tensor', () => {
  it('takes a flat array and a shape', () => {
    expect(tensor([1, 2, 3, 4, 5, 6], [2, 3]).array()).toEqual([
      [1, 2, 3],
      [4, 5, 6],
    ]);
    expect(tensor(Int32Array.of(7, 8), [2, 1]).array()).toEqual([[7], [8]]);
    expect(
      tensor(
        [
          [1, 2],
          [3, 4],
        ],
        [4],
      ).array(),
    ).toEqual([1, 2, 3, 4]);
    expect(tensor(3).array()).toBe(3);
    expect(tensor(3, [1, 1]).array()).toEqual([[3]]);
  });

  it.each([
    ['too few numbers', [1, 2], [3], '3 numbers for [3]', '2 numbers'],
    ['too many numbers', [1, 2, 3], [2], '2 numbers for [2]', '3 numbers'],
    ['one number for several', 5, [3], '3 numbers for [3]', '1 numbers'],
  ])('refuses %s', (_, values, shape, wanted, received) => {
    expect(messageOf(() => tensor(values, shape))).toBe(
      `[SHAPE_MISMATCH] tensor: the numbers do not fill the shape.\n  expected: ${wanted}\n  received: ` +
        `${received}\n  fix: correct the shape, or give one number per element.`,
    );
  });

  it.each([[[-1, -2]], [[4, 0.5]], [[NaN]]])('refuses axes that are no counts: %j', (shape) => {
    expect(messageOf(() => tensor([1, 2], shape))).toMatch(
      /^\[SHAPE_MISMATCH\] tensor: the shape has an axis that is no whole number/,
    );
  });

  it('gives a tensor back, unless it should have another shape', () => {
    const x = tensor([1, 2, 3]);
    expect(tensor(x)).toBe(x);
    expect(tensor(x, [3])).toBe(x);
    expect(messageOf(() => tensor(x, [3, 1]))).toMatch(
      /^\[SHAPE_MISMATCH\] tensor: a tensor has a shape already\.\n {2}expected: \[3\]\n {2}received: \[3, 1\]\n {2}fix: use ops\.reshape/,
    );
  });

  it('keeps its shape when the array it came from changes', () => {
    const shape = [2, 3];
    const x = tensor([1, 2, 3, 4, 5, 6], shape);
    shape[0] = 7;
    expect(x.shape).toEqual([2, 3]);
  });

  it('does not lose digits on the host', () => {
    expect(tensor(Int32Array.of(2 ** 24 + 1)).item()).toBe(2 ** 24 + 1);
    expect(tensor([0.1], [1]).item()).toBe(0.1);
    expect(tensor(Float32Array.of(0.1)).dataSync()).toEqual(Float32Array.of(0.1));
  });

  it('gives copies of its numbers', async () => {
    const x = tensor([1, 2, 3]);
    x.dataSync()[0] = 9;
    (await x.data())[1] = 9;
    expect(x.array()).toEqual([1, 2, 3]);
  });

  it('has an item only where it has one element', () => {
    expect(tensor([[4]]).item()).toBe(4);
    expect(messageOf(() => tensor([1, 2, 3]).item())).toBe(
      '[SHAPE_MISMATCH] Tensor.item: the tensor has 3 elements.\n  expected: one element, as in [] or [1]\n  ' +
        'received: [3]\n  fix: use data() or array().',
    );
    expect(messageOf(() => tensor([]).item())).toMatch('the tensor has 0 elements');
  });

  it('shows its shape, precision and some numbers as text, and in console.log', () => {
    expect(String(tensor([[1, 2, 3.14159265]]))).toBe('Tensor [1, 3] float64 [[1, 2, 3.1416]]');
    expect(String(tensor(new Float32Array(9).fill(0.1)))).toBe(
      'Tensor [9] float32 [0.1, 0.1, 0.1, 0.1, 0.1, 0.1, ... 3 more]',
    );
    expect(inspect(tensor(5))).toBe('Tensor [] float64 5');
    expect(inspect({ weights: new Variable([2, 1], [1, 2], 'dense/kernel') })).toMatch(
      /Variable dense\/kernel \[2, 1\] float\d\d\s+\[\[1\],\s+\[2\]\]/,
    );
    expect(inspect(tensor(new Float32Array(3_000_000), [300, 100, 100])).length).toBeLessThan(2000);
    let gone: Tensor | undefined;
    scope(() => void (gone = ops.add(tensor([1, 2]), 1)));
    expect(String(gone)).toMatch(/^Tensor \[2\] \(a tensor of shape \[2\] is used after the step/);
  });

  it('is its numbers in JSON, and says where there are none', () => {
    expect(
      JSON.stringify({
        x: tensor([
          [1, 2, 3],
          [4, 5, 6],
        ]),
        w: new Variable([2], [7, 8], 'w'),
      }),
    ).toBe('{"x":[[1,2,3],[4,5,6]],"w":[7,8]}');
    let gone: Tensor | undefined;
    scope(() => void (gone = ops.add(tensor([1, 2]), 1)));
    expect(() => JSON.stringify(gone)).toThrow(/^\[USAGE\] Tensor: a tensor of shape \[2\] is used after/);
  });

  it('is no number to operators and to Math, which would make NaN of it', () => {
    const value = tensor([1, 2]) as unknown as number;
    for (const wrong of [() => value * 2, () => Math.tanh(value), () => value + 1, () => value > 0])
      expect(wrong).toThrow(/^\[USAGE\] Tensor: a tensor was used as a number[\s\S]*ops.mul\(x, 2\)/);
    expect(`${value}`).toContain('Tensor [2]');
  });
});

describe.each(backendNames)('scope on %s', (name) => {
  let backend: Backend;
  beforeEach(() => void (backend = useBackend(name)));
  const twice = (x: Tensor): Tensor => ops.mul(x, 2);

  it('keeps what it returns, wherever that stands', () => {
    interface Kept {
      one: Tensor;
      list: Tensor[];
      deep: { map: Map<string, Tensor>; set: Set<Tensor> };
      self?: Kept;
    }
    const kept = scope(() => {
      const result: Kept = {
        one: twice(tensor([1, 2])),
        list: [twice(tensor([3]))],
        deep: { map: new Map([['a', twice(tensor([4]))]]), set: new Set([twice(tensor([5]))]) },
      };
      result.self = result;
      return result;
    });
    expect(backend.memory().temporaryBytes).toBe(0);
    expect([kept.one, ...kept.list, kept.deep.map.get('a')!, ...kept.deep.set].map((x) => x.array())).toEqual([
      [2, 4],
      [6],
      [8],
      [10],
    ]);
    expect(twice(kept.one).array()).toEqual([4, 8]);
  });

  it('keeps what lies deep', () => {
    let nested: unknown;
    scope(() => {
      let value: unknown = twice(tensor([1]));
      for (let i = 0; i < 50; i++) value = i % 2 === 0 ? [value] : { value };
      return (nested = value);
    });
    while (!('shape' in (nested as object))) nested = Object.values(nested as object)[0];
    expect((nested as Tensor).array()).toEqual([2]);
  });

  it('says so where a tensor is used after its end', async () => {
    let captured!: Tensor;
    scope(() => {
      captured = twice(tensor([1, 2, 3]));
      expect(captured.array()).toEqual([2, 4, 6]);
    });
    const message =
      '[USAGE] Tensor: a tensor of shape [3] is used after the step that computed it has ended.\n  fix: return it ' +
      'from the function given to scope() or valueAndGradients(), or read its data inside.';
    expect(messageOf(() => captured.dataSync())).toBe(message);
    expect(messageOf(() => twice(captured))).toBe(message);
    expect(messageOf(() => scope(() => captured))).toBe(message);
    await expect(captured.data()).rejects.toThrow(message);
    expect(backend.memory().temporaryBytes).toBe(0);
  });

  it('takes tensors of the host in and leaves them there', () => {
    const x = tensor([1, 2, 3]);
    for (let i = 0; i < 3; i++) expect(scope(() => twice(x)).array()).toEqual([2, 4, 6]);
    expect(scope(() => [twice(x), x])[1].array()).toEqual([1, 2, 3]);
    expect(twice(x).array()).toEqual([2, 4, 6]);
  });

  it('inside of another is part of that one', () => {
    const result = scope(() => {
      let inner!: Tensor;
      scope(() => void (inner = twice(tensor([1, 2]))));
      expect(backend.memory().temporaryBytes).toBeGreaterThan(0);
      return twice(inner);
    });
    expect(result.array()).toEqual([4, 8]);
  });

  it('ends where its work fails', () => {
    expect(() =>
      scope(() => {
        twice(tensor([1]));
        throw new Error('no');
      }),
    ).toThrow('no');
    expect(backend.memory().temporaryBytes).toBe(0);
    expect(scope(() => twice(tensor([1]))).array()).toEqual([2]);
  });

  it('refuses asynchronous work, and ends', async () => {
    const message = /^\[USAGE\] scope: the function is asynchronous/;
    expect(
      messageOf(() =>
        scope(async () => {
          await Promise.resolve();
          throw new Error('later');
        }),
      ),
    ).toMatch(message);
    expect(messageOf(() => scope(() => scope(async () => twice(tensor([1])))))).toMatch(message);
    expect(messageOf(() => valueAndGradients((async () => tensor(1)) as unknown as () => Tensor, []))).toMatch(message);
    expect(backend.memory().temporaryBytes).toBe(0);
    await new Promise((resolve) => setTimeout(resolve, 5));
  });

  it('refuses another backend inside', () => {
    const other = name === 'wasm' ? 'reference' : 'wasm';
    const message = messageOf(() =>
      scope(() => {
        useBackend(other);
        return twice(tensor([1]));
      }),
    );
    expect(message).toBe(
      `[USAGE] useBackend: the backend was switched inside a running step.\n  expected: \`${name}\` until the ` +
        `step ends\n  received: \`${other}\`\n  fix: call useBackend before scope(), valueAndGradients() or fit().`,
    );
    expect(backend.memory().temporaryBytes).toBe(0);
  });

  it('gives back all memory over thousands of operations', () => {
    const weight = new Variable(
      [5, 7],
      Float64Array.from({ length: 35 }, (_, i) => Math.sin(i)),
      'weight',
    );
    const bias = new Variable([7], new Float64Array(7), 'bias');
    const x = tensor(
      Float64Array.from({ length: 15 }, (_, i) => Math.cos(i)),
      [3, 5],
    );
    const step = (): number => {
      const { value } = valueAndGradients(
        () => ops.mean(ops.square(ops.tanh(ops.add(ops.matmul(x, weight), bias)))),
        [weight, bias],
      );
      return value.item();
    };
    const first = step();
    const before = backend.memory();
    for (let i = 0; i < 1500; i++) expect(step()).toBe(first);
    expect(backend.memory()).toEqual(before);
    expect(before.temporaryBytes).toBe(0);
  });
});

describe('scope', () => {
  it('can open again after a backend could not open one', () => {
    const broken = Object.assign(Object.create(createReferenceBackend()) as Backend, {
      openScope: () => {
        throw new Error('full');
      },
    });
    useBackend(broken);
    expect(() => scope(() => 1)).toThrow('full');
    useBackend('reference');
    expect(ops.mul(tensor([2]), 3).array()).toEqual([6]);
  });

  it('reads asynchronously from a backend without synchronous reading', async () => {
    useBackend(createReferenceBackend({ readsNow: false }));
    const weight = new Variable([2], [1, 2], 'weight');
    expect(messageOf(() => weight.dataSync())).toBe(
      '[BACKEND_UNAVAILABLE] Tensor.dataSync: `reference` cannot be read synchronously.\n  fix: await tensor.data().',
    );
    expect([...(await weight.data())]).toEqual([1, 2]);
  });
});

describe('Variable', () => {
  it('moves to the backend in use when it is used', () => {
    const reference = createReferenceBackend();
    const other = createReferenceBackend();
    useBackend(reference);
    const weight = new Variable([3], [1, 2, 3], 'weight');
    expect(reference.memory().persistentBytes).toBe(24);
    useBackend(other);
    weight.assign([4, 5, 6]);
    expect(other.memory().persistentBytes).toBe(0);
    expect(ops.mul(weight, 2).array()).toEqual([8, 10, 12]);
    expect([reference.memory().persistentBytes, other.memory().persistentBytes]).toEqual([0, 24]);
    expect(weight.array()).toEqual([4, 5, 6]);
    useBackend(reference);
    expect(ops.sum(weight).item()).toBe(15);
    expect([reference.memory().persistentBytes, other.memory().persistentBytes]).toEqual([24, 0]);
  });

  it('moves between float64 and float32 and keeps its numbers', () => {
    const weight = new Variable([3], [1, -2.5, 3], 'weight');
    const values = [1, -2.5, 3];
    for (const name of ['wasm', 'reference', 'wasm'] as const) {
      useBackend(name);
      expect([...ops.add(weight, 0).dataSync()]).toEqual(values);
    }
  });

  it('survives every scope, and shows what was assigned', () => {
    const weight = new Variable([2], [1, 2], 'weight');
    const seen = scope(() => {
      const before = ops.mul(weight, 1);
      weight.assign([5, 6]);
      return [before, ops.mul(weight, 1), weight];
    });
    expect(seen.map((x) => x.array())).toEqual([
      [1, 2],
      [5, 6],
      [5, 6],
    ]);
    expect(seen[2]).toBe(weight);
    weight.assign([7, 8]);
    expect(weight.array()).toEqual([7, 8]);
  });

  it('is refused numbers that do not fill it', () => {
    expect(messageOf(() => new Variable([2, 3], [1, 2], 'kernel'))).toBe(
      '[SHAPE_MISMATCH] Variable kernel: the numbers do not fill the shape.\n  expected: 6 numbers for [2, 3]\n' +
        '  received: 2 numbers\n  fix: correct the shape, or give one number per element.',
    );
    const weight = new Variable([2], [1, 2], 'bias');
    expect(messageOf(() => weight.assign([1, 2, 3]))).toMatch(
      /^\[SHAPE_MISMATCH\] Variable bias: .*\n {2}expected: 2 numbers for \[2\]\n {2}received: 3 numbers/,
    );
    expect(weight.array()).toEqual([1, 2]);
  });

  it('gives its memory back when it is dropped', async () => {
    setFlagsFromString('--expose-gc');
    const collect = runInNewContext('gc') as () => void;
    const backend = createReferenceBackend();
    useBackend(backend);
    const kept = new Variable([1], [1], 'kept');
    (() => {
      for (let i = 0; i < 100; i++) new Variable([1000], new Float64Array(1000), `dropped ${i}`);
    })();
    for (let i = 0; i < 100 && backend.memory().persistentBytes > 8; i++) {
      collect();
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
    expect(backend.memory().persistentBytes).toBe(8);
    expect(kept.array()).toEqual([1]);
    expect(currentBackend()).toBe(backend);
  });
});
