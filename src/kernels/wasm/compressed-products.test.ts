import { setFlagsFromString } from 'node:v8';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { machineCodes } from '../../../test/support/machine-code.js';
import { Random } from '../../random.js';
import { blockSparse, halfMatrix, quantizedBlocks, quantizeMatrix, valuesOfBlocks } from '../compress-matrix.js';
import { provideCompressedEngine } from '../compressed-engine.js';
import { type CompressedMatrix, isHalf } from '../compressed-matrix.js';
import type { Backend } from '../contract.js';
import { createReferenceBackend } from '../reference/backend.js';
import { compressedProduct } from '../reference/compressed-product.js';
import { createWasmBackend, WasmBackend } from './backend.js';
import { CompressedProducts } from './compressed-products.js';
import { hasRelaxedSimd } from './features.js';

provideCompressedEngine({ wasm: CompressedProducts, reference: compressedProduct });
const reference = createReferenceBackend();
const backends = {
  wasm: createWasmBackend({ threads: 1 }),
  deterministic: createWasmBackend({ threads: 1, deterministic: true }),
  ...Object.fromEntries(
    machineCodes.flatMap(({ isa, code }) =>
      code === undefined ? [] : [[`machine code of ${isa}`, new WasmBackend({ threads: 1 }, undefined, code)]],
    ),
  ),
};

function normals(size: number, seed: number): Float32Array {
  const random = new Random(seed);
  return Float32Array.from({ length: size }, () => random.normal());
}

interface ProductOptions {
  m: number;
  a: Float32Array;
  segment?: number;
  firstColumn?: number;
  n?: number;
  accumulate?: boolean;
}

/** `[m, n]`: what c holds after the product of some segments with a. */
function product(
  backend: Backend,
  matrix: CompressedMatrix,
  { m, a, segment = matrix.n, firstColumn = 0, n = matrix.n, accumulate = false }: ProductOptions,
): number[] {
  backend.openScope();
  const strideA = matrix.k + 3;
  const strideC = n + 5;
  const left = { buffer: backend.temporary(m * strideA), offset: 0, rowStride: strideA };
  for (let row = 0; row < m; row++)
    backend.write({ ...left, offset: row * strideA }, a.subarray(row * matrix.k, (row + 1) * matrix.k));
  const c = { buffer: backend.temporary(m * strideC), offset: 0, rowStride: strideC };
  backend.fill(c, m * strideC, 0.25);
  const placed = backend.placeMatrix(matrix, segment);
  backend.compressedMatmul({ m, n, a: left, matrix: placed, firstColumn, c, accumulate });
  const all = backend.readNow!(c, m * strideC);
  for (const buffer of placed.buffers) backend.free(buffer);
  backend.closeScope();
  return [...all];
}

const sizes = [
  { m: 1, k: 7, segment: 5, segments: 3 },
  { m: 3, k: 18, segment: 37, segments: 4 },
  { m: 19, k: 33, segment: 64, segments: 2 },
  { m: 2, k: 1, segment: 1, segments: 1 },
  { m: 35, k: 50, segment: 97, segments: 1 },
  { m: 1, k: 20, segment: 288, segments: 2 },
];

describe.each(Object.entries(backends))('products with compressed matrices on %s', (_, backend) => {
  for (const { m, k, segment, segments } of sizes) {
    const n = segment * segments;
    const weights = normals(k * n, 11);
    const a = normals(m * k, 12);
    const kinds = {
      'of 8 bits': quantizeMatrix(weights, { k, n }),
      'of 8 bits with blocks of zeros': quantizeMatrix(
        weights.map((value, i) => ((Math.floor(i / n / 4) + (((i % n) % segment) >> 3)) % 3 === 0 ? value : 0)),
        { k, n },
      ),
      'of blocks': blockSparse(
        weights.map((value, i) => (Math.floor(i / n) % 3 === 0 ? value : 0)),
        { k, n },
        segment,
      ),
      'of float16': halfMatrix('float16', weights, { k, n }),
      'of bfloat16': halfMatrix('bfloat16', weights, { k, n }),
    };
    for (const [name, matrix] of Object.entries(kinds)) {
      const { supported, reason } = backend.supports('halfWeights');
      if (!supported && isHalf(matrix)) {
        it.skip(`${name} (not run: ${reason})`, () => undefined);
        continue;
      }
      it(`are those of the reference: ${name}, ${m} x ${k} x ${segments} * ${segment}`, () => {
        for (const part of [{}, { accumulate: true }, { firstColumn: n - segment, n: segment }]) {
          const expected = product(reference, matrix, { m, a, segment, ...part });
          const received = product(backend, matrix, { m, a, segment, ...part });
          const largest = Math.max(...expected.map(Math.abs));
          received.forEach((value, i) => expect(Math.abs(value - expected[i])).toBeLessThanOrEqual(3e-6 * largest));
        }
      });
    }
  }

  it('of 8 bits are within the rounding of both factors', () => {
    const [m, k, n] = [4, 30, 22];
    const weights = normals(k * n, 13);
    const a = normals(m * k, 14);
    const received = product(backend, quantizeMatrix(weights, { k, n }), { m, a });
    for (let row = 0; row < m; row++) {
      const inputs = a.subarray(row * k, (row + 1) * k);
      const stepOfA = (Math.max(0, ...inputs) - Math.min(0, ...inputs)) / 127;
      for (let column = 0; column < n; column++) {
        const outputs = inputs.map((_, i) => weights[i * n + column]);
        const stepOfW = Math.max(...outputs.map(Math.abs)) / 127;
        let exact = 0;
        let bound = 1e-5;
        inputs.forEach((value, i) => {
          exact += value * outputs[i];
          // A value is off by half a step, and by another where the zero was rounded.
          bound += stepOfA * Math.abs(outputs[i]) + (stepOfW / 2) * (Math.abs(value) + stepOfA);
        });
        expect(Math.abs(received[row * (n + 5) + column] - exact)).toBeLessThanOrEqual(bound);
      }
    }
  });

  it.each([NaN, Infinity])('show %s in what they multiply', (bad) => {
    const matrix = quantizeMatrix(normals(9 * 6, 15), { k: 9, n: 6 });
    const a = normals(2 * 9, 16);
    a[4] = bad;
    const received = product(backend, matrix, { m: 2, a });
    expect(received.slice(0, 6).every((value) => !Number.isFinite(value))).toBe(true);
    expect(received.slice(11, 17).every(Number.isFinite)).toBe(true);
  });

  it('of 8 bits with a row of zeros are zeros', () => {
    const matrix = quantizeMatrix(normals(9 * 6, 17), { k: 9, n: 6 });
    expect(product(backend, matrix, { m: 1, a: new Float32Array(9), segment: 3 }).slice(0, 6)).toEqual([
      0, 0, 0, 0, 0, 0,
    ]);
  });
});

describe('blocks of zeros among weights of 8 bits', () => {
  const [k, segment, segments] = [11, 19, 2];
  const n = segment * segments;
  const kept = (i: number): boolean => (Math.floor(i / n / 4) + (((i % n) % segment) >> 3)) % 3 === 0;
  const matrix = quantizeMatrix(
    normals(k * n, 30).map((value, i) => (kept(i) ? value : 0)),
    { k, n },
  );

  it('are left out where they are at least half, and what is kept is the whole', () => {
    const blocks = quantizedBlocks(matrix, segment)!;
    expect(blocks.starts).toEqual(Int32Array.of(0, 1, 2, 3, 4, 5, 6));
    expect(blocks.inputs).toEqual(Int32Array.of(0, 8, 4, 0, 8, 4));
    expect(valuesOfBlocks(blocks, { k, n }, segment)).toEqual(matrix.values);
    expect(quantizedBlocks(quantizeMatrix(normals(k * n, 31), { k, n }), segment)).toBeUndefined();
  });

  it('change no bit', () => {
    // The same weights behind others that are no zeros, so that too few blocks are.
    const wide = quantizeMatrix(
      Float32Array.from({ length: k * 5 * n }, (_, i) => {
        const [row, column] = [Math.floor(i / (5 * n)), i % (5 * n)];
        return column < n ? matrix.values[row * n + column] * matrix.scales[column] : 1 + (i % 7);
      }),
      { k, n: 5 * n },
    );
    expect(quantizedBlocks(wide, segment)).toBeUndefined();
    const a = normals(3 * k, 32);
    const whole = product(backends.wasm, wide, { m: 3, a, segment, n });
    expect(product(backends.wasm, matrix, { m: 3, a, segment })).toEqual(whole);
  });
});

describe('the relaxed and the plain dot product of 8 bits', () => {
  /** A backend whose 8-bit products have one of the two. */
  function backendWith(relaxedDot: boolean): Backend {
    class Products extends CompressedProducts {
      constructor(...[memory, modules, madd]: ConstructorParameters<typeof CompressedProducts>) {
        super(memory, modules, madd, relaxedDot);
      }
    }
    provideCompressedEngine({ wasm: Products, reference: compressedProduct });
    const backend = createWasmBackend({ threads: 1 });
    // The engine is taken at the first product.
    product(backend, quantizeMatrix([1], { k: 1, n: 1 }), { m: 1, a: Float32Array.of(1) });
    provideCompressedEngine({ wasm: CompressedProducts, reference: compressedProduct });
    return backend;
  }

  // Node 20 computes the relaxed one right where its baseline compiler is left out.
  const hasBaselineFault = Number(process.versions.node.split('.')[0]) < 22;
  beforeAll(() => void (hasBaselineFault && setFlagsFromString('--no-liftoff')));
  afterAll(() => void (hasBaselineFault && setFlagsFromString('--liftoff')));

  it.each(sizes)('give the same bits: $m x $k x $segments * $segment', ({ m, k, segment, segments }) => {
    expect(hasRelaxedSimd()).toBe(true);
    const n = segment * segments;
    // All weights at the ends of their range: where sums of pairs are largest.
    const blocks = normals(k * n, 21).map((value, i) => (Math.floor(i / n / 4) % 3 === 0 ? value : 0));
    for (const weights of [normals(k * n, 18), normals(k * n, 19).map(Math.sign), blocks]) {
      const matrix = quantizeMatrix(weights, { k, n });
      const a = normals(m * k, 20);
      const [plain, relaxed] = [false, true].map((kind) => product(backendWith(kind), matrix, { m, a, segment }));
      expect(relaxed).toEqual(plain);
    }
  });
});
