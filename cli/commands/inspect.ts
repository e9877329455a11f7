import { stat } from 'node:fs/promises';
import {
  cellNamed,
  type Forecaster,
  type LanguageModel,
  type RecurrentTaskOptions,
  type Resolved,
  RondoError,
  type Tagger,
} from '../../src/index.js';
import { loadModel, loadTask } from '../../src/node.js';
import { aboutClassifier } from '../classify/about-classifier.js';
import { aboutForecasts } from '../forecast/about-forecasts.js';
import { aboutSeries } from '../forecast/about-series.js';
import type { KnownTask } from '../known-task.js';
import { defineCommand, jsonOption } from '../options.js';
import { print, printJson, printLines } from '../output.js';
import { percent } from '../tag/show-tagging.js';
import { sparkline } from '../terminal/plot.js';
import { startLine } from '../text-start.js';
import { counted, fileSize, shortNumber, withSeparators } from '../text-table.js';
import { coverageLine } from '../vector-options.js';
import { requirePositionals } from '../wrong-usage.js';

/** `rondo inspect`: what is in a model file. */
export const inspect = defineCommand({
  name: 'inspect',
  summary: 'Show what a model file holds.',
  usage: 'MODEL [options]',
  examples: ['rondo inspect shakespeare.safetensors', 'rondo inspect shakespeare.safetensors --json'],
  options: jsonOption,
  async run({ positionals, options }) {
    requirePositionals(this, positionals, 1);
    const [path] = positionals;
    const { model, preprocessing, training } = await loadModel(path);
    const task = await loadTask(path).then((loaded) => loaded.task as KnownTask, withoutTask);
    const sizeBytes = (await stat(path)).size;
    if (options.json) {
      const architecture = { className: model.className, config: model.getConfig() };
      printJson({
        path,
        sizeBytes,
        parameters: model.countParams(),
        task: task?.task ?? null,
        isCheckpoint: training !== undefined,
        architecture,
        preprocessing,
      });
      return;
    }
    print(
      `${path}: ${fileSize(sizeBytes)}` +
        (training === undefined
          ? ''
          : `, a checkpoint after ${counted(training.values.epoch, 'epoch')} and ` +
            counted(training.values.batch, 'step')) +
        '\n',
    );
    print(model.summary());
    if (task === undefined) {
      print('\nNo task: a model to be used from code.');
      return;
    }
    if (task.task === 'classify') {
      printLines(['', ...aboutClassifier(task), ...aboutTraining(task.options, task.outcome)]);
      return;
    }
    printLines([
      '',
      ...(task.task === 'forecast'
        ? [
            ...aboutSeries(task),
            ...aboutForecasts(task).map((line) => `forecasts ${line}`),
            ...aboutTraining(task.options, task.outcome),
          ]
        : task.task === 'tag'
          ? aboutTagger(task)
          : aboutLanguageModel(task)),
    ]);
  },
});

/** A model that no task made can be inspected as well. */
function withoutTask(error: unknown): undefined {
  if (error instanceof RondoError && error.code === 'FILE_FORMAT') return undefined;
  throw error;
}

function aboutLanguageModel({ options, codec, text, outcome }: LanguageModel): string[] {
  const sample = Array.from({ length: Math.min(20, codec.size) }, (_, token) =>
    JSON.stringify(codec.shown(token)).slice(1, -1),
  );
  return [
    `task      language model of ${options.level}${options.lower ? ', lower-cased' : ''}`,
    `tokens    ${withSeparators(codec.size)} different: ${sample.join(' ')}${codec.size > 20 ? ' ...' : ''}`,
    `trained   on ${withSeparators(text.numTrainingTokens)} tokens, chosen on ` +
      `${withSeparators(text.numTokens - text.numTrainingTokens)} more`,
    'writes    ' +
      (text.start === undefined
        ? 'after a line end: a file of an earlier version does not say how its texts begin'
        : startLine(text.start, codec)),
    ...aboutTraining(options, outcome),
  ];
}

function aboutTagger({ options, codec, sentences, outcome }: Tagger): string[] {
  const { crf, wordUnits, characterEncoder } = options;
  return [
    `task      tagger of words${sentences.column === null ? '' : `, column ${sentences.column}`}` +
      (sentences.scheme === null ? '' : `, spans by ${sentences.scheme}`),
    `tags      ${withSeparators(codec.tags.length)}: ` +
      `${codec.tags.slice(0, 25).join(' ')}${codec.tags.length > 25 ? ' ...' : ''}`,
    `words     ${withSeparators(codec.words.size)} with vectors of ` +
      `${wordUnits}${options.lower ? ', in lower case' : ''}${options.digits ? ', digits as 0' : ''}; ` +
      `${withSeparators(codec.characters.size)} characters (${characterEncoder})`,
    ...(sentences.vectors === null
      ? []
      : [`begun     with ${coverageLine(sentences.vectors)}${options.freezeVectors ? '; kept as they were' : ''}`]),
    `output    ${crf ? 'conditional random field' : 'every tag by itself'}`,
    `trained   on ${withSeparators(sentences.numSentences)} sentences of ${withSeparators(sentences.numWords)} ` +
      `words, chosen on ${withSeparators(sentences.numValidationSentences)} more`,
    ...sentences.baseline.map(
      ({ part, accuracy, unknownAccuracy }) =>
        `baseline  HMM, ${part}: ${percent(accuracy)} % of words, ${percent(unknownAccuracy)} % of unknown ones`,
    ),
    ...aboutTraining(options, outcome),
  ];
}

function aboutTraining(
  {
    cell,
    epochs,
    batchSize,
    timesteps,
    learningRate,
    dropout,
  }: Readonly<Resolved<Omit<RecurrentTaskOptions, 'units'>>>,
  outcome: Forecaster['outcome'],
): string[] {
  return [
    `cell      ${cell}: ${cellNamed(cell).description}`,
    `training  ${counted(epochs, 'epoch')} of batches of ${batchSize} x ${timesteps}, ` +
      `learning rate ${shortNumber(learningRate)}, dropout ${dropout}`,
    ...(outcome === undefined
      ? []
      : [
          `outcome   best epoch ${outcome.bestEpoch + 1} of ${outcome.loss.length}, ` +
            (outcome.valLoss.length > 0
              ? `validation loss ${shortNumber(outcome.valLoss[outcome.bestEpoch])}`
              : `loss ${shortNumber(outcome.loss[outcome.bestEpoch])}`) +
            (outcome.valScore === undefined ? '' : `, score ${shortNumber(outcome.valScore[outcome.bestEpoch])}`) +
            `  ${sparkline(outcome.valLoss, { width: 40 })}`,
        ]),
  ];
}
