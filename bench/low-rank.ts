/**
 * Measures a step of one sequence with kernels of a low rank beside one with whole kernels, as streams of models that
 * are alike in all else, in turns on one thread: the ratio of their times, round by round.
 *
 *     npm run bench:low-rank -- [--cells lstm,gru] [--units 512] [--features 64,512] [--share 0.25] [--rounds 40] [--wide]
 *
 * `--share` is that of the units (and of the features, where those are no fewer than the rank) that the ranks are;
 * `--wide` allows V8 to make kernels of 256 bits, as `allowWideKernels` does.
 */
import { parseArgs } from 'node:util';
import { cellNamed, RNN, type RNNOptions, Sequential, setThreads, useBackend } from '../src/index.js';
import { allowWideKernels } from '../src/node.js';
import { describeMachine } from './machine.js';
import { median, middleHalf, warmUp } from './timing.js';
import { markdownTable } from './write-results.js';

const { values: options } = parseArgs({
  options: {
    cells: { type: 'string', default: 'lstm,gru' },
    units: { type: 'string', default: '512' },
    features: { type: 'string', default: '64,512' },
    share: { type: 'string', default: '0.25' },
    rounds: { type: 'string', default: '40' },
    wide: { type: 'boolean', default: false },
  },
});

const STEPS_OF_ROUND = 200;
/** The first ones bring the weights back into the caches after the other model's. */
const STEPS_BEFORE = 20;

interface Subject {
  readonly step: () => void;
  readonly numWeights: number;
  /** By round. */
  readonly medianMs: number[];
}

function subjectOf(given: RNNOptions & { cell: string; units: number }, features: number): Subject {
  const model = new Sequential([new RNN({ ...given, returnSequences: true, inputShape: [null, features] })]);
  const stream = model.stream();
  const input = Float32Array.from({ length: features }, (_, i) => Math.sin(i));
  return { step: () => void stream.step(input), numWeights: model.countParams(), medianMs: [] };
}

function timeRound({ step, medianMs }: Subject): void {
  for (let i = 0; i < STEPS_BEFORE; i++) step();
  const elapsedMs = Array.from({ length: STEPS_OF_ROUND }, () => {
    const started = performance.now();
    step();
    return performance.now() - started;
  });
  medianMs.push(median(elapsedMs));
}

const isWide = options.wide && allowWideKernels().length > 0;
const { processor, runtime, load } = describeMachine();
console.log(`${processor}, ${runtime}${isWide ? ', wide kernels' : ''}, one thread, load ${load}; batch 1\n`);
setThreads(1);
useBackend('wasm');
const rows: string[][] = [];
for (const cell of options.cells.split(',').map((name) => cellNamed(name).name))
  for (const units of options.units.split(',').map(Number))
    for (const features of options.features.split(',').map(Number)) {
      const recurrentRank = Math.ceil(Number(options.share) * units);
      const kernelRank = recurrentRank < features ? Math.ceil(Number(options.share) * features) : undefined;
      const whole = subjectOf({ cell, units }, features);
      const others = [{ recurrentRank }, ...(kernelRank === undefined ? [] : [{ recurrentRank, kernelRank }])].map(
        (ranks) => ({ ranks, ...subjectOf({ cell, units, ...ranks }, features) }),
      );
      const all = [whole, ...others];
      for (const { step } of all) warmUp(step);
      for (let round = 0; round < Number(options.rounds); round++) for (const subject of all) timeRound(subject);
      const microseconds = ({ medianMs }: Subject): string => (1000 * median(medianMs)).toFixed(1);
      for (const other of others) {
        const ratios = other.medianMs.map((ms, round) => ms / whole.medianMs[round]);
        const ranks = Object.entries(other.ranks).map(([name, rank]) => `${name} ${rank}`);
        rows.push([
          `${cell} ${units}, ${features} features`,
          ranks.join(', '),
          (other.numWeights / whole.numWeights).toFixed(2),
          microseconds(whole),
          microseconds(other),
          `${median(ratios).toFixed(2)} (${middleHalf(ratios, 2)})`,
        ]);
      }
    }
console.log(markdownTable(['layer', 'ranks', 'weights', 'whole, us', 'low rank, us', 'ratio (middle half)'], rows));
