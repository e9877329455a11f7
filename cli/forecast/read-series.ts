import { type Forecaster, RondoError, type SeriesColumns, type Table } from '../../src/index.js';
import { givenTable, type tableOptions } from '../data-options.js';
import type { Given } from '../options.js';
import { readTableInput } from '../read-input.js';
import { givenTimes, type timeOptions } from './series-options.js';

export type TableOptions = Given<typeof tableOptions>;
export type SeriesFileOptions = TableOptions & Given<typeof timeOptions>;

/** What of the options a model file keeps; how numbers are written it knows from the columns. */
export function readingOf({ columns, encoding }: TableOptions): Record<string, string> {
  return { ...(columns !== undefined && { columns }), ...(encoding !== undefined && { encoding }) };
}

/** The options given, and for the others those that the model was trained with. */
export function withReading(options: TableOptions, kept: Readonly<Record<string, string>> = {}): TableOptions {
  return { ...options, ...readingOf(kept as TableOptions), ...readingOf(options) } as TableOptions;
}

/** The series of a table that is read as that of the training was, and what to say of it. */
export interface ReadSeries {
  readonly columns: SeriesColumns;
  readonly notes: readonly string[];
}

/** @throws as `readTable` and {@link Forecaster.columnsOf}; with what was kept from training, where that may be why. */
export async function readSeries(
  forecaster: Forecaster,
  file: string,
  options: SeriesFileOptions,
): Promise<ReadSeries> {
  const kept = Object.entries(forecaster.reading?.file ?? {}).filter(([name]) => !(name in readingOf(options)));
  const flags = (table?: Table): string =>
    kept
      .filter(([name]) => name !== 'columns' || table?.hasNameLine !== true)
      .map(([name, value]) => `--${name} ${value}`)
      .join(' ');
  let table: Table | undefined;
  try {
    table = await readTableInput(file, givenTable(withReading(options, forecaster.reading?.file)));
    const columns = forecaster.columnsOf(table, givenTimes(options));
    const how = flags(table) === '' ? [] : [`read with ${flags(table)}, as in training`];
    return { columns, notes: [...how, ...columns.notes.map(({ text }) => text)] };
  } catch (error) {
    if (!(error instanceof RondoError) || flags(table) === '') throw error;
    const { fix = '', ...facts } = error.facts;
    const more =
      `The file was read with ${flags(table)}, as in training: give ` +
      `${kept.map(([name]) => `--${name}`).join(' or ')} where that is not so.`;
    throw new RondoError(error.code, { ...facts, fix: `${fix} ${more}`.trim() });
  }
}
