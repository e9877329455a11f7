import { beforeAll, describe, expect, it } from 'vitest';
import { type DType, dtypes } from '../../src/dtype.js';
import { add, leaf, mul } from '../../src/expression/build.js';
import { pointwiseProgram } from '../../src/expression/program.js';
import type { Backend, Strided } from '../../src/kernels/contract.js';
import { createReferenceBackend } from '../../src/kernels/reference/backend.js';
import { createWasmBackend } from '../../src/kernels/wasm/backend.js';
import { Random } from '../../src/random.js';
import { numbersOfHalves, rounded } from '../../src/rounding.js';
import { threadedBackend } from '../support/threads.js';

const copy = pointwiseProgram('copy', [{ name: 'y', expression: leaf('x') }]);
const increase = pointwiseProgram('increase', [{ name: 'y', expression: leaf('x'), accumulate: true }]);
const affine = pointwiseProgram('affine', [
  { name: 'y', expression: add(mul(leaf('x'), leaf('scale', 'row')), leaf('bias', 'column')) },
]);

describe.each([
  ['reference', async () => createReferenceBackend()],
  ['wasm', async () => createWasmBackend({ threads: 1 })],
  ['deterministic wasm', async () => createWasmBackend({ threads: 1, deterministic: true })],
  ['wasm on two threads', () => threadedBackend(2)],
] as const)('elements of every type on %s', (_, make) => {
  let backend: Backend;
  beforeAll(async () => {
    backend = await make();
  });

  /** The numbers in a buffer of a type, with a guard of 5 elements on either side. */
  const placed = (dtype: DType, numbers: ArrayLike<number>, rowStride = numbers.length): Strided => {
    const buffer = backend.allocate(numbers.length + 10, dtype);
    backend.fill({ buffer, offset: 0 }, numbers.length + 10, 77);
    backend.write({ buffer, offset: 5 }, numbers);
    return { buffer, offset: 5, rowStride };
  };
  const numbersIn = ({ buffer, offset }: Strided): number[] => {
    const all = [...backend.readNow!({ buffer, offset: 0 }, buffer.size)];
    expect([...all.slice(0, 5), ...all.slice(-5)].every((value) => value === 77)).toBe(true);
    return all.slice(offset, all.length - 5);
  };
  const random = new Random(8);
  /** Numbers of many sizes; in single precision, so that every backend rounds the same numbers. */
  const given = (count: number): number[] =>
    Array.from({ length: count }, (_, i) =>
      Math.fround(
        random.normal() * (i % 3 === 0 ? 1 : i % 3 === 1 ? 100 : 2 ** Math.floor(40 * random.uniform() - 30)),
      ),
    );

  it.each(dtypes)('are written, read and filled: %s', (dtype) => {
    const numbers = given(23);
    expect(numbersIn(placed(dtype, numbers))).toEqual(numbers.map((value) => rounded(dtype, value)));
    const filled = placed(dtype, numbers);
    backend.fill(filled, 23, 3.5);
    expect(numbersIn(filled)).toEqual(new Array(23).fill(rounded(dtype, 3.5)));
  });

  it('int32 and float64 are written and read exactly', () => {
    const whole = [2 ** 24 + 1, -(2 ** 31), 2 ** 31 - 1];
    expect(numbersIn(placed('int32', whole))).toEqual(whole);
    expect(numbersIn(placed('float64', [0.1, 1e300]))).toEqual([0.1, 1e300]);
  });

  it.each(dtypes.flatMap((from) => dtypes.map((to) => [from, to] as const)))(
    'are loaded from %s and stored as %s, in rows of every length',
    (from, to) => {
      for (const columns of [1, 2, 3, 4, 5, 7, 8, 19, 35]) {
        const numbers = given(3 * columns).map((value) => rounded(from, value));
        const x = { ...placed(from, numbers), rowStride: columns };
        const y = { ...placed(to, new Array(3 * columns).fill(1)), rowStride: columns };
        backend.pointwise({ program: copy, rows: 3, columns, inputs: { x }, outputs: { y } });
        // WebAssembly computes in single precision, which does not hold every int32.
        const computed = backend.floatType === 'float32' ? numbers.map(Math.fround) : numbers;
        expect(numbersIn(y)).toEqual(computed.map((value) => rounded(to, value)));
      }
    },
  );

  it.each(dtypes)('are read once per row and once per column, with strides: %s', (dtype) => {
    for (const columns of [1, 3, 6, 16, 21]) {
      const [rows, stride] = [5, columns + 3];
      const x = given(rows * stride).map((value) => rounded(dtype, value / 8));
      const scale = Array.from({ length: 2 * rows }, (_, i) => (i % 7) - 3);
      const bias = Array.from({ length: columns }, (_, i) => (i % 11) - 5);
      const y = { ...placed('float32', new Array(rows * columns).fill(0)), rowStride: columns };
      backend.pointwise({
        program: affine,
        rows,
        columns,
        inputs: {
          x: { ...placed(dtype, x), rowStride: stride },
          scale: { ...placed(dtype, scale), rowStride: 2 },
          bias: placed(dtype, bias),
        },
        outputs: { y },
      });
      const stored = (value: number): number => rounded(dtype, value);
      numbersIn(y).forEach((value, place) => {
        const [row, column] = [Math.floor(place / columns), place % columns];
        const exact = Math.fround(x[row * stride + column]) * stored(scale[2 * row]) + stored(bias[column]);
        // Within two roundings to single precision.
        expect(Math.abs(value - exact)).toBeLessThanOrEqual(2 ** -22 * Math.max(Math.abs(exact), 30));
      });
    }
  });

  it.each(dtypes)('are added to: %s', (dtype) => {
    const [x, y] = [given(13), given(13)].map((numbers) => numbers.map((value) => rounded(dtype, value / 64)));
    const sum = placed(dtype, y);
    backend.pointwise({
      program: increase,
      rows: 1,
      columns: 13,
      inputs: { x: placed(dtype, x) },
      outputs: { y: sum },
    });
    const single = (value: number): number => (backend.floatType === 'float32' ? Math.fround(value) : value);
    expect(numbersIn(sum)).toEqual(x.map((value, i) => rounded(dtype, single(single(value) + single(y[i])))));
  });

  it.each(['float16', 'bfloat16'] as const)('every number of %s is loaded, and stored again', (dtype) => {
    const words = new Uint16Array(2 ** 16).map((_, word) => word);
    const numbers = [...numbersOfHalves(dtype, words)];
    const x = placed(dtype, numbers);
    const wide = placed('float32', new Array(numbers.length).fill(0));
    backend.pointwise({ program: copy, rows: 1, columns: numbers.length, inputs: { x }, outputs: { y: wide } });
    expect(numbersIn(wide)).toEqual(numbers);
    const again = placed(dtype, new Array(numbers.length).fill(0));
    backend.pointwise({ program: copy, rows: 1, columns: numbers.length, inputs: { x: wide }, outputs: { y: again } });
    expect(numbersIn(again)).toEqual(numbers);
  });

  it.each(dtypes)('are gathered as they are, by indices of the host and of the device: %s', (dtype) => {
    for (const columns of [1, 2, 3, 5, 8]) {
      const rows = 6;
      const numbers = Array.from({ length: rows * columns }, (_, i) => i + 1);
      const indices = [3, -1, 0, 5, 3, rows, 2 ** 31 - 1, -(2 ** 31)];
      const wanted = indices.flatMap((index) =>
        Array.from({ length: columns }, (_, column) => (index >= 0 && index < rows ? index * columns + column + 1 : 0)),
      );
      const source = placed(dtype, numbers);
      const onDevice = placed('int32', indices);
      const target = placed(dtype, new Array(wanted.length).fill(9));
      const view = { ...onDevice, length: indices.length };
      backend.gatherRows({ columns, indices: view, numRows: rows, source, target });
      expect(numbersIn(target)).toEqual(wanted);
      const known = indices.map((index) => (index < rows ? index : -1));
      const fromHost = placed(dtype, new Array(wanted.length).fill(9));
      backend.gatherRows({ columns, indices: Int32Array.from(known), source, target: fromHost });
      expect(numbersIn(fromHost)).toEqual(wanted);
    }
  });

  it('gradients are added to rows by indices of the device', () => {
    const sums = placed(backend.floatType, new Array(8).fill(1));
    const indices = { ...placed('int32', [2, -1, 4, 2, 0]), length: 5 };
    const added = placed(backend.floatType, [1, 2, 3, 4, 5, 6, 7, 8, 9, 10]);
    backend.scatterAddRows({ columns: 2, indices, numRows: 4, source: sums, target: added });
    expect(numbersIn(sums)).toEqual([10, 11, 1, 1, 9, 11, 1, 1]);
  });

  it('large arrays are shared by threads without a change', () => {
    for (const dtype of dtypes) {
      const count = 70_001;
      const numbers = Array.from({ length: count }, (_, i) => rounded(dtype, (i % 251) - 120));
      const y = placed(dtype, new Array(count).fill(0));
      backend.pointwise({
        program: copy,
        rows: 1,
        columns: count,
        inputs: { x: placed(dtype, numbers) },
        outputs: { y },
      });
      expect(numbersIn(y)).toEqual(numbers);
    }
  });
});
