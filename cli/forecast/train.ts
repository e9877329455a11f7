import { type Forecaster, type ForecastOptions, ForecastTraining, forecastOptions } from '../../src/index.js';
import { givenTable, tableOptions } from '../data-options.js';
import { readTableInput } from '../read-input.js';
import { answerBesideTeacher } from '../teacher-and-student.js';
import { valueTeachingOptions } from '../teaching-options.js';
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
    'rondo train forecast power.csv --teacher load.safetensors --out small.safetensors',
  ],
  table: forecastOptions,
  readers: { features: columnsNamed },
  options: { ...tableOptions, ...valueTeachingOptions },
  trainsOn: {
    reading: ({ reading }) => reading?.file ?? {},
    // What is held out stays so, to measure on.
    options: () => ({ refit: false }),
  },
  async prepare({ files: [file], options, given, initial, teacher, interrupted }) {
    // Nothing below holds the table, which may be as large as the series.
    const table = await readTableInput(
      file,
      givenTable(withReading(options, (interrupted ?? initial ?? teacher?.model)?.reading?.file)),
    );
    const { where } = table;
    // The horizon of an interrupted training counts, so that any will do.
    const taught = teacher && { model: teacher.model, alpha: teacher.alpha };
    const horizon = given.horizon ?? (initial ?? teacher?.model)?.options.horizon ?? 1;
    const all = { ...given, horizon, reading: readingOf(options), teacher: taught, initial };
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
      answer: ({ isQuiet, path }) => {
        const own = answerOf(training, isQuiet);
        return taught === undefined || options.teacher === undefined
          ? own
          : besideTeacher(own, forecaster, { path: options.teacher, model: taught.model }, path);
      },
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

/** The same with what the student has lost at the end, where both were measured on as many held-out rows. */
async function besideTeacher(
  own: TrainAnswer,
  student: Forecaster,
  { path, model: teacher }: { readonly path: string; readonly model: Forecaster },
  out: string,
): Promise<TrainAnswer> {
  const [theirs, ours] = [teacher.findings.report, student.findings.report];
  if (theirs === null || ours === null || theirs.numForecasts !== ours.numForecasts) {
    const why = 'The student and its teacher have not held out the same rows, so their errors do not compare.';
    return { ...own, sections: [...own.sections, why] };
  }
  return answerBesideTeacher(
    own,
    { path, model: teacher, units: teacher.units },
    { path: out, model: student, units: student.units },
    {
      measure: 'mean absolute error',
      better: 'lower',
      teacher: theirs.errors.model.mae,
      student: ours.errors.model.mae,
    },
  );
}

/** `all`, `none`, or names of columns. */
function columnsNamed(text: string): NonNullable<ForecastOptions['features']> {
  return text === 'all' || text === 'none' ? text : text.split(',').map((name) => name.trim());
}
