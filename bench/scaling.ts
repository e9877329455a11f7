/**
 * Shows how the cost of a training step grows with the number of time steps and with the batch, and that memory stays
 * the same over thousands of steps; writes Markdown to bench/results:
 *
 *     npm run bench:scaling -- [--threads N] [--cell lstm] [--units 128] [--steps 10000] [--out FOLDER]
 */
import { parseArgs } from 'node:util';
import { cellNamed, currentBackend, setThreads } from '../src/index.js';
import { CaseModel } from './case-model.js';
import { type BenchCase, operationsOf } from './cases.js';
import { describeMachine } from './machine.js';
import { median, timeRuns, warmUp } from './timing.js';
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

/** A step of one sequence is a row. */
const headings = ['', 'training, ms', 'ms a row', 'GFLOP/s', 'inference, ms', 'ms a row', 'memory of a step, MB'];

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
    cells.push(ms.toPrecision(4), (ms / rows).toPrecision(3));
    if (mode === 'train') {
      cells.push((operationsOf(benchCase) / ms / 1e6).toFixed(1));
      stepBytes = model.stepBytes;
    }
  }
  return [...cells, (stepBytes / 1e6).toFixed(1)];
}

/** What backend and process hold after the first step of a long training and after each tenth. */
async function memoryRows(sizes: Omit<BenchCase, 'mode' | 'name'>, numSteps: number): Promise<string[][]> {
  const model = new CaseModel({ name: 'scaling', mode: 'train', ...sizes });
  const rows: string[][] = [];
  for (let done = 1; done <= numSteps; done++) {
    model.train();
    // As in `fit`: the collector gives dropped memory back only between tasks.
    await new Promise((resolve) => setImmediate(resolve));
    if (done > 1 && (done * 10) % numSteps >= 10) continue;
    const { persistentBytes, peakBytes } = currentBackend().memory();
    const { rss, heapUsed } = process.memoryUsage();
    rows.push([
      String(done),
      String(persistentBytes),
      String(model.stepBytes),
      String(peakBytes),
      megabytes(heapUsed),
      megabytes(rss),
    ]);
  }
  return rows;
}

const megabytes = (bytes: number): string => (bytes / 1e6).toFixed(1);

async function main(): Promise<void> {
  const numThreads = Number(options.threads);
  setThreads(numThreads);
  const cell = cellNamed(options.cell).name;
  const units = Number(options.units);
  const common = { cell, features: 64, units, layers: 1 };
  const { processor, runtime, load } = describeMachine();
  const parts: string[] = [];
  /** Prints a part as soon as it is there: all together take minutes. */
  const add = (...lines: readonly string[]): void => {
    const part = lines.map((line) => `${line}\n`).join('\n');
    parts.push(part);
    console.log(part);
  };
  add(
    '# How cost grows',
    `${new Date().toISOString().slice(0, 10)}, ${processor}, ${runtime}, ${numThreads} ` +
      `${numThreads === 1 ? 'thread' : 'threads'}, load ${load}; cell ${cell}, 64 features, ${units} units.\n` +
      'Training is forward, backward with the gradient of the input, and Adam. Times are medians after warming up.',
  );
  const watched = await memoryRows({ ...common, batch: 7, timesteps: 9, units: 32 }, Number(options.steps));
  add(
    `## Memory over ${options.steps} training steps, batch 7, 9 steps, 32 units`,
    markdownTable(
      [
        'after training step',
        'weights and optimizer, bytes',
        'temporaries at the end of a step, bytes',
        'peak, bytes',
        'JavaScript heap, MB',
        'process, MB',
      ],
      watched,
    ),
  );
  const byTime = NUM_STEPS.map((timesteps) =>
    rowOf(`${timesteps} steps`, { ...common, batch: FIXED_BATCH, timesteps }),
  );
  add(`## By the number of steps, batch ${FIXED_BATCH}`, markdownTable(headings, byTime));
  const byBatch = BATCHES.map((batch) => rowOf(`batch ${batch}`, { ...common, batch, timesteps: FIXED_STEPS }));
  add(`## By the batch, ${FIXED_STEPS} steps`, markdownTable(headings, byBatch));
  console.log(`wrote ${writeResult(`${resultName('scaling', numThreads)}.md`, parts.join('\n'), options.out)}`);
}

await main();
