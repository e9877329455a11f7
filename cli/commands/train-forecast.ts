import { type Forecaster, type ForecastOptions, ForecastTraining } from '../../src/index.js';
import { resumeCommand } from '../command-words.js';
import { givenTable, tableOptions } from '../data-options.js';
import { aboutForecasts, forecastVerdict } from '../forecast/about-forecasts.js';
import { readingOf, withReading } from '../forecast/read-series.js';
import { seriesLines } from '../forecast/series-lines.js';
import { givenSeries, seriesOptions } from '../forecast/series-options.js';
import { errorTable, forecastPlot } from '../forecast/show-forecast.js';
import { defineCommand, type Given, type OptionSpecs, recurrentOptions, trainingOptions } from '../options.js';
import { print, printLines } from '../output.js';
import { trainingStart } from '../output-paths.js';
import { readTableInput } from '../read-input.js';
import { showLearningRates } from '../show-learning-rates.js';
import { counted, withSeparators } from '../text-table.js';
import { runTrain, showTrained, type TrainRun } from '../train-run.js';
import { requirePositionals, WrongUsage } from '../wrong-usage.js';

/** By the names on the command line. */
const bases = {
  auto: 'auto',
  naive: 'naive',
  'seasonal-naive': 'seasonalNaive',
  drift: 'drift',
  'seasonal-drift': 'seasonalDrift',
  mean: 'mean',
  median: 'median',
  smoothing: 'smoothing',
} as const;
const baseChoices = [
  'auto',
  'naive',
  'seasonal-naive',
  'drift',
  'seasonal-drift',
  'mean',
  'median',
  'smoothing',
] as const satisfies readonly (keyof typeof bases)[];

const specs = {
  target: {
    type: 'text',
    once: true,
    value: 'COLUMN',
    about: 'What to forecast. Default: the only column of numbers.',
  },
  horizon: { type: 'count', once: true, value: 'N', about: 'Steps to forecast.' },
  features: {
    type: 'text',
    once: true,
    value: 'COLUMNS',
    about: 'What else the model sees: all (default), none, or columns separated by commas.',
  },
  season: { type: 'count', value: 'N', about: 'Steps of a season. Default: found by itself.' },
  ...seriesOptions,
  ...tableOptions,
  base: {
    type: 'text',
    value: 'NAME',
    choices: baseChoices,
    about: 'The forecast that the network corrects. Default auto: the best on training and validation rows.',
  },
  validation: {
    type: 'number',
    value: 'SHARE',
    about:
      'Share of the rows that chooses the best epoch and how much the network counts. Default 0.1, up to 0.2 ' +
      'for twenty horizons; 0 for none.',
  },
  test: {
    type: 'number',
    value: 'SHARE',
    about: 'Share of the rows at the end that is held out for the errors. Default 0.2; 0 for none.',
  },
  refit: {
    type: 'text',
    value: 'yes|no',
    choices: ['yes', 'no'],
    about: 'Train again on all rows once everything is chosen. Default yes; the errors are those from before.',
  },
  'max-epochs': {
    type: 'count',
    value: 'N',
    about:
      'While the best epoch is the last, training goes on with twice as many; at most so many in all. Default: ' +
      'two such rounds, or no more than --epochs where that is given.',
  },
  'steps-per-epoch': {
    type: 'count',
    value: 'N',
    about:
      'Steps of an epoch. Default: those that show every window once, at least 50; fewer of very long series, ' +
      'which is said.',
  },
  'forecast-with': {
    type: 'text',
    value: 'best|model',
    choices: ['best', 'model'],
    about: 'What the file forecasts with: the model, or (default) the baseline that is ahead of it.',
  },
  'allow-negative': { type: 'flag', about: 'Let forecasts go below zero though no value does.' },
  ...trainingOptions({
    cell: 'gru',
    units: '32',
    dropout: '0.1',
    epochs: '30 of at least 50 steps, fewer where the validation loss stops falling, more where the best is the last',
    batchSize: '64',
    learningRate: '0.005',
    timesteps: 'a season of up to 168 steps, or four horizons where that is more',
  }),
  units: {
    type: 'count',
    value: 'N|auto',
    word: 'auto',
    most: 32768,
    about:
      'Width of each recurrent layer. Default 32. auto: 32, and where the network helps 16 and 64 too; the ' +
      'validation rows choose.',
  },
} as const satisfies OptionSpecs;

/** `rondo train forecast`: a forecaster of a column of a table. */
export const trainForecast = defineCommand({
  name: 'train forecast',
  summary: 'Learn to forecast a column of a CSV table.',
  usage: 'FILE.csv --horizon N [--target COLUMN] [options]',
  examples: [
    'rondo train forecast sunspots.csv --horizon 12',
    'rondo train forecast power.csv --target load --horizon 24 --features none --out load.safetensors',
    'rondo train forecast power.csv --out load.safetensors --resume',
  ],
  options: specs,
  async run({ positionals, options }) {
    const where = `rondo ${this.name}`;
    requirePositionals(this, positionals, 1);
    const [file] = positionals;
    const { resume, quiet, json } = options;
    if (!resume && options.horizon === undefined)
      throw new WrongUsage({
        where,
        what: '--horizon is missing.',
        expected: '--horizon N',
        fix: 'say how many steps to forecast.',
      });
    const { paths, interrupted } = await trainingStart(where, 'forecast', file, options, () =>
      forecastOptions(options, options.horizon),
    );
    const { training, where: source } = await trainingOn(file, options, interrupted?.task);
    const { forecaster, columns, numRows } = training;
    const { cell, layers, timesteps, season, horizon, epochs, maxEpochs, batchSize } = forecaster.options;
    if (!json) {
      printLines(seriesLines(source, columns));
      print(
        `train ${withSeparators(numRows.train)}, validation ${withSeparators(numRows.validation)}, held out ` +
          `${withSeparators(numRows.test)} rows; season ${season}`,
      );
      print(
        `${layers} x ${cell} of ${counted(forecaster.units, 'unit')}, ` +
          `${withSeparators(forecaster.model.countParams())} parameters; windows of ` +
          `${counted(timesteps, 'step')}, ${horizon} ahead`,
      );
      for (const note of training.notes) print(note);
    }
    if (options['find-learning-rate']) return showLearningRates(this, { positionals, options }, training);
    const run: TrainRun = {
      task: forecaster,
      paths,
      epochs: maxEpochs,
      rounds: { epochs, maxEpochs },
      numBatches: training.numBatches,
      unitsPerStep: batchSize,
      unit: 'windows',
      stage: () => {
        if (forecaster.findings.stage === 'refitting') return { name: 'again on all rows', isAfter: true };
        return forecaster.options.units === 'auto' ? { name: `${forecaster.units} units`, isAfter: false } : undefined;
      },
      isQuiet: quiet || json,
      diagnose: options.diagnose,
      resumeFrom: interrupted?.training,
      resumeCommand: resumeCommand(this.name, { positionals, options }, paths.model),
      train: (controls) => training.train(controls),
    };
    const outcome = await runTrain(run);
    if (outcome === undefined) return;
    const { report, ...found } = forecaster.findings;
    const sections = [
      aboutForecasts(forecaster).join('\n'),
      ...(report === null || quiet ? [] : [forecastPlot(report, { columns, instead: found.instead })]),
      ...(report === null ? [] : [errorTable(report, { columns, instead: found.instead })]),
    ];
    const facts = {
      rows: numRows,
      bases: forecaster.series.map((one) => ({
        series: one.name,
        base: one.base,
        isAlone: !forecaster.usesNetwork || forecaster.isShort(one),
      })),
      findings: found,
      report,
      notes: [...columns.notes.map(({ text }) => text), ...training.notes],
    };
    await showTrained(
      run,
      outcome,
      { facts, sections, isNetworkUsed: forecaster.usesNetwork, verdict: forecastVerdict(forecaster) },
      json,
    );
  },
});

/**
 * A training, and where its table was read; the table itself is not held any longer: it may be as large as the series.
 */
async function trainingOn(
  file: string,
  options: Given<typeof specs>,
  interrupted: Forecaster | undefined,
): Promise<{ training: ForecastTraining; where: string }> {
  const table = await readTableInput(file, givenTable(withReading(options, interrupted?.reading?.file)));
  return {
    training: new ForecastTraining(
      table,
      { ...forecastOptions(options, options.horizon ?? 1), reading: readingOf(options) },
      interrupted,
    ),
    where: table.where,
  };
}

/** What the options of the command line say of the task. */
export function forecastOptions<Horizon extends number | undefined>(
  options: Given<typeof specs>,
  horizon: Horizon,
): Omit<ForecastOptions, 'horizon'> & { horizon: Horizon } {
  const { features } = options;
  return {
    target: options.target,
    horizon,
    features:
      features === undefined || features === 'all' || features === 'none'
        ? features
        : features.split(',').map((name) => name.trim()),
    season: options.season,
    ...givenSeries(options),
    validation: options.validation,
    test: options.test,
    base: options.base && bases[options.base],
    refit: options.refit && options.refit === 'yes',
    maxEpochs: options['max-epochs'],
    stepsPerEpoch: options['steps-per-epoch'],
    forecastWith: options['forecast-with'],
    allowNegative: options['allow-negative'] || undefined,
    ...recurrentOptions({ ...options, units: undefined }),
    units: options.units,
  };
}
