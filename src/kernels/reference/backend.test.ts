import { beforeEach, describe, expect, it } from 'vitest';
import { messageOf } from '../../../test/support/central-differences.js';
import { bytesOf } from '../../dtype.js';
import { add, constant, type Expression, leaf, mul, neg, rowMax, rowSum, sub, tanh } from '../../expression/build.js';
import { type OutputRequest, pointwiseProgram } from '../../expression/program.js';
import type { Backend, Buffer, Strided, View } from '../contract.js';
import { createWasmBackend } from '../wasm/backend.js';
import { createReferenceBackend } from './backend.js';

const x = leaf('x');
const column = leaf('column', 'column');
const row = leaf('row', 'row');

/** The rules of the contract, in whole numbers, which are exact in float32 too. */
describe.each([
  ['reference', createReferenceBackend],
  ['wasm', () => createWasmBackend()],
] as const)('the contract on %s', (_, make) => {
  let backend: Backend;
  beforeEach(() => void (backend = make()));

  /** A buffer with these numbers, and 3 more at either end that must stay what they are. */
  const placed = (values: readonly number[]): View => {
    const buffer = backend.allocate(values.length + 6);
    backend.fill({ buffer, offset: 0 }, values.length + 6, 77);
    backend.write({ buffer, offset: 3 }, values);
    return { buffer, offset: 3 };
  };
  const read = ({ buffer, offset }: View, size: number): number[] => {
    expect(
      [
        ...backend.readNow!({ buffer, offset: 0 }, 3),
        ...backend.readNow!({ buffer, offset: offset + size }, buffer.size - offset - size),
      ].every((value) => value === 77),
    ).toBe(true);
    return [...backend.readNow!({ buffer, offset }, size)];
  };
  const strided = (view: View, rowStride: number): Strided => ({ ...view, rowStride });
  /** Two rows of three columns, five apart. */
  const block = [1, 2, 3, 90, 91, 4, 5, 6];

  const run = (
    request: Partial<OutputRequest> & { expression: Expression },
    target: Strided,
    inputs: Record<string, Strided>,
  ): void => {
    const program = pointwiseProgram('test', [{ name: 'y', ...request }]);
    backend.pointwise({ program, rows: 2, columns: 3, inputs, outputs: { y: target } });
  };

  describe('pointwise', () => {
    it('reads and writes rows apart, and leaves what is between them', () => {
      const target = placed([10, 10, 10, -1, 10, 10, 10]);
      run({ expression: mul(x, 10) }, strided(target, 4), { x: strided(placed(block), 5) });
      expect(read(target, 7)).toEqual([10, 20, 30, -1, 40, 50, 60]);
    });

    it('reads one value a column, and one a row, also apart or the same for all', () => {
      const target = placed(new Array<number>(6).fill(0));
      const expression = add(x, mul(column, 100), mul(row, 1000));
      const inputs = { x: strided(placed(block), 5), column: strided(placed([1, 2, 3]), 0) };
      run({ expression }, strided(target, 3), { ...inputs, row: strided(placed([1, 99, 2]), 2) });
      expect(read(target, 6)).toEqual([1101, 1202, 1303, 2104, 2205, 2306]);
      run({ expression }, strided(target, 3), { ...inputs, row: strided(placed([7]), 0) });
      expect(read(target, 6)).toEqual([7101, 7202, 7303, 7104, 7205, 7306]);
    });

    const sums: [
      reduce: NonNullable<OutputRequest['reduce']>,
      expression: Expression,
      start: number[],
      stride: number,
      replaced: number[],
      added: number[],
    ][] = [
      ['none', x, [1, 1, 1, 8, 1, 1, 1], 4, [1, 2, 3, 8, 4, 5, 6], [2, 3, 4, 8, 5, 6, 7]],
      ['rows', x, [1, 2, 3], 0, [5, 7, 9], [6, 9, 12]],
      ['columns', x, [1, 8, 2], 2, [6, 8, 15], [7, 8, 17]],
      ['all', x, [1], 0, [21], [22]],
      ['perRow', rowMax(x), [1, 8, 2], 2, [3, 8, 6], [4, 8, 8]],
    ];
    it.each(sums)(
      'reduce: %s replaces, and adds where it accumulates',
      (reduce, expression, start, stride, replaced, added) => {
        for (const [accumulate, expected] of [
          [false, replaced],
          [true, added],
        ] as const) {
          const target = placed(start);
          run({ expression, reduce, accumulate }, strided(target, stride), { x: strided(placed(block), 5) });
          expect(read(target, start.length), `accumulate: ${accumulate}`).toEqual(expected);
        }
      },
    );

    it('writes a value of the row at every place where it does not reduce', () => {
      const target = placed(new Array<number>(6).fill(0));
      run({ expression: rowSum(x) }, strided(target, 3), { x: strided(placed(block), 5) });
      expect(read(target, 6)).toEqual([6, 6, 6, 15, 15, 15]);
      run({ expression: constant(4) }, strided(target, 3), {});
      expect(read(target, 6)).toEqual([4, 4, 4, 4, 4, 4]);
    });

    it('may write over an input of equal layout, also where outputs change places or a row is reduced', () => {
      const [a, b] = [placed([1, 2, 3, 4, 5, 6]), placed([10, 20, 30, 40, 50, 60])];
      const inputs = { a: strided(a, 3), b: strided(b, 3) };
      const exchange = pointwiseProgram('exchange', [
        { name: 'first', expression: add(leaf('b'), rowSum(leaf('a'))) },
        { name: 'second', expression: neg(leaf('a')) },
      ]);
      backend.pointwise({
        program: exchange,
        rows: 2,
        columns: 3,
        inputs,
        outputs: { first: inputs.a, second: inputs.b },
      });
      expect(read(a, 6)).toEqual([16, 26, 36, 55, 65, 75]);
      expect(read(b, 6)).toEqual([-1, -2, -3, -4, -5, -6]);
    });

    it('takes numbers for scalars, and gives several outputs in one pass', () => {
      const rate = leaf('rate', 'scalar');
      const program = pointwiseProgram('update', [
        { name: 'next', expression: sub(x, mul(rate, column)) },
        { name: 'sum', expression: mul(x, rate), reduce: 'all' },
      ]);
      const [w, total] = [placed([1, 2, 3, 4, 5, 6]), placed([5])];
      backend.pointwise({
        program,
        rows: 2,
        columns: 3,
        inputs: { x: strided(w, 3), column: strided(placed([1, 2, 3]), 0) },
        outputs: { next: strided(w, 3), sum: strided(total, 0) },
        scalars: { rate: 2 },
      });
      expect(read(w, 6)).toEqual([-1, -2, -3, 2, 1, 0]);
      expect(read(total, 1)).toEqual([42]);
    });

    it('of no rows sums to 0, and writes nothing else', () => {
      const [total, perColumn, untouched] = [placed([5]), placed([5, 5, 5]), placed([5])];
      const program = pointwiseProgram('sums', [
        { name: 'all', expression: x, reduce: 'all' },
        { name: 'rows', expression: x, reduce: 'rows' },
        { name: 'none', expression: tanh(x) },
      ]);
      backend.pointwise({
        program,
        rows: 0,
        columns: 3,
        inputs: { x: strided(placed([1]), 3) },
        outputs: { all: strided(total, 0), rows: strided(perColumn, 0), none: strided(untouched, 3) },
      });
      expect([read(total, 1), read(perColumn, 3), read(untouched, 1)]).toEqual([[0], [0, 0, 0], [5]]);
    });
  });

  describe('matmul', () => {
    it.each([false, true].flatMap((transposeA) => [false, true].map((transposeB) => ({ transposeA, transposeB }))))(
      'of rows apart, %j',
      ({ transposeA, transposeB }) => {
        // [[1, 2, 3], [4, 5, 6]] x [[1, 0], [0, 1], [2, 3]], each inside of wider rows.
        const a = transposeA ? [1, 4, 99, 2, 5, 99, 3, 6] : [1, 2, 3, 99, 4, 5, 6];
        const b = transposeB ? [1, 0, 2, 98, 0, 1, 3] : [1, 0, 98, 0, 1, 98, 2, 3];
        for (const [accumulate, expected] of [
          [false, [7, 11, 55, 55, 16, 23]],
          [true, [107, 111, 55, 55, 116, 123]],
        ] as const) {
          const c = placed([100, 100, 55, 55, 100, 100]);
          backend.matmul({
            m: 2,
            n: 2,
            k: 3,
            a: strided(placed(a), transposeA ? 3 : 4),
            b: strided(placed(b), transposeB ? 4 : 3),
            c: strided(c, 4),
            transposeA,
            transposeB,
            accumulate,
          });
          expect(read(c, 6)).toEqual(expected);
        }
      },
    );

    it('over no inner axis is 0, or stays where it accumulates', () => {
      const c = placed([5, 6, 7, 8]);
      const nothing = strided(placed([1]), 0);
      backend.matmul({ m: 2, n: 2, k: 0, a: nothing, b: nothing, c: strided(c, 2), accumulate: true });
      expect(read(c, 4)).toEqual([5, 6, 7, 8]);
      backend.matmul({ m: 2, n: 2, k: 0, a: nothing, b: nothing, c: strided(c, 2) });
      expect(read(c, 4)).toEqual([0, 0, 0, 0]);
      backend.matmul({ m: 0, n: 2, k: 3, a: nothing, b: nothing, c: strided(c, 2) });
      expect(read(c, 4)).toEqual([0, 0, 0, 0]);
    });
  });

  it('gathers rows by index, zeros for negative ones, and adds them back in index order', () => {
    const [source, target] = [placed([1, 2, 3, 4, 5, 6]), placed(new Array<number>(8).fill(9))];
    backend.gatherRows({ columns: 2, indices: Int32Array.of(2, -1, 0, 2), source, target });
    expect(read(target, 8)).toEqual([5, 6, 0, 0, 1, 2, 5, 6]);
    backend.write(target, [1, 2, 100, 100, 3, 4, 5, 6]);
    backend.scatterAddRows({ columns: 2, indices: Int32Array.of(2, -1, 0, 2), source, target });
    expect(read(source, 6)).toEqual([4, 6, 3, 4, 11, 14]);
    backend.gatherRows({ columns: 2, indices: new Int32Array(0), source, target });
    backend.scatterAddRows({ columns: 0, indices: Int32Array.of(0), source, target });
    expect(read(target, 8)).toEqual([1, 2, 100, 100, 3, 4, 5, 6]);
  });

  it('reads a copy of what was written before', async () => {
    const view = placed([1, 2, 3]);
    const later = backend.read(view, 3);
    const now = backend.readNow!(view, 3);
    backend.fill(view, 3, 0);
    expect([...now]).toEqual([1, 2, 3]);
    expect([...(await later)]).toEqual([1, 2, 3]);
  });

  it('counts memory: what is held, what scopes hold, and the most there ever was', () => {
    const start = backend.memory();
    const bytes = bytesOf[backend.floatType];
    const held = backend.allocate(100);
    expect([...backend.readNow!({ buffer: held, offset: 0 }, 100)]).toEqual(new Array(100).fill(0));
    backend.openScope();
    backend.temporary(1000);
    backend.openScope();
    backend.temporary(500);
    expect(backend.memory().temporaryBytes).toBeGreaterThanOrEqual(1500 * bytes);
    backend.closeScope();
    expect(backend.memory().temporaryBytes).toBeGreaterThanOrEqual(1000 * bytes);
    expect(backend.memory().temporaryBytes).toBeLessThan(1500 * bytes);
    backend.closeScope();
    expect(backend.memory().temporaryBytes).toBe(0);
    expect(backend.memory().persistentBytes - start.persistentBytes).toBeGreaterThanOrEqual(100 * bytes);
    backend.free(held);
    expect(backend.memory().persistentBytes).toBe(start.persistentBytes);
    expect(backend.memory().peakBytes).toBeGreaterThanOrEqual(1600 * bytes);
  });

  it('refuses temporary memory outside of a scope, a close too many, and buffers of another backend', () => {
    expect(messageOf(() => backend.temporary(3))).toMatch(/^\[INTERNAL\]/);
    expect(messageOf(() => backend.closeScope())).toMatch(/^\[INTERNAL\]/);
    expect(messageOf(() => backend.write({ buffer: { size: 3 } as Buffer, offset: 0 }, [1]))).toMatch(/^\[INTERNAL\]/);
  });
});

describe('the reference backend', () => {
  it('answers what it supports, with a reason', () => {
    const backend = createReferenceBackend();
    expect(
      (['float64', 'readNow', 'threads', 'relaxedSimd'] as const).map(
        (capability) => backend.supports(capability).supported,
      ),
    ).toEqual([true, true, false, false]);
    expect(backend.supports('threads').reason).toBe('the reference is plain TypeScript on one thread.');
  });

  it('fills temporary memory with NaN, so that whoever relies on zeros is found out', () => {
    const backend = createReferenceBackend();
    backend.openScope();
    expect([...backend.readNow!({ buffer: backend.temporary(2), offset: 0 }, 2)]).toEqual([NaN, NaN]);
  });

  it('computes in double precision', () => {
    const backend = createReferenceBackend();
    const buffer = backend.allocate(1);
    backend.write({ buffer, offset: 0 }, [0.1]);
    expect(backend.readNow!({ buffer, offset: 0 }, 1)).toEqual(Float64Array.of(0.1));
  });
});
