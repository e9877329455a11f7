import { describe, expect, it } from 'vitest';
import { matmulOn } from '../../../test/support/kernels-on.js';
import { Random } from '../../random.js';
import type { MatmulCall, Strided } from '../contract.js';
import { hasRelaxedSimd } from './features.js';
import { KernelRunner } from './kernel-runner.js';
import { MatmulKernels } from './matmul.js';
import { type TileFamily, tileFamilies } from './matmul-tiles.js';
import { type WasmBuffer, WasmMemory } from './memory.js';

const memory = new WasmMemory();

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

function filled(random: Random, rows: number, stride: number, offset: number): WasmBuffer {
  const buffer = memory.allocate(offset + rows * stride + 5);
  const start = memory.byteAddress({ buffer, offset: 0 }) / 4;
  for (let i = 0; i < buffer.size; i++) memory.floats[start + i] = 2 * random.uniform() - 1;
  return buffer;
}

/** Runs a product beside the float64 one and gives the worst error in units of its bound, `(k + 2) 2^-24 sum |a b|`. */
function worstError(kernels: ReturnType<typeof matmulOn>, shape: Case, random: Random): number {
  const { m, n, k, transposeA = false, transposeB = false, accumulate = false, slack = 0 } = shape;
  const matrix = (rows: number, columns: number, offset: number): Strided => {
    const rowStride = columns + slack;
    return { buffer: filled(random, rows, rowStride, offset), offset, rowStride };
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
  kernels.run(call, shape);
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
const families = tileFamilies.filter(({ madd }) => madd === 'plain' || hasRelaxedSimd());

describe.each(families)('matrix products with $name tiles', (family: TileFamily) => {
  const kernels = matmulOn(memory, family);
  const expectRight = (shape: Case, random: Random): void =>
    expect(worstError(kernels, shape, random), describeCase(shape)).toBeLessThan(1);

  it('are right for every small size, form, stride, accumulation, packing or cut', () => {
    const random = new Random(5);
    for (let turn = 0; turn < 900; turn++) {
      const shape: Case = {
        m: 1 + random.integer(turn % 2 === 0 ? 7 : 40),
        n: 1 + random.integer(40),
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
      [12, 1031, 5],
      [141, 1, 266],
      [19, 23, 150],
      [24, 5, 1030],
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
    ].entries()) {
      for (const form of forms)
        expectRight({ m, n, k, ...form, packed: true, accumulate: index % 2 === 1, slack: 5 }, random);
    }
  });

  // A cut is a whole number of tiles or strips; the last part holds what is left, here one row or column.
  it('are right where they are cut for threads and the last part has one row or one column', () => {
    const random = new Random(8);
    const { rows } = family;
    for (const parts of [2, 3]) {
      for (const form of forms) {
        expectRight({ m: 6 * parts * rows + 1, n: 5, k: 23, ...form, parts, slack: 3 }, random);
        expectRight({ m: 24 * parts * rows + 1, n: 21, k: 9, ...form, parts, accumulate: true }, random);
        expectRight({ m: 7, n: 16 * parts + 1, k: 11, ...form, parts, slack: 1 }, random);
        expectRight({ m: 2, n: 16 * parts + 1, k: 131, ...form, parts, accumulate: true }, random);
      }
    }
  });
});

describe('matrix products', () => {
  const bitsOf = (family: TileFamily, m: number, rows: readonly number[], transposeB: boolean): Float32Array => {
    const random = new Random(9);
    const [n, k] = [47, 601];
    const source = filled(random, m, k, 0);
    const a = { buffer: memory.allocate(m * k), offset: 0, rowStride: k };
    const b = {
      buffer: filled(random, transposeB ? n : k, transposeB ? k : n, 0),
      offset: 0,
      rowStride: transposeB ? k : n,
    };
    const c = { buffer: memory.allocate(m * n), offset: 0, rowStride: n };
    const [from, to, start] = [source, a.buffer, c.buffer].map(
      (buffer) => memory.byteAddress({ buffer, offset: 0 }) / 4,
    );
    rows.forEach((row, i) => memory.floats.copyWithin(to + i * k, from + row * k, from + (row + 1) * k));
    matmulOn(memory, family).run({ m, n, k, a, b, c, transposeB });
    const result = new Float32Array(m * n);
    rows.forEach((row, i) => result.set(memory.floats.subarray(start + i * n, start + (i + 1) * n), row * n));
    for (const buffer of [source, a.buffer, b.buffer, c.buffer]) memory.free(buffer);
    return result;
  };
  const inOrder = (m: number): number[] => Array.from({ length: m }, (_, i) => i);

  it('give the same bits with every tile family of one multiply-add', () => {
    for (const madd of ['plain', 'relaxed'] as const) {
      const [first, ...others] = families.filter((family) => family.madd === madd);
      for (const other of others)
        expect(bitsOf(other, 29, inOrder(29), false)).toEqual(bitsOf(first, 29, inOrder(29), false));
    }
  });

  it('read what kernels of another family packed', () => {
    const random = new Random(10);
    const [m, n, k] = [29, 47, 301];
    const runner = new KernelRunner(memory);
    for (const madd of ['plain', 'relaxed'] as const) {
      const [before, ...others] = families
        .filter((family) => family.madd === madd)
        .map((family) => new MatmulKernels(memory, runner.modules, family));
      for (const after of others) {
        const [a, b] = [filled(random, m, k, 0), filled(random, k, n, 0)];
        const c = [0, 1].map(() => memory.allocate(m * n));
        const call = (i: number): MatmulCall => ({
          m,
          n,
          k,
          a: { buffer: a, offset: 0, rowStride: k },
          b: { buffer: b, offset: 0, rowStride: n },
          c: { buffer: c[i], offset: 0, rowStride: n },
        });
        memory.openScope();
        const packed = before.packPlace({ ...call(0), times: 10 })!;
        runner.run((writer) => before.writePack(writer, { ...call(0), times: 10 }, packed));
        [before, after].forEach((kernels, i) =>
          runner.run((writer, workspace) => kernels.write(writer, { ...call(i), packed }, 'blocked', workspace)),
        );
        memory.closeScope();
        const [expected, received] = c.map((buffer) =>
          memory.floats.slice(buffer.address / 4, buffer.address / 4 + m * n),
        );
        expect(expected.some((value) => value !== 0)).toBe(true);
        expect(received).toEqual(expected);
        for (const buffer of [a, b, ...c]) memory.free(buffer);
      }
    }
  });

  it('give each row the same bits wherever it stands', () => {
    for (const family of families) {
      for (const m of [2, 3, 5, 7, 29, 131]) {
        for (const transposeB of [false, true])
          expect(bitsOf(family, m, inOrder(m).reverse(), transposeB)).toEqual(
            bitsOf(family, m, inOrder(m), transposeB),
          );
      }
    }
  });
});
