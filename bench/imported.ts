import { execFileSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  Bidirectional,
  Dense,
  GRU,
  type Layer,
  LSTM,
  OnnxModel,
  type ReadModelOptions,
  readModel,
  readOnnx,
  Sequential,
  setSeed,
  setThreads,
  type Tensor,
  tensor,
  writeModel,
} from '../src/index.js';
import { describeMachineCode, saveModel } from '../src/node.js';
import { dataFolder } from './data-folder.js';
import { describeMachine } from './machine.js';
import { median } from './timing.js';
import { benchFolder } from './write-results.js';

/**
 * `npm run bench:imported`: models that were written for other programs and read again, beside the same layers as built here; a file of
 * 113 MB; and Silero VAD in $RONDO_DATA beside ONNX Runtime, where bench/peers has it. Processor time on one thread, in turns.
 */
const [units, features, batch, time] = [96, 40, 8, 50];

function processorMs(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1000;
}

/** Milliseconds of a run of each, by round. */
async function inTurns(ways: readonly (() => unknown)[], rounds: number, runs: number): Promise<number[][]> {
  const all = ways.map((): number[] => []);
  for (let round = 0; round < rounds; round++)
    for (let i = 0; i < ways.length; i++) {
      const way = (i + round) % ways.length;
      const start = processorMs();
      for (let run = 0; run < runs; run++) await ways[way]();
      all[way].push((processorMs() - start) / runs);
    }
  return all;
}

const stacks: Readonly<Record<string, () => Layer[]>> = {
  LSTM: () => [new LSTM({ units, returnSequences: true }), new LSTM({ units })],
  GRU: () => [new GRU({ units, returnSequences: true }), new GRU({ units })],
  'GRU, reset before': () => [
    new GRU({ units, resetAfter: false, returnSequences: true }),
    new GRU({ units, resetAfter: false }),
  ],
  'bidirectional LSTM': () => [
    new Bidirectional({ layer: new LSTM({ units, returnSequences: true }) }),
    new Bidirectional({ layer: new LSTM({ units }) }),
  ],
};

const written: readonly [name: string, options: ReadModelOptions][] = [
  ['model.keras', { format: 'keras' }],
  ['model.safetensors', { format: 'pytorch', returnSequences: false }],
  ['model.onnx', { format: 'onnx' }],
  ['model.json', { format: 'tensorflowjs' }],
];

async function compareImports(): Promise<void> {
  const x = tensor(
    Float32Array.from({ length: batch * time * features }, (_, i) => Math.sin(i * 1.7)),
    [batch, time, features],
  );
  for (const [name, layers] of Object.entries(stacks)) {
    setSeed(2);
    const own = new Sequential([...layers(), new Dense({ units: 3 })], { inputShape: [null, features] });
    const expected = await (await own.predict(x)).data();
    const ways: [string, () => Promise<Tensor>][] = [['built here', () => own.predict(x)]];
    for (const [file, options] of written) {
      const predict = await imported(own, file, options).catch((): undefined => undefined);
      if (predict === undefined) continue;
      const received = await (await predict(x)).data();
      if (received.length !== expected.length || received.some((value, i) => Math.abs(value - expected[i]) > 1e-5))
        throw new Error(`${name}: ${options.format} gives other numbers`);
      ways.push([options.format!, () => predict(x)]);
    }
    const runs = ways.map(([, run]) => run);
    await inTurns(runs, 10, 6);
    const times = await inTurns(runs, 25, 6);
    const ratios = times.map((each) => median(each.map((ms, round) => ms / times[0][round])));
    console.log(
      `${name}: built here ${median(times[0]).toFixed(2)} ms; ` +
        ways
          .slice(1)
          .map(([format], i) => `${format} ${ratios[i + 1].toFixed(2)}`)
          .join(', '),
    );
  }
}

/** @throws USAGE where the format has no counterpart of a layer */
async function imported(
  own: Sequential,
  file: string,
  options: ReadModelOptions,
): Promise<(x: Tensor) => Promise<Tensor>> {
  const { files } = await writeModel(own, file, { format: options.format });
  const sibling = async (path: string): Promise<Uint8Array> => bytesOf(files.get(path)!);
  const { model } = await readModel(bytesOf(files.get(file)!), file, { ...options, sibling });
  if (!(model instanceof OnnxModel)) return async (x) => (await model.predict(x)) as Tensor;
  return async (x) => Object.values(await model.predict(x))[0];
}

function bytesOf(content: Uint8Array | string): Uint8Array {
  return typeof content === 'string' ? new TextEncoder().encode(content) : content;
}

async function timeLoading(): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'rondo-imported-'));
  const large = 1500;
  const layers = [
    new LSTM({ units: large, returnSequences: true }),
    new LSTM({ units: large }),
    new Dense({ units: 10 }),
  ];
  const path = join(folder, 'large.safetensors');
  await saveModel(new Sequential(layers, { inputShape: [null, 200] }), path);
  const library = new URL('../src/node.js', import.meta.url).href;
  // In a process of its own, whose memory has to grow.
  const program = `import { loadModel } from '${library}';
    const start = [performance.now(), process.cpuUsage()];
    await loadModel('${path}');
    const { user, system } = process.cpuUsage(start[1]);
    console.log(JSON.stringify([performance.now() - start[0], (user + system) / 1000]));`;
  const times = Array.from(
    { length: 5 },
    () =>
      JSON.parse(
        execFileSync(process.execPath, ['--input-type=module', '--eval', program], { encoding: 'utf8' }),
      ) as number[],
  );
  const [elapsed, processor] = [0, 1].map((i) => Math.min(...times.map((each) => each[i])).toFixed(0));
  console.log(
    `loading ${Math.round(statSync(path).size / 1e6)} MB, the best of five: ${elapsed} ms, ${processor} ms of the processor's time`,
  );
  rmSync(folder, { recursive: true });
}

/** What is used of ONNX Runtime's own types, which bench/peers has and the library has not. */
interface RuntimeTensor {
  readonly data: Float32Array;
}
interface Runtime {
  readonly Tensor: new (type: string, data: Float32Array | BigInt64Array, shape: readonly number[]) => RuntimeTensor;
  readonly InferenceSession: {
    create(path: string, options: object): Promise<{ run(feeds: object): Promise<Record<string, RuntimeTensor>> }>;
  };
}

async function compareSilero(): Promise<void> {
  const path = join(dataFolder, 'models/silero_vad/silero_vad.onnx');
  const peers = join(benchFolder, 'peers/package.json');
  if (!existsSync(path) || !existsSync(join(peers, '../node_modules/onnxruntime-node'))) {
    console.log('Silero VAD: not run, without its file or onnxruntime-node in bench/peers');
    return;
  }
  const ort = createRequire(peers)('onnxruntime-node') as Runtime;
  const model = readOnnx(readFileSync(path), path);
  const session = await ort.InferenceSession.create(path, {
    intraOpNumThreads: 1,
    interOpNumThreads: 1,
    logSeverityLevel: 3,
  });
  const wav = readFileSync(join(path, '../test.wav'));
  const from = wav.indexOf('data') + 8;
  const count = Math.floor((wav.length - from) / 1024);
  const windows = Array.from({ length: count }, (_, i) =>
    // Each begins with the last samples of the one before.
    Float32Array.from({ length: 576 }, (_, k) => {
      const sample = i * 512 + k - 64;
      return sample < 0 ? 0 : wav.readInt16LE(from + 2 * sample) / 32768;
    }),
  );
  const zeros = new Float32Array(256);
  const heard = { here: new Float64Array(count), there: new Float64Array(count) };
  let [own, theirs]: [Tensor, RuntimeTensor] = [
    tensor(zeros, [2, 1, 128]),
    new ort.Tensor('float32', zeros, [2, 1, 128]),
  ];
  const rates = { here: tensor([16000], []), there: new ort.Tensor('int64', BigInt64Array.of(16000n), []) };
  const here = (i: number): void => {
    const given = { input: tensor(windows[i], [1, 576]), state: own, sr: rates.here };
    const { output, stateN } = model.apply(given);
    own = stateN;
    heard.here[i] = output.item();
  };
  const there = async (i: number): Promise<void> => {
    const input = new ort.Tensor('float32', windows[i], [1, 576]);
    const { output, stateN } = await session.run({ input, state: theirs, sr: rates.there });
    theirs = stateN;
    heard.there[i] = output.data[0];
  };
  for (let i = 0; i < count; i++) {
    here(i);
    await there(i);
  }
  const worst = heard.here.reduce((most, x, i) => Math.max(most, Math.abs(x - heard.there[i])), 0);
  const places = [0, 0];
  const [ours, others] = await inTurns([() => here(places[0]++ % count), () => there(places[1]++ % count)], 25, 100);
  const ratio = median(ours.map((ms, round) => ms / others[round]));
  console.log(
    `Silero VAD, ${count} windows: probabilities differ by ${worst.toExponential(1)} at most; a window ` +
      `${(1000 * median(ours)).toFixed(0)} us, ONNX Runtime ${(1000 * median(others)).toFixed(0)} us, ratio ${ratio.toFixed(2)}`,
  );
}

setThreads(1);
const { processor, runtime, load } = describeMachine();
const { reason } = describeMachineCode();
console.log(
  `${new Date().toISOString().slice(0, 10)}, ${processor}, ${runtime}, load ${load}; machine code: ${reason}`,
);
await compareSilero();
await compareImports();
await timeLoading();
