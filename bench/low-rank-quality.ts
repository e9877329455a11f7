/**
 * What low ranks cost in quality: the small word model of `bench:ptb` is trained for some steps; then it is trained on as
 * it is, and with all kernels of its LSTMs factorised, for the same number of steps. Prints perplexities on the
 * validation words, scored in 20 contiguous streams.
 *
 *     npm run bench:low-rank-quality -- [--steps 3500] [--tuning 1000] [--ratio 0.25] [--wide]
 *
 * Reads lm/ptb/ptb.{train,valid,test}.txt below $RONDO_DATA. The learning rate is 1, and half of it for the last steps.
 */
import { parseArgs } from 'node:util';
import {
  type DatasetBatch,
  deserializeModel,
  factorize,
  type Sequential,
  serializeModel,
  setSeed,
  setThreads,
} from '../src/index.js';
import { allowWideKernels } from '../src/node.js';
import { describeMachine } from './machine.js';
import { missingData, type PennTreebank, readPennTreebank } from './ptb-data.js';
import { compileSmall, smallModel, windows } from './ptb-model.js';

const { values: options } = parseArgs({
  options: {
    steps: { type: 'string', default: '3500' },
    tuning: { type: 'string', default: '1000' },
    ratio: { type: 'string', default: '0.25' },
    wide: { type: 'boolean', default: false },
  },
});

const missing = missingData();
if (missing !== undefined) console.log(`bench:low-rank-quality was not run: ${missing}.`);
else await compare(await readPennTreebank());

async function compare({ vocabularySize, train, valid }: PennTreebank): Promise<void> {
  const isWide = options.wide && allowWideKernels().length > 0;
  setThreads(1);
  setSeed(1);
  const { processor, runtime, load } = describeMachine();
  console.log(`${processor}, ${runtime}${isWide ? ', wide kernels' : ''}, one thread, load ${load}`);
  const [steps, tuning, ratio] = [options.steps, options.tuning, options.ratio].map(Number);
  const say = async (what: string, model: Sequential): Promise<void> => {
    model.resetStates();
    const { perplexity } = await model.evaluate(() => windows(valid, { part: 'all' }));
    model.resetStates();
    console.log(`${what}: valid perplexity ${perplexity.toFixed(2)}, ${model.countParams()} weights`);
  };
  const trained = smallModel(vocabularySize);
  await trained.fit(() => inTurn(train, 0, steps), { epochs: 1 });
  await say(`whole, ${steps} steps`, trained);
  // A copy, since factorised models share the layers that stay.
  const copy = deserializeModel(serializeModel(trained)).model as Sequential;
  const started = performance.now();
  const smaller = await factorize(copy, { ratio });
  console.log(`factorised in ${(performance.now() - started).toFixed(0)} ms`);
  compileSmall(smaller, 0.5);
  await say(`ratio ${ratio}, as factorised`, smaller);
  compileSmall(trained, 0.5);
  for (const [what, model] of [
    ['whole', trained],
    [`ratio ${ratio}`, smaller],
  ] as const) {
    await model.fit(() => inTurn(train, steps, tuning), { epochs: 1 });
    await say(`${what}, ${steps} + ${tuning} steps`, model);
  }
}

/** Windows over the text again and again, from one on. */
function* inTurn(tokens: Int32Array, first: number, count: number): Generator<DatasetBatch> {
  let step = 0;
  while (true)
    for (const batch of windows(tokens)) {
      if (step >= first + count) return;
      if (step++ >= first) yield batch;
    }
}
