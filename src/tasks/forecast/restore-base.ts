import { isBoolean, isFiniteNumbers, isObject, SavedFields } from '../../data/saved-fields.js';
import { type BaseForecast, type BaseName, baseNames } from './base-forecast.js';
import type { SmoothingParameters } from './exponential-smoothing.js';

/** @throws FILE_FORMAT for what no base forecast is. */
export function restoreBase(found: unknown, where: string): BaseForecast {
  const saved = new SavedFields(where, found);
  const name = saved.read('name', `one of ${baseNames.join(', ')}`, isBaseName);
  if (name === 'smoothing')
    return { name, parameters: restoreParameters(saved.read('parameters', 'an object', isObject), where) };
  if (name === 'seasonalNaive' || name === 'seasonalDrift')
    return { name, season: saved.read('season', 'a whole number of at least 1', isSeason) };
  return { name };
}

function restoreParameters(found: object, where: string): SmoothingParameters {
  const saved = new SavedFields(where, found);
  const share = (name: string): number => saved.read(name, 'a number from 0 to 1', isShare);
  return {
    level: share('level'),
    trend: share('trend'),
    damping: share('damping'),
    drift: share('drift'),
    season: share('season'),
    autocorrelation: share('autocorrelation'),
    seasons: saved.read('seasons', 'lengths of seasons, the longest first', areSeasons),
    isLog: saved.read('isLog', 'true or false', isBoolean),
  };
}

export function isBaseName(value: unknown): value is BaseName {
  return (baseNames as readonly unknown[]).includes(value);
}

function isSeason(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 1;
}

function areSeasons(value: unknown): value is number[] {
  return isFiniteNumbers(value) && value.every((season, i) => isSeason(season) && (i === 0 || season <= value[i - 1]));
}

function isShare(value: unknown): value is number {
  return Number.isFinite(value) && (value as number) >= 0 && (value as number) <= 1;
}
