import { type ForecastOptions, ForecastTraining, forecastOptions } from '../../src/index.js';
import { givenTable, tableOptions } from '../data-options.js';
import { readTableInput } from '../read-input.js';
import { counted, withSeparators } from '../text-table.js';
import { defineTrain } from '../train-command.js';
import type { TrainAnswer } from '../train-run.js';
import { aboutForecasts, forecastVerdict } from './about-forecasts.js';
import { forecastNames } from './names.js';
import { readingOf, withReading } from './read-series.js';
import { seriesLines } from './series-lines.js';
import { errorTable, forecastPlot } from './show-forecast.js';

/** `rondo train forecast`: a forecaster of a column of a table. */
export const train = defineTrain({
  task: forecastNames,
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
  async prepare({ files: [file], options, given, interrupted }) {
    // Nothing below holds the table, which may be as large as the series.
    const table = await readTableInput(file, givenTable(withReading(options, interrupted?.reading?.file)));
    const { where } = table;
    // The horizon of an interrupted training counts, so that any will do.
    const all = { ...given, horizon: given.horizon ?? 1, reading: readingOf(options) };
    const training = new ForecastTraining(table, all, interrupted);
    const { forecaster } = training;
    return {
      task: forecaster,
      training,
      unit: 'windows',
      unitsPerStep: forecaster.options.batchSize,
      stage: () => {
        if (forecaster.findings.stage === 'refitting') return { name: 'again on all rows', isAfter: true };
        return forecaster.options.units === 'auto' ? { name: `${forecaster.units} units`, isAfter: false } : undefined;
      },
      about: [...seriesLines(where, training.columns), ...aboutNetwork(training)],
      answer: ({ isQuiet }) => answerOf(training, isQuiet),
    };
  },
});

function aboutNetwork({ forecaster, numRows, notes }: ForecastTraining): string[] {
  const { cell, layers, timesteps, season, horizon } = forecaster.options;
  return [
    `train ${withSeparators(numRows.train)}, validation ${withSeparators(numRows.validation)}, held out ` +
      `${withSeparators(numRows.test)} rows; season ${season}`,
    `${layers} x ${cell} of ${counted(forecaster.units, 'unit')}, ` +
      `${withSeparators(forecaster.model.countParams())} parameters; windows of ` +
      `${counted(timesteps, 'step')}, ${horizon} ahead`,
    ...notes,
  ];
}

function answerOf({ forecaster, columns, numRows, notes }: ForecastTraining, isQuiet: boolean): TrainAnswer {
  const { report, ...findings } = forecaster.findings;
  const shown = { columns, instead: findings.instead };
  return {
    facts: {
      rows: numRows,
      bases: forecaster.series.map((one) => ({
        series: one.name,
        base: one.base,
        isAlone: !forecaster.usesNetwork || forecaster.isShort(one),
      })),
      findings,
      report,
      notes: [...columns.notes.map(({ text }) => text), ...notes],
    },
    sections: [
      aboutForecasts(forecaster).join('\n'),
      ...(report === null || isQuiet ? [] : [forecastPlot(report, shown)]),
      ...(report === null ? [] : [errorTable(report, shown)]),
    ],
    isNetworkUsed: forecaster.usesNetwork,
    verdict: forecastVerdict(forecaster),
  };
}

/** `all`, `none`, or names of columns. */
function columnsNamed(text: string): NonNullable<ForecastOptions['features']> {
  return text === 'all' || text === 'none' ? text : text.split(',').map((name) => name.trim());
}
