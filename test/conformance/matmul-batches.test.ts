import { afterAll, describe, expect, it } from 'vitest';
import type { Backend, Buffer, MatmulBatch, MatmulCall } from '../../src/kernels/contract.js';
import { createReferenceBackend } from '../../src/kernels/reference/backend.js';
import { useBackend } from '../../src/kernels/select.js';
import { createWasmBackend } from '../../src/kernels/wasm/backend.js';
import { Random } from '../../src/random.js';
import * as ops from '../../src/tensor/index.js';
import { valueAndGradients } from '../../src/tensor/tape.js';
import type { Tensor } from '../../src/tensor/tensor.js';
import { normals } from '../support/random.js';
import { threadedBackend } from '../support/threads.js';

interface Case {
  m: number;
  n: number;
  k: number;
  count: number;
  /** The operand that is one matrix for all. */
  repeated?: 'strideA' | 'strideB' | 'strideC';
  /** Whether matrices of a are ranges of the columns of one wide matrix, as heads of attention are. */
  sideBySide?: boolean;
  accumulate?: boolean;
}

/**
 * Every way of computing a product, each below and above what threads share, by ranges of matrices and by cutting them.
 */
const sizes: readonly Case[] = [
  { m: 3, n: 5, k: 7, count: 1 },
  { m: 3, n: 5, k: 7, count: 4 },
  { m: 9, n: 1, k: 11, count: 5 },
  { m: 13, n: 6, k: 5, count: 3 },
];
const sharedSizes: readonly Case[] = [
  { m: 37, n: 29, k: 41, count: 23 },
  { m: 3, n: 67, k: 31, count: 83 },
  { m: 97, n: 89, k: 43, count: 3 },
  { m: 3, n: 397, k: 151, count: 3 },
];
const variants: readonly Partial<Case>[] = [
  {},
  { accumulate: true },
  { repeated: 'strideA' },
  { repeated: 'strideB', sideBySide: true },
  { repeated: 'strideC' },
  { repeated: 'strideC', accumulate: true },
];
const sharedVariants = variants.filter(({ repeated, accumulate }) => repeated !== 'strideA' && accumulate !== true);
const cases = [
  ...sizes.flatMap((size) => variants.map((variant): Case => ({ ...size, ...variant }))),
  ...sharedSizes.flatMap((size) => sharedVariants.map((variant): Case => ({ ...size, ...variant }))),
];
const forms = [false, true].flatMap((transposeA) => [false, true].map((transposeB) => ({ transposeA, transposeB })));
type Form = (typeof forms)[number];

const nameOf = (case_: Case, form: Form): string => `${JSON.stringify(case_)} ${JSON.stringify(form)}`;

/** All of c's buffer after the batch in one call, or in calls of its own for every matrix. */
function multiplied(backend: Backend, case_: Case, form: Form, oneCall: boolean): Float32Array | Float64Array {
  const { m, n, k, count, repeated, sideBySide = false, accumulate = false } = case_;
  const random = new Random(m + 3 * n + 7 * k);
  const [rowsA, columnsA] = form.transposeA ? [k, m] : [m, k];
  const [rowsB, columnsB] = form.transposeB ? [n, k] : [k, n];
  const placed = (size: number): Buffer => {
    const buffer = backend.allocate(size);
    backend.write(
      { buffer, offset: 0 },
      Float32Array.from({ length: size }, () => random.uniform() - 0.5),
    );
    return buffer;
  };
  const strideOf = {
    strideA: sideBySide ? columnsA + 2 : rowsA * columnsA + 3,
    strideB: rowsB * columnsB + 1,
    strideC: m * n + 2,
  };
  if (repeated !== undefined) strideOf[repeated] = 0;
  const batch: MatmulBatch = { count, ...strideOf };
  const rowStrideA = sideBySide ? count * (columnsA + 2) : columnsA;
  const buffers = [
    placed(rowsA * count * (columnsA + 5)),
    placed(count * (rowsB * columnsB + 1)),
    placed(count * (m * n + 2) + 3),
  ];
  const call = (i: number): MatmulCall => ({
    ...{ m, n, k, ...form, accumulate: accumulate || (i > 0 && repeated === 'strideC') },
    a: { buffer: buffers[0], offset: i * batch.strideA, rowStride: rowStrideA },
    b: { buffer: buffers[1], offset: i * batch.strideB, rowStride: columnsB },
    c: { buffer: buffers[2], offset: 3 + i * batch.strideC, rowStride: n },
  });
  if (oneCall) backend.matmul({ ...call(0), batch });
  else for (let i = 0; i < count; i++) backend.matmul(call(i));
  const result = backend.readNow!({ buffer: buffers[2], offset: 0 }, buffers[2].size);
  for (const buffer of buffers) backend.free(buffer);
  return result;
}

function expectSame(received: Float32Array | Float64Array, expected: Float32Array | Float64Array, label: string): void {
  expect(received.length).toBe(expected.length);
  expect(
    received.findIndex((value, i) => !Object.is(value, expected[i])),
    label,
  ).toBe(-1);
}

const threads = [2];
const threaded: Backend[] = await Promise.all(threads.map((count) => threadedBackend(count)));
const alone = createWasmBackend({ threads: 1 });
afterAll(() => void useBackend('wasm'));

describe.each<[string, Backend]>([
  ['reference', createReferenceBackend()],
  ['wasm on one thread', alone],
  ...threads.map((count, i): [string, Backend] => [`wasm on ${count} threads`, threaded[i]]),
])('a batch of products on %s', (_, backend) => {
  it.each(forms)('has the bits of single products, and writes nothing beside them, %j', (form) => {
    for (const case_ of cases)
      expectSame(multiplied(backend, case_, form, true), multiplied(backend, case_, form, false), nameOf(case_, form));
  });

  it('of no matrices does nothing; over no inner axis every c is 0, or stays where it accumulates', () => {
    const buffer = backend.allocate(8);
    const view = { buffer, offset: 0, rowStride: 2 };
    const call = { m: 1, n: 2, k: 0, a: view, b: view, c: view };
    const strides = { strideA: 0, strideB: 0, strideC: 3 };
    const read = (): number[] => [...backend.readNow!(view, 8)];
    backend.write(view, [1, 2, 3, 4, 5, 6, 7, 8]);
    backend.matmul({ ...call, k: 1, batch: { ...strides, count: 0 } });
    backend.matmul({ ...call, accumulate: true, batch: { ...strides, count: 2 } });
    expect(read()).toEqual([1, 2, 3, 4, 5, 6, 7, 8]);
    backend.matmul({ ...call, batch: { ...strides, count: 2 } });
    expect(read()).toEqual([0, 0, 3, 0, 0, 6, 7, 8]);
    backend.free(buffer);
  });
});

describe('a batch of products', () => {
  it.each(forms)('has the same bits on every number of threads, %j', (form) => {
    for (const case_ of cases) {
      const expected = multiplied(alone, case_, form, true);
      for (const backend of threaded) expectSame(multiplied(backend, case_, form, true), expected, nameOf(case_, form));
    }
  });

  it('is recorded, and computed again from what its buffers then hold', () => {
    for (const backend of [alone, ...threaded] as (typeof alone)[]) {
      const [a, c] = [backend.allocate(6), backend.allocate(3)];
      const view = { buffer: a, offset: 0, rowStride: 1 };
      const batch = { count: 3, strideA: 2, strideB: 2, strideC: 1 };
      const recording = backend.record(() =>
        backend.matmul({ m: 1, n: 1, k: 2, a: view, b: view, c: { ...view, buffer: c }, batch }),
      );
      backend.write(view, [1, 2, 3, 4, 5, 6]);
      for (let turn = 0; turn < 2; turn++) recording.run();
      expect([...backend.readNow({ buffer: c, offset: 0 }, 3)]).toEqual([5, 25, 61]);
      recording.free();
      for (const buffer of [a, c]) backend.free(buffer);
    }
  });

  const kernels = ['matmul', 'pointwise', 'gatherRows', 'scatterAddRows', 'fill'];

  it('makes attention of many heads 40 kernel calls at most, forward and backward, whatever its sizes', () => {
    for (const [batch, heads] of [
      [2, 3],
      [7, 5],
    ]) {
      let calls = 0;
      useBackend(
        new Proxy<Backend>(alone, {
          get(target, name) {
            const value: unknown = Reflect.get(target, name, target);
            if (typeof value !== 'function') return value;
            return (...given: unknown[]): unknown => {
              if (kernels.includes(String(name))) calls++;
              return value.apply(target, given);
            };
          },
        }),
      );
      const [time, depth] = [5, 3];
      const random = new Random(11);
      const inputs = [0, 1, 2].map(() => normals([batch, time, heads * depth], random));
      const split = (x: Tensor) => ops.transpose(ops.reshape(x, [batch, time, heads, depth]), [0, 2, 1, 3]);
      valueAndGradients(() => {
        const [q, k, v] = inputs.map(split);
        const weights = ops.softmax(ops.mul(ops.matmul(q, k, { transposeB: true }), 1 / Math.sqrt(depth)));
        return ops.sum(ops.square(ops.transpose(ops.matmul(weights, v), [0, 2, 1, 3])));
      }, inputs);
      expect(calls).toBeGreaterThan(10);
      expect(calls).toBeLessThanOrEqual(40);
    }
  });
});
