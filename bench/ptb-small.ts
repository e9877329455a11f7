/**
 * Replicates the small model of Zaremba, Sutskever and Vinyals 2014, "Recurrent neural network regularization", section
 * 4.1, on the Penn Treebank: two LSTM layers of 200 units without dropout, weights uniform in +-0.1, 20 streams
 * unrolled for 20 steps with the state carried on, the loss averaged over the streams and summed over the steps, plain
 * gradient descent at a rate of 1 that is halved for each epoch from the fifth on, and the norm of all gradients kept
 * at 5. Table 1 of the paper gives this model ("non-regularized LSTM") a perplexity of 120.7 on the validation words
 * and of 114.5 on the test words.
 *
 *     npm run bench:ptb -- [--epochs 13] [--steps N] [--log FILE]
 *
 * Reads lm/ptb/ptb.{train,valid,test}.txt below $RONDO_DATA. Validation words are scored in 20 contiguous streams, as
 * in the authors' code; the test part is scored as one stream, every word but the first. `--steps` takes only the first
 * windows of each epoch and of each evaluation, for a trial; what it prints is then no replication.
 */
import { appendFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { type Callback, LearningRateScheduler, setSeed } from '../src/index.js';
import { allowWideKernels } from '../src/node.js';
import { describeMachine } from './machine.js';
import { missingData, type PennTreebank, readPennTreebank } from './ptb-data.js';
import { STREAMS, smallModel, TIMESTEPS, windows } from './ptb-model.js';

const EPOCHS_AT_FULL_RATE = 4;
/** The windows of an evaluation may be longer: the state is carried on, so their length changes nothing. */
const TEST_TIMESTEPS = 400;

const { values: options } = parseArgs({
  options: { epochs: { type: 'string', default: '13' }, steps: { type: 'string' }, log: { type: 'string' } },
});
const epochs = count('epochs', options.epochs);
const mostSteps = options.steps === undefined ? Infinity : count('steps', options.steps);

const missing = missingData();
if (missing !== undefined) console.log(`bench:ptb was not run: ${missing}.`);
else await replicate(await readPennTreebank());

async function replicate({ vocabularySize, train, valid, test }: PennTreebank): Promise<void> {
  const isWide = allowWideKernels().length > 0;
  const { processor, logicalCores, runtime, load } = describeMachine();
  say(`${processor}, ${logicalCores} logical cores, ${runtime}${isWide ? ', wide kernels' : ''}, load ${load}`);
  say(
    `${train.length} training, ${valid.length} validation and ${test.length} test words, vocabulary of ` +
      vocabularySize,
  );
  setSeed(1);
  const model = smallModel(vocabularySize);
  const wordsOfEpoch = Math.min(mostSteps, Math.floor((train.length - 1) / STREAMS / TIMESTEPS)) * STREAMS * TIMESTEPS;
  await model.fit(() => windows(train, { mostSteps }), {
    epochs,
    validationData: () => windows(valid, { part: 'all', mostSteps }),
    callbacks: [
      // Each epoch reads the text from its beginning.
      { onEpochBegin: () => model.resetStates() },
      new LearningRateScheduler((epoch) => 0.5 ** Math.max(0, epoch + 1 - EPOCHS_AT_FULL_RATE)),
      reporter(wordsOfEpoch),
    ],
  });
  model.resetStates();
  const { perplexity } = await model.evaluate(() =>
    windows(test, { streams: 1, timesteps: TEST_TIMESTEPS, part: 'all', mostSteps }),
  );
  say(`test perplexity ${perplexity.toFixed(2)}`, { testPerplexity: perplexity });
}

/** Prints the speed every few hundred steps and the perplexities of each epoch. */
function reporter(wordsOfEpoch: number): Callback {
  let startedMs = 0;
  let trainedMs = 0;
  return {
    onEpochBegin: () => {
      startedMs = performance.now();
    },
    onBatchEnd: ({ epoch, batch, logs, elapsedMs }) => {
      trainedMs = performance.now() - startedMs;
      if ((batch + 1) % 100 !== 0) return;
      const words = ((batch + 1) * STREAMS * TIMESTEPS * 1000) / elapsedMs;
      console.log(
        `  epoch ${epoch + 1}, step ${batch + 1}: perplexity ${logs.perplexity.toFixed(1)} so far, ` +
          `${words.toFixed(0)} words/s`,
      );
    },
    onEpochEnd: (epoch, { perplexity, valPerplexity }, { model }) => {
      const wordsPerSecond = (wordsOfEpoch * 1000) / trainedMs;
      const { learningRate } = model.optimizer;
      say(
        `epoch ${epoch + 1}/${epochs}: learning rate ${learningRate}, train perplexity ` +
          `${perplexity.toFixed(2)}, valid perplexity ${valPerplexity.toFixed(2)}, ${wordsPerSecond.toFixed(0)} ` +
          'words/s',
        { epoch: epoch + 1, learningRate, perplexity, valPerplexity, wordsPerSecond },
      );
    },
  };
}

/** Prints a line; with `--log` figures are also written to the file, one JSON object a line. */
function say(
  line: string,
  figures: Readonly<Record<string, number>> | { readonly note: string } = { note: line },
): void {
  console.log(line);
  if (options.log !== undefined) appendFileSync(options.log, `${JSON.stringify(figures)}\n`);
}

function count(name: string, given: string): number {
  const value = Number(given);
  if (Number.isInteger(value) && value >= 1) return value;
  console.error(`bench:ptb: --${name} takes a whole number of at least 1, not \`${given}\`.`);
  process.exit(2);
}
