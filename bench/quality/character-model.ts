import { join } from 'node:path';
import {
  type DatasetBatch,
  type LanguageModelOptions,
  LanguageModelTraining,
  schedules,
  TokenStreams,
} from '../../src/index.js';
import { readText } from '../../src/node.js';
import { dataFolder } from '../data-folder.js';
import type { QualityTask, TaskData, Trainee } from './quality-task.js';
import { TrainingRecorder } from './training-recorder.js';

interface CharacterModelData extends TaskData {
  readonly text: string;
  readonly settings: LanguageModelOptions;
  /** Of the whole text, the held-out end included. */
  readonly tokens: readonly number[];
  readonly numTrainingTokens: number;
  readonly vocabularySize: number;
  /** By step. */
  readonly learningRates: readonly number[];
}

const settings = {
  cell: 'lstm',
  units: 128,
  layers: 1,
  embeddingUnits: 64,
  batchSize: 32,
  timesteps: 64,
  validation: 0.1,
} as const satisfies LanguageModelOptions;
const path = join(dataFolder, 'lm', 'tinyshakespeare', 'input.txt');

/**
 * Characters of Tiny Shakespeare, the last tenth held out. Rondo's model, optimizer and schedule are those of
 * {@link LanguageModelTraining}; the windows are {@link comparedWindows}, those of its peer.
 */
export const characterModel: QualityTask = {
  name: 'language-model',
  defaultEpochs: 3,
  files: [path],
  scoreTitles: { loss: 'nats a character' },
  prepare: async (share, epochs) => characterModelData(shareOf(await readText(path), share), epochs),
  build: (data) => buildCharacterModel(data as CharacterModelData),
};

/** The text with its tokens and the learning rate of every step as Rondo's own training has them. */
export function characterModelData(text: string, epochs: number): CharacterModelData {
  const training = new LanguageModelTraining(text, { ...settings, epochs });
  const { codec, model } = training.languageModel;
  const { learningRate } = model.optimizer.getConfig().config as { learningRate: schedules.ScheduleLike };
  const schedule = schedules.scheduleFromConfig(learningRate);
  return {
    epochs,
    text,
    settings,
    tokens: [...codec.encode(text)],
    numTrainingTokens: training.numTrainingTokens,
    vocabularySize: codec.size,
    learningRates: Array.from({ length: training.numBatches * epochs }, (_, step) => schedule.at(step)),
  };
}

/**
 * What both sides learn from in an epoch: every stream goes on through the text from empty states.
 * {@link LanguageModelTraining} itself lets some rows begin anew and shows the unknown token, which PyTorch's side does
 * not.
 */
export function comparedWindows({
  tokens,
  numTrainingTokens,
}: Pick<CharacterModelData, 'tokens' | 'numTrainingTokens'>): TokenStreams {
  const { batchSize, timesteps } = settings;
  return new TokenStreams(Int32Array.from(tokens.slice(0, numTrainingTokens)), { batchSize, timesteps });
}

function buildCharacterModel(data: CharacterModelData): Trainee {
  const { text, epochs } = data;
  const training = new LanguageModelTraining(text, { ...settings, epochs });
  const { model } = training.languageModel;
  const windows = comparedWindows(data);
  function* epoch(): Generator<DatasetBatch> {
    for (const { input, target } of windows) yield { x: input, y: target };
  }
  return {
    numParameters: model.countParams(),
    initialLoss: async () => {
      const { input, target } = windows.window(0);
      model.resetStates();
      return (await model.evaluate(input, target, { batchSize: settings.batchSize })).loss;
    },
    train: async () => {
      const recorder = new TrainingRecorder();
      const startOver = { name: 'startOver', onEpochBegin: () => model.resetStates() };
      await model.fit(epoch, { epochs, callbacks: [startOver, recorder] });
      model.resetStates();
      return recorder.run;
    },
    scores: async () => {
      const { part, loss } = await training.languageModel.evaluate(text);
      if (part !== 'held out') throw new Error('the whole text was scored, not its end');
      return { loss };
    },
  };
}

function shareOf(text: string, share: number): string {
  return text.slice(0, Math.round(text.length * share));
}
