/**
 * Speed of the matrix products that recurrent layers are made of, on one thread: the kernels, and an installed BLAS
 * where one is found (see `useBlas`), called for every shape.
 *
 *   npm run build && node dist/bench/matmul.js
 *   node --experimental-wasm-revectorize dist/bench/matmul.js
 */
import { cpus, loadavg } from 'node:os';
import type { Accelerator } from '../src/kernels/acceleration.js';
import { findBlas } from '../src/kernels/blas/find.js';
import type { MatmulCall } from '../src/kernels/contract.js';
import { createWasmBackend, type WasmBackend } from '../src/kernels/wasm/backend.js';

interface Shape {
  form: 'NN' | 'NT' | 'TN';
  m: number;
  n: number;
  k: number;
  /** Where it comes from. */
  use: string;
}

const shapes: readonly Shape[] = [
  { form: 'NN', m: 32, n: 512, k: 128, use: 'one step, batch 32, 128 units' },
  { form: 'NN', m: 20, n: 800, k: 200, use: 'one step, batch 20, 200 units' },
  { form: 'NN', m: 32, n: 2048, k: 512, use: 'one step, batch 32, 512 units' },
  { form: 'NN', m: 8, n: 512, k: 128, use: 'one step, batch 8, 128 units' },
  { form: 'NT', m: 32, n: 128, k: 512, use: 'one step back, batch 32, 128 units' },
  { form: 'NT', m: 20, n: 200, k: 800, use: 'one step back, batch 20, 200 units' },
  { form: 'NN', m: 3200, n: 512, k: 64, use: 'input product, 64 features' },
  { form: 'NT', m: 3200, n: 64, k: 512, use: 'input gradient' },
  { form: 'TN', m: 128, n: 512, k: 3200, use: 'weight gradient' },
  { form: 'NN', m: 32, n: 256, k: 1024, use: 'dense' },
  { form: 'NN', m: 640, n: 10000, k: 200, use: 'softmax over 10000 words' },
  { form: 'NT', m: 640, n: 200, k: 10000, use: 'its input gradient' },
  { form: 'TN', m: 200, n: 10000, k: 640, use: 'its weight gradient' },
  { form: 'NN', m: 1, n: 512, k: 128, use: 'streaming, 128 units' },
  { form: 'NN', m: 1, n: 2048, k: 512, use: 'streaming, 512 units' },
  { form: 'NN', m: 3200, n: 1, k: 128, use: 'one output' },
];

const warmUpMs = 120;
const measureMs = 400;
/** Short runs, of which the best counts: a shared machine interrupts long ones. */
const flopsOfRun = 4e7;

/** The product of one shape with random matrices in [-1/2, 1/2), checked at a few places against float64. */
function prepare(backend: WasmBackend, { form, m, n, k, use }: Shape): MatmulCall {
  const transposeA = form[0] === 'T';
  const transposeB = form[1] === 'T';
  const matrix = (rows: number, columns: number): { view: MatmulCall['a']; values: Float32Array } => {
    const values = Float32Array.from({ length: rows * columns }, () => Math.random() - 0.5);
    const view = { buffer: backend.allocate(values.length), offset: 0, rowStride: columns };
    backend.write(view, values);
    return { view, values };
  };
  const a = transposeA ? matrix(k, m) : matrix(m, k);
  const b = transposeB ? matrix(n, k) : matrix(k, n);
  const c = matrix(m, n).view;
  const call: MatmulCall = { m, n, k, a: a.view, b: b.view, c, transposeA, transposeB };
  backend.matmul(call);
  const result = backend.readNow(c, m * n);
  for (const [i, j] of [
    [0, 0],
    [m - 1, n - 1],
    [m >> 1, n >> 1],
    [0, n - 1],
    [m - 1, 0],
  ]) {
    let sum = 0;
    for (let p = 0; p < k; p++)
      sum += a.values[transposeA ? p * m + i : i * k + p] * b.values[transposeB ? j * k + p : p * n + j];
    if (!(Math.abs(result[i * n + j] - sum) < 1e-3))
      throw new Error(`${use}: element ${i}, ${j} is ${result[i * n + j]}, not ${sum}.`);
  }
  return call;
}

/** The best of short runs, the kernels and then the BLAS in turn. */
function gigaflopsOf(backend: WasmBackend, call: MatmulCall, ways: readonly (Accelerator | undefined)[]): number[] {
  const flops = 2 * call.m * call.n * call.k;
  const times = Math.max(1, Math.round(flopsOfRun / flops));
  const run = (way: Accelerator | undefined): number => {
    backend.acceleration.accelerator = way;
    const started = performance.now();
    for (let i = 0; i < times; i++) backend.matmul(call);
    return performance.now() - started;
  };
  const bestMs = ways.map(() => Infinity);
  const started = performance.now();
  for (let now = started; now - started < warmUpMs + measureMs * ways.length; now = performance.now()) {
    ways.forEach((way, i) => (bestMs[i] = Math.min(bestMs[i], run(way))));
  }
  backend.acceleration.accelerator = undefined;
  return bestMs.map((ms) => (flops * times) / ms / 1e6);
}

const backend = createWasmBackend();
const { family, measured, elapsedMs } = backend.acceleration.chooseTiles();
console.log(
  `${cpus()[0].model}, Node ${process.versions.node}, V8 ${process.versions.v8}, load ${loadavg()[0].toFixed(1)}`,
);
console.log(
  `tiles: ${family.name}, chosen in ${elapsedMs.toFixed(0)} ms among ` +
    measured.map(({ name, gigaflops }) => `${name} ${gigaflops.toFixed(0)}`).join(', '),
);
const { library, koffiFault } = await findBlas();
const blas: Accelerator[] =
  library === undefined ? [] : [{ name: library.version, takes: () => true, multiply: library.multiply }];
console.log(
  library === undefined ? `no BLAS (${koffiFault ?? 'none is installed'})\n` : `BLAS: ${library.version}, 1 thread\n`,
);
console.log(`GFLOP/s ${library === undefined ? '' : '    BLAS  ratio '} product                      use`);
for (const shape of shapes) {
  const call = prepare(backend, shape);
  const size = `${shape.form} m ${shape.m} k ${shape.k} n ${shape.n}`;
  const [kernels, ...others] = gigaflopsOf(backend, call, [undefined, ...blas]);
  const beside = others
    .map((speed) => `${speed.toFixed(1).padStart(8)} ${(speed / kernels).toFixed(2).padStart(6)} `)
    .join('');
  console.log(`${kernels.toFixed(1).padStart(7)} ${beside} ${size.padEnd(27)}  ${shape.use}`);
  for (const { buffer } of [call.a, call.b, call.c]) backend.free(buffer);
}
