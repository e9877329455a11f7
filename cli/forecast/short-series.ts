import { type BaseForecast, describeBase, type ForecastReport } from '../../src/index.js';
import { withSeparators } from '../text-table.js';

/** Series that are named one by one. */
const mostNamed = 5;

/** A series, with the base that alone forecasts it; without one where the network has a part. */
interface MaybeAlone {
  readonly name: string;
  readonly baseAlone?: BaseForecast | undefined;
}

/** Which of several series are too short for the network, and what forecasts them. */
export function baseAloneLines(all: readonly MaybeAlone[]): string[] {
  const alone = all.flatMap(({ name, baseAlone }) =>
    baseAlone === undefined ? [] : [`${name} (${describeBase(baseAlone)})`],
  );
  if (alone.length === 0) return [];
  const verb = alone.length === 1 ? 'is' : 'are';
  return [
    `${withSeparators(alone.length)} of ${withSeparators(all.length)} series ${verb} too short for the network ` +
      `and forecast by the base alone: ${listed(alone)}`,
  ];
}

/**
 * What a report says of series that are short or new, a sentence each.
 *
 * @param told names of series of which it is said elsewhere why they are not measured.
 */
export function reportLines(
  { series, notMeasured = [] }: ForecastReport,
  usesNetwork: boolean,
  told: readonly string[],
): string[] {
  return [
    ...(usesNetwork ? baseAloneLines(series) : []),
    ...newLines(
      series.filter((one) => one.isNew),
      'the rows before those measured',
    ),
    ...notMeasuredLines(notMeasured.filter((name) => !told.includes(name))),
  ];
}

/** Which series training has not shown. @param rows what base and scale are chosen by. */
export function newLines(series: readonly { readonly name: string }[], rows: string): string[] {
  if (series.length === 0) return [];
  return [`not there in training, so base and scale are chosen by ${rows}: ${listed(series.map(({ name }) => name))}`];
}

/** Which series no error is known of. */
export function notMeasuredLines(names: readonly string[]): string[] {
  return names.length > 0 ? [`too few rows to measure a forecast of: ${listed(names)}`] : [];
}

function listed(names: readonly string[]): string {
  const numMore = names.length - mostNamed;
  return `${names.slice(0, mostNamed).join(', ')}${numMore > 0 ? ` and ${withSeparators(numMore)} more` : ''}`;
}
