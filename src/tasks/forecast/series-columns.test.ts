import { describe, expect, it } from 'vitest';
import { readTable, Table } from '../../data/csv.js';
import { columnOf } from './series.js';
import { seriesColumns } from './series-columns.js';
import { restoreSeriesReading, seriesReadingJson } from './series-reading.js';

const text = 'No,date,load,wind,station,fixed\n1,2020-01-01,5,0.5,a,3\n2,2020-01-02,7,0.25,b,3\n3,2020-01-03,6,1,a,3\n';

describe('seriesColumns', () => {
  it('puts the target first and leaves out what is no series', async () => {
    const columns = seriesColumns(await readTable(text, { where: 'power.csv' }), { target: 'wind' });
    expect(columns.names).toEqual(['wind', 'load']);
    expect([...columns.series[0].values]).toEqual([0.5, 5, 0.25, 7, 1, 6]);
    expect([...columnOf(columns.series[0], 1)]).toEqual([5, 7, 6]);
    expect(columns.time?.reading.columns).toEqual(['date']);
    expect(columns.leftOut).toEqual([
      { name: 'No', reason: 'counter' },
      { name: 'station', reason: 'text' },
      { name: 'fixed', reason: 'constant' },
    ]);
  });
  it('finds the only numeric column by itself', async () => {
    expect(seriesColumns(await readTable('date,y\n2020-01,1\n2020-02,3\n', { where: 'y.csv' })).names).toEqual(['y']);
    expect(() =>
      seriesColumns(
        tableOf([
          ['a', 'b'],
          ['1', '3'],
          ['2', '5'],
        ]),
      ),
    ).toThrow('must be named');
  });
  it('names file, line and column of a missing value where it is to be refused', async () => {
    const table = await readTable('date,y\n2020-01,1\n2020-02,NaN\n2020-03,2\n', { where: 'y.csv' });
    expect(() => seriesColumns(table, { target: 'y', missing: 'error' })).toThrow('y.csv, line 3, column `y`');
    const [series] = seriesColumns(table, { target: 'y' }).series;
    expect([...series.values]).toEqual([1, 1, 2]);
    expect([...series.isReal]).toEqual([1, 0, 1]);
    expect(() => seriesColumns(table, { missing: 'interpolate' as 'error' })).toThrow(
      'a line to the next value tells what is to be forecast',
    );
  });
  it('fills the first row from rows before the last column has begun, which are left out', async () => {
    const table = await readTable(
      'date,y,x,z\n2020-01,1,5,\n2020-02,2,,7\n2020-03,4,9,3\n2020-04,3,8,4\n2020-05,5,6,2\n',
      { where: 'y.csv' },
    );
    const { series, notes } = seriesColumns(table, { target: 'y', features: ['x', 'z'] });
    expect([...columnOf(series[0], 1)]).toEqual([5, 9, 8, 6]);
    expect(notes.map(({ kind, count }) => [kind, count])).toEqual([
      ['start', 1],
      ['filled', 1],
    ]);
  });
  it('names cells that are no finite numbers, with their lines, and takes them as missing', async () => {
    const cells = ['1', '2', 'inf', '4', '1e999', 'NaN', '', '8', 'bad'];
    const csv = `y,x\n${cells.map((cell, i) => `${cell},${(i * i) % 7}`).join('\n')}\n`;
    const table = await readTable(csv.replace('\nbad', '\n9'), { where: 'y.csv' });
    const { series, notes } = seriesColumns(table, { target: 'y' });
    expect([...columnOf(series[0], 0)]).toEqual([1, 2, 2, 4, 4, 4, 4, 8, 9]);
    expect(notes.map(({ kind, count, text }) => [kind, count, text])).toEqual([
      ['notFinite', 3, 'no finite numbers, taken as missing: y (lines 4, 6 and 7: "inf", "1e999", "NaN")'],
      ['filled', 4, expect.stringContaining('(4 of y)')],
    ]);
    expect(() => seriesColumns(table, { target: 'y', missing: 'error' })).toThrow(
      'y.csv, line 4, column `y`: the cell is no finite number, the first of 4 in 9 rows.',
    );
    const bad = await readTable(csv, { where: 'y.csv' });
    expect(() => seriesColumns(bad, { target: 'y' })).toThrow('y.csv, line 10, column `y`: the cell is not a number.');
  });
  it('names the bad cell of a row that a series has, and none of others', async () => {
    const rows = Array.from({ length: 30 }, (_, i) => `2020-01-${String(i + 1).padStart(2, '0')},${(i * 7) % 11}`);
    const file = (...more: string[]) =>
      readTable(`day,y\nSum,n.a.m.\n${rows.join('\n')}\n${more.join('')}`, { where: 'y.csv' });
    expect(seriesColumns(await file()).series[0].numRows).toBe(30);
    const bad = await file('2020-01-31,oops\n', 'Sum,none at all\n');
    expect(() => seriesColumns(bad)).toThrow('y.csv, line 33, column `y`: the cell is not a number.');
  });
  it('says what columns of numbers hold where none of them changes', async () => {
    const table = await readTable('day,y\n2020-01-01,5\n2020-01-02,5\n2020-01-03,5\n', { where: 'y.csv' });
    expect(() => seriesColumns(table)).toThrow(
      '[DATA_FORMAT] y.csv: no column holds numbers that change: y is 5 in every row.',
    );
    expect(seriesColumns(table, { target: 'y' }).names).toEqual(['y']);
  });
  it('says that the only column of numbers names the series', async () => {
    const table = await readTable('day,y\n2020-01-01,5\n2020-01-02,6\n2020-01-03,7\n', { where: 'y.csv' });
    expect(() => seriesColumns(table, { series: 'y' })).toThrow(
      '[DATA_FORMAT] y.csv: no column besides y, which names the series, holds numbers that change.',
    );
    expect(() => seriesColumns(table, { series: 'y' })).toThrow('or name another column with `series`.');
  });
  it('says what of the rows after the last target is not used', async () => {
    const text = 'day,y,x,z\n2020-01-01,1,5,1\n2020-01-02,2,4,8\n2020-01-03,4,6,2\n2020-01-04,,7,\n2020-01-05,,8,\n';
    const said = async (features: 'all' | 'none') =>
      seriesColumns(await readTable(text, { where: 'y.csv' }), { target: 'y', features }).notes.at(-1)!.text;
    const left = '2 rows at the end without a value of y: left out, forecasts begin there';
    expect(await said('all')).toBe(`${left}; what they say of x is not used`);
    expect(await said('none')).toBe(left);
  });
  it('says what was left out at the end of every row, and keeps what was left out in the reading', async () => {
    const table = await readTable('day,y,city,\n2020-01-01,5,a,\n2020-01-02,7,b,\n2020-01-03,6,a,\n', {
      where: 'y.csv',
    });
    const { notes, reading, leftOut } = seriesColumns(table);
    expect(notes.map(({ text }) => text)).toEqual(['1 column at the end without a name and without values left out']);
    expect(leftOut).toEqual([{ name: 'city', reason: 'text' }]);
    expect(restoreSeriesReading(JSON.parse(JSON.stringify(seriesReadingJson(reading))), 'model')!.leftOut).toEqual(
      leftOut,
    );
    expect(() =>
      restoreSeriesReading({ ...(seriesReadingJson(reading) as object), leftOut: [{ name: 'city' }] }, 'm'),
    ).toThrow('[FILE_FORMAT]');
  });
  it('suggests the nearest column', async () => {
    const table = await readTable(text, { where: 'power.csv' });
    expect(() => seriesColumns(table, { target: 'laod' })).toThrow('did you mean `load`');
    expect(() => seriesColumns(table, { target: 'load', features: ['windy'] })).toThrow('did you mean `wind`');
  });
});

function tableOf(rows: string[][]): Table {
  return Table.fromRows('test', rows[0], rows.slice(1));
}

describe('numbers as other countries write them', () => {
  const german =
    'monat;umsatz;anteil\n01.01.2020;998;5 %\n01.02.2020;1.001;7 %\n01.03.2020;1.010;6 %\n01.04.2020;1.024;8 %\n';

  it('are columns as any, and it is said how they were read', async () => {
    const columns = seriesColumns(await readTable(german, { where: 'umsatz.csv' }), { target: 'umsatz' });
    expect([...columnOf(columns.series[0], 0)]).toEqual([998, 1001, 1010, 1024]);
    expect([...columnOf(columns.series[0], 1)]).toEqual([5, 7, 6, 8]);
    expect(columns.leftOut).toEqual([]);
    expect(columns.notes.map(({ text }) => text)).toEqual([
      'umsatz read with signs between thousands',
      'anteil read with % after the numbers',
    ]);
  });

  it('are read in a short table as in a long one', async () => {
    const { reading } = seriesColumns(await readTable(german, { where: 'umsatz.csv' }), { target: 'umsatz' });
    const short = await readTable('monat,umsatz,anteil\n01.05.2020,1.031,7 %\n01.06.2020,1.057,6 %\n', {
      where: 'neu.csv',
    });
    expect([...columnOf(seriesColumns(short, { target: 'umsatz' }, reading).series[0], 0)]).toEqual([1031, 1057]);
    const saved = restoreSeriesReading(JSON.parse(JSON.stringify(seriesReadingJson(reading))), 'model');
    expect(saved).toEqual(reading);
    expect(() =>
      restoreSeriesReading(
        { ...(seriesReadingJson(reading) as object), numbers: { umsatz: { decimal: 'dot' } } },
        'model',
      ),
    ).toThrow('[FILE_FORMAT]');
  });

  it('that can be read in two ways are refused', async () => {
    const table = await readTable('t;y\na;1.234\nb;5.678\nc;2.345\n', { where: 'y.csv' });
    expect(() => seriesColumns(table)).toThrow('y.csv, column `y`: the numbers can be read in two ways');
  });
});
