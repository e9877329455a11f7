import { describe, expect, it } from 'vitest';
import { withBlas } from '../../../test/support/installed-blas.js';
import { Random } from '../../random.js';
import type { MatmulCall, Strided } from '../contract.js';
import { findKoffi, type Koffi } from '../koffi.js';
import { createWasmBackend, type WasmBackend } from '../wasm/backend.js';
import { BlasAccelerator } from './accelerator.js';
import { findBlas } from './find.js';
import { blasLibraries } from './libraries.js';
import { openLibrary } from './library.js';
import { compareSpeeds } from './probe.js';
import { faultOf } from './self-test.js';
import type { Multiply } from './sgemm.js';

const buffer = { size: 1 << 20, dtype: 'float32' } as const;
const at = (rowStride = 1): Strided => ({ buffer, offset: 0, rowStride });
const sized = (m: number, n: number, k: number): MatmulCall => ({ m, n, k, a: at(), b: at(), c: at() });

/** The contract's product in float64, rounded at the end. */
const plain: Multiply = ({ call: { m, n, k, a, b, c, transposeA, transposeB, accumulate }, memory, ...first }) => {
  for (let i = 0; i < m; i++) {
    for (let j = 0; j < n; j++) {
      let sum = accumulate ? memory[first.c / 4 + i * c.rowStride + j] : 0;
      for (let p = 0; p < k; p++) {
        sum +=
          memory[first.a / 4 + (transposeA ? p * a.rowStride + i : i * a.rowStride + p)] *
          memory[first.b / 4 + (transposeB ? j * b.rowStride + p : p * b.rowStride + j)];
      }
      memory[first.c / 4 + i * c.rowStride + j] = sum;
    }
  }
};

describe('the self-test of a BLAS', () => {
  it('passes a product that is right', () => expect(faultOf(plain)).toBeUndefined());

  it.each<[string, Multiply]>([
    ['does nothing', () => undefined],
    ['ignores that a is transposed', (product) => plain({ ...product, call: { ...product.call, transposeA: false } })],
    ['ignores that b is transposed', (product) => plain({ ...product, call: { ...product.call, transposeB: false } })],
    ['always adds to what is there', (product) => plain({ ...product, call: { ...product.call, accumulate: true } })],
    ['never adds to what is there', (product) => plain({ ...product, call: { ...product.call, accumulate: false } })],
    [
      'forgets the last step of k',
      (product) => plain({ ...product, call: { ...product.call, k: product.call.k - 1 } }),
    ],
    [
      'is a little wrong',
      (product) => {
        plain(product);
        product.memory[product.c / 4] *= 1 + 1e-4;
      },
    ],
    [
      'writes beside the result',
      (product) => {
        plain(product);
        product.memory[product.c / 4 + product.call.n] = 0;
      },
    ],
  ])('finds one that %s', (_, multiply) => expect(faultOf(multiply)).toMatch(/^it (computes|writes) .*\.$/));
});

describe('the search for a BLAS', () => {
  it('knows the names of each system, and folders of installations', () => {
    expect(blasLibraries({ platform: 'linux', environment: {} })[0]).toBe('libopenblas.so.0');
    expect(blasLibraries({ platform: 'darwin', environment: {} })[0]).toContain('Accelerate');
    expect(blasLibraries({ platform: 'win32', environment: { CONDA_PREFIX: 'C:\\conda' } })[0]).toBe(
      'C:\\conda\\Library\\bin\\libopenblas.dll',
    );
    expect(blasLibraries({ platform: 'linux', environment: { CONDA_PREFIX: '/c', MKLROOT: '/m' } })).toContain(
      '/m/lib/libmkl_rt.so.2',
    );
    expect(blasLibraries({ platform: 'linux', environment: { RONDO_BLAS: '/own/libblas.so' } })).toEqual([
      '/own/libblas.so',
    ]);
  });
});

describe('a koffi whose calls throw', () => {
  const throws = (): never => {
    throw new Error('calls are forbidden here\nat length');
  };
  it.each([
    ['when a library is opened', { load: throws }],
    ['when a function is called', { load: () => ({ func: () => throws }), address: () => 0n }],
  ])('leaves the library out, and says why: %s', (_, koffi) => {
    expect(openLibrary(koffi as unknown as Koffi, 'libblas.so')).toEqual({
      path: 'libblas.so',
      reason: 'calls are forbidden here',
    });
  });
});

describe('the search for koffi', () => {
  it('says why it is not there', async () => {
    const old = await findKoffi(() =>
      Promise.resolve({ default: { load: () => ({ func: () => () => undefined }) } as never }),
    );
    expect(old).toMatchObject({ koffi: undefined, reason: expect.stringContaining('npm install koffi@latest') });
    const failing = (code: string, message: string) =>
      findKoffi(() => Promise.reject(Object.assign(new Error(message), { code })));
    expect(await failing('ERR_MODULE_NOT_FOUND', "Cannot find package 'koffi'")).toEqual({
      koffi: undefined,
      reason: 'the npm package koffi is not installed.',
    });
    expect(await failing('', 'no binary for this system\n  at x')).toEqual({
      koffi: undefined,
      reason: 'the npm package koffi does not load: no binary for this system',
    });
  });
});

describe('products for a BLAS', () => {
  const accelerator = new BlasAccelerator({ path: 'x', version: 'X 1', multiply: plain, setThreads: undefined });

  it('are those that gain from it, by their sizes alone', () => {
    expect(accelerator.takes(sized(32, 512, 128))).toBe(true);
    expect(accelerator.takes(sized(3200, 2, 128))).toBe(true);
    expect(accelerator.takes(sized(9, 7, 11))).toBe(false);
    expect(accelerator.takes(sized(1, 2048, 512))).toBe(false);
    expect(accelerator.takes(sized(2048, 1, 512))).toBe(false);
    expect(accelerator.takes(sized(0, 512, 128))).toBe(false);
    expect(accelerator.takes(sized(32, 512, 0))).toBe(false);
  });
});

await withBlas('products by a BLAS', (library) => {
  describe.each([
    ['', createWasmBackend()],
    [' shared', createWasmBackend({ sharedMemory: true })],
  ])('products by a BLAS in%s WebAssembly memory', (_, backend: WasmBackend) => {
    const accelerator = new BlasAccelerator(library);

    it('agree with the kernels to rounding in each form, after the memory has grown too', () => {
      const random = new Random(4);
      const limits = [
        [33, 47, 129],
        [1, 203, 131],
        [67, 1, 301],
        [9, 130, 77],
      ];
      for (const [turn, [m, n, k]] of [...limits, ...limits].entries()) {
        if (turn === limits.length) backend.allocate(1 << 22);
        for (let form = 0; form < 8; form++) {
          const [transposeA, transposeB, accumulate] = [1, 2, 4].map((bit) => (form & bit) !== 0);
          const matrix = (rows: number, columns: number): Strided => {
            const rowStride = rows === 1 ? 0 : columns + 5;
            const values = Float32Array.from({ length: 3 + rows * (columns + 5) }, () => 2 * random.uniform() - 1);
            const view = { buffer: backend.allocate(values.length), offset: 3, rowStride };
            backend.write({ ...view, offset: 0 }, values);
            return view;
          };
          const [a, b, c] = [
            transposeA ? matrix(k, m) : matrix(m, k),
            transposeB ? matrix(n, k) : matrix(k, n),
            matrix(m, n),
          ];
          const call: MatmulCall = { m, n, k, a, b, c, transposeA, transposeB, accumulate };
          const before = backend.readNow({ ...c, offset: 0 }, c.buffer.size);
          const results = [undefined, { name: 'all', takes: () => true, multiply: library.multiply }].map((by) => {
            backend.write({ ...c, offset: 0 }, before);
            backend.acceleration.accelerator = by;
            backend.matmul(call);
            backend.acceleration.accelerator = undefined;
            return Float32Array.from(backend.readNow({ ...c, offset: 0 }, c.buffer.size));
          });
          // Sums of k products of at most 1, each way within (k + 2) 2^-24 of the exact one.
          const worst = results[0].reduce((most, value, i) => Math.max(most, Math.abs(value - results[1][i])), 0);
          expect(worst).toBeLessThan(2 * (k + 2) * (k + 1) * 2 ** -24);
          for (const view of [a, b, c]) backend.free(view.buffer);
        }
      }
    });

    it('are timed beside the kernels, and leave the backend as it was', () => {
      const memory = backend.memory();
      const speeds = compareSpeeds(backend, accelerator);
      expect(speeds.length).toBeGreaterThan(2);
      for (const { wasmGigaflops, blasGigaflops } of speeds)
        expect(Math.min(wasmGigaflops, blasGigaflops)).toBeGreaterThan(0);
      expect(backend.acceleration.accelerator).toBeUndefined();
      expect(backend.memory().temporaryBytes).toBe(memory.temporaryBytes);
    });
  });

  it('libraries that are none, or have no such product, are refused with the reason', async () => {
    const { refused, library: found } = await findBlas('/nowhere/libblas.so');
    expect(found).toBeUndefined();
    expect(refused[0]).toMatchObject({ path: '/nowhere/libblas.so' });
    expect(refused[0].reason).not.toBe('');
  });
});
