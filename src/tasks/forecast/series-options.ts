import { RondoError, requireKind, unknownName } from '../../errors.js';
import { custom, type OptionsOf, optionTable, text } from '../option-table.js';
import type { MissingCells } from './series-values.js';

/** Which columns of a table a forecast uses, and what its rows are. */
export const seriesOptions = optionTable({
  /** The column to forecast. Default: the only column of numbers. */
  target: text({ value: 'COLUMN', once: true, changesScore: 'all' }),
  /**
   * What else the model sees: `all` other columns of numbers (default), `none`, or columns by name, on a command line
   * separated by commas.
   */
  features: custom({
    default: 'all' as 'all' | 'none' | readonly string[],
    value: 'COLUMNS',
    once: true,
    check: (where, features) =>
      requireKind(['all', 'none'].includes(String(features)) || Array.isArray(features), features, {
        where,
        what: '`features` are neither all, none nor a list of columns.',
        fix: "write features: ['price', 'load'].",
      }),
  }),
  /**
   * The column of dates or times; several that make one are separated by commas. `auto` (default) takes what is clearly
   * one; `none` takes the rows in their order.
   */
  time: text({ default: 'auto', value: 'COLUMN', once: true }),
  /**
   * How times are written, for example DD/MM/YYYY or YYYY-MM-DD HH:mm. Default: found from all cells. See
   * {@link TimeNotation.format}.
   */
  timeFormat: text({ default: 'auto', value: 'FORMAT' }),
  /**
   * The column that names the series of each row, in a table of several; several columns are separated by commas.
   * Default none.
   */
  series: text({ default: 'none', value: 'COLUMN', once: true }),
  /**
   * What the model sees where values are missing: `previous` (default) is the last one before, `error` refuses them;
   * `interpolate` would show it what is to be forecast. They are never scored.
   */
  missing: custom({
    default: 'previous' as MissingCells,
    choices: ['previous', 'error', 'interpolate'],
    value: 'HOW',
    check: requireMissingChoice,
    changesScore: 'all',
  }),
});

/** Which columns of a table a forecast uses, and what its rows are. */
export interface SeriesColumnsOptions extends OptionsOf<typeof seriesOptions> {}

function requireMissingChoice(where: string, missing: string): void {
  const choices: readonly string[] = ['previous', 'error'] satisfies MissingCells[];
  if (choices.includes(missing)) return;
  if (missing !== 'interpolate') throw unknownName(where, 'choice of `missing`', missing, choices);
  throw new RondoError('OUT_OF_RANGE', {
    where,
    what: "`missing` cannot be 'interpolate' for a forecast: a line to the next value tells what is to be forecast.",
    expected: "'previous' or 'error'",
    received: "'interpolate'",
    fix: "leave it out, or set missing to 'previous': the model then sees the last value before each gap.",
  });
}
