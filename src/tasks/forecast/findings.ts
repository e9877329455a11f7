import {
  isCount,
  isFiniteNumber,
  isObject,
  isText,
  isTexts,
  objectWith,
  optional,
  orNull,
  SavedFields,
} from '../../data/saved-fields.js';
import type { Json } from '../../layers/layer.js';
import type { BaseName } from './base-forecast.js';
import type { TriedUnits } from './choose-units.js';
import type { ForecastReport } from './forecast-report.js';
import { isBaseName, restoreBase } from './restore-base.js';

/** What training found out besides the weights. */
export interface ForecastFindings {
  /** How far training is: choosing by the validation rows, learning again from all rows, or done. */
  readonly stage: 'choosing' | 'refitting' | 'done';
  /** Share of the network's corrections that forecasts take, from 0 (the base alone) to 1. */
  readonly share: number;
  /**
   * Mean absolute error of the base on the validation windows, and with the share of the corrections; null without such
   * rows.
   */
  readonly validation: { readonly base: number; readonly model: number } | null;
  /** With `units: 'auto'`, the widths that were tried, in turn; null for a width that was given. */
  readonly sizes: readonly TriedUnits[] | null;
  /**
   * The baseline that forecasts are made with in place of the model, because it was ahead on the held-out rows; null
   * for none.
   */
  readonly instead: Exclude<BaseName, 'smoothing'> | null;
  /** The errors on the held-out rows, of the model as it was before it learned from them; null without such rows. */
  readonly report: ForecastReport | null;
}

export const noFindings: ForecastFindings = {
  stage: 'choosing',
  share: 1,
  validation: null,
  sizes: null,
  instead: null,
  report: null,
};

export function findingsJson(findings: ForecastFindings): Json {
  return structuredClone(findings) as unknown as Json;
}

/** @throws FILE_FORMAT */
export function restoreFindings(found: unknown, where: string): ForecastFindings {
  // Files of before there were findings are finished models that correct the last value in full.
  if (found === undefined) return { ...noFindings, stage: 'done' };
  const saved = new SavedFields(where, found);
  const report = saved.read('report', 'a report or null', isReport);
  for (const { baseAlone } of report?.series ?? []) if (baseAlone !== undefined) restoreBase(baseAlone, where);
  return {
    stage: saved.read('stage', 'a stage of training', (value): value is ForecastFindings['stage'] =>
      ['choosing', 'refitting', 'done'].includes(value as string),
    ),
    share: saved.read(
      'share',
      'a number from 0 to 1',
      (value): value is number => isFiniteNumber(value) && value >= 0 && value <= 1,
    ),
    validation: saved.read('validation', 'errors or null', isValidation),
    // Files of before there was a choice have none.
    sizes: saved.read('sizes', 'widths with their errors, or null', optional(orNull(areTriedUnits))) ?? null,
    instead: saved.read(
      'instead',
      'a baseline or null',
      (value): value is ForecastFindings['instead'] => value === null || (isBaseName(value) && value !== 'smoothing'),
    ),
    report,
  };
}

function isValidation(value: unknown): value is ForecastFindings['validation'] {
  if (value === null) return true;
  return isObject(value) && isFiniteNumber(value.base) && isFiniteNumber(value.model);
}

const isTried = objectWith<TriedUnits>({ units: isCount, error: isFiniteNumber, share: isFiniteNumber });

function areTriedUnits(value: unknown): value is readonly TriedUnits[] {
  return Array.isArray(value) && value.length > 0 && value.every(isTried);
}

/** Reports are shown and never computed with, so their shape is checked as far as showing needs it. */
function isReport(value: unknown): value is ForecastReport | null {
  if (value === null) return true;
  if (
    !isObject(value) ||
    !isObject(value.errors) ||
    !Array.isArray(value.shown) ||
    !Array.isArray(value.rows) ||
    !Array.isArray(value.series)
  )
    return false;
  const areErrors = (errors: unknown): boolean =>
    isObject(errors) && ['mae', 'rmse', 'smape'].every((name) => isFiniteNumber(errors[name]));
  const isSeriesReport = (one: unknown): boolean =>
    isObject(one) &&
    isText(one.name) &&
    isObject(one.errors) &&
    Object.values(one.errors).every(areErrors) &&
    optional(isTexts)(one.nearZero);
  return (
    Object.values(value.errors).every(areErrors) &&
    value.series.every(isSeriesReport) &&
    optional(isTexts)(value.notMeasured) &&
    ['horizon', 'season', 'numForecasts'].every((name) => isFiniteNumber(value[name]))
  );
}
