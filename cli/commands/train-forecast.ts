import { type ForecastOptions, ForecastTraining } from '../../src/index.js';
import { seriesLines } from '../forecast/series-lines.js';
import { givenSeries, seriesOptions } from '../forecast/series-options.js';
import { errorTable, forecastPlot } from '../forecast/show-forecast.js';
import { defineCommand, type Given, type OptionSpecs, recurrentOptions, trainingOptions } from '../options.js';
import { print } from '../output.js';
import { trainingStart } from '../output-paths.js';
import { readTableInput } from '../read-input.js';

import { showLearningRates } from '../show-learning-rates.js';
import { withSeparators } from '../text-table.js';
import { quoted, runTrain, showTrained, type TrainRun } from '../train-run.js';
import { requirePositionals, WrongUsage } from '../wrong-usage.js';

const specs = {
  target: { type: 'text', value: 'COLUMN', about: 'What to forecast. Default: the only column of numbers.' },
  horizon: { type: 'count', value: 'N', about: 'Steps to forecast.' },
  features: { type: 'text', value: 'COLUMNS', about: 'What else the model sees: all (default), none, or columns separated by commas.' },
  season: { type: 'count', value: 'N', about: 'Steps of a season, for the seasonal-naive forecast. Default: found by autocorrelation.' },
  ...seriesOptions,
  validation: { type: 'number', value: 'SHARE', about: 'Share of the rows that chooses the best epoch. Default 0.1.' },
  test: { type: 'number', value: 'SHARE', about: 'Share of the rows at the end that is held out for the errors. Default 0.2.' },
  ...trainingOptions({ cell: 'gru', units: '32', dropout: '0.1', epochs: '30, fewer where the validation loss stops falling', batchSize: '64', learningRate: '0.005', timesteps: 'a season, or four horizons where that is more' }),
} as const satisfies OptionSpecs;

/** `rondo train forecast`: a forecaster of a column of a table. */
export const trainForecast = defineCommand({
  name: 'train forecast',
  summary: 'Learn to forecast a column of a CSV table.',
  usage: 'FILE.csv --horizon N [--target COLUMN] [options]',
  examples: ['rondo train forecast sunspots.csv --horizon 12', 'rondo train forecast power.csv --target load --horizon 24 --features none --out load.safetensors', 'rondo train forecast power.csv --out load.safetensors --resume'],
  options: specs,
  async run({ positionals, options }) {
    const where = `rondo ${this.name}`;
    requirePositionals(this, positionals, 1);
    const [file] = positionals;
    const { resume, quiet, json } = options;
    if (!resume && options.horizon === undefined) throw new WrongUsage({ where, what: '--horizon is missing.', expected: '--horizon N', fix: 'say how many steps to forecast.' });
    const { paths, interrupted } = await trainingStart(where, 'forecast', file, options, () => forecastOptions(options, options.horizon));
    const table = await readTableInput(file);
    const training = new ForecastTraining(table, forecastOptions(options, options.horizon ?? 1), interrupted?.task);
    const { forecaster, columns, numRows } = training;
    const { cell, units, layers, timesteps, season, horizon, epochs, batchSize } = forecaster.options;
    if (!json) {
      for (const line of seriesLines(table.where, columns)) print(line);
      print(`train ${withSeparators(numRows.train)}, validation ${withSeparators(numRows.validation)}, held out ${withSeparators(numRows.test)} rows; season ${season}`);
      print(`${layers} x ${cell} of ${units} units, ${withSeparators(forecaster.model.countParams())} parameters; windows of ${timesteps} steps, ${horizon} ahead`);
    }
    if (options['find-learning-rate']) return showLearningRates(this, { positionals, options }, training);
    const run: TrainRun = {
      task: forecaster,
      paths,
      epochs,
      numBatches: training.numBatches,
      unitsPerStep: batchSize,
      unit: 'windows',
      isQuiet: quiet || json,
      diagnose: options.diagnose,
      resumeFrom: interrupted?.training,
      resumeCommand: `rondo ${this.name} ${quoted(file)} --out ${quoted(paths.model)} --resume${options.blas ? ' --blas' : ''}`,
      train: (controls) => training.train(controls),
    };
    const outcome = await runTrain(run);
    if (outcome === undefined) return;
    const report = await training.evaluate();
    const sections = [...(quiet ? [] : [forecastPlot(report, columns)]), errorTable(report, columns)];
    await showTrained(run, outcome, { facts: { rows: numRows, report, notes: columns.notes.map(({ text }) => text) }, sections }, json);
  },
});

function forecastOptions<Horizon extends number | undefined>(options: Given<typeof specs>, horizon: Horizon): Omit<ForecastOptions, 'horizon'> & { horizon: Horizon } {
  const { features } = options;
  return {
    target: options.target,
    horizon,
    features: features === undefined || features === 'all' || features === 'none' ? features : features.split(',').map((name) => name.trim()),
    season: options.season,
    ...givenSeries(options),
    validation: options.validation,
    test: options.test,
    ...recurrentOptions(options),
  };
}
