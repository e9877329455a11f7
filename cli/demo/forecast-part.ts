import { join } from 'node:path';
import { tideLevels } from '../../examples/tide-levels.js';
import { ForecastTraining, readTable } from '../../src/index.js';
import { loadTask, writeFileAtomically } from '../../src/node.js';
import { requireTask } from '../require-task.js';
import { errorTable, forecastPlot } from '../show-forecast.js';
import { shortNumber, withSeparators } from '../text-table.js';
import { runTrain, trainReport, type TrainRun } from '../train-run.js';

/** What a demo part is given. */
export interface DemoSettings {
  /** Where files go. */
  readonly folder: string;
  readonly isQuiet: boolean;
}

/** Learns to forecast water levels, draws the forecast, and goes on from the saved file. @returns whether it was finished. */
export async function forecastPart({ folder, isQuiet }: DemoSettings): Promise<boolean> {
  console.log('1. Forecast: hourly water levels of a harbour, one day ahead');
  console.log('   (tides, weather and a noisy gauge, made by examples/tide-levels.ts)\n');
  const csv = join(folder, 'tides.csv');
  await writeFileAtomically(csv, tideLevels());
  const table = await readTable(tideLevels(), { where: csv });
  const training = new ForecastTraining(table, { target: 'level', horizon: 24, epochs: 12 });
  const { forecaster, numRows } = training;
  const { cell, units, timesteps, batchSize, epochs } = forecaster.options;
  console.log(`${withSeparators(numRows.train)} hours to learn from, ${withSeparators(numRows.test)} held out; ${cell} of ${units} units over windows of ${timesteps} hours`);
  const run: TrainRun = {
    task: forecaster,
    paths: { model: join(folder, 'tides.safetensors'), checkpoint: join(folder, 'tides.checkpoint.safetensors') },
    epochs,
    numBatches: training.numBatches,
    unitsPerStep: batchSize,
    unit: 'windows',
    isQuiet,
    resumeFrom: undefined,
    resumeCommand: 'rondo demo',
    train: (controls) => training.train(controls),
  };
  const outcome = await runTrain(run);
  if (outcome === undefined) return false;
  console.log(`\n${await trainReport(run, outcome)}`);
  const report = await training.evaluate();
  console.log(`\n${forecastPlot({ ...report, shown: report.shown.slice(-4) })}\n\n${errorTable(report)}`);
  const loaded = requireTask('rondo demo', run.paths.model, (await loadTask(run.paths.model)).task, 'forecast');
  const next = await loaded.predictNext(training.columns);
  console.log(`\nloaded again from ${run.paths.model}; the next 12 hours:\n${[...next.subarray(0, 12)].map(shortNumber).join('  ')} m\n`);
  return true;
}
