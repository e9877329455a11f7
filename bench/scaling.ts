/**
 * Shows how the cost of a training step grows with the number of time steps and with the batch, and that memory stays the
 * same over thousands of steps; writes Markdown to bench/results:
 *
 *     npm run bench:scaling -- [--threads N] [--cell lstm] [--units 128] [--steps 10000] [--out FOLDER]
 */
import { parseArgs } from 'node:util';
import { currentBackend } from '../src/index.js';
import { CaseModel } from './case-model.js';
import { type BenchCase, operationsOf } from './cases.js';
import { describeMachine } from './machine.js';
import { median, timeRuns, warmUp } from './timing.js';
import { useThreads } from './threads.js';
import { markdownTable, resultName, writeResult } from './write-results.js';

const { values: options } = parseArgs({
  options: {
    threads: { type: 'string', default: '1' },
    cell: { type: 'string', default: 'lstm' },
    units: { type: 'string', default: '128' },
    /** Training steps over which memory is watched. */
    steps: { type: 'string', default: '10000' },
    out: { type: 'string' },
  },
});

const NUM_STEPS = [50, 100, 200, 500, 1000, 2000, 5000];
const BATCHES = [1, 2, 4, 8, 16, 32, 64, 128, 256];
/** The batch while the number of steps grows, and the other way round. */
const FIXED_BATCH = 16;
const FIXED_STEPS = 100;
const FOR_MS = 1000;

const headings = ['', 'training, ms', 'us a step and row', 'GFLOP/s', 'inference, ms', 'us a step and row', 'memory of a step, MB'];

/** Times training and inference of one size. */
function rowOf(label: string, sizes: Omit<BenchCase, 'mode' | 'name'>): string[] {
  const rows = sizes.batch * sizes.timesteps;
  const cells = [label];
  let stepBytes = 0;
  for (const mode of ['train', 'infer'] as const) {
    const benchCase: BenchCase = { name: 'scaling', mode, ...sizes };
    const model = new CaseModel(benchCase);
    const run = mode === 'train' ? (): void => void model.train() : (): void => void model.infer();
    warmUp(run);
    const ms = median(timeRuns(run, FOR_MS, 3));
    cells.push(ms.toPrecision(4), ((1000 * ms) / rows).toPrecision(3));
    if (mode === 'train') {
      cells.push((operationsOf(benchCase) / ms / 1e6).toFixed(1));
      stepBytes = model.stepBytes;
    }
  }
  return [...cells, (stepBytes / 1e6).toFixed(1)];
}

/** Memory at ten points of a long training: what backend and process hold after each tenth. */
function memoryRows(sizes: Omit<BenchCase, 'mode' | 'name'>, numSteps: number): string[][] {
  const model = new CaseModel({ name: 'scaling', mode: 'train', ...sizes });
  return Array.from({ length: 11 }, (_, tenth) => {
    const steps = tenth === 0 ? 1 : Math.round((numSteps * tenth) / 10) - Math.round((numSteps * (tenth - 1)) / 10) - (tenth === 1 ? 1 : 0);
    for (let i = 0; i < steps; i++) model.train();
    const { persistentBytes, temporaryBytes, peakBytes } = currentBackend().memory();
    const { rss, heapUsed } = process.memoryUsage();
    return [tenth === 0 ? '1' : String(Math.round((numSteps * tenth) / 10)), String(persistentBytes), String(temporaryBytes), String(peakBytes), megabytes(heapUsed), megabytes(rss)];
  });
}

const megabytes = (bytes: number): string => (bytes / 1e6).toFixed(1);

async function main(): Promise<void> {
  const numThreads = Number(options.threads);
  await useThreads(numThreads, 'scaling');
  const { cell } = options;
  const units = Number(options.units);
  const common = { cell, features: 64, units, layers: 1 };
  const memory = memoryRows({ ...common, batch: 7, timesteps: 9, units: 32 }, Number(options.steps));
  const byTime = NUM_STEPS.map((timesteps) => rowOf(`${timesteps} steps`, { ...common, batch: FIXED_BATCH, timesteps }));
  const byBatch = BATCHES.map((batch) => rowOf(`batch ${batch}`, { ...common, batch, timesteps: FIXED_STEPS }));
  const { processor, runtime, load } = describeMachine();
  const text = [
    '# How cost grows',
    '',
    `${new Date().toISOString().slice(0, 10)}, ${processor}, ${runtime}, ${numThreads} ${numThreads === 1 ? 'thread' : 'threads'}, load ${load}; cell ${cell}, 64 features, ${units} units.`,
    'Training is forward, backward with the gradient of the input, and Adam. Times are medians after warming up.',
    '',
    `## By the number of steps, batch ${FIXED_BATCH}`,
    '',
    markdownTable(headings, byTime),
    '',
    `## By the batch, ${FIXED_STEPS} steps`,
    '',
    markdownTable(headings, byBatch),
    '',
    `## Memory over ${options.steps} training steps, batch 7, 9 steps, 32 units`,
    '',
    markdownTable(['after training step', 'weights and optimizer, bytes', 'temporaries, bytes', 'peak, bytes', 'JavaScript heap, MB', 'process, MB'], memory),
    '',
  ].join('\n');
  console.log(text);
  console.log(`wrote ${writeResult(`${resultName('scaling', numThreads)}.md`, text, options.out)}`);
}

await main();
