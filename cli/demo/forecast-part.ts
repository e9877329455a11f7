import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { ForecastTraining, readTable } from '../../src/index.js';
import { readText } from '../../src/node.js';
import { forecastNames } from '../forecast/names.js';
import { errorTable, forecastPlot } from '../forecast/show-forecast.js';
import { loadModelOf } from '../load-model-of.js';
import { print } from '../output.js';
import { pathsOf } from '../output-paths.js';
import { shortNumber, withSeparators } from '../text-table.js';
import { runTrain, type TrainRun, trainReport } from '../train-run.js';

/** What a demo part is given. */
export interface DemoSettings {
  /** Where files go. */
  readonly folder: string;
  readonly isQuiet: boolean;
}

/** The figures in the package, above the folder of this module whether it is compiled or not. */
function sunspotsPath(): string {
  const relative = join('examples', 'data', 'sunspots.csv');
  let folder = dirname(fileURLToPath(import.meta.url));
  while (!existsSync(join(folder, relative)) && dirname(folder) !== folder) folder = dirname(folder);
  return join(folder, relative);
}

/**
 * Learns to forecast sunspots, draws the forecast, and goes on from the saved file. @returns whether it was finished.
 */
export async function forecastPart({ folder, isQuiet }: DemoSettings): Promise<boolean> {
  print('1. Forecast: monthly sunspot numbers since 1749, one year ahead');
  print('   (public figures, see examples/data/README.md)\n');
  const csv = sunspotsPath();
  const table = await readTable(await readText(csv), { where: csv });
  const training = new ForecastTraining(table, { target: 'sunspots', horizon: 12 });
  const { forecaster, numRows } = training;
  const { cell, timesteps, batchSize } = forecaster.options;
  print(
    `${withSeparators(numRows.train)} months to learn from, ${withSeparators(numRows.test)} held out; ${cell} ` +
      `of ${forecaster.units} units over windows of ${timesteps} months`,
  );
  const run: TrainRun = {
    task: forecaster,
    training,
    paths: pathsOf(join(folder, 'sunspots.safetensors')),
    unitsPerStep: batchSize,
    unit: 'windows',
    isQuiet,
    resumeFrom: undefined,
    resumeCommand: 'rondo demo',
  };
  const outcome = await runTrain(run);
  if (outcome === undefined) return false;
  print(`\n${await trainReport(run, outcome)}`);
  const report = await training.evaluate();
  const shownWith = { columns: training.columns, instead: forecaster.findings.instead };
  print(
    `\n${forecastPlot({ ...report, shown: report.shown.slice(-4) }, shownWith)}\n\n${errorTable(report, shownWith)}`,
  );
  const loaded = await loadModelOf('rondo demo', run.paths.model, forecastNames);
  const next = await loaded.predict(training.columns.series[0]);
  print(
    `\nloaded again from ${run.paths.model}; the 12 months after the last:\n` +
      `${[...next.subarray(0, 12)].map(shortNumber).join('  ')}\n`,
  );
  return true;
}
