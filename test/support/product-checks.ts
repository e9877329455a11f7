import { describe, expect, it } from 'vitest';
import type { MatmulCall, Strided } from '../../src/kernels/contract.js';
import type { WasmBuffer, WasmMemory } from '../../src/kernels/wasm/memory.js';
import { Random } from '../../src/random.js';
import type { Products } from './kernels-on.js';

export interface ProductsUnderTest {
  readonly memory: WasmMemory;
  readonly products: Products;
}

interface Case {
  m: number;
  n: number;
  k: number;
  transposeA?: boolean;
  transposeB?: boolean;
  accumulate?: boolean;
  /** Columns that the matrices are ranges of, beyond their own. */
  slack?: number;
  packed?: boolean;
  /** For how many threads it is cut; what is packed is not. */
  parts?: number;
}

const describeCase = ({ m, n, k, transposeA, transposeB, accumulate, slack = 0, packed, parts = 1 }: Case): string =>
  `${m}x${n}x${k} ${transposeA ? 'T' : 'N'}${transposeB ? 'T' : 'N'}${accumulate ? ' accumulate' : ''}` +
  `${packed ? ' packed' : ''} slack ${slack} in ${parts}`;

export function filled(memory: WasmMemory, random: Random, rows: number, stride: number, offset: number): WasmBuffer {
  const buffer = memory.allocate(offset + rows * stride + 5);
  const start = memory.byteAddress({ buffer, offset: 0 }) / 4;
  for (let i = 0; i < buffer.size; i++) memory.floats[start + i] = 2 * random.uniform() - 1;
  return buffer;
}

/** Runs a product beside the float64 one and gives the worst error in units of its bound, `(k + 2) 2^-24 sum |a b|`. */
function worstError({ memory, products }: ProductsUnderTest, shape: Case, random: Random): number {
  const { m, n, k, transposeA = false, transposeB = false, accumulate = false, slack = 0 } = shape;
  const matrix = (rows: number, columns: number, offset: number): Strided => {
    const rowStride = columns + slack;
    return { buffer: filled(memory, random, rows, rowStride, offset), offset, rowStride };
  };
  const a = transposeA ? matrix(k, m, 3) : matrix(m, k, 3);
  const b = transposeB ? matrix(n, k, 2) : matrix(k, n, 2);
  const c = matrix(m, n, 1);
  const copyOf = ({ buffer }: Strided): Float32Array => {
    const start = memory.byteAddress({ buffer, offset: 0 }) / 4;
    return memory.floats.slice(start, start + buffer.size);
  };
  const [valuesA, valuesB, before] = [a, b, c].map(copyOf);
  const call: MatmulCall = { m, n, k, a, b, c, transposeA, transposeB, accumulate };
  products.run(call, shape);
  const after = copyOf(c);
  const [rowOfA, stepOfA] = transposeA ? [1, a.rowStride] : [a.rowStride, 1];
  const [stepOfB, columnOfB] = transposeB ? [1, b.rowStride] : [b.rowStride, 1];
  let worst = 0;
  for (let i = 0; i < m; i++) {
    for (let j = 0; j < n; j++) {
      const at = c.offset + i * c.rowStride + j;
      let sum = accumulate ? before[at] : 0;
      let magnitude = Math.abs(sum);
      for (let p = 0; p < k; p++) {
        const product = valuesA[a.offset + i * rowOfA + p * stepOfA] * valuesB[b.offset + j * columnOfB + p * stepOfB];
        sum += product;
        magnitude += Math.abs(product);
      }
      const error = Math.abs(after[at] - sum) / ((k + 2) * 2 ** -24 * magnitude + 1e-30);
      worst = Number.isNaN(error) ? Infinity : Math.max(worst, error);
      before[at] = after[at];
    }
  }
  // Whatever lies between and around the rows of c must not have moved.
  expect(
    after.findIndex((value, i) => value !== before[i]),
    describeCase(shape),
  ).toBe(-1);
  for (const { buffer } of [a, b, c]) memory.free(buffer as WasmBuffer);
  return worst;
}

const forms: Pick<Case, 'transposeA' | 'transposeB'>[] = [
  {},
  { transposeA: true },
  { transposeB: true },
  { transposeA: true, transposeB: true },
];
/** Products of one family beside float64 ones: every form, around the edges of tiles, strips and blocks. */
export function describeProducts(name: string, tested: ProductsUnderTest): void {
  describe(name, () => {
    const { memory, products } = tested;
    const { rows, stripColumns: strip, mostBlockM, mostBlockN } = products.family;
    const expectRight = (shape: Case, random: Random): void =>
      expect(worstError(tested, shape, random), describeCase(shape)).toBeLessThan(1);

    it('are right for every small size, form, stride, accumulation, packing or cut', () => {
      const random = new Random(5);
      for (let turn = 0; turn < 900; turn++) {
        const shape: Case = {
          m: 1 + random.integer(turn % 2 === 0 ? 7 : 3 * rows + 20),
          n: 1 + random.integer(turn % 3 === 0 ? 40 : 3 * strip),
          k: 1 + random.integer(30),
          ...forms[turn % 4],
          accumulate: random.integer(2) === 1,
          slack: random.integer(3) * 3,
          packed: turn % 3 === 1,
          parts: turn % 3 === 1 ? 1 : 1 + random.integer(4),
        };
        expectRight(shape, random);
      }
    });

    it('are right where rows, columns and k need several blocks', () => {
      const random = new Random(6);
      const sizes = [
        [150, 37, 530],
        [139, 13, 530],
        [131, 2060, 3],
        [5, 2061, 7],
        [33, 19, 769],
        [3, 51, 1030],
        [1, 29, 1027],
        [2, 3, 259],
        [1, 1237, 41],
        [2, 1301, 40],
        [4, 900, 35],
        [1, 4900, 5],
        [12, 1031, 5],
        [141, 1, 266],
        [19, 23, 150],
        [24, 5, 1030],
        [mostBlockM + 3, strip + 1, 19],
        [rows + 1, mostBlockN + 5, 9],
        [2 * mostBlockM + 1, mostBlockN + strip + 3, 2],
      ];
      for (const [index, [m, n, k]] of sizes.entries()) {
        for (const form of forms) expectRight({ m, n, k, ...form, accumulate: index % 2 === 1, slack: 7 }, random);
      }
    });

    it('are right where what is packed needs several blocks', () => {
      const random = new Random(7);
      for (const [index, [m, n, k]] of [
        [5, 37, 259],
        [7, 19, 770],
        [141, 51, 261],
        [4, 1, 1030],
        [mostBlockM + 1, 2 * strip + 1, 41],
      ].entries()) {
        for (const form of forms)
          expectRight({ m, n, k, ...form, packed: true, accumulate: index % 2 === 1, slack: 5 }, random);
      }
    });

    // A cut is a whole number of tiles or strips; the last part holds what is left, here one row or column.
    it('are right where they are cut for threads and the last part has one row or one column', () => {
      const random = new Random(8);
      for (const parts of [2, 3]) {
        for (const form of forms) {
          expectRight({ m: 6 * parts * rows + 1, n: 5, k: 23, ...form, parts, slack: 3 }, random);
          expectRight({ m: 24 * parts * rows + 1, n: 21, k: 9, ...form, parts, accumulate: true }, random);
          expectRight({ m: 7, n: strip * parts + 1, k: 11, ...form, parts, slack: 1 }, random);
          expectRight({ m: 2, n: strip * parts + 1, k: 131, ...form, parts, accumulate: true }, random);
        }
      }
    });

    it('give the same bits however they are cut', () => {
      const random = new Random(11);
      const matrix = (numRows: number, columns: number): Strided => ({
        buffer: filled(memory, random, numRows, columns, 0),
        offset: 0,
        rowStride: columns,
      });
      for (const m of [1, 2, 5, 7, 17, 6 * rows + 1, 12 * strip + 5]) {
        for (const [form, { transposeA, transposeB }] of forms.entries()) {
          // Few rows of many columns are added to c, of few columns they stay in registers.
          const [n, k] = [(m < 7 ? 41 : 5) * strip + 3, 259];
          const a = transposeA ? matrix(k, m) : matrix(m, k);
          const b = transposeB ? matrix(n, k) : matrix(k, n);
          const before = matrix(m, n);
          const start = memory.byteAddress({ buffer: before.buffer, offset: 0 }) / 4;
          const results = [1, 2, 3, 5].map((parts) => {
            const kept = memory.floats.slice(start, start + m * n);
            const call: MatmulCall = { m, n, k, a, b, c: before, transposeA, transposeB, accumulate: form % 2 === 0 };
            products.run(call, { parts });
            const result = memory.floats.slice(start, start + m * n);
            memory.floats.set(kept, start);
            return result;
          });
          expect(results[0].some((value) => value !== 0)).toBe(true);
          for (const result of results.slice(1))
            expect(result.findIndex((value, i) => value !== results[0][i])).toBe(-1);
          for (const { buffer } of [a, b, before]) memory.free(buffer as WasmBuffer);
        }
      }
    });
  });
}
