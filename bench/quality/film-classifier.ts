import { join } from 'node:path';
import {
  Bidirectional,
  Dense,
  Dropout,
  Embedding,
  GlobalMaxPooling1D,
  initializers,
  LSTM,
  linesOf,
  optimizers,
  Sequential,
  splitStratified,
  tokenSpansOf,
} from '../../src/index.js';
import { readText } from '../../src/node.js';
import { TextBatches } from '../../src/tasks/classify/text-batches.js';
import { TokenEncoder } from '../../src/tasks/classify/token-encoder.js';
import { dataFolder } from '../data-folder.js';
import type { QualityTask, TaskData, Trainee } from './quality-task.js';
import { TrainingRecorder } from './training-recorder.js';

/** Texts as token ids, 0 being kept for padding, and their classes. */
interface EncodedTexts {
  readonly ids: readonly (readonly number[])[];
  readonly classes: readonly number[];
}

interface FilmClassifierData extends TaskData {
  readonly settings: typeof settings;
  readonly vocabularySize: number;
  readonly train: EncodedTexts;
  readonly heldOut: EncodedTexts;
}

const settings = {
  embeddingUnits: 100,
  embeddingStddev: 0.1,
  units: 64,
  dropout: 0.3,
  batchSize: 32,
  learningRate: 0.001,
  heldOut: 0.2,
} as const;
const labels = ['neg', 'pos'] as const;
const files = labels.map((label) => join(dataFolder, 'sentiment', 'rt-polarity', `rt-polarity.${label}`));
const tokenSettings = {
  tokens: 'words',
  lower: true,
  locale: 'und',
  timesteps: 256,
  truncating: 'post',
  padding: 'post',
} as const;

/** Sentences on films, for or against (Pang and Lee 2005); a stratified fifth is held out. */
export const filmClassifier: QualityTask = {
  name: 'classifier',
  defaultEpochs: 4,
  files,
  scoreTitles: { accuracy: 'accuracy', loss: 'cross-entropy' },
  prepare: async (share, epochs) => {
    const byLabel = await Promise.all(files.map(async (file) => linesOf(await readText(file))));
    return filmClassifierData(
      byLabel.map((lines) => lines.slice(0, Math.round(lines.length * share))),
      epochs,
    );
  },
  build: (data) => buildFilmClassifier(data as FilmClassifierData),
};

/** @param byLabel the texts of each class */
export function filmClassifierData(byLabel: readonly (readonly string[])[], epochs: number): FilmClassifierData {
  const rows = byLabel.flatMap((texts, label) =>
    texts.filter((text) => tokenSpansOf(text, tokenSettings).length > 0).map((text) => ({ text, label })),
  );
  const split = splitStratified(
    rows.map(({ text }) => text),
    rows.map(({ label }) => labels[label]),
    { validation: 0, test: settings.heldOut },
    0,
  );
  const encoder = TokenEncoder.fromTexts(
    Array.from(split.train, (row) => rows[row].text),
    tokenSettings,
    { maxTokens: 20_000, minCount: 2 },
  );
  const encoded = (part: Int32Array): EncodedTexts => ({
    ids: Array.from(part, (row) => [...encoder.encode(rows[row].text)]),
    classes: Array.from(part, (row) => rows[row].label),
  });
  return { epochs, settings, vocabularySize: encoder.size, train: encoded(split.train), heldOut: encoded(split.test) };
}

function buildFilmClassifier({ epochs, vocabularySize, train, heldOut }: FilmClassifierData): Trainee {
  const { units, embeddingUnits, embeddingStddev, dropout, learningRate } = settings;
  const model = new Sequential([
    new Embedding({
      inputDim: vocabularySize,
      outputDim: embeddingUnits,
      embeddingsInitializer: initializers.randomNormal({ stddev: embeddingStddev }),
      maskZero: true,
      inputShape: [null],
    }),
    new Bidirectional({ layer: new LSTM({ units, returnSequences: true }) }),
    new GlobalMaxPooling1D(),
    new Dropout({ rate: dropout }),
    new Dense({ units: labels.length, activation: 'softmax' }),
  ]);
  model.compile({
    optimizer: optimizers.adam({ learningRate }),
    loss: 'categoricalCrossentropy',
    metrics: ['categoricalAccuracy'],
  });
  const trainBatches = batchesOf(train);
  const evaluate = (): Promise<Record<string, number>> => model.evaluate(() => batchesOf(heldOut).byLength());
  return {
    numParameters: model.countParams(),
    initialLoss: async () => (await evaluate()).loss,
    train: async () => {
      const recorder = new TrainingRecorder();
      await model.fit((_, random) => trainBatches.shuffled(random, 0), { epochs, callbacks: [recorder] });
      return recorder.run;
    },
    scores: async () => {
      const { loss, categoricalAccuracy } = await evaluate();
      return { accuracy: categoricalAccuracy, loss };
    },
  };
}

/** As the library's own classifier puts texts of similar length together. */
function batchesOf({ ids, classes }: EncodedTexts): TextBatches {
  return new TextBatches(
    ids.map((row) => Int32Array.from(row)),
    Int32Array.from(classes),
    {
      numClasses: labels.length,
      batchSize: settings.batchSize,
      padding: 'post',
      unknownId: 1,
      classWeights: undefined,
    },
  );
}
