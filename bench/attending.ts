/**
 * Times a training step of a decoder that attends at each step (`AttentionRNN`), forward and backward, beside the same layer
 * followed by an attention; and in turns with PyTorch's loop over steps, where `--python` is given:
 *
 *     npm run bench:attending -- [--python PATH] [--batch 64] [--timesteps 20] [--keys 24] [--units 256] [--threads 2]
 *         [--turns 15]
 *
 * The cell is an LSTM. Options of Node, such as `--experimental-wasm-revectorize`, are given to
 * `node dist/bench/attending.js`.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import {
  Attention,
  AttentionRNN,
  Dense,
  LSTM,
  ops,
  Random,
  scope,
  setThreads,
  type Tensor,
  useBackend,
  Variable,
  valueAndGradients,
} from '../src/index.js';
import { PeerProcess } from './comparison/peer-process.js';
import { writeArrays } from './comparison/shared-arrays.js';
import { describeMachine } from './machine.js';
import { median, middleHalf, timeRuns, warmUp } from './timing.js';
import { benchFolder } from './write-results.js';

const { values: options } = parseArgs({
  options: {
    python: { type: 'string', default: process.env.RONDO_PYTHON },
    batch: { type: 'string', default: '64' },
    timesteps: { type: 'string', default: '20' },
    keys: { type: 'string', default: '24' },
    units: { type: 'string', default: '256' },
    threads: { type: 'string', default: '2' },
    turns: { type: 'string', default: '15' },
  },
});
const [batch, timesteps, keys, units, threads, turns] = (
  ['batch', 'timesteps', 'keys', 'units', 'threads', 'turns'] as const
).map((name) => Number(options[name]));
const TURN_MS = 300;

/** Something that is timed: milliseconds of some runs. */
interface Contender {
  readonly title: string;
  run(): readonly number[] | Promise<readonly number[]>;
  readonly ms: number[];
}

/** Layers, and a decoder made of them: `[batch, timesteps, 2 * units]`. */
interface Way {
  readonly layers: readonly { readonly weights: readonly Variable[] }[];
  readonly compute: () => Tensor;
}

const random = new Random(1);
const values = (shape: readonly number[]): Float32Array =>
  Float32Array.from({ length: shape.reduce((size, axis) => size * axis, 1) }, () => 0.5 * random.normal());
const shapes = { input: [batch, timesteps, units], memory: [batch, keys, units] };
const arrays = Object.entries(shapes).map(([name, shape]) => ({ name, shape, values: values(shape) }));

async function ownContenders(): Promise<Contender[]> {
  useBackend('wasm');
  setThreads(threads);
  const [input, memory] = arrays.map(({ name, shape, values }) => new Variable(shape, values, name));
  const dense = (): Dense => new Dense({ units, useBias: false });
  const attending = (score: 'dot' | 'additive'): Way => {
    const layer = new AttentionRNN({ cell: 'lstm', units, score, inputFeeding: score === 'dot' });
    const key = dense();
    return { layers: [layer, key], compute: () => layer.apply([input, memory, key.apply(memory)]) };
  };
  const [below, query, above] = [new LSTM({ units, returnSequences: true }), dense(), new Attention()];
  const between = (): Tensor => {
    const hidden = below.apply(input);
    return ops.concatenate([hidden, above.apply([query.apply(hidden), memory])]);
  };
  const ways: Record<string, Way> = {
    additive: attending('additive'),
    'input feeding': attending('dot'),
    'attention behind the layer': { layers: [below, query], compute: between },
  };
  const contenders: Contender[] = [];
  for (const [title, { layers, compute }] of Object.entries(ways)) {
    scope(() => void compute());
    const by = [input, memory, ...layers.flatMap(({ weights }) => weights)];
    const step = (): void => scope(() => void valueAndGradients(() => ops.sum(ops.square(compute())), by));
    warmUp(step);
    // Workers start only when this thread has nothing to do for a moment.
    await new Promise((done) => setTimeout(done, 100));
    warmUp(step);
    contenders.push({ title, run: () => timeRuns(step, TURN_MS, 3), ms: [] });
  }
  return contenders;
}

async function pytorchContenders(peer: PeerProcess): Promise<Contender[]> {
  const directory = mkdtempSync(join(tmpdir(), 'rondo-attending-'));
  try {
    writeArrays(directory, arrays);
    const { variants } = await peer.prepare({ units }, directory);
    const repeats = 5;
    return variants.map((variant) => ({
      title: `${variant} of PyTorch`,
      run: async () => (await peer.measure(variant, repeats)).elapsedMs,
      ms: [],
    }));
  } finally {
    rmSync(directory, { recursive: true });
  }
}

const contenders = await ownContenders();
const peer =
  options.python === undefined
    ? undefined
    : new PeerProcess({
        name: 'PyTorch',
        program: options.python,
        args: [join(benchFolder, 'peers/pytorch-attending.py')],
        numThreads: threads,
        timeoutMs: 120_000,
      });
if (peer !== undefined) {
  await peer.describe();
  contenders.push(...(await pytorchContenders(peer)));
}
for (let turn = 0; turn < turns; turn++)
  for (const contender of turn % 2 === 1 ? [...contenders].reverse() : contenders)
    contender.ms.push(median(await contender.run()));
peer?.close();
const { processor, runtime, load } = describeMachine();
console.log(`${processor}, ${runtime}, load ${load}, ${threads} threads`);
console.log(`batch ${batch}, ${timesteps} steps, ${keys} keys, ${units} units; a training step`);
for (const { title, ms } of contenders)
  console.log(`${median(ms).toFixed(1).padStart(8)} ms (middle half ${middleHalf(ms, 1)}): ${title}`);
process.exit(0);
