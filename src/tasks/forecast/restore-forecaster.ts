import { isObject, isTexts, optional, SavedFields } from '../../data/saved-fields.js';
import type { Resolved } from '../../resolved.js';
import { withDefaults } from '../option-table.js';
import { type SavedTask, sequentialOf } from '../task.js';
import { restoreFindings } from './findings.js';
import { type ForecastOptions, firstEpochs, forecastOptions } from './forecast-options.js';
import { Forecaster } from './forecaster.js';
import { restoreSeriesReading } from './series-reading.js';
import { restoreTrainedSeries, type TrainedSeries } from './trained-series.js';

/** What {@link Forecaster.toJSON} wrote, and what files of one series held before. @throws FILE_FORMAT */
export function restoreForecaster(file: SavedTask): Forecaster {
  const { saved, outcome } = file;
  const { where } = saved;
  const model = sequentialOf(file);
  const { names, series } = savedSeries(saved, where);
  // Files of before an option was there behave as its default says.
  const kept = saved.read('options', 'an object', isObject) as unknown as ForecastOptions;
  const options = withDefaults(forecastOptions, { maxEpochs: firstEpochs, ...kept }) as Resolved<ForecastOptions>;
  const own = new SavedFields(where, options);
  for (const name of ['horizon', 'timesteps', 'season']) {
    own.read(
      name,
      'a whole number of at least 1',
      (value): value is number => Number.isSafeInteger(value) && (value as number) >= 1,
    );
  }
  const width = names.length + (series[0].errorScale === null ? 0 : 1);
  const output = model.computeOutputShape([1, options.timesteps, width]);
  if (output.length !== 2 || output[1] !== options.horizon)
    throw saved.fault('the model does not fit the horizon.', `horizon ${options.horizon}`, output);
  const reading = restoreSeriesReading(saved.read('reading', 'an object', optional(isObject)), where);
  const findings = restoreFindings(saved.read('findings', 'an object', optional(isObject)), where);
  return new Forecaster(model, names, series, options, reading, outcome, findings);
}

function savedSeries(saved: SavedFields, where: string): { names: string[]; series: TrainedSeries[] } {
  const found = saved.read(
    'series',
    'a list of series',
    (value): value is object => typeof value === 'object' && value !== null,
  );
  if (!Array.isArray(found)) {
    // Files of one series had its names with the series, and its scaler beside it.
    const names = new SavedFields(where, found).read('names', 'a list of texts', isTexts);
    const scaler = saved.read('scaler', 'an object', isObject);
    return { names, series: [restoreTrainedSeries({ name: '', ...found, scaler }, where, names.length)] };
  }
  const names = saved.read('names', 'a list of texts', isTexts);
  if (found.length === 0) throw saved.fault('the saved field `series` is damaged.', 'at least one series', found);
  return { names, series: found.map((one) => restoreTrainedSeries(one, where, names.length)) };
}
