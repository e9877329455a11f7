import { expect, it } from 'vitest';
import { damagedFiles } from '../../test/support/damaged-files.js';
import { madeReviews, reviewOptions } from '../../test/support/made-reviews.js';
import { readTable } from '../data/csv.js';
import { RondoError } from '../errors.js';
import { Random } from '../random.js';
import type { Classifier } from './classify/classifier.js';
import { ClassifierTraining } from './classify/classifier-training.js';
import { ForecastTraining } from './forecast/forecast-training.js';
import type { Forecaster } from './forecast/forecaster.js';
import { generate } from './generate/generate.js';
import { LanguageModelTraining } from './language-model/language-model-training.js';
import type { Tagger } from './tag/tagger.js';
import { TaggerTraining } from './tag/tagger-training.js';
import type { TaskModel } from './task.js';
import { deserializeTask, serializeTask } from './task-file.js';
import { libraryTasks } from './task-registry.js';
import type { Translator } from './translate/translator.js';
import { TranslatorTraining } from './translate/translator-training.js';

const series = `level\n${Array.from({ length: 90 }, (_, t) => (Math.sin(t / 3) + 0.01 * t).toFixed(3)).join('\n')}`;
const small = { units: 3, epochs: 1 } as const;
const sentences = madeReviews(40).texts.map((text) => ({
  words: text.split(' '),
  tags: text.split(' ').map((word) => (word.length > 3 ? 'LONG' : 'SHORT')),
}));

/** A trained task of every kind, and what one does with it. */
const tasks: Readonly<Record<string, { train: () => Promise<TaskModel>; use: (task: never) => Promise<unknown> }>> = {
  languageModel: {
    train: async () => {
      const training = new LanguageModelTraining('a rose is a rose\n'.repeat(30), { ...small, timesteps: 7 });
      await training.train();
      return training.languageModel;
    },
    use: async (task) => {
      let text = '';
      for await (const piece of generate(task, { length: 3 })) text += piece;
      return text;
    },
  },
  forecast: {
    train: async () => {
      const training = new ForecastTraining(await readTable(series, { where: 'series.csv' }), {
        ...small,
        horizon: 2,
        timesteps: 5,
      });
      await training.train();
      return training.forecaster;
    },
    use: async (task: Forecaster) => {
      const columns = task.columnsOf(await readTable(series, { where: 'series.csv' }));
      return task.predict(columns.series[0]);
    },
  },
  classify: {
    train: async () => {
      const training = new ClassifierTraining({ train: madeReviews(40) }, { ...reviewOptions, ...small });
      await training.train();
      return training.classifier;
    },
    use: (task: Classifier) => task.predict(['a good film']),
  },
  tag: {
    train: async () => {
      const training = new TaggerTraining({ train: sentences }, { ...small, characterUnits: 2 });
      await training.train();
      return training.tagger;
    },
    use: (task: Tagger) => task.predict([['They', 'wait']]),
  },
  translate: {
    train: async () => {
      const train = madeReviews(40).texts.map((text) => ({ source: text, target: text.toUpperCase() }));
      const training = new TranslatorTraining({ train }, { ...small, units: 4, layers: 1, embeddingUnits: 3 });
      await training.train();
      return training.translator;
    },
    use: (task: Translator) => task.predict(['a good film'], { beams: 2 }),
  },
};

it.each(libraryTasks)(
  'a damaged file of %s is refused, or the task still answers or says what is wrong',
  async (kind) => {
    const { train, use } = tasks[kind];
    const good = serializeTask(await train());
    await use(deserializeTask(good).task as never);
    for (const { change, bytes } of damagedFiles(good, 0.02, new Random(3))) {
      try {
        await use(deserializeTask(bytes, 'task.safetensors').task as never);
      } catch (error) {
        expect(error, `${change}: ${String(error)}`).toBeInstanceOf(RondoError);
        expect((error as RondoError).code, `${change}: ${String(error)}`).not.toBe('INTERNAL');
      }
    }
  },
);
