/**
 * Compares the results of seeded trainings of this build with those of another one of the same library, to the bit:
 *
 *     npm run bench:bits -- OTHER_DIST [--threads N]
 *
 * OTHER_DIST is the `dist` folder of another checkout after `npm run build`. Each build runs in a process of its own,
 * on the same processor, and says a checksum of the weights and predictions of every training: all cells, masks,
 * directions, layers, optimizers and tasks at tiny size, with one thread and with two. Ends with 1 where one differs.
 * Without OTHER_DIST it prints the checksums of this build.
 */
import { createHash } from 'node:crypto';
import { join, resolve } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { parseArgs } from 'node:util';
import type { Layer, Model, Tensor } from '../src/index.js';
import { answerOf, forkBuild, servedBuild } from './build-process.js';

type Rondo = typeof import('../src/index.js');

const { values: options, positionals } = parseArgs({
  allowPositionals: true,
  options: { threads: { type: 'string', multiple: true, default: ['1', '2'] } },
});

/** What is trained: at odd sizes, so that every kernel meets its edges. */
const [samples, timesteps, features, units, numClasses] = [11, 9, 7, 13, 5];

/** Trainings of layers: each gives the layers between an input of `[timesteps, features]` and a loss. */
function layerTrainings(rondo: Rondo): Record<string, () => Layer[]> {
  const { RNN, LSTM, GRU, SimpleRNN, Bidirectional, Dense } = rondo;
  const trainings: Record<string, () => Layer[]> = {};
  for (const { name, recurrent } of rondo.libraryCells) {
    trainings[`${name}, two layers`] = () => [
      new RNN({ cell: name, units, returnSequences: true }),
      new RNN({ cell: name, units: 6, dropout: 0.2, ...(recurrent === 'none' ? {} : { recurrentDropout: 0.1 }) }),
      new Dense({ units: 3 }),
    ];
    trainings[`${name}, masked, both directions`] = () => [
      new rondo.Masking({}),
      new Bidirectional({ layer: new RNN({ cell: name, units, returnSequences: true, zoneout: 0.1 }) }),
      new rondo.TimeDistributed({ layer: new Dense({ units: 4, activation: 'tanh' }) }),
      new RNN({ cell: name, units: 5, goBackwards: true }),
      new Dense({ units: 3 }),
    ];
  }
  return {
    ...trainings,
    'wide lstm': () => [new LSTM({ units: 300, recomputeSteps: 4 }), new Dense({ units: 3 })],
    'wide gru': () => [new GRU({ units: 260 }), new Dense({ units: 3 })],
    'stack of kinds': () => [
      new rondo.Conv1D({ filters: 8, kernelSize: 3, activation: 'relu' }),
      new rondo.LayerNormalization(),
      new LSTM({ units, returnSequences: true, kernelRegularizer: 'l2' }),
      new rondo.SpatialDropout1D({ rate: 0.2 }),
      new SimpleRNN({ units: 8, returnSequences: true }),
      new rondo.AttentionPooling1D({ units: 6 }),
      new rondo.Dropout({ rate: 0.3 }),
      new Dense({ units: 3 }),
    ],
    pooled: () => [
      new GRU({ units, returnSequences: true }),
      new rondo.SequencePooling1D(),
      new rondo.RepeatVector({ n: 4 }),
      new LSTM({ units: 6, returnSequences: true }),
      new rondo.GlobalMaxPooling1D(),
      new Dense({ units: 3 }),
    ],
  };
}

const optimizerNames = ['sgd', 'adam', 'adamW', 'rmsprop', 'adagrad', 'nadam'];

/** Numbers that a seed makes, without the library's own generator. */
function numbers(length: number, seed: number): Float32Array {
  let state = seed;
  return Float32Array.from({ length }, () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 31 - 1;
  });
}

function checksum(parts: Iterable<ArrayLike<number>>): string {
  const hash = createHash('sha256');
  for (const part of parts) hash.update(Float64Array.from(part));
  return hash.digest('hex').slice(0, 16);
}

async function resultOf(model: Model, x: Tensor): Promise<string> {
  const predicted = (await model.predict(x)) as Tensor;
  const weights = await Promise.all(Object.values(model.getWeights()).map((weight) => weight.data()));
  return checksum([...weights, await predicted.data()]);
}

/** Each training's name and what computes its checksum. */
function* trainings(rondo: Rondo): Generator<[string, () => Promise<string>]> {
  const values = numbers(samples * timesteps * features, 1);
  // Padding of different lengths at the end.
  for (let row = 0; row < samples; row++)
    values.fill(0, (row * timesteps + timesteps - (row % 4)) * features, (row + 1) * timesteps * features);
  const x = (): Tensor => rondo.tensor(values, [samples, timesteps, features]);
  const y = (): Tensor => rondo.tensor(numbers(samples * 3, 2), [samples, 3]);
  const fit = async (layers: Layer[], optimizer: string, loss = 'mse'): Promise<string> => {
    const model = new rondo.Sequential(layers, { inputShape: [timesteps, features] });
    model.compile({ optimizer, loss } as Parameters<typeof model.compile>[0]);
    await model.fit(x(), y(), { epochs: 2, batchSize: 4 });
    return resultOf(model, x());
  };
  for (const [name, layers] of Object.entries(layerTrainings(rondo))) yield [name, () => fit(layers(), 'adam')];
  for (const name of optimizerNames) {
    if (name in rondo.optimizers)
      yield [`optimizer ${name}`, () => fit([new rondo.LSTM({ units }), new rondo.Dense({ units: 3 })], name, 'huber')];
  }
  for (const head of ['dense', 'tied', 'crf'] as const) {
    yield [
      `words to classes, ${head}`,
      async () => {
        const embedding = new rondo.Embedding({ inputDim: 23, outputDim: units, maskZero: head !== 'tied' });
        const top: Record<typeof head, () => Layer[]> = {
          dense: () => [new rondo.Dense({ units: numClasses, activation: 'softmax' })],
          tied: () => [new rondo.TiedDense({ embedding, activation: 'softmax' } as never)],
          crf: () => [new rondo.Dense({ units: numClasses }), new rondo.CRF()],
        };
        const count = head === 'tied' ? 23 : numClasses;
        const ids = numbers(samples * timesteps, 5).map((value) => Math.floor((value + 1) * 11.49));
        const labels = numbers(samples * timesteps, 6).map((value) => Math.floor(((value + 1) / 2) * count) % count);
        const model = new rondo.Sequential(
          [embedding, new rondo.GRU({ units, returnSequences: true }), ...top[head]()],
          {
            inputShape: [timesteps],
          },
        );
        model.compile({ optimizer: 'adam', loss: head === 'crf' ? 'crf' : 'sparseCategoricalCrossentropy' } as never);
        const words = rondo.tensor(ids, [samples, timesteps]);
        await model.fit(words, rondo.tensor(labels, [samples, timesteps]), { epochs: 2, batchSize: 4 });
        return resultOf(model, words);
      },
    ];
  }
  yield* taskTrainings(rondo);
}

/** The four tasks at tiny size: the checksum is that of the weights. */
function* taskTrainings(rondo: Rondo): Generator<[string, () => Promise<string>]> {
  const ofFile = (model: Model): string =>
    checksum(Object.values(model.getWeights()).map((weight) => weight.dataSync()));
  const text = 'the quick brown fox jumps over the lazy dog.\nso it goes, and so it went.\n\n'.repeat(30);
  for (const level of ['characters', 'words'] as const) {
    yield [
      `language model of ${level}`,
      async () => {
        const training = new rondo.LanguageModelTraining(text, {
          level,
          units: 13,
          epochs: 2,
          timesteps: 11,
          batchSize: 3,
        } as never);
        await training.train();
        return ofFile(training.languageModel.model);
      },
    ];
  }
  yield [
    'classifier',
    async () => {
      const texts = Array.from(
        { length: 90 },
        (_, i) => `${i % 3 === 0 ? 'good' : 'bad'} film number ${(i * 7) % 13} ${'x'.repeat(i % 9)}`,
      );
      const labels = texts.map((one) => (one.startsWith('good') ? 'yes' : 'no'));
      const training = new rondo.ClassifierTraining(
        { train: { texts, labels } } as never,
        { units: 7, epochs: 2, batchSize: 8 } as never,
      );
      await training.train();
      return ofFile(training.classifier.model);
    },
  ];
  yield [
    'tagger',
    async () => {
      const sentences = Array.from({ length: 60 }, (_, i) => ({
        words: ['the', `n${i % 17}on`, `v${i % 11}eth`, ...(i % 2 === 0 ? ['a', `n${i % 5}on`] : []), '.'],
        tags: ['DET', 'NOUN', 'VERB', ...(i % 2 === 0 ? ['DET', 'NOUN'] : []), 'PUNCT'],
      }));
      const training = new rondo.TaggerTraining(
        { train: sentences.slice(8), validation: sentences.slice(0, 8) } as never,
        { units: 9, epochs: 2, batchSize: 7 } as never,
      );
      await training.train();
      return ofFile(training.tagger.model);
    },
  ];
  yield [
    'forecaster',
    async () => {
      const noise = numbers(400, 9);
      const lines = Array.from(
        { length: 400 },
        (_, row) =>
          `${(10 * Math.sin((2 * Math.PI * row) / 12) + noise[row]).toFixed(3)},${noise[(row * 7) % 400].toFixed(3)}`,
      );
      const table = await rondo.readTable(`level,other\n${lines.join('\n')}\n`, { where: 'made.csv' });
      const training = new rondo.ForecastTraining(table, {
        target: 'level',
        horizon: 5,
        timesteps: 20,
        units: 9,
        epochs: 2,
        base: 'naive',
        refit: false,
      } as never);
      await training.train();
      return ofFile(training.forecaster.model);
    },
  ];
}

/** The process of one build: answers with the checksums by name. */
async function serve(dist: string, threads: number): Promise<void> {
  const rondo = (await import(pathToFileURL(join(dist, 'src/index.js')).href)) as Rondo;
  rondo.setThreads(threads);
  const checksums: Record<string, string> = {};
  for (const [name, run] of trainings(rondo)) {
    rondo.setSeed(7);
    checksums[name] = await run().catch((error: Error) => `failed: ${error.message.split('\n')[0]}`);
  }
  process.send!(checksums);
  process.disconnect();
}

async function checksumsOf(dist: string, threads: string): Promise<Record<string, string>> {
  return answerOf<Record<string, string>>(forkBuild(fileURLToPath(import.meta.url), dist, threads));
}

async function main(otherDist: string | undefined): Promise<void> {
  const ownDist = fileURLToPath(new URL('..', import.meta.url));
  let [numSame, numDifferent, numNew] = [0, 0, 0];
  for (const threads of options.threads) {
    const own = await checksumsOf(ownDist, threads);
    const other = otherDist === undefined ? own : await checksumsOf(resolve(otherDist), threads);
    for (const [name, bits] of Object.entries(own)) {
      const isSame = bits === other[name] && !bits.startsWith('failed');
      if (other[name] === undefined) {
        numNew++;
        continue;
      }
      if (isSame) numSame++;
      else numDifferent++;
      if (otherDist === undefined || !isSame)
        console.log(
          `${threads} thread${threads === '1' ? '' : 's'}  ${name}  ` +
            `${bits}${isSame ? '' : `  instead of ${other[name]}`}`,
        );
    }
  }
  if (otherDist !== undefined)
    console.log(
      `${numSame} trainings with the same bits, ${numDifferent} with others, ${numNew} that the other has not`,
    );
  if (numDifferent > 0) process.exitCode = 1;
}

if (servedBuild !== undefined) await serve(servedBuild, Number(options.threads[0]));
else await main(positionals[0]);
