/**
 * What low ranks cost in quality: the small word model of `bench:ptb` is trained for some steps; then it is trained on as
 * it is, and with all kernels of its LSTMs factorised, for the same number of steps, by each recipe. Prints perplexities on
 * the validation words, scored in 20 contiguous streams.
 *
 *     npm run bench:low-rank-quality -- [--steps 3500] [--tuning 1000] [--ratio 0.25] [--wide]
 *       [--recipes sgd:0.5,sgd:0.1,adam:0.002,adam:0.004] [--vocabulary 10000]
 *
 * Reads lm/ptb/ptb.{train,valid,test}.txt below $RONDO_DATA; words beyond the most frequent of `--vocabulary` are one. The
 * first steps are gradient descent at a rate of 1. A recipe is an optimizer and its largest rate: gradient descent keeps it,
 * Adam's falls along a cosine to 0.
 */
import { parseArgs } from 'node:util';
import {
  type DatasetBatch,
  deserializeModel,
  factorize,
  optimizers,
  type Sequential,
  schedules,
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
    recipes: { type: 'string', default: 'sgd:0.5,sgd:0.1,adam:0.002,adam:0.004' },
    vocabulary: { type: 'string', default: '10000' },
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
  const vocabulary = Math.min(vocabularySize, Number(options.vocabulary));
  const [learned, scored] = [train, valid].map((part) => part.map((token) => Math.min(token, vocabulary - 1)));
  const say = async (what: string, model: Sequential): Promise<void> => {
    model.resetStates();
    const { perplexity } = await model.evaluate(() => windows(scored, { part: 'all' }));
    model.resetStates();
    console.log(`${what}: valid perplexity ${perplexity.toFixed(2)}, ${model.countParams()} weights`);
  };
  const trained = smallModel(vocabulary);
  await trained.fit(() => inTurn(learned, 0, steps), { epochs: 1 });
  await say(`whole, ${steps} steps`, trained);
  const bytes = serializeModel(trained);
  // A copy each time: factorised models share the layers that stay.
  const whole = (): Sequential => deserializeModel(bytes).model as Sequential;
  const smaller = (): Promise<Sequential> => factorize(whole(), { ratio });
  const factorized = await smaller();
  compileSmall(factorized);
  await say(`ratio ${ratio}, as factorised`, factorized);
  for (const recipe of options.recipes.split(','))
    for (const [what, model] of [
      ['whole', whole()],
      [`ratio ${ratio}`, await smaller()],
    ] as const) {
      compileBy(recipe, tuning, model);
      await model.fit(() => inTurn(learned, steps, tuning), { epochs: 1 });
      await say(`${what}, ${steps} steps and ${tuning} of ${recipe}`, model);
    }
}

function compileBy(recipe: string, numSteps: number, model: Sequential): void {
  const [name, rate] = recipe.split(':');
  if (name === 'sgd') return compileSmall(model, Number(rate));
  const learningRate = schedules.cosineDecay({ initialLearningRate: Number(rate), decaySteps: numSteps });
  model.compile({
    optimizer: optimizers.adam({ learningRate, globalClipNorm: 1 }),
    loss: 'sparseCategoricalCrossentropy',
    metrics: ['perplexity'],
  });
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
