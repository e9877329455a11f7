import { join } from 'node:path';
import { LanguageModelTraining, schedules, type LanguageModelOptions, TokenStreams } from '../../src/index.js';
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

/** Characters of Tiny Shakespeare, the last tenth held out; Rondo's side is what its users call, {@link LanguageModelTraining}. */
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

function buildCharacterModel({ text, epochs, tokens, numTrainingTokens }: CharacterModelData): Trainee {
  const training = new LanguageModelTraining(text, { ...settings, epochs });
  const { model } = training.languageModel;
  return {
    numParameters: model.countParams(),
    initialLoss: async () => {
      const { batchSize, timesteps } = settings;
      const { input, target } = new TokenStreams(Int32Array.from(tokens.slice(0, numTrainingTokens)), {
        batchSize,
        timesteps,
      }).window(0);
      model.resetStates();
      return (await model.evaluate(input, target, { batchSize })).loss;
    },
    train: async () => {
      const recorder = new TrainingRecorder();
      const { bestEpoch } = await training.train({ callbacks: [recorder] });
      // PyTorch's side has no best epoch; where the rate ends at 0 it is the last.
      if (bestEpoch !== epochs - 1)
        throw new Error(`epoch ${bestEpoch + 1} of ${epochs} was the best, so the scores are not those of the last`);
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
