/**
 * Measures a step of one sequence with weights of 8 bits, and with a share of the blocks left out, beside one with whole
 * single-precision weights, in turns on one thread: the ratio of their times, round by round.
 *
 *     npm run bench:compressed -- [--cells lstm,gru] [--units 512,1024] [--sparsity 0.9] [--rounds 15] [--wide]
 *
 * What is left out is drawn at random; outputs are compared first. `--wide` allows V8 to make kernels of 256 bits, as
 * `allowWideKernels` does.
 */
import { parseArgs } from 'node:util';
import {
  cellNamed,
  compressWeights,
  deserializeModel,
  prune,
  quantize,
  Random,
  RNN,
  Sequential,
  serializeModel,
  setSeed,
  setThreads,
} from '../src/index.js';
import { allowWideKernels } from '../src/node.js';
import { describeMachine } from './machine.js';
import { median, middleHalf, warmUp } from './timing.js';
import { markdownTable } from './write-results.js';

const { values: options } = parseArgs({
  options: {
    cells: { type: 'string', default: 'lstm,gru' },
    units: { type: 'string', default: '512,1024' },
    sparsity: { type: 'string', default: '0.9' },
    rounds: { type: 'string', default: '15' },
    wide: { type: 'boolean', default: false },
  },
});

const STEPS_OF_ROUND = 100;
/** The first ones bring the weights back into the caches after the other models'. */
const STEPS_BEFORE = 10;

const isWide = options.wide && allowWideKernels().length > 0;
const { processor, runtime, load } = describeMachine();
console.log(`${processor}, ${runtime}${isWide ? ', wide kernels' : ''}, one thread, load ${load}; batch 1\n`);
setThreads(1);
setSeed(1);

const copyOf = (model: Sequential): Sequential => deserializeModel(serializeModel(model)).model as Sequential;
const rows: string[][] = [];
for (const cell of options.cells.split(',').map((name) => cellNamed(name, 'bench:compressed')))
  for (const units of options.units.split(',').map(Number)) rows.push(...(await compared(cell.name, units)));
console.log(markdownTable(['cell, units', 'weights', 'step, us', 'times as fast', 'file', 'off by'], rows));

async function compared(cell: string, units: number): Promise<string[][]> {
  const whole = new Sequential([
    new RNN({ cell: cellNamed(cell), units, returnSequences: true, inputShape: [null, units] }),
  ]);
  const pruned = copyOf(whole);
  await prune(pruned, { sparsity: Number(options.sparsity), block: [16, 1] });
  const blocks = copyOf(pruned);
  compressWeights(blocks, 'blocks');
  const subjects = [
    { name: 'single precision', model: whole, like: whole },
    { name: '8 bits', model: (await quantize(whole)) as Sequential, like: whole },
    { name: `${options.sparsity} of the blocks left out`, model: blocks, like: pruned },
  ].map(({ name, model, like }) => {
    const stream = model.stream();
    const input = Float32Array.from({ length: units }, (_, i) => Math.sin(i));
    return {
      name,
      sizeBytes: serializeModel(model).length,
      off: difference(model, like, units),
      step: () => void stream.step(input),
      medianMs: [] as number[],
    };
  });
  for (const { step } of subjects) warmUp(step);
  for (let round = 0; round < Number(options.rounds); round++)
    for (const { step, medianMs } of subjects) {
      for (let i = 0; i < STEPS_BEFORE; i++) step();
      medianMs.push(
        median(
          Array.from({ length: STEPS_OF_ROUND }, () => {
            const started = performance.now();
            step();
            return performance.now() - started;
          }),
        ),
      );
    }
  const [first] = subjects;
  return subjects.map(({ name, medianMs, sizeBytes, off }) => [
    `${cell}, ${units}`,
    name,
    (1000 * median(medianMs)).toFixed(0),
    `${median(first.medianMs.map((ms, i) => ms / medianMs[i])).toFixed(2)} (${middleHalf(
      first.medianMs.map((ms, i) => ms / medianMs[i]),
      2,
    )})`,
    `${(sizeBytes / first.sizeBytes).toFixed(3)}x`,
    off.toExponential(1),
  ]);
}

/** Of the outputs of 20 steps of noise, relative to those of the other model. */
function difference(model: Sequential, like: Sequential, features: number): number {
  const random = new Random(3);
  const [a, b] = [model.stream(), like.stream()];
  let [off, size] = [0, 0];
  for (let step = 0; step < 20; step++) {
    const input = Float32Array.from({ length: features }, () => random.normal());
    const expected = [...b.step(input)];
    a.step(input).forEach((value, i) => {
      off += (value - expected[i]) ** 2;
      size += expected[i] ** 2;
    });
  }
  return Math.sqrt(off / size);
}
