import { counted } from '../../counted.js';
import { RondoError } from '../../errors.js';

/** Rows of training, validation and what is held out, in this order. */
export interface RowsOfParts {
  readonly train: number;
  readonly validation: number;
  readonly test: number;
}

/**
 * Horizons that the validation part has room for by default, as far as a fifth of the rows goes: fewer cannot tell a
 * gain from chance.
 */
const validationHorizons = 20;

/**
 * The share of the rows that is for validation where nothing is said: a tenth, or more where all series together are
 * short.
 */
export function defaultValidation(series: readonly { readonly numRows: number }[], horizon: number): number {
  const numRows = series.reduce((sum, one) => sum + one.numRows, 0);
  return Math.min(0.2, Math.max(0.1, (validationHorizons * horizon) / numRows));
}

/**
 * The parts of a series by their shares, in the order of time. A part that there is at all has room for a forecast;
 * validation has room for two where that is at most a fifth of the rows, so that it is not one chance alone.
 */
export function partsOf(
  numRows: number,
  { validation, test, horizon }: { validation: number; test: number; horizon: number },
): RowsOfParts {
  const rows = (share: number, least: number): number =>
    share === 0 ? 0 : Math.max(least, Math.round(numRows * share));
  const numTest = rows(test, horizon);
  const numValidation = rows(validation, Math.max(horizon, Math.min(2 * horizon, Math.floor(numRows / 5))));
  return { train: numRows - numValidation - numTest, validation: numValidation, test: numTest };
}

/** A series that is too short for its parts, beside longer ones, is learned from as a whole, and not scored. */
export function learnedWhereShort(parts: RowsOfParts): RowsOfParts {
  return parts.train > 0 ? parts : { train: parts.train + parts.validation + parts.test, validation: 0, test: 0 };
}

export function sumOfParts(parts: readonly RowsOfParts[]): RowsOfParts {
  const sum = (name: keyof RowsOfParts): number => parts.reduce((total, rows) => total + rows[name], 0);
  return { train: sum('train'), validation: sum('validation'), test: sum('test') };
}

/**
 * @param parts of the series with the most rows to learn from, of `numSeries`.
 * @throws OUT_OF_RANGE where its training part has no room for one window
 */
export function requireRoom(
  { train, validation, test }: RowsOfParts,
  { timesteps, horizon, numSeries }: { timesteps: number; horizon: number; numSeries: number },
): void {
  if (train >= timesteps + horizon) return;
  const parts = [
    { rows: validation, use: 'for validation' },
    { rows: test, use: 'held out' },
  ].filter(({ rows }) => rows > 0);
  const numRows = train + validation + test;
  // What parts that are larger than the series leave is no number of rows.
  const verb = (rows: number): string => (train < 0 ? 'would be' : rows === 1 ? 'is' : 'are');
  const taken = parts.map(({ rows, use }) => `${rows} ${verb(rows)} ${use}`).join(', ');
  const left = train < 0 ? counted(numRows, 'row') : `${train} of ${counted(numRows, 'row')}`;
  const isOne = numSeries === 1;
  throw new RondoError('OUT_OF_RANGE', {
    where: 'ForecastTraining',
    what: isOne
      ? 'the series is too short for the horizon.'
      : `all of the ${numSeries} series are too short for the horizon.`,
    expected: `at least ${timesteps + horizon} rows to learn from: timesteps ${timesteps} + horizon ${horizon}`,
    received: `${left}${isOne ? '' : ' in the longest series'}${taken === '' ? '' : `; ${taken}`}`,
    fix:
      'use a smaller `horizon`, fewer `timesteps`, a smaller `validation` or `test` (0 for none), or ' +
      (isOne
        ? 'a longer series'
        : 'longer series; if rows of one series have different names, name another column with `series`') +
      '.',
  });
}

/** @throws OUT_OF_RANGE where no training part holds a season that was given */
export function requireSeason({ train }: RowsOfParts, season: number): void {
  if (season <= train) return;
  throw new RondoError('OUT_OF_RANGE', {
    where: 'ForecastTraining',
    option: 'season',
    what: '`season` is longer than what there is to learn from.',
    expected: `at most ${train}, the rows of the training part`,
    received: String(season),
    fix: 'give a shorter `season`, a smaller `validation` or `test`, or a longer series.',
  });
}

/**
 * The longest season that a window holds as a whole: a week of hours. A longer one is the base's, and would cost most
 * of the time.
 */
const longestSeasonSeen = 168;

/** A season that is not too long, or four horizons where that is more, as far as the training part allows. */
export function defaultTimesteps(horizon: number, season: number, numTrainingRows: number): number {
  const wanted = Math.min(336, Math.max(season <= longestSeasonSeen ? season : 0, 4 * horizon, 8));
  return Math.max(1, Math.min(wanted, Math.floor((numTrainingRows - horizon) / 2)));
}
