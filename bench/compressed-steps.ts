/**
 * Measures a step of one sequence with weights of 16 and of 8 bits, and with a share of the blocks left out, beside one with
 * whole single-precision weights, in turns on one thread: the ratio of their times, round by round.
 *
 *     npm run bench:compressed -- [--cells lstm,gru] [--layers LIST] [--units 512,1024] [--sparsity 0.9] [--rounds 15]
 *       [--wide] [--onnx-runtime]
 *
 * `--layers conv1D,attention,sampledSoftmax` times layers whose kernels of 8 bits are one matrix of several axes, or a table:
 * one pass over a sequence of 32 steps as wide as `--units`. Conv1D has a kernel of 5 steps, the attention 8 heads, the
 * softmax 10,000 classes. `--cells none` leaves cells out.
 *
 * `--onnx-runtime` times ONNX Runtime in the same turns, with whole weights and, where it has an operator for that, with
 * weights of 8 bits (`DynamicQuantizeLSTM`): 100 steps of one sequence in one call, which spares it the calls between.
 * It is installed by `npm install --prefix bench/peers --ignore-scripts`.
 *
 * What is left out is drawn at random; outputs are compared first. `--wide` allows V8 to make kernels of 256 bits, as
 * `allowWideKernels` does; both are for WebAssembly, which RONDO_NATIVE=off asks for where machine code would compute.
 */
import { parseArgs } from 'node:util';
import {
  Conv1D,
  cellNamed,
  compressWeights,
  deserializeModel,
  Functional,
  input,
  type Model,
  MultiHeadAttention,
  prune,
  quantize,
  Random,
  RNN,
  SampledSoftmax,
  Sequential,
  scope,
  serializeModel,
  setSeed,
  setThreads,
  type Tensor,
  tensor,
} from '../src/index.js';
import { allowWideKernels, describeMachineCode } from '../src/node.js';
import { onnxSteps, timesteps } from './comparison/onnx-steps.js';
import { PeerRefusal } from './comparison/peer-process.js';
import { describeMachine } from './machine.js';
import { median, middleHalf, warmUp } from './timing.js';
import { markdownTable } from './write-results.js';

const { values: options } = parseArgs({
  options: {
    cells: { type: 'string', default: 'lstm,gru' },
    layers: { type: 'string', default: '' },
    units: { type: 'string', default: '512,1024' },
    sparsity: { type: 'string', default: '0.9' },
    rounds: { type: 'string', default: '15' },
    wide: { type: 'boolean', default: false },
    'onnx-runtime': { type: 'boolean', default: false },
  },
});

const STEPS_OF_ROUND = 100;
/** Of a layer that reads whole sequences. */
const STEPS_OF_PASS = 32;
const PASSES_OF_ROUND = 20;
/** The first ones bring the weights back into the caches after the other models'. */
const STEPS_BEFORE = 10;

const isWide = options.wide && allowWideKernels().length > 0;
const { processor, runtime, load } = describeMachine();
const kernels = describeMachineCode().instructions ?? (isWide ? 'wide kernels' : 'kernels of 128 bits');
console.log(`${processor}, ${runtime}, ${kernels}, one thread, load ${load}; batch 1\n`);
setThreads(1);
setSeed(1);

const copyOf = (model: Sequential): Sequential => deserializeModel(serializeModel(model)).model as Sequential;
const listOf = (names: string): string[] => names.split(',').filter((name) => name !== '' && name !== 'none');
const sizes = options.units.split(',').map(Number);
const rows: string[][] = [];
for (const cell of listOf(options.cells).map((name) => cellNamed(name, 'bench:compressed')))
  for (const units of sizes) rows.push(...(await comparedCell(cell.name, units)));
for (const layer of listOf(options.layers))
  for (const units of sizes) rows.push(...(await comparedLayer(layer, units)));
console.log(markdownTable(['layer, units', 'weights', 'step, us', 'times as fast', 'file', 'off by'], rows));

async function comparedLayer(layer: string, units: number): Promise<string[][]> {
  const shape = [1, STEPS_OF_PASS, units];
  const x = tensor(noise(STEPS_OF_PASS, units), shape);
  const whole = layerModel(layer, units);
  const predicted = (model: Model): Float32Array => Float32Array.from(scope(() => model.apply(x) as Tensor).dataSync());
  return timedInTurns(
    `${layer}, ${units}`,
    [
      { name: 'single precision', model: whole },
      { name: '8 bits', model: await quantize(whole) },
    ].map(({ name, model }) => ({
      name,
      sizeBytes: serializeModel(model).length,
      off: relativeDifference(predicted(model), predicted(whole)),
      roundUs: roundOf(() => void scope(() => model.apply(x) as Tensor).dataSync(), PASSES_OF_ROUND),
    })),
  );
}

/** A model of one layer, `[1, time, units]` to what it gives. */
function layerModel(layer: string, units: number): Model {
  const inputShape = [null, units];
  if (layer === 'conv1D')
    return new Sequential([new Conv1D({ filters: units, kernelSize: 5, padding: 'causal', inputShape })]) as Model;
  if (layer === 'sampledSoftmax')
    return new Sequential([new SampledSoftmax({ units: 10_000, numSampled: 100, inputShape })]) as Model;
  if (layer !== 'attention') throw new Error(`--layers knows conv1D, attention and sampledSoftmax, not ${layer}`);
  const x = input({ shape: inputShape });
  const heads = new MultiHeadAttention({ numHeads: 8, keyDim: units / 8 });
  return new Functional({ inputs: x, outputs: heads.apply([x, x]) }) as Model;
}

async function comparedCell(cell: string, units: number): Promise<string[][]> {
  const whole = new Sequential([
    new RNN({ cell: cellNamed(cell), units, returnSequences: true, inputShape: [null, units] }),
  ]);
  const pruned = copyOf(whole);
  await prune(pruned, { sparsity: Number(options.sparsity), block: [16, 1] });
  const blocks = copyOf(pruned);
  compressWeights(blocks, 'blocks');
  const prunedForBytes = copyOf(whole);
  await prune(prunedForBytes, { sparsity: Number(options.sparsity), block: [8, 4] });
  const eightBits = (await quantize(whole)) as Sequential;
  const [half, brain] = (['float16', 'bfloat16'] as const).map((format) => {
    const model = copyOf(whole);
    compressWeights(model, format);
    return model;
  });
  const subjects: Subject[] = [
    { name: 'single precision', model: whole, like: whole },
    { name: 'float16', model: half, like: whole },
    { name: 'bfloat16', model: brain, like: whole },
    { name: '8 bits', model: eightBits, like: whole },
    { name: `${options.sparsity} of the blocks left out`, model: blocks, like: pruned },
    {
      name: `${options.sparsity} of the blocks left out, 8 bits`,
      model: (await quantize(prunedForBytes)) as Sequential,
      like: prunedForBytes,
    },
  ].map(({ name, model, like }) => ({
    name,
    sizeBytes: serializeModel(model, {
      weightFormat: name === 'float16' || name === 'bfloat16' ? name : undefined,
    }).length,
    off: relativeDifference(outputsOf(model, noise(20, units), units), outputsOf(like, noise(20, units), units)),
    roundUs: roundOfStream(model, units),
  }));
  if (options['onnx-runtime']) {
    const x = tensor(noise(timesteps, units), [1, timesteps, units]);
    for (const { name, model, off } of [subjects[0], subjects[3]].map((subject, i) => ({
      ...subject,
      model: [whole, eightBits][i],
    })))
      subjects.push({
        name: `${name}, ${timesteps} steps in one call`,
        off,
        roundUs: roundOf(() => void scope(() => model.apply(x) as Tensor).dataSync(), PASSES_OF_ROUND, timesteps),
      });
    for (const quantized of [false, true]) {
      const subject = await onnxSubject(whole, { cell, units, quantized });
      if (subject !== undefined) subjects.push(subject);
    }
  }
  return timedInTurns(`${cell}, ${units}`, subjects);
}

async function timedInTurns(title: string, subjects: readonly Subject[]): Promise<string[][]> {
  const times: number[][] = subjects.map(() => []);
  for (let round = 0; round < Number(options.rounds); round++)
    for (const [i, { roundUs }] of subjects.entries()) times[i].push(await roundUs());
  for (const { close } of subjects) close?.();
  return subjects.map(({ name, sizeBytes, off }, i) => {
    const ratios = times[0].map((us, round) => us / times[i][round]);
    return [
      title,
      name,
      median(times[i]).toFixed(1),
      `${median(ratios).toFixed(2)} (${middleHalf(ratios, 2)})`,
      sizeBytes === undefined ? '' : `${(sizeBytes / subjects[0].sizeBytes!).toFixed(3)}x`,
      off.toExponential(1),
    ];
  });
}

/** What is timed in turns. */
interface Subject {
  readonly name: string;
  readonly sizeBytes?: number;
  /** By how much its outputs differ from those of the weights that it has in another form. */
  readonly off: number;
  /** Microseconds a step, of one round. */
  roundUs(): number | Promise<number>;
  close?(): void;
}

function roundOfStream(model: Sequential, units: number): () => number {
  const stream = model.stream();
  const values = Float32Array.from({ length: units }, (_, i) => Math.sin(i));
  return roundOf(() => void stream.step(values), STEPS_OF_ROUND);
}

/** Microseconds of a step: the median of so many runs. */
function roundOf(run: () => void, count: number, stepsOfRun = 1): () => number {
  warmUp(run);
  return () => {
    for (let i = 0; i < STEPS_BEFORE; i++) run();
    const started = Array.from({ length: count + 1 }, () => {
      const now = performance.now();
      run();
      return now;
    });
    return (1000 * median(started.slice(1).map((now, i) => now - started[i]))) / stepsOfRun;
  };
}

/** Undefined, with the reason said, where it cannot be run. */
async function onnxSubject(
  whole: Sequential,
  layer: { readonly cell: string; readonly units: number; readonly quantized: boolean },
): Promise<Subject | undefined> {
  const { cell, units, quantized } = layer;
  const name = `ONNX Runtime, ${quantized ? '8 bits' : 'single precision'}`;
  try {
    const { input, output, stepUs, close } = await onnxSteps(whole, layer);
    const off = relativeDifference(output, outputsOf(whole, input, units));
    for (let i = 0; i < 20; i++) await stepUs();
    return { name, off, roundUs: stepUs, close };
  } catch (reason) {
    if (!(reason instanceof PeerRefusal)) throw reason;
    console.log(`not run: ${name}, ${cell}, ${units}: ${reason.message}`);
    return undefined;
  }
}

function noise(steps: number, features: number): Float32Array {
  const random = new Random(3);
  return Float32Array.from({ length: steps * features }, () => random.normal());
}

/** Of a stream, step by step. @param input `[steps, features]` */
function outputsOf(model: Sequential, input: Float32Array, features: number): Float32Array {
  const stream = model.stream();
  const outputs = Array.from({ length: input.length / features }, (_, step) => [
    ...stream.step(input.slice(step * features, (step + 1) * features)),
  ]);
  stream.dispose();
  return Float32Array.from(outputs.flat());
}

function relativeDifference(values: Float32Array, expected: Float32Array): number {
  const norm = (numbers: Float32Array): number => Math.sqrt(numbers.reduce((sum, value) => sum + value * value, 0));
  return norm(values.map((value, i) => value - expected[i])) / norm(expected);
}
