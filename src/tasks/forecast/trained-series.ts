import { isCount, isText, SavedFields } from '../../data/saved-fields.js';
import { type Scaler, scalerFromJSON, StandardScaler } from '../../data/scaler.js';
import type { Json } from '../../layers/layer.js';
import { seasonalScale } from './forecast-errors.js';
import { columnOf, fingerprintOfRows, realTargets, type Series } from './series.js';

/** What a forecaster remembers of a series it was trained on. */
export interface TrainedSeries {
  readonly name: string;
  readonly numTrainingRows: number;
  /** Rows of training and validation; what follows in the same file was never seen. */
  readonly numSeenRows: number;
  /** Of the target's values in those rows, to know the file again. */
  readonly fingerprint: number;
  /** Mean absolute change over one season in the training part; see {@link ForecastErrors.mase}. */
  readonly naiveScale: number;
  /** Of each column, by its training rows. */
  readonly scaler: Scaler;
}

/** @param rows how many of the series are for training, and how many are seen in all. */
export function trainedSeries(series: Series, { train, seen }: { train: number; seen: number }, season: number): TrainedSeries {
  const width = series.values.length / series.numRows;
  return {
    name: series.name,
    numTrainingRows: train,
    numSeenRows: seen,
    fingerprint: fingerprintOfRows(series, seen),
    naiveScale: seasonalScale(columnOf(series, 0).subarray(0, train), season, realTargets(series)),
    scaler: new StandardScaler().fit(series.values.subarray(0, train * width), width),
  };
}

export function trainedSeriesJson({ scaler, ...facts }: TrainedSeries): Json {
  return { ...facts, scaler: { ...scaler.toJSON() } };
}

/** @throws FILE_FORMAT */
export function restoreTrainedSeries(found: unknown, where: string, numColumns: number): TrainedSeries {
  const saved = new SavedFields(where, found);
  const count = (name: string): number => saved.read(name, 'a whole number', isCount);
  const scaler = scalerFromJSON(saved.read('scaler', 'an object', (value): value is object => typeof value === 'object' && value !== null), where);
  if (scaler.columns !== numColumns) throw saved.fault('a scaler does not fit the columns.', `${numColumns} columns`, scaler.columns);
  return {
    name: saved.read('name', 'a text', isText),
    numTrainingRows: count('numTrainingRows'),
    numSeenRows: count('numSeenRows'),
    fingerprint: count('fingerprint'),
    naiveScale: saved.read('naiveScale', 'a number of at least 0', (value): value is number => Number.isFinite(value) && (value as number) >= 0),
    scaler,
  };
}
