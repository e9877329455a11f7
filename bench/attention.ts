/**
 * Times attention of several heads, forward and backward, as one operation and written with `matmul` and `softmax`;
 * in turns with another build of the library, where its `dist` folder is named, and with PyTorch, where `--python` is:
 *
 *     npm run bench:attention -- [OTHER_DIST] [--python PATH] [--batch 32] [--heads 8] [--timesteps 100] [--depth 16]
 *         [--threads 1] [--turns 15] [--host]
 *
 * Inputs and gradients stay in the backend's memory, as those of a layer inside of a model and PyTorch's do; with
 * `--host` inputs come from the host at each step, and gradients go back to it. GFLOP/s count six matrix products.
 * PyTorch is timed in two ways, of which the faster counts. Options of Node, such as
 * `--experimental-wasm-revectorize`, are given to `node dist/bench/attention.js`.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { parseArgs } from 'node:util';
import type { Backend, Tensor } from '../src/index.js';
import { type Measurement, PeerProcess } from './comparison/peer-process.js';
import { readFloats, writeArrays } from './comparison/shared-arrays.js';
import { describeMachine } from './machine.js';
import { median, middleHalf, timeRuns, warmUp } from './timing.js';
import { benchFolder } from './write-results.js';

type Library = typeof import('../src/index.js');

const { values: options, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    python: { type: 'string', default: process.env.RONDO_PYTHON },
    batch: { type: 'string', default: '32' },
    heads: { type: 'string', default: '8' },
    timesteps: { type: 'string', default: '100' },
    depth: { type: 'string', default: '16' },
    threads: { type: 'string', default: '1' },
    turns: { type: 'string', default: '15' },
    host: { type: 'boolean', default: false },
  },
});
const [batch, heads, timesteps, depth, threads, turns] = (
  ['batch', 'heads', 'timesteps', 'depth', 'threads', 'turns'] as const
).map((name) => Number(options[name]));
const width = heads * depth;
const TURN_MS = 200;
const kernels = ['matmul', 'pointwise', 'gatherRows', 'scatterAddRows', 'fill'];

/** Something that is timed. */
interface Contender {
  readonly title: string;
  /** dL/d(query), dL/d(key), dL/d(value), one behind the other. */
  readonly gradients: Float32Array;
  /** What is known of it besides its time. */
  readonly remark: string;
  /** The runs of one turn. */
  run(): Measurement | Promise<Measurement>;
  readonly turns: Measurement[];
}

function measured(step: () => void): Measurement {
  const cpuBefore = process.cpuUsage();
  const started = performance.now();
  const elapsedMs = timeRuns(step, TURN_MS, 3);
  const { user, system } = process.cpuUsage(cpuBefore);
  return { elapsedMs, cpuMs: (user + system) / 1000, wallMs: performance.now() - started };
}

/** A wrapped backend that counts calls of kernels. */
function counting(inner: Backend, count: () => void): Backend {
  return new Proxy(inner, {
    get(target, name) {
      const value: unknown = Reflect.get(target, name, target);
      if (typeof value !== 'function') return value;
      return (...given: unknown[]): unknown => {
        if (kernels.includes(String(name))) count();
        return value.apply(target, given);
      };
    },
  });
}

/** By name, how a build computes `[batch, timesteps, width]` from three of these. */
function waysOf({ ops }: Library): Record<string, (inputs: readonly Tensor[]) => Tensor> {
  const split = (x: Tensor): Tensor => ops.reshape(x, [batch, timesteps, heads, depth]);
  return {
    ...('dotProductAttention' in ops && {
      dotProductAttention: ([query, key, value]: readonly Tensor[]) =>
        ops.dotProductAttention(split(query), split(key), split(value)),
    }),
    'matmul and softmax': (inputs) => {
      const [q, k, v] = inputs.map((x) => ops.transpose(split(x), [0, 2, 1, 3]));
      const weights = ops.softmax(ops.mul(ops.matmul(q, k, { transposeB: true }), 1 / Math.sqrt(depth)));
      return ops.transpose(ops.matmul(weights, v), [0, 2, 1, 3]);
    },
  };
}

async function contendersOf(dist: string, arrays: readonly Float32Array[]): Promise<Contender[]> {
  const library = (await import(pathToFileURL(join(dist, 'src/index.js')).href)) as Library;
  const { ops, tensor, valueAndGradients, Variable, scope } = library;
  const inner = library.useBackend('wasm');
  library.setThreads(threads);
  const shape = [batch, timesteps, width];
  const inputs = arrays.map((values, i) =>
    options.host ? tensor(values, shape) : new Variable(shape, values, `input${i}`),
  );
  const contenders: Contender[] = [];
  for (const [way, attend] of Object.entries(waysOf(library))) {
    const step = (): readonly Tensor[] =>
      valueAndGradients(() => ops.sum(ops.square(attend(inputs))), inputs).gradients;
    let numCalls = 0;
    library.useBackend(counting(inner, () => numCalls++));
    const gradients = joined(step().map((gradient) => Float32Array.from(gradient.dataSync())));
    library.useBackend(inner);
    const timed = options.host ? step : () => scope(() => void step());
    warmUp(timed);
    // Workers start only when this thread has nothing to do for a moment.
    await new Promise((done) => setTimeout(done, 100));
    warmUp(timed);
    contenders.push({
      title: `${way}${positionals.length > 0 ? ` of ${dist}` : ''}`,
      gradients,
      remark: `${numCalls} kernel calls`,
      run: () => measured(timed),
      turns: [],
    });
  }
  return contenders;
}

async function pytorchContenders(peer: PeerProcess, arrays: readonly Float32Array[]): Promise<Contender[]> {
  const directory = mkdtempSync(join(tmpdir(), 'rondo-attention-'));
  try {
    const shape = [batch, timesteps, width];
    writeArrays(
      directory,
      ['query', 'key', 'value'].map((name, i) => ({ name, shape, values: arrays[i] })),
    );
    const { versions } = await peer.describe();
    const { outputFile, variants } = await peer.prepare({ heads }, directory);
    const gradients = readFloats(join(directory, outputFile));
    const contenders: Contender[] = [];
    for (const variant of variants) {
      const { elapsedMs } = await peer.measure(variant, 20);
      const repeats = Math.max(3, Math.ceil(TURN_MS / median(elapsedMs)));
      const run = (): Promise<Measurement> => peer.measure(variant, repeats);
      contenders.push({ title: `${variant} of PyTorch`, gradients, remark: versions, run, turns: [] });
    }
    return contenders;
  } finally {
    rmSync(directory, { recursive: true });
  }
}

function joined(arrays: readonly Float32Array[]): Float32Array {
  const all = new Float32Array(arrays.reduce((size, { length }) => size + length, 0));
  let at = 0;
  for (const values of arrays) {
    all.set(values, at);
    at += values.length;
  }
  return all;
}

/** How far numbers are from others, in words. */
function difference(values: Float32Array, others: Float32Array): string {
  if (values.every((value, i) => Object.is(value, others[i]))) return 'the same bits';
  let worst = 0;
  let largest = 0;
  values.forEach((value, i) => {
    worst = Math.max(worst, Math.abs(value - others[i]));
    largest = Math.max(largest, Math.abs(others[i]));
  });
  return worst <= 2e-5 * largest ? `gradients within ${(worst / largest).toExponential(0)}` : 'GRADIENTS DIFFER';
}

async function main(): Promise<void> {
  const own = fileURLToPath(new URL('..', import.meta.url));
  const { Random } = (await import('../src/index.js')) as Library;
  const random = new Random(1);
  const arrays = Array.from({ length: 3 }, () =>
    Float32Array.from({ length: batch * timesteps * width }, () => random.normal()),
  );
  const contenders: Contender[] = [];
  for (const dist of [own, ...positionals.map((path) => resolve(path))])
    contenders.push(...(await contendersOf(dist, arrays)));
  const peer =
    options.python === undefined
      ? undefined
      : new PeerProcess({
          name: 'PyTorch',
          program: options.python,
          args: [join(benchFolder, 'peers/pytorch-attention.py')],
          numThreads: threads,
          timeoutMs: 120_000,
        });
  if (peer !== undefined) contenders.push(...(await pytorchContenders(peer, arrays)));

  for (let turn = 0; turn < turns; turn++) {
    const order = turn % 2 === 1 ? [...contenders].reverse() : contenders;
    for (const contender of order) contender.turns.push(await contender.run());
  }
  peer?.close();

  const { processor, runtime, load } = describeMachine();
  console.log(`${processor}, ${runtime}, load ${load}, ${threads} threads`);
  console.log(`batch ${batch}, ${heads} heads, ${timesteps} steps, ${depth} a head; forward and backward`);
  const operations = 6 * 2 * batch * heads * timesteps * timesteps * depth;
  const [first, ...others] = contenders.map((contender) => ({
    ...contender,
    ms: contender.turns.map(({ elapsedMs }) => median(elapsedMs)),
    cpuMs: contender.turns.map(({ elapsedMs, cpuMs }) => cpuMs / elapsedMs.length),
  }));
  for (const { title, remark, ms, cpuMs } of [first, ...others])
    console.log(
      `${median(ms).toFixed(2).padStart(8)} ms, processor time ${median(cpuMs).toFixed(2).padStart(6)} ms, ` +
        `${(operations / median(ms) / 1e6).toFixed(1).padStart(6)} GFLOP/s: ${title} (${remark})`,
    );
  const ratios = (own: readonly number[], firsts: readonly number[]): number[] =>
    own.map((value, turn) => value / firsts[turn]);
  for (const { title, gradients, ms, cpuMs } of others) {
    const byTime = ratios(ms, first.ms);
    console.log(
      `${median(byTime).toFixed(2)} times as fast as ${title} (middle half of ${turns} turns ${middleHalf(byTime, 2)}), ` +
        `by processor time ${median(ratios(cpuMs, first.cpuMs)).toFixed(2)}; ${difference(first.gradients, gradients)}`,
    );
  }
}

await main();
process.exit(0);
