/**
 * Measures what a student of half the units gains from its teacher on words of the Penn Treebank: a teacher, a student
 * alone, and students with each pair of temperature and alpha, all with the same number of steps. The pair is chosen by
 * the perplexity on validation words; the last lines give test words.
 *
 *     npm run bench:distillation -- [--units 128] [--words 200000] [--vocabulary 2000] [--epochs 5]
 *       [--pairs 1:0.5,2:0.5,2:0.9] [--top-k 32] [--seed 1] [--rates 0.004,0.01]
 *
 * Rates are the teacher's and that of the students, alone and taught: narrow networks want larger ones, and a student whose
 * rate is too small leaves a gap that no teacher has to close.
 * Reads lm/ptb/ptb.{train,valid,test}.txt below $RONDO_DATA: the first words of the training part, and the 2,000 most
 * frequent ones of the vocabulary, all others being one.
 */
import { parseArgs } from 'node:util';
import {
  type DatasetBatch,
  Dense,
  Dropout,
  distill,
  Embedding,
  type FitOptions,
  LSTM,
  optimizers,
  Sequential,
  schedules,
  setSeed,
  setThreads,
} from '../src/index.js';
import { describeMachine } from './machine.js';
import { missingData, readPennTreebank } from './ptb-data.js';
import { markdownTable } from './write-results.js';

const { values: options } = parseArgs({
  options: {
    units: { type: 'string', default: '128' },
    words: { type: 'string', default: '200000' },
    vocabulary: { type: 'string', default: '2000' },
    epochs: { type: 'string', default: '5' },
    pairs: { type: 'string', default: '1:0.5,2:0.5,2:0.9' },
    'top-k': { type: 'string', default: '32' },
    seed: { type: 'string', default: '1' },
    rates: { type: 'string', default: '0.004,0.01' },
  },
});
const [STREAMS, TIMESTEPS] = [20, 20];
const [units, numWords, vocabulary, epochs] = [options.units, options.words, options.vocabulary, options.epochs].map(
  Number,
);
const [teacherRate, studentRate] = options.rates.split(',').map(Number);
const numSteps = epochs * Math.floor((numWords - 1) / STREAMS / TIMESTEPS);

interface Result {
  readonly name: string;
  readonly numWeights: number;
  readonly valid: number;
  readonly test: number;
  readonly seconds: number;
}

/** Words as numbers from the most frequent on; those beyond the vocabulary are its last. */
function cut(tokens: Int32Array): Int32Array {
  return tokens.map((token) => Math.min(token, vocabulary - 1));
}

function* windows(tokens: Int32Array): Generator<DatasetBatch> {
  const length = Math.floor((tokens.length - 1) / STREAMS);
  const shape = [STREAMS, TIMESTEPS];
  for (let start = 0; start + TIMESTEPS <= length; start += TIMESTEPS) {
    const [x, y] = [0, 1].map((shift) => {
      const data = new Int32Array(STREAMS * TIMESTEPS);
      for (let row = 0; row < STREAMS; row++) {
        const place = row * length + start + shift;
        data.set(tokens.subarray(place, place + TIMESTEPS), row * TIMESTEPS);
      }
      return { data, shape };
    });
    yield { x, y };
  }
}

function networkOf(width: number, dropout: number, rate: number): Sequential {
  setSeed(Number(options.seed));
  const model = new Sequential([
    new Embedding({ inputDim: vocabulary, outputDim: width, inputShape: [null] }),
    new LSTM({ units: width, returnSequences: true, stateful: true }),
    ...(dropout > 0 ? [new Dropout({ rate: dropout })] : []),
    new Dense({ units: vocabulary, activation: 'softmax' }),
  ]);
  const learningRate = schedules.cosineDecay({ initialLearningRate: rate, decaySteps: numSteps });
  model.compile({
    optimizer: optimizers.adam({ learningRate, globalClipNorm: 1 }),
    loss: 'sparseCategoricalCrossentropy',
  });
  return model;
}

const missing = missingData();
if (missing !== undefined) console.log(`bench:distillation was not run: ${missing}.`);
else await measure();

async function measure(): Promise<void> {
  setThreads(1);
  const { processor, runtime, load } = describeMachine();
  console.log(`${processor}, ${runtime}, one thread, load ${load}`);
  const all = await readPennTreebank();
  const [train, valid, test] = [all.train.slice(0, numWords), all.valid, all.test].map(cut);
  console.log(`${numWords} words, a vocabulary of ${vocabulary}, ${numSteps} steps of ${STREAMS * TIMESTEPS} words\n`);
  const scored = async (model: Sequential, tokens: Int32Array): Promise<number> => {
    model.resetStates();
    const { loss } = await model.evaluate(() => windows(tokens));
    return Math.exp(loss);
  };
  const run = async (
    name: string,
    model: Sequential,
    fit: (given: FitOptions) => Promise<unknown>,
  ): Promise<Result> => {
    const startedMs = performance.now();
    await fit({ epochs, callbacks: [{ onEpochBegin: () => model.resetStates() }] });
    const seconds = (performance.now() - startedMs) / 1000;
    const [ofValid, ofTest] = [await scored(model, valid), await scored(model, test)];
    const result = { name, numWeights: model.countParams(), valid: ofValid, test: ofTest, seconds };
    console.log(`${name}: validation ${result.valid.toFixed(2)}, ${seconds.toFixed(0)} s`);
    return result;
  };
  const dataset = () => windows(train);
  const teacher = networkOf(units, 0.2, teacherRate);
  const results = [await run(`teacher, ${units} units`, teacher, (given) => teacher.fit(dataset, given))];
  const alone = networkOf(units / 2, 0, studentRate);
  results.push(await run(`student, ${units / 2} units, alone`, alone, (given) => alone.fit(dataset, given)));
  for (const pair of options.pairs.split(',')) {
    const [temperature, alpha] = pair.split(':').map(Number);
    const student = networkOf(units / 2, 0, studentRate);
    const teaching = { dataset, temperature, alpha, topK: Number(options['top-k']) };
    const name = `student, T ${temperature}, alpha ${alpha}`;
    results.push(await run(name, student, (given) => distill(teacher, student, { ...teaching, ...given })));
  }
  const rows = results.map(({ name, numWeights, valid: v, test: t, seconds }) => [
    name,
    String(numWeights),
    v.toFixed(2),
    t.toFixed(2),
    seconds.toFixed(0),
  ]);
  console.log(
    `\n${markdownTable(['model', 'weights', 'validation perplexity', 'test perplexity', 'seconds'], rows)}\n`,
  );
  const [best] = results.slice(2).sort((a, b) => a.valid - b.valid);
  const closed = (of: 'valid' | 'test'): string => {
    const [most, least, own] = [results[1], results[0], best].map((result) => Math.log(result[of]));
    return `${((100 * (most - own)) / (most - least)).toFixed(0)} %`;
  };
  console.log(
    `Best on validation words: ${best.name}. Of the gap in nats to the teacher it closes ${closed('valid')} there, ` +
      `${closed('test')} on test words.`,
  );
}
