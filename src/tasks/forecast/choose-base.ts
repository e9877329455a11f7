import { detectSeason } from '../../data/season.js';
import { type Frequency, nearCalendar } from '../../data/time/frequency.js';
import { type BaseForecast, type BaseName, baseForecaster } from './base-forecast.js';
import type { TargetRows } from './base-forecaster.js';
import { fitSmoothing } from './fit-smoothing.js';
import { type Judged, judgedOrigins, meanErrorOf } from './judge-forecasts.js';
import { mostRowsForBase } from './training-budget.js';

/**
 * Seasons of calendars that are tried besides the one that is found: quarters, days of a week, months, hours of a day,
 * weeks.
 */
const calendarSeasons = [4, 7, 12, 24, 52];
/** A season of these many seasons is tried with it: a week of days, and one of working days. */
const seasonsOfSeasons = [7, 5];
/** Values compared for each base. */
const mostValues = 20_000;
/**
 * By how much another base must be ahead of the last value, which nothing can overfit; smoothing has been fitted to
 * what judges it.
 */
const handicap = { naive: 1, other: 1.01, smoothing: 1.02 } as const;

export interface BaseChoice {
  readonly base: BaseForecast;
  /** Steps of the season of which the seasonal-naive forecast is best; 1 where none is found. */
  readonly season: number;
}

export interface ChooseBaseOptions {
  readonly horizon: number;
  /** The season, where it is known. */
  readonly season?: number | undefined;
  /** How the steps follow each other: a season that is found near one of the calendar is that one. */
  readonly frequency?: Frequency | undefined;
  /** One base of all, where it is asked for. */
  readonly base?: BaseName | undefined;
  /** Series that share the work; each is judged on fewer values where they are many. Default 1. */
  readonly numSeries?: number | undefined;
}

/**
 * The forecast without a network that is best up to the horizon on what is known of a series, judged from many origins
 * in its last two thirds; of a very long series the last rows count alone.
 */
export function chooseBase(known: TargetRows, options: ChooseBaseOptions): BaseChoice {
  const { horizon, season, frequency, base, numSeries = 1 } = options;
  const rows = lastRows(known, mostRowsForBase);
  const numRows = rows.values.length;
  const measured = season ?? detectSeason(rows.values);
  const found = season === undefined && measured !== undefined ? nearCalendar(measured, frequency) : measured;
  const seasonSets = setsOfSeasons(numRows, found, season !== undefined);
  const firstOrigin = Math.max(
    1,
    Math.min(Math.max(2 * (found ?? 12) + 1, Math.floor(numRows / 3)), numRows - horizon),
  );
  const judged: Judged = { ...rows, firstOrigin, horizon, mostValues: Math.max(1000, mostValues / numSeries) };
  const smoothing = fitSmoothing(judged, seasonSets);
  const origins = judgedOrigins(judged);
  const errorOf = (one: BaseForecast): number => meanErrorOf(baseForecaster(one, rows), judged, origins);

  const seasons = [...new Set([...smoothing.parameters.seasons, ...(found === undefined ? [] : [found])])].filter(
    (length) => length > 1,
  );
  const bestSeason = season ?? lowest(seasons, (length) => errorOf({ name: 'seasonalNaive', season: length })) ?? 1;
  const candidates: BaseForecast[] = [
    { name: 'naive' },
    { name: 'drift' },
    { name: 'mean' },
    ...(bestSeason > 1 || base?.startsWith('seasonal')
      ? (['seasonalNaive', 'seasonalDrift'] as const).map((name) => ({ name, season: bestSeason }))
      : []),
    { name: 'smoothing', parameters: smoothing.parameters },
  ];
  const allowed = base === undefined ? candidates : candidates.filter(({ name }) => name === base);
  const judgedError = (one: BaseForecast): number =>
    one.name === 'smoothing'
      ? smoothing.error * handicap.smoothing
      : errorOf(one) * (one.name === 'naive' ? handicap.naive : handicap.other);
  return { base: lowest(allowed, judgedError)!, season: bestSeason };
}

function lastRows({ values, isReal }: TargetRows, most: number): TargetRows {
  const start = Math.max(0, values.length - most);
  return { values: values.subarray(start), isReal: isReal.subarray(start, values.length) };
}

/** Sets of seasons for smoothing: none, each alone, and with a longer one where the series holds three of that. */
function setsOfSeasons(numRows: number, found: number | undefined, isKnown: boolean): number[][] {
  const singles = [...new Set([...(found === undefined ? [] : [found]), ...(isKnown ? [] : calendarSeasons)])];
  const fits = (length: number): boolean => length > 1 && 3 * length <= numRows;
  return [
    [],
    ...singles.filter(fits).flatMap((season) => [
      [season],
      ...seasonsOfSeasons
        .map((count) => count * season)
        .filter((longer) => longer > 7 * 7 && fits(longer))
        .map((longer) => [longer, season]),
    ]),
  ];
}

/** The first of the lowest; undefined for an empty list. */
function lowest<T>(items: readonly T[], valueOf: (item: T) => number): T | undefined {
  let [best, bestValue]: [T | undefined, number] = [items[0], Infinity];
  for (const item of items) {
    const value = valueOf(item);
    if (value < bestValue) [best, bestValue] = [item, value];
  }
  return best;
}
