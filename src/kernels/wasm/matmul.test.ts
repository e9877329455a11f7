import { describe, expect, it } from 'vitest';
import { matmulOn } from '../../../test/support/kernels-on.js';
import { describeProducts, filled } from '../../../test/support/product-checks.js';
import { Random } from '../../random.js';
import type { MatmulCall } from '../contract.js';
import { hasRelaxedSimd } from './features.js';
import { KernelRunner } from './kernel-runner.js';
import { MatmulKernels } from './matmul.js';
import { type TileFamily, tileFamilies } from './matmul-tiles.js';
import { WasmMemory } from './memory.js';
import { tileKernels, tileProducts } from './tile-products.js';

const memory = new WasmMemory();

const families = tileFamilies.filter(({ madd }) => madd === 'plain' || hasRelaxedSimd());

for (const family of families)
  describeProducts(`matrix products with ${family.name} tiles`, { memory, products: matmulOn(memory, family) });

describe('matrix products', () => {
  const bitsOf = (family: TileFamily, m: number, rows: readonly number[], transposeB: boolean): Float32Array => {
    const random = new Random(9);
    const [n, k] = [47, 601];
    const source = filled(memory, random, m, k, 0);
    const a = { buffer: memory.allocate(m * k), offset: 0, rowStride: k };
    const b = {
      buffer: filled(memory, random, transposeB ? n : k, transposeB ? k : n, 0),
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
        .map((family) => new MatmulKernels(memory, tileProducts(family), tileKernels(runner.modules, family)));
      for (const after of others) {
        const [a, b] = [filled(memory, random, m, k, 0), filled(memory, random, k, n, 0)];
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

  it('are not written where no kernel takes them, or reads beyond an array', () => {
    const { kernels, runner } = matmulOn(memory, families[0]);
    const matrix = (size: number) => ({ buffer: memory.allocate(size), offset: 0, rowStride: 9 });
    const [m, n, k] = [9, 9, 9];
    const call = { m, n, k, a: matrix(81), b: matrix(81), c: matrix(81) };
    const write = (changed: Partial<MatmulCall>, strategy: 'rows' | 'dot' | 'blocked') => () =>
      runner.run((writer, workspace) => kernels.write(writer, { ...call, ...changed }, strategy, workspace));
    for (const none of [{ m: 0 }, { n: 0 }, { k: 0 }])
      expect(write(none, 'blocked')).toThrow('[INTERNAL] wasm backend: there is no kernel for a product.');
    expect(write({}, 'rows')).toThrow('received: [9, 9] by [9, 9], rows');
    expect(write({ m: 1, transposeB: true }, 'rows')).toThrow("received: [1, 9] by [9, 9]', rows");
    expect(write({}, 'dot')).toThrow('there is no kernel');
    expect(write({}, 'blocked')).not.toThrow();
    memory.openScope();
    const short = { ...call, b: matrix(80), times: 9 };
    const packed = kernels.packPlace(short)!;
    expect(() => runner.run((writer) => kernels.writePack(writer, short, packed))).toThrow('reach beyond a buffer');
    memory.closeScope();
  });
});
