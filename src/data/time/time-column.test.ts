import { describe, expect, it } from 'vitest';
import { readTable } from '../csv.js';
import { type TimeColumn, type TimeColumnOptions, timeColumn } from './time-column.js';

const columnOf = async (text: string, options?: TimeColumnOptions): Promise<TimeColumn | undefined> =>
  timeColumn(await readTable(text, { where: 'x.csv' }), options);

/** A table of a column of cells beside values. */
const csv = (name: string, cells: readonly (string | number)[]): string =>
  `${name};y\n${cells.map((cell, i) => `${cell};${(i * 7.3) % 5}\n`).join('')}`;

/** Which columns and format, the first and the last stamp. */
async function read(text: string, options?: TimeColumnOptions): Promise<string> {
  const found = await columnOf(text, options);
  if (found === undefined) return 'none';
  const known = found.times.filter((ms) => !Number.isNaN(ms));
  const iso = (ms: number): string => new Date(ms).toISOString().slice(0, 16);
  return (
    `${found.reading.columns.join('+')} ${found.reading.notation.format} ${iso(known[0])} ` +
    iso(known[known.length - 1])
  );
}

const run = (count: number, of: (i: number) => string | number): (string | number)[] =>
  Array.from({ length: count }, (_, i) => of(i));
const two = (value: number): string => String(value).padStart(2, '0');

describe('the column of times', () => {
  it.each([
    [
      'ISO days',
      csv(
        'when',
        run(5, (i) => `2020-02-2${i + 5}`),
      ),
      'when YYYY-MM-DD 2020-02-25T00:00 2020-02-29T00:00',
    ],
    [
      'seconds since 1970',
      csv(
        'ts',
        run(5, (i) => 1_583_020_800 + 3600 * i),
      ),
      'ts epoch-s 2020-03-01T00:00 2020-03-01T04:00',
    ],
    [
      'milliseconds since 1970',
      csv(
        'timestamp',
        run(5, (i) => 1_583_020_800_000 + 60_000 * i),
      ),
      'timestamp epoch-ms 2020-03-01T00:00 2020-03-01T00:04',
    ],
    [
      "a spreadsheet's days",
      csv(
        'Date',
        run(5, (i) => 43_891 + i),
      ),
      'Date serial 2020-03-01T00:00 2020-03-05T00:00',
    ],
    [
      'yyyymm',
      csv('period', ['201911', '201912', '202001', '202002']),
      'period YYYYMM 2019-11-01T00:00 2020-02-01T00:00',
    ],
    [
      'yyyymmdd in the first column',
      csv(
        'd',
        run(5, (i) => `2020022${i + 5}`),
      ),
      'd YYYYMMDD 2020-02-25T00:00 2020-02-29T00:00',
    ],
    [
      'years',
      csv(
        'year',
        run(5, (i) => 1998 + i),
      ),
      'year YYYY 1998-01-01T00:00 2002-01-01T00:00',
    ],
    [
      'months as decimals, whose last zero is gone',
      csv('month', ['2019.09', '2019.1', '2019.11', '2019.12', '2020.01']),
      'month YYYY.MM 2019-09-01T00:00 2020-01-01T00:00',
    ],
    ['quarters', csv('q', ['2019Q4', '2020Q1', '2020Q2']), 'q YYYY[Q]Q 2019-10-01T00:00 2020-04-01T00:00'],
    ['ISO weeks', csv('w', ['2020-W52', '2020-W53', '2021-W01']), 'w YYYY[-W]WW 2020-12-21T00:00 2021-01-04T00:00'],
    [
      'the day first, as one cell shows',
      csv(
        'd',
        run(20, (i) => `${two(i + 1)}/03/2020`),
      ),
      'd DD/MM/YYYY 2020-03-01T00:00 2020-03-20T00:00',
    ],
    [
      'the month first, as one cell shows',
      csv(
        'd',
        run(20, (i) => `3/${i + 1}/2020`),
      ),
      'd M/D/YYYY 2020-03-01T00:00 2020-03-20T00:00',
    ],
    [
      'the day first, as even steps show',
      csv(
        'd',
        run(24, (i) => `01/${two((i % 12) + 1)}/${2018 + Math.floor(i / 12)}`),
      ),
      'd DD/MM/YYYY 2018-01-01T00:00 2019-12-01T00:00',
    ],
    [
      'the day first, with points',
      csv(
        'd',
        run(6, (i) => `0${i + 1}.02.2020`),
      ),
      'd DD.MM.YYYY 2020-02-01T00:00 2020-02-06T00:00',
    ],
    [
      'names of months',
      csv('d', ['30 Apr 2020', '01 May 2020', '02 May 2020']),
      'd DD MMM YYYY 2020-04-30T00:00 2020-05-02T00:00',
    ],
    [
      'names of months in German',
      csv('d', ['1. März 2020', '1. April 2020', '1. Mai 2020', '1. Dezember 2020']),
      'd D. MMMM YYYY 2020-03-01T00:00 2020-12-01T00:00',
    ],
    [
      'a zone',
      csv('d', ['2020-03-01T00:00:00+01:00', '2020-03-01T01:00:00+01:00']),
      'd YYYY-MM-DD[T]HH:mm:ssZ 2020-02-29T23:00 2020-03-01T00:00',
    ],
    [
      'midnights without a clock',
      csv('d', ['2020-03-01 22:00', '2020-03-01 23:00', '2020-03-02', '2020-03-02 01:00']),
      'd YYYY-MM-DD HH:mm 2020-03-01T22:00 2020-03-02T01:00',
    ],
    [
      'spans',
      csv('d', ['01.03.2020 00:00 - 01.03.2020 01:00', '01.03.2020 01:00 - 01.03.2020 02:00']),
      'd DD.MM.YYYY HH:mm 2020-03-01T00:00 2020-03-01T01:00',
    ],
    ['years of one digit', csv('d', ['1-11', '1-12', '2-01', '2-02']), 'd Y-MM 0001-11-01T00:00 0002-02-01T00:00'],
    [
      'date and time beside each other',
      'date,time,y\n2020-03-01,22:00,5\n2020-03-01,23:00,6\n2020-03-02,00:00,4\n',
      'date+time YYYY-MM-DD HH:mm 2020-03-01T22:00 2020-03-02T00:00',
    ],
    [
      'date and hour beside each other',
      `date,hr,y\n${run(48, (i) => `2020-03-0${1 + Math.floor(i / 24)},${i % 24},${i % 5}\n`).join('')}`,
      'date+hr YYYY-MM-DD HH 2020-03-01T00:00 2020-03-02T23:00',
    ],
    [
      'year, month and day in columns of their own',
      'y,year,month,day\n1,2019,12,30\n2,2019,12,31\n3,2020,1,1\n',
      'year+month+day YYYY-MM-DD 2019-12-30T00:00 2020-01-01T00:00',
    ],
  ])('is found where it holds %s', async (_, text, expected) => {
    expect(await read(text)).toBe(expected);
  });

  it.each([
    ['numbers that are measured', 'price,y\n1500,1\n1730,2\n1610,3\n1822,4\n'],
    ['a number that counts rows', 'No,y\n1,1\n2,2\n3,5\n4,4\n'],
    ['names', 'store,y\nA 12,1\nB 7,2\nC 12,3\n'],
    ['values by the thousand', 'load,power\n201912,5\n187305,6\n195500,7\n'],
  ])('is not taken to be a column of %s', async (_, text) => {
    expect(await read(text)).toBe('none');
  });

  it('is the one that is named, and none where none is wanted', async () => {
    const text = 'first,second,y\n2020-03-01,2021-05-01,1\n2020-03-02,2021-05-03,2\n';
    expect((await columnOf(text))?.others).toEqual(['second']);
    expect(await read(text, { time: 'second' })).toBe('second YYYY-MM-DD 2021-05-01T00:00 2021-05-03T00:00');
    expect(await read(text, { time: 'none' })).toBe('none');
    await expect(read(text, { time: 'secnd' })).rejects.toThrow('did you mean `second`');
    await expect(read('a,y\nx,1\ny,2\nz,3\nw,4\n', { time: 'a' })).rejects.toThrow(
      'x.csv, line 2, column `a`: most cells of the column are no times',
    );
  });

  it('may be plain numbers where it is named', async () => {
    expect((await columnOf('t,y\n0,4\n2,5\n4,7\n', { time: 't' }))?.times).toEqual(Float64Array.of(0, 2, 4));
  });

  it('is refused where day and month could be either way round, until its format is said', async () => {
    const text = csv(
      'd',
      run(9, (i) => `0${i + 1}/03/2020`),
    );
    await expect(read(text)).rejects.toThrow(
      'x.csv, line 2, column `d`: the dates can be read in more than one way, and nothing in the column ' +
        'decides.\n  expected: DD/MM/YYYY or MM/DD/YYYY\n  received: "01/03/2020"',
    );
    expect(await read(text, { timeFormat: 'MM/DD/YYYY' })).toBe('d MM/DD/YYYY 2020-01-03T00:00 2020-09-03T00:00');
  });

  it('is read as another table was, where that is possible', async () => {
    const short = csv('d', ['03/04/2020', '04/04/2020']);
    const known = { columns: ['d'], notation: { format: 'MM/DD/YYYY' } };
    expect(await read(short, { known })).toBe('d MM/DD/YYYY 2020-03-04T00:00 2020-04-04T00:00');
    expect(await read(csv('d', ['2020-04-03', '2020-04-04']), { known })).toBe(
      'd YYYY-MM-DD 2020-04-03T00:00 2020-04-04T00:00',
    );
  });

  it('may hold a few cells that are no times, but no times that do not exist', async () => {
    const rows = run(30, (i) => `2020-03-${two(i + 1)}`);
    expect((await columnOf(csv('d', [...rows, 'Total', ''])))?.foreignRows).toEqual([30, 31]);
    await expect(columnOf(csv('d', [...rows, '2020-02-30']))).rejects.toThrow(
      'x.csv, line 32, column `d`: there is no such time',
    );
  });
});
