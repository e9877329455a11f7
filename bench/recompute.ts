/**
 * What `recomputeSteps` saves and costs: the temporary memory and the time of one training step of an LSTM on a long
 * sequence. Layers with and without it take turns; times are medians over the rounds.
 *
 * Run: npm run build && node dist/bench/recompute.js [timesteps] [rounds]
 */
import { LSTM, ops, Random, setSeed, type Tensor, tensor, useBackend, valueAndGradients } from '../src/index.js';
import { createWasmBackend } from '../src/kernels/wasm/backend.js';
import { largestDifference } from './check-case.js';
import { median } from './timing.js';

const [timesteps, rounds] = [Number(process.argv[2] ?? 5000), Number(process.argv[3] ?? 3)];
/** Sums of 40 000 products in float32, in another order. */
const tolerance = 1e-4;
const [batch, features, units] = [8, 32, 128];

interface Run {
  readonly label: string;
  readonly timesMs: number[];
  peakBytes(): number;
  /** @returns the gradients of all weights. */
  step(): Tensor[];
}

function runOf(recomputeSteps: number | undefined, returnSequences: boolean): Run {
  const backend = useBackend(createWasmBackend());
  setSeed(1);
  const random = new Random(2);
  const input = tensor(
    Float32Array.from({ length: batch * timesteps * features }, () => random.normal()),
    [batch, timesteps, features],
  );
  const layer = new LSTM({ units, recomputeSteps, returnSequences, inputShape: [timesteps, features] });
  layer.ensureBuilt(input.shape);
  const { persistentBytes } = backend.memory();
  const timesMs: number[] = [];
  return {
    label: recomputeSteps === undefined ? 'everything kept' : `recomputeSteps ${recomputeSteps}`,
    timesMs,
    peakBytes: () => backend.memory().peakBytes - persistentBytes,
    step() {
      useBackend(backend);
      const started = performance.now();
      const { gradients } = valueAndGradients(
        () => ops.sum(layer.apply(input, { training: true })),
        layer.trainableWeights,
      );
      timesMs.push(performance.now() - started);
      return gradients;
    },
  };
}

const root = Math.round(Math.sqrt(timesteps));

function compare(title: string, returnSequences: boolean): void {
  const runs = [undefined, 500, root, 20].map((recomputeSteps) => runOf(recomputeSteps, returnSequences));
  const results = runs.map(({ step }) => step().map((gradient) => gradient.dataSync()));
  for (const gradients of results) {
    const difference = Math.max(...gradients.map((values, i) => largestDifference(results[0][i], values)));
    if (difference > tolerance) throw new Error(`the runs compute different gradients: ${difference}`);
  }
  for (const { timesMs } of runs) timesMs.length = 0;
  for (let round = 0; round < rounds; round++) for (const { step } of runs) step();
  console.log(`\n${title}`);
  for (const { label, timesMs, peakBytes } of runs) {
    const ratios = timesMs.map((time, round) => time / runs[0].timesMs[round]);
    console.log(
      `${label.padEnd(20)} ${(peakBytes() / 2 ** 20).toFixed(1).padStart(7)} MiB, ` +
        `${(runs[0].peakBytes() / peakBytes()).toFixed(1).padStart(5)} times less; ` +
        `${median(timesMs).toFixed(0).padStart(6)} ms, x ${median(ratios).toFixed(2)} ` +
        `(${Math.min(...ratios).toFixed(2)} to ${Math.max(...ratios).toFixed(2)})`,
    );
  }
}

console.log(
  `LSTM, batch ${batch}, ${timesteps} steps, ${features} features, ${units} units; input ` +
    `${((batch * timesteps * features * 4) / 2 ** 20).toFixed(1)} MiB`,
);
compare('loss of every step (its outputs and their gradients are in memory in any case)', true);
compare('loss of the last step', false);
