import { isCount, isText, optional, orNull, SavedFields } from '../../data/saved-fields.js';
import { type Scaler, StandardScaler, scalerFromJSON } from '../../data/scaler.js';
import type { Json } from '../../layers/layer.js';
import { type BaseForecast, baseForecaster } from './base-forecast.js';
import type { TargetRows } from './base-forecaster.js';
import { seasonalScale } from './forecast-errors.js';
import { judgedOrigins, meanErrorOf } from './judge-forecasts.js';
import { restoreBase } from './restore-base.js';
import { isSeenRuns, type SeenRuns, seenRuns } from './seen-runs.js';
import { columnOf, fingerprintOfRows, realTargets, type Series } from './series.js';

/** What a forecaster remembers of a series it was trained on. */
export interface TrainedSeries {
  readonly name: string;
  readonly numTrainingRows: number;
  /** Rows that anything was chosen by or learned from; what follows in the same file was never seen. */
  readonly numSeenRows: number;
  /** Of the target's values in those rows, to know the file again. */
  readonly fingerprint: number;
  /** To know those rows in other files; null in files of before there was any. */
  readonly overlap: SeenRuns | null;
  /** Mean absolute change over one season in the training part; see {@link ForecastErrors.mase}. */
  readonly naiveScale: number;
  /** The lowest value of the target in the rows that were seen. */
  readonly lowest: number;
  /** The forecast that the network corrects. */
  readonly base: BaseForecast;
  /** Mean absolute error of the base on the training rows, in the units that the network's answers stand for. */
  readonly correctionScale: number;
  /** Mean absolute error of the base one step ahead, which the network sees; null in files whose network does not. */
  readonly errorScale: number | null;
  /** Of each column, by its training rows. */
  readonly scaler: Scaler;
}

/** The rows of a series that are learned from, and those that anything is chosen by. */
export interface SeenRows {
  readonly train: number;
  readonly seen: number;
}

/** Origins that scales are measured at, in values. */
const mostValues = 20_000;

export function trainedSeries(
  series: Series,
  { train, seen }: SeenRows,
  { base, season, horizon }: { base: BaseForecast; season: number; horizon: number },
): TrainedSeries {
  const width = series.values.length / series.numRows;
  const rows: TargetRows = { values: columnOf(series, 0), isReal: realTargets(series) };
  const target = rows.values.subarray(0, seen);
  const lowest = target.reduce(
    (least, value, row) => (rows.isReal[row] === 1 ? Math.min(least, value) : least),
    Infinity,
  );
  const space = spaceOf(base, lowest);
  return {
    name: series.name,
    numTrainingRows: train,
    numSeenRows: seen,
    fingerprint: fingerprintOfRows(series, seen),
    overlap: seenRuns(target, series.times?.[seen - 1]),
    naiveScale: seasonalScale(target.subarray(0, train), season, rows.isReal),
    lowest,
    base,
    correctionScale: scaleOf(base, space, rows, train, horizon),
    errorScale: scaleOf(base, space, rows, train, 1),
    scaler: scalerIn(space, series.values.subarray(0, train * width), target.subarray(0, train)),
  };
}

/** The units that a network works in: logarithms where the base does, so that corrections grow with the level. */
export interface Space {
  into(value: number): number;
  from(value: number): number;
}

export function spaceOf(base: BaseForecast, lowest: number): Space {
  if (base.name !== 'smoothing' || !base.parameters.isLog) return { into: (value) => value, from: (value) => value };
  // A value below all that were seen may have no logarithm.
  return { into: (value) => Math.log(Math.max(value, lowest / 2)), from: Math.exp };
}

/** The scaler of all columns, the target's in the units that the network works in. */
function scalerIn(space: Space, values: Float64Array, target: Float64Array): Scaler {
  const all = new StandardScaler().fit(values, values.length / target.length).toJSON();
  const own = new StandardScaler().fit(target.map((value) => space.into(value))).toJSON();
  return scalerFromJSON({
    ...all,
    offset: [own.offset[0], ...all.offset.slice(1)],
    scale: [own.scale[0], ...all.scale.slice(1)],
  });
}

/** Mean absolute error of a base up to some steps ahead; 1 where it makes none. */
function scaleOf(
  base: BaseForecast,
  space: Space,
  { values, isReal }: TargetRows,
  train: number,
  horizon: number,
): number {
  const known = { values: values.subarray(0, train), isReal };
  const origins = judgedOrigins({ ...known, firstOrigin: Math.max(1, Math.floor(train / 3)), horizon, mostValues });
  const error = meanErrorOf(baseForecaster(base, known), { values, isReal, horizon }, origins, space.into);
  return error > 0 && error < Infinity ? error : 1;
}

export function trainedSeriesJson({ scaler, base, overlap, ...facts }: TrainedSeries): Json {
  return {
    ...facts,
    overlap: overlap && { lastTime: overlap.lastTime, runs: [...overlap.runs] },
    base: structuredClone(base) as unknown as Json,
    scaler: { ...scaler.toJSON() },
  };
}

/** @throws FILE_FORMAT */
export function restoreTrainedSeries(found: unknown, where: string, numColumns: number): TrainedSeries {
  const saved = new SavedFields(where, found);
  const count = (name: string): number => saved.read(name, 'a whole number', isCount);
  const positive = (name: string): number =>
    saved.read(name, 'a number above 0', (value): value is number => Number.isFinite(value) && (value as number) > 0);
  const scaler = scalerFromJSON(
    saved.read('scaler', 'an object', (value): value is object => typeof value === 'object' && value !== null),
    where,
  );
  if (scaler.columns !== numColumns)
    throw saved.fault('a scaler does not fit the columns.', `${numColumns} columns`, scaler.columns);
  const common = {
    name: saved.read('name', 'a text', isText),
    numTrainingRows: count('numTrainingRows'),
    numSeenRows: count('numSeenRows'),
    fingerprint: count('fingerprint'),
    overlap: saved.read('overlap', 'a last time and fingerprints, or null', optional(orNull(isSeenRuns))) ?? null,
    naiveScale: saved.read(
      'naiveScale',
      'a number of at least 0',
      (value): value is number => Number.isFinite(value) && (value as number) >= 0,
    ),
    scaler,
  };
  // Files of before there was a choice: the network answers with changes since the last value.
  if (!('base' in (found as object)))
    return {
      ...common,
      lowest: -Infinity,
      base: { name: 'naive' },
      correctionScale: scaler.toJSON().scale[0],
      errorScale: null,
    };
  return {
    ...common,
    lowest: saved.read('lowest', 'a number', (value): value is number => Number.isFinite(value)),
    base: restoreBase(
      saved.read('base', 'an object', (value): value is object => typeof value === 'object' && value !== null),
      where,
    ),
    correctionScale: positive('correctionScale'),
    errorScale: positive('errorScale'),
  };
}
