/**
 * Speed of the matrix products of recurrent layers by machine code, on one thread, beside the kernels of WebAssembly, an
 * installed BLAS where one is found, and what the core can do at most: multiply-adds on registers alone. Everything is
 * run in turns, and the fastest tenth of short runs counts, in time of the thread.
 *
 *   npm run build && node dist/bench/machine-products.js [part of a shape's text]
 */
import { createRequire } from 'node:module';
import { loadavg } from 'node:os';
import { findBlas } from '../src/kernels/blas/find.js';
import type { MatmulCall } from '../src/kernels/contract.js';
import { findKoffiNow } from '../src/kernels/koffi.js';
import { chooseTiles } from '../src/kernels/wasm/matmul-choice.js';
import { WasmMemory } from '../src/kernels/wasm/memory.js';
import { Assembler } from '../src/kernels/x64/assembler.js';
import type { X64MachineCode } from '../src/kernels/x64/machine-code.js';
import { rax } from '../src/kernels/x64/registers.js';
import { VectorUnit } from '../src/kernels/x64/vector-unit.js';
import { matmulOn, type Products } from '../test/support/kernels-on.js';
import { machineCodes } from '../test/support/machine-code.js';
import { machineProductsOn } from '../test/support/x64-products-on.js';
import { describeMachine } from './machine.js';

interface Shape {
  readonly form: 'NN' | 'NT' | 'TN';
  readonly m: number;
  readonly n: number;
  readonly k: number;
  /** Whether b is packed before, once for all steps. */
  readonly packed?: boolean;
  readonly use: string;
}

const shapes: readonly Shape[] = [
  { form: 'NN', m: 1, n: 1024, k: 256, use: 'stream, 256 units' },
  { form: 'NN', m: 1, n: 2048, k: 512, use: 'stream, 512 units' },
  { form: 'NN', m: 1, n: 512, k: 128, use: 'stream, 128 units' },
  { form: 'NN', m: 1, n: 64, k: 256, use: 'stream, 64 outputs' },
  { form: 'NN', m: 2, n: 1024, k: 256, use: 'stream, batch 2' },
  { form: 'NN', m: 4, n: 1024, k: 256, use: 'stream, batch 4' },
  { form: 'NN', m: 6, n: 1024, k: 256, use: 'stream, batch 6' },
  { form: 'NT', m: 1, n: 256, k: 1024, use: 'one row back, 256 units' },
  { form: 'NT', m: 4, n: 256, k: 1024, use: 'four rows back, 256 units' },
  { form: 'NT', m: 8, n: 256, k: 1024, use: 'eight rows back, 256 units' },
  { form: 'NN', m: 8, n: 1024, k: 256, packed: true, use: 'step, batch 8, 256 units' },
  { form: 'NN', m: 16, n: 1024, k: 256, packed: true, use: 'step, batch 16, 256 units' },
  { form: 'NN', m: 32, n: 512, k: 128, packed: true, use: 'step, batch 32, 128 units' },
  { form: 'NN', m: 32, n: 1024, k: 256, packed: true, use: 'step, batch 32, 256 units' },
  { form: 'NN', m: 32, n: 2048, k: 512, packed: true, use: 'step, batch 32, 512 units' },
  { form: 'NN', m: 64, n: 512, k: 128, packed: true, use: 'step, batch 64, 128 units' },
  { form: 'NN', m: 64, n: 2048, k: 512, packed: true, use: 'step, batch 64, 512 units' },
  { form: 'NN', m: 20, n: 800, k: 200, packed: true, use: 'step, batch 20, 200 units' },
  { form: 'NT', m: 32, n: 128, k: 512, packed: true, use: 'step back, batch 32, 128 units' },
  { form: 'NT', m: 32, n: 256, k: 1024, packed: true, use: 'step back, batch 32, 256 units' },
  { form: 'NT', m: 32, n: 512, k: 2048, packed: true, use: 'step back, batch 32, 512 units' },
  { form: 'NT', m: 20, n: 200, k: 800, packed: true, use: 'step back, batch 20, 200 units' },
  { form: 'NN', m: 32, n: 1024, k: 256, use: 'the same step, not packed before' },
  { form: 'NT', m: 32, n: 256, k: 1024, use: 'step back, not packed before' },
  { form: 'NN', m: 32, n: 10, k: 128, use: 'ten outputs' },
  { form: 'NN', m: 3200, n: 512, k: 64, use: 'input product, 64 features' },
  { form: 'NT', m: 3200, n: 64, k: 512, use: 'its gradient' },
  { form: 'NN', m: 3200, n: 1024, k: 256, use: 'input product, 256 features' },
  { form: 'TN', m: 64, n: 512, k: 3200, use: 'input weight gradient, 64 features' },
  { form: 'TN', m: 128, n: 512, k: 3200, use: 'weight gradient, 128 units' },
  { form: 'TN', m: 256, n: 1024, k: 3200, use: 'weight gradient, 256 units' },
  { form: 'TN', m: 512, n: 2048, k: 3200, use: 'weight gradient, 512 units' },
  { form: 'NN', m: 640, n: 10000, k: 200, use: 'softmax over 10000 words' },
  { form: 'NT', m: 640, n: 200, k: 10000, use: 'its input gradient' },
  { form: 'TN', m: 200, n: 10000, k: 640, use: 'its weight gradient' },
  { form: 'NN', m: 1024, n: 1024, k: 1024, use: 'square' },
];

const [, , wanted = ''] = process.argv;

/** Milliseconds that this thread has computed, where the system tells: other work on the machine does not count. */
function clockOfThread(): () => number {
  const { koffi } = findKoffiNow(createRequire(import.meta.url));
  if (koffi === undefined || process.platform !== 'linux') return () => performance.now();
  const now = koffi.load(null).func('int clock_gettime(int, void *)');
  const time = new BigInt64Array(2);
  return () => {
    now(3, time);
    return Number(time[0]) * 1e3 + Number(time[1]) / 1e6;
  };
}

const threadMs = clockOfThread();

/** What a tenth of the runs was faster than: the fastest one may be an error of the clock. */
function fastTenth(elapsed: readonly number[]): number {
  return [...elapsed].sort((a, b) => a - b)[Math.floor(elapsed.length / 10)];
}
const forMs = Number(process.env.FOR_MS ?? 600);
const flopsOfRun = 2e8;
const memory = new WasmMemory();

/** A way to multiply: what runs a product so many times. */
interface Way {
  readonly name: string;
  prepare(call: MatmulCall, times: number, packed: boolean): () => void;
}

function wayOf(name: string, { runner, kernels }: Products): Way {
  return {
    name,
    prepare(call, times, packed) {
      const place = packed ? kernels.packPlace({ ...call, times: 9 }) : undefined;
      if (place !== undefined) runner.run((writer) => kernels.writePack(writer, { ...call, times: 9 }, place));
      const way = kernels.wayOf({ ...call, packed: place });
      return () =>
        runner.parallelFor([
          (writer, workspace) => {
            writer.beginItem(1);
            writer.beginLoop(times);
            kernels.write(writer, way.call, way.strategy, workspace);
            writer.endLoop();
          },
        ]);
    },
  };
}

/** What runs multiply-adds on registers, and how many operations those are. */
function peakOf(machine: X64MachineCode): { run: () => void; operations: number } {
  const unit = new VectorUnit(machine.isa);
  const code = new Assembler();
  const [sums, turns] = [unit.numRegisters - 4, 200_000];
  for (let i = 0; i < unit.numRegisters; i++) unit.clear(code, unit.register(i));
  code.movConstant(rax, turns);
  code.alignTo(64);
  const again = code.bind();
  for (let i = 0; i < sums; i++)
    code.op('vfmadd231ps', unit.register(i), unit.register(sums), unit.register(sums + 1 + (i % 2)));
  code.arith('sub', rax, 1);
  code.jumpIf('notEqual', again);
  code.ret();
  const address = machine.place(code);
  const { thread } = machine.bind(memory.memory);
  return { run: () => thread.runKernel(address, 0), operations: 2 * unit.lanes * sums * turns };
}

/** Random matrices in [-1/2, 1/2); `check` compares a few places of c with float64. */
function matricesOf({ form, m, n, k, use }: Shape): { call: MatmulCall; check(name: string): void } {
  const transposeA = form[0] === 'T';
  const transposeB = form[1] === 'T';
  const matrix = (rows: number, columns: number): MatmulCall['a'] => {
    const buffer = memory.allocate(rows * columns);
    const start = buffer.address / 4;
    for (let i = 0; i < rows * columns; i++) memory.floats[start + i] = Math.random() - 0.5;
    return { buffer, offset: 0, rowStride: columns };
  };
  const a = transposeA ? matrix(k, m) : matrix(m, k);
  const b = transposeB ? matrix(n, k) : matrix(k, n);
  const c = matrix(m, n);
  const [startA, startB, startC] = [a, b, c].map((view) => memory.byteAddress(view) / 4);
  const check = (name: string): void => {
    const { floats } = memory;
    for (let turn = 0; turn < 20; turn++) {
      const [i, j] = [Math.floor(Math.random() * m), Math.floor(Math.random() * n)];
      let sum = 0;
      for (let p = 0; p < k; p++)
        sum +=
          floats[startA + (transposeA ? p * m + i : i * k + p)] * floats[startB + (transposeB ? j * k + p : p * n + j)];
      const received = floats[startC + i * n + j];
      if (!(Math.abs(received - sum) < 1e-3))
        throw new Error(`${name}, ${use}: ${i}, ${j} is ${received}, not ${sum}.`);
    }
    floats.fill(Number.NaN, startC, startC + m * n);
  };
  return { call: { m, n, k, a, b, c, transposeA, transposeB }, check };
}

const machines = machineCodes.flatMap(({ code }) => (code === undefined ? [] : [code]));
const peaks = machines.map(peakOf);
const { library } = await findBlas();
const ways: Way[] = [
  wayOf('wasm', matmulOn(memory, chooseTiles({ deterministic: false }).family)),
  ...machines.map((machine) => wayOf(machine.isa, machineProductsOn(memory, machine))),
];
if (library !== undefined) {
  ways.push({
    name: 'BLAS',
    prepare: (call, times) => {
      const [a, b, c] = [call.a, call.b, call.c].map((view) => memory.byteAddress(view));
      return () => {
        for (let i = 0; i < times; i++) library.multiply({ call, a, b, c, memory: memory.floats });
      };
    },
  });
}

console.log(
  `${describeMachine().processor}, load ${loadavg()[0].toFixed(1)}${library === undefined ? '' : `, ${library.version}`}`,
);
console.log('GFLOP/s, and per cent of the peak of the same instructions\n');
console.log(`${ways.map(({ name }) => name.padStart(name === 'wasm' || name === 'BLAS' ? 8 : 14)).join('')}   product`);
for (const shape of shapes) {
  const { form, m, n, k, packed = false, use } = shape;
  const text = `${form} m ${m} k ${k} n ${n}${packed ? ' packed' : ''}`;
  if (!`${text} ${use}`.includes(wanted)) continue;
  memory.openScope();
  const { call, check } = matricesOf(shape);
  const flops = 2 * m * n * k;
  const times = Math.max(1, Math.round(flopsOfRun / flops));
  const runs = ways.map((way) => {
    const run = way.prepare(call, times, packed);
    run();
    check(way.name);
    return run;
  });
  const elapsed: number[][] = [...runs, ...peaks].map(() => []);
  const time = (run: () => void, i: number): void => {
    const started = threadMs();
    run();
    elapsed[i].push(threadMs() - started);
  };
  const started = performance.now();
  while (performance.now() - started < forMs) {
    runs.forEach(time);
    peaks.forEach(({ run }, i) => time(run, runs.length + i));
  }
  const best = elapsed.map(fastTenth);
  const columns = ways.map(({ name }, i) => {
    const speed = (flops * times) / best[i] / 1e6;
    const at = machines.findIndex(({ isa }) => isa === name);
    if (at < 0) return speed.toFixed(1).padStart(8);
    const peak = peaks[at].operations / best[runs.length + at] / 1e6;
    return `${speed.toFixed(1)} ${((100 * speed) / peak).toFixed(0).padStart(3)} %`.padStart(14);
  });
  console.log(`${columns.join('')}   ${text.padEnd(34)} ${use}`);
  memory.closeScope();
  for (const { buffer } of [call.a, call.b, call.c]) memory.free(buffer as Parameters<WasmMemory['free']>[0]);
}
const peak = peaks.map(({ run, operations }) => {
  const elapsed = Array.from({ length: 60 }, () => {
    const started = threadMs();
    run();
    return threadMs() - started;
  });
  return operations / fastTenth(elapsed) / 1e6;
});
console.log(`\npeak: ${machines.map(({ isa }, i) => `${isa} ${peak[i].toFixed(0)}`).join(', ')} GFLOP/s`);
