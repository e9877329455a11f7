/**
 * Products of machine code with weights of 16 bits beside the same in single precision: the products of a recurrent
 * layer's steps, one after the other, as many as it has weights. Everything is run in turns; the fastest tenth counts.
 *
 *   npm run build && node dist/bench/half-products.js [m,K,N,matrices ...]
 */

import { halfMatrix } from '../src/kernels/compress-matrix.js';
import { provideCompressedEngine } from '../src/kernels/compressed-engine.js';
import type { Strided } from '../src/kernels/contract.js';
import { compressedProduct } from '../src/kernels/reference/compressed-product.js';
import type { StepCall } from '../src/kernels/sequence/loop-host.js';
import { WasmBackend } from '../src/kernels/wasm/backend.js';
import { CompressedProducts } from '../src/kernels/wasm/compressed-products.js';
import { Random } from '../src/random.js';
import { machineCodes } from '../test/support/machine-code.js';
import { describeMachine } from './machine.js';

provideCompressedEngine({ wasm: CompressedProducts, reference: compressedProduct });

const shapes =
  process.argv.length > 2
    ? process.argv.slice(2).map((text) => text.split(',').map(Number))
    : [1, 2, 4, 8, 16, 32].flatMap((m) => [
        [m, 128, 512, 2],
        [m, 256, 1024, 2],
        [m, 512, 2048, 2],
        [m, 1024, 4096, 2],
      ]);
const steps = 20;

console.log(describeMachine());
for (const { isa, code, reason } of machineCodes) {
  if (code === undefined) {
    console.log(`${isa}: not run (${reason})`);
    continue;
  }
  console.log(`\n${isa}\n   m     K     N matrices |  float32 us  float16  bfloat16 | speed of float16 and bfloat16`);
  for (const [m, k, n, matrices] of shapes) {
    const backend = new WasmBackend({ threads: 1 }, undefined, code);
    const random = new Random(1);
    const numbers = (size: number): Float32Array => Float32Array.from({ length: size }, () => random.normal());
    const matrix = (rows: number, columns: number): Strided => {
      const view = { buffer: backend.allocate(rows * columns), offset: 0, rowStride: columns };
      backend.write(view, numbers(rows * columns));
      return view;
    };
    const a = matrix(m, k);
    const c = matrix(m, n);
    const weights = Array.from({ length: matrices }, () => numbers(k * n));
    const singles = weights.map((values) => {
      const view = { buffer: backend.allocate(k * n), offset: 0, rowStride: n };
      backend.write(view, values);
      return view;
    });
    const accumulate = true;
    backend.openScope();
    const packed = singles.map((b) => backend.loops.pack({ m, n, k, b, times: 20 }));
    const kinds: Record<string, StepCall[]> = {
      float32: singles.map((b, i) => ({ kind: 'matmul', call: { m, n, k, a, b, c, accumulate, packed: packed[i] } })),
    };
    for (const type of ['float16', 'bfloat16'] as const)
      kinds[type] = weights.map((values) => ({
        kind: 'compressed',
        call: {
          m,
          n,
          a,
          c,
          accumulate,
          firstColumn: 0,
          matrix: backend.placeMatrix(halfMatrix(type, values, { k, n }), n / 4),
        },
      }));
    const times: Record<string, number[]> = { float32: [], float16: [], bfloat16: [] };
    const end = performance.now() + 1500;
    while (performance.now() < end)
      for (const [kind, calls] of Object.entries(kinds)) {
        const numSteps = Math.max(1, Math.round((2e6 * steps) / (m * k * n * matrices)));
        const start = performance.now();
        backend.loops.parallelFor([[{ numSteps, calls }]]);
        times[kind].push((1000 * (performance.now() - start)) / numSteps);
      }
    backend.closeScope();
    const [single, half, brain] = ['float32', 'float16', 'bfloat16'].map((kind) => {
      const sorted = times[kind].sort((x, y) => x - y);
      return sorted[Math.floor(sorted.length / 10)];
    });
    const cell = (value: number, width: number): string => value.toFixed(2).padStart(width);
    console.log(
      `${String(m).padStart(4)} ${String(k).padStart(5)} ${String(n).padStart(5)} ${String(matrices).padStart(8)} | ` +
        `${cell(single, 11)} ${cell(half, 8)} ${cell(brain, 9)} | ${cell(single / half, 5)} ${cell(single / brain, 5)}`,
    );
  }
}
