import { join } from 'node:path';
import { linesOf, type SentencePair, schedules, type TranslatorOptions, TranslatorTraining } from '../../src/index.js';
import { readText } from '../../src/node.js';
import { batchesInOrder, type EncodedPair, epochBatches } from '../../src/tasks/translate/pair-batches.js';
import { dataFolder } from '../data-folder.js';
import type { QualityTask, TaskData, Trainee } from './quality-task.js';
import { TrainingRecorder } from './training-recorder.js';

/** Ids of both sides, without special ones. */
type PlainPair = Readonly<Record<keyof EncodedPair, readonly number[]>>;

interface SentenceTranslatorData extends TaskData {
  readonly pairs: readonly SentencePair[];
  readonly settings: typeof settings;
  readonly vocabularySize: number;
  readonly train: readonly PlainPair[];
  readonly heldOut: readonly PlainPair[];
  /** By step. */
  readonly learningRates: readonly number[];
}

const settings = {
  sourceTokens: 'bpe',
  targetTokens: 'bpe',
  maxTokens: 4000,
  cell: 'lstm',
  units: 256,
  layers: 2,
  embeddingUnits: 256,
  attention: 'general',
  dropout: 0.3,
  batchSize: 512,
  batchTokens: 3000,
  timesteps: 60,
  learningRate: 0.002,
  validation: 0,
  test: 0,
} as const satisfies TranslatorOptions;

const path = (part: string): string => join(dataFolder, 'translation', 'multi30k', 'raw', part);
const languages = ['de', 'en'] as const;
const parts = { train: 'train', heldOut: 'val' } as const;

/**
 * German captions into English ones (Multi30k, Elliott et al. 2016); its validation part is held out. Rondo's model,
 * optimizer and schedule are those of {@link TranslatorTraining}; both cut their batches alike, each in an order of its own.
 */
export const sentenceTranslator: QualityTask = {
  name: 'translator',
  defaultEpochs: 3,
  files: Object.values(parts).flatMap((part) => languages.map((language) => path(`${part}.${language}.gz`))),
  scoreTitles: { loss: 'nats a token' },
  prepare: async (share, epochs) =>
    sentenceTranslatorData(await pairsOf(parts.train, share), await pairsOf(parts.heldOut, share), epochs),
  build: (data) => buildSentenceTranslator(data as SentenceTranslatorData),
};

async function pairsOf(part: string, share: number): Promise<SentencePair[]> {
  const [source, target] = await Promise.all(
    languages.map(async (language) => linesOf(await readText(path(`${part}.${language}.gz`)))),
  );
  return source.slice(0, Math.round(source.length * share)).map((text, i) => ({ source: text, target: target[i] }));
}

/** Both sides as ids, and the learning rate of every step as Rondo's own training has them. */
export function sentenceTranslatorData(
  pairs: readonly SentencePair[],
  heldOut: readonly SentencePair[],
  epochs: number,
): SentenceTranslatorData {
  const training = new TranslatorTraining({ train: pairs }, { ...settings, epochs });
  const { model, codecs } = training.translator;
  const { learningRate } = model.optimizer.getConfig().config as { learningRate: schedules.ScheduleLike };
  const schedule = schedules.scheduleFromConfig(learningRate);
  const encoded = (part: readonly SentencePair[]): PlainPair[] =>
    part
      .map(({ source, target }) => ({
        source: [...codecs.source.encode(source)],
        target: [...codecs.target.encode(target)],
      }))
      .filter(({ source, target }) => Math.max(source.length, target.length) <= settings.timesteps);
  return {
    epochs,
    pairs,
    settings,
    vocabularySize: codecs.target.size,
    train: encoded(pairs),
    heldOut: encoded(heldOut),
    learningRates: Array.from({ length: training.numBatches * epochs }, (_, step) => schedule.at(step)),
  };
}

function buildSentenceTranslator({ pairs, epochs, train, heldOut }: SentenceTranslatorData): Trainee {
  const { model } = new TranslatorTraining({ train: pairs }, { ...settings, epochs }).translator;
  const [learned, judged] = [train, heldOut].map((part) =>
    part.map(({ source, target }) => ({ source: Int32Array.from(source), target: Int32Array.from(target) })),
  );
  const scores = async (): Promise<Record<string, number>> => {
    const { loss } = await model.evaluate(() => batchesInOrder(judged, settings));
    return { loss };
  };
  return {
    numParameters: model.countParams(),
    initialLoss: async () => (await scores()).loss,
    train: async () => {
      const recorder = new TrainingRecorder();
      await model.fit((_, random) => epochBatches(learned, settings, random), { epochs, callbacks: [recorder] });
      return recorder.run;
    },
    scores,
  };
}
