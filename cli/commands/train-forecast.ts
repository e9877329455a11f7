import { type Forecaster, type ForecastOptions, ForecastTraining, forecastOptions } from '../../src/index.js';
import { resumeCommand } from '../command-words.js';
import { givenTable, tableOptions } from '../data-options.js';
import { aboutForecasts, forecastVerdict } from '../forecast/about-forecasts.js';
import { readingOf, withReading } from '../forecast/read-series.js';
import { seriesLines } from '../forecast/series-lines.js';
import { errorTable, forecastPlot } from '../forecast/show-forecast.js';
import type { Given } from '../options.js';
import { print, printLines } from '../output.js';
import { trainingStart } from '../output-paths.js';
import { readTableInput } from '../read-input.js';
import { showLearningRates } from '../show-learning-rates.js';
import { counted, withSeparators } from '../text-table.js';
import { defineTrain } from '../train-command.js';
import { runTrain, showTrained, type TrainRun } from '../train-run.js';
import { requirePositionals, WrongUsage } from '../wrong-usage.js';

/** `rondo train forecast`: a forecaster of a column of a table. */
export const trainForecast = defineTrain({
  name: 'train forecast',
  summary: 'Learn to forecast a column of a CSV table.',
  usage: 'FILE.csv --horizon N [--target COLUMN] [options]',
  examples: [
    'rondo train forecast sunspots.csv --horizon 12',
    'rondo train forecast power.csv --target load --horizon 24 --features none --out load.safetensors',
    'rondo train forecast power.csv --out load.safetensors --resume',
  ],
  table: forecastOptions,
  readers: { features: columnsNamed },
  options: tableOptions,
  async run({ positionals, options }, given) {
    const where = `rondo ${this.name}`;
    requirePositionals(this, positionals, 1);
    const [file] = positionals;
    const { resume, quiet, json } = options;
    if (!resume && given.horizon === undefined)
      throw new WrongUsage({
        where,
        what: '--horizon is missing.',
        expected: '--horizon N',
        fix: 'say how many steps to forecast.',
      });
    const { paths, interrupted } = await trainingStart(where, 'forecast', file, options, () => given);
    const { training, where: source } = await trainingOn(file, options, given, interrupted?.task);
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
      resumeCommand: resumeCommand(this, { positionals, options }, paths.model),
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
  options: Given<typeof tableOptions>,
  given: Partial<ForecastOptions>,
  interrupted: Forecaster | undefined,
): Promise<{ training: ForecastTraining; where: string }> {
  const table = await readTableInput(file, givenTable(withReading(options, interrupted?.reading?.file)));
  // Those of an interrupted training count, so that any horizon will do.
  const all = { ...given, horizon: given.horizon ?? 1, reading: readingOf(options) };
  return { training: new ForecastTraining(table, all, interrupted), where: table.where };
}

/** `all`, `none`, or names of columns. */
function columnsNamed(text: string): NonNullable<ForecastOptions['features']> {
  return text === 'all' || text === 'none' ? text : text.split(',').map((name) => name.trim());
}
