import { describe, expect, test } from 'vitest';
import { RondoError } from '../errors.js';
import { numericColumn, readTable } from './csv.js';

const where = 'load.csv';

async function fault(text: string, delimiter?: string): Promise<RondoError> {
  try {
    await readTable(text, { where, delimiter });
  } catch (error) {
    if (error instanceof RondoError) return error;
    throw error;
  }
  throw new Error('nothing was thrown');
}

describe('readTable', () => {
  test('finds columns by name, with quotes, doubled quotes and line ends inside cells', async () => {
    const table = await readTable('name, note\n"a, b","x ""y"""\n"two\nlines",z\nlast,w\n', { where });
    expect(table.columns).toEqual(['name', 'note']);
    expect(table.column('note')).toEqual(['x "y"', 'z', 'w']);
    expect(table.column('name')).toEqual(['a, b', 'two\nlines', 'last']);
    expect(Array.from(table.lines)).toEqual([2, 3, 5]);
  });

  test.each([
    ['tabs', 'a\tb\n1,5\t2\n'],
    ['semicolons with decimal commas', 'a;b\n1,5;2,5\n'],
    ['bars', 'a|b\n1,5|2\n'],
    ['a byte order mark', '\ufeffa;b\n1,5;2\n'],
    ['Windows line ends', 'a;b\r\n1,5;2\r\n'],
    ['old Macintosh line ends', 'a;b\r1,5;2\r'],
    ['mixed line ends', 'a;b\r\n1,5;2\n1;2\r\n'],
    ['blank lines around', '\n\na;b\n\n1,5;2\n\n\n'],
  ])('reads a file with %s', async (_, text) => {
    const table = await readTable(text, { where });
    expect(table.columns).toEqual(['a', 'b']);
    expect(table.row(0)[0]).toBe('1,5');
  });

  test('keeps an empty cell inside a single column, and counts lines past blank ones', async () => {
    const table = await readTable('\nvalue\n1\n\n3\n\n', { where });
    expect(table.column('value')).toEqual(['1', '', '3']);
    expect(Array.from(table.lines)).toEqual([3, 4, 5]);
  });

  test.each([
    ['repeated names', 'a,b,a\n1,2,3\n', 'load.csv, line 1, column 3: two columns are named `a`'],
    ['an empty name', ',x\n0,1\n', 'load.csv, line 1, column 1: a column has no name'],
    ['a short row', 'a,b\n1,2\n\n3\n', 'load.csv, line 4, column 2: the row has too few cells'],
    ['a long row', 'a,b\n1,2\n3,4,5\n6,7,8\n', 'line 3, column 3: the row has too many cells, and so has 1 more row.'],
    ['a quote left open', 'a,b\n1,2\n3,"x\n4,5\n', 'load.csv, line 3, character 3: a quoted cell is never closed'],
    ['text after a quote', 'a,b\n1,"x"y\n', 'load.csv, line 2, character 3: a quoted cell goes on'],
    ['no names', '2020-01-01,3.5\n2020-01-02,3.6\n', 'the first line holds values, not column names'],
    ['no names and one column', '12.5\n13\n', 'the first line holds values'],
    ['no names beside words', 'AAPL,3.5\nMSFT,3.6\n', 'the first line holds values'],
    ['no names and decimal commas', '1,5;2,5\n2,5;3,5\n', 'the first line holds values'],
    ['no names and years', '1500\n1600\n', 'the first line holds values'],
    ['no names beside numbers of another kind', '1.5,abc\n2.5,7\n', 'the first line holds values'],
    ['only dates', 'date\n2020-01-01\n2020-01-02\n', 'the table holds only dates or times'],
    ['no rows', 'a,b\n', 'no row below it'],
    ['white space', ' \n\n', 'the file holds no table'],
  ])('refuses %s and says where', async (_, text, said) => {
    const error = await fault(text);
    expect(error.code).toBe('DATA_FORMAT');
    expect(error.message).toContain(said);
    expect(error.message).toContain('fix:');
  });

  test.each([
    ['years', '2019,2020\n1,2\n'],
    ['numbers counted from 0', '0,1,2\n5,6,7\n'],
    ['a date above a number', 'name,2020-01\nsales,5\n'],
    ['numbers counted from 1 beside a name', 'id,1,2,3\na,0.5,0.25,0.125\n'],
    ['one year', '2020\n12.5\n'],
  ])('takes %s as column names', async (_, text) => {
    expect((await readTable(text, { where })).numRows).toBe(1);
  });

  test('refuses a delimiter that the format cannot have, instead of using another', async () => {
    expect((await fault('a,b\n1,2\n', '"')).code).toBe('OUT_OF_RANGE');
  });

  test('reads 5 MB with quotes in each row', async () => {
    const text = `text\n${'"a ""quoted"" cell with, commas"\n'.repeat(160_000)}`;
    expect((await readTable(text, { where })).numRows).toBe(160_000);
  });
});

describe('a column of a table', () => {
  const series = (...cells: string[]): ReturnType<typeof readTable> =>
    readTable(`t,load\n${cells.map((cell, i) => `x${i},${cell}`).join('\n')}\n`, { where });

  test('is read as numbers', async () => {
    expect(numericColumn(await series('1', ' -2.5 ', '+.5', '1e-3', '7.'), 'load')).toEqual(
      Float64Array.of(1, -2.5, 0.5, 0.001, 7),
    );
  });

  test('that does not exist is refused with the near names and the list', async () => {
    const table = await series('1');
    expect(() => numericColumn(table, 'laod')).toThrow(/UNKNOWN_NAME[^]*did you mean `load`\?[^]*`t`, `load`/);
    expect(() => table.column('constructor')).toThrow(/UNKNOWN_NAME/);
  });

  test.each(['', 'NA', 'nan', 'NULL', '?', '-', 'inf', '-Infinity', '1e999', '#N/A'])(
    'misses a value at %j',
    async (cell) => {
      const table = await series('1', cell, '3');
      expect(() => numericColumn(table, 'load')).toThrow(
        /DATA_FORMAT] load.csv, line 3, column `load`: a value is missing/,
      );
      expect(numericColumn(table, 'load', { missing: 'interpolate' })).toEqual(Float64Array.of(1, 2, 3));
      expect(numericColumn(table, 'load', { missing: 'previous' })).toEqual(Float64Array.of(1, 1, 3));
    },
  );

  test('has gaps at its ends filled with the nearest number, and never from before the start', async () => {
    const table = await series('', 'NA', '3', '', '', '6', '');
    expect(numericColumn(table, 'load', { missing: 'interpolate' })).toEqual(Float64Array.of(3, 3, 3, 4, 5, 6, 6));
    expect(() => numericColumn(table, 'load', { missing: 'previous' })).toThrow(/begins with a missing value/);
    const empty = await series('', 'NA');
    expect(() => numericColumn(empty, 'load', { missing: 'interpolate' })).toThrow(/no number at all/);
  });

  test.each([
    ['0x10', 'correct the cell'],
    ['2020-01-01', 'dates'],
    ['12 %', 'with the same unit, or all without'],
    ['1.234,5', 'with a point before decimals'],
  ])('with %s says what to do about it', async (cell, said) => {
    const table = await readTable(`t\tload\na\t1.5\nb\t2.5\nc\t${cell}\nd\twords\n`, { where });
    const read = (): unknown => numericColumn(table, 'load');
    expect(read).toThrow(/line 4, column `load`: the cell is not a number, nor are 1 more/);
    expect(read).toThrow(said);
  });

  test('refuses an option that nobody reads', async () => {
    const table = await series('1');
    expect(() => numericColumn(table, 'load', { mising: 'previous' } as object)).toThrow(/UNKNOWN_NAME/);
  });
});
