import { describe, expect, it } from 'vitest';
import { readTable } from '../../data/csv.js';
import { Random } from '../../random.js';
import { columnOf, realTargets } from './series.js';
import { type SeriesColumns, seriesColumns } from './series-columns.js';
import type { SeriesColumnsOptions } from './series-options.js';
import { stampOf } from './series-time.js';

const read = async (
  lines: readonly string[],
  options?: SeriesColumnsOptions,
  earlier?: SeriesColumns,
): Promise<SeriesColumns> =>
  seriesColumns(await readTable(`${lines.join('\n')}\n`, { where: 'x.csv' }), options, earlier?.reading);

const hourMs = 3_600_000;
const dayMs = 24 * hourMs;
const isoDay = (ms: number): string => new Date(ms).toISOString().slice(0, 10);
const isoHour = (ms: number): string => new Date(ms).toISOString().slice(0, 16).replace('T', ' ');

/** Lines of days with two columns of values. */
function daily(count: number, start = '2021-02-20'): string[] {
  return Array.from(
    { length: count },
    (_, i) => `${isoDay(Date.parse(start) + i * dayMs)},${(10 + 3 * Math.sin(i)).toFixed(3)},${(i * 17) % 11}`,
  );
}

const names = 'date,y,x';
const target = { target: 'y' };

function shuffled(lines: readonly string[]): string[] {
  const order = [...lines];
  new Random(4).shuffle(order as unknown as number[]);
  return order;
}

/** How a series goes on, three stamps beyond its end. */
const after = ({ time, series }: SeriesColumns, which = 0): (string | undefined)[] =>
  [0, 1, 2].map((step) => stampOf(time, series[which], series[which].numRows + step));
const kindsOf = ({ notes }: SeriesColumns): string[] => notes.map(({ kind, count }) => `${kind} ${count}`);

describe('a table as series in time', () => {
  it('is the same in any order of its rows', async () => {
    const lines = daily(41).filter((_, i) => i !== 7 && i !== 30);
    const rising = await read([names, ...lines], target);
    for (const other of [[...lines].reverse(), shuffled(lines), shuffled(shuffled(lines))]) {
      const columns = await read([names, ...other], target);
      expect(columns.series).toEqual(rising.series);
      expect(after(columns)).toEqual(after(rising));
      expect(columns.notes.map(({ kind }) => kind)).toEqual(['order', 'gaps']);
    }
  });

  it('never has in a row what its file says of later ones', async () => {
    const lines = daily(38).map((line, i) =>
      i % 5 === 2 ? line.replace(/,[^,]*,/, ',,') : i % 7 === 3 ? line.replace(/,[^,]*$/, ',NA') : line,
    );
    const whole = (await read([names, ...lines], target)).series[0];
    for (let numLines = 9; numLines < lines.length; numLines++) {
      const cut = (await read([names, ...lines.slice(0, numLines)], target)).series[0];
      expect(cut.values).toEqual(whole.values.subarray(0, cut.values.length));
      expect(cut.isReal).toEqual(whole.isReal.subarray(0, cut.isReal.length));
    }
  });

  it('has a row for every stamp that is missing, with the last value and not real', async () => {
    const lines = daily(30).filter((_, i) => i !== 4 && (i < 11 || i > 13));
    const columns = await read([names, ...lines], target);
    const [series] = columns.series;
    expect(series.numRows).toBe(30);
    expect(
      Array.from(realTargets(series).entries())
        .filter(([, real]) => real === 0)
        .map(([row]) => row),
    ).toEqual([4, 11, 12, 13]);
    expect(columnOf(series, 0)[12]).toBe(columnOf(series, 0)[10]);
    expect(series.times![12]).toBe(Date.parse('2021-03-04'));
    expect(columns.notes[0].text).toBe(
      '4 stamps missing in 2 gaps, the longest of 3 after 2021-03-02: rows were added, and are not scored',
    );
  });

  it('leaves weekends and holidays of trading days out, and skips them in what follows', async () => {
    const lines = daily(60).filter(
      (line) =>
        ![0, 6].includes(new Date(line.slice(0, 10)).getUTCDay()) &&
        !line.startsWith('2021-04-02') &&
        !line.startsWith('2021-04-05'),
    );
    const columns = await read([names, ...lines.slice(0, -3)], target);
    expect(columns.series[0].numRows).toBe(lines.length - 3);
    expect(kindsOf(columns)).toEqual(['closed 2']);
    expect(after(columns)).toEqual(['2021-04-16', '2021-04-19', '2021-04-20']);
  });

  it('leaves out totals and remarks, and says in which lines they are', async () => {
    const lines = daily(25);
    const columns = await read(
      [names, ...lines.slice(0, 10), 'Subtotal,99,9', ...lines.slice(10), 'Total,250.5,77', ',,'],
      target,
    );
    expect(columns.series[0].numRows).toBe(25);
    expect(columns.notes).toEqual([
      { kind: 'foreign', count: 3, text: '3 rows without a time (lines 12, 28 and 29: "Subtotal") left out' },
    ]);
  });

  it('ends with the last value of its target, and forecasts begin there', async () => {
    const lines = daily(30).map((line, i) => (i >= 26 ? line.replace(/,[^,]*,/, ',,') : line));
    const columns = await read([names, ...lines], target);
    expect(columns.series[0].numRows).toBe(26);
    expect(after(columns)[0]).toBe(lines[26].slice(0, 10));
    expect(kindsOf(columns)).toEqual(['end 4']);
  });

  it('begins where every column has begun, but waits for none that begins late', async () => {
    const early = daily(30).map((line, i) => (i < 3 ? line.replace(/,[^,]*$/, ',') : line));
    const columns = await read([names, ...early], target);
    expect([columns.names, columns.series[0].numRows, kindsOf(columns)]).toEqual([['y', 'x'], 27, ['start 3']]);
    const late = daily(30).map((line, i) => (i < 20 ? line.replace(/,[^,]*$/, ',') : line));
    const without = await read([names, ...late], target);
    expect([without.names, without.series[0].numRows, without.leftOut]).toEqual([
      ['y'],
      30,
      [{ name: 'x', reason: 'begins late' }],
    ]);
  });

  it('takes the mean of rows with one stamp', async () => {
    const lines = daily(30);
    const columns = await read([names, ...lines, '2021-02-22,5,3', lines[9]], target);
    expect(columnOf(columns.series[0], 0)[2]).toBeCloseTo((Number(lines[2].split(',')[1]) + 5) / 2, 12);
    expect(columnOf(columns.series[0], 0)[9]).toBe(Number(lines[9].split(',')[1]));
    expect(kindsOf(columns)).toEqual(['order 1', 'repeats 2']);
  });

  it('takes rows in their order where times have no regular distance, and says so', async () => {
    const lines = Array.from(
      { length: 40 },
      (_, i) =>
        `${isoDay(Date.parse('2021-01-01') + Math.floor(1.37 * i * i + 9 * Math.sin(3 * i) + 20 * i) * dayMs)},` +
        `${i % 7},${i % 3}`,
    );
    const columns = await read([names, ...lines], target);
    expect([columns.series[0].numRows, columns.time?.frequency, kindsOf(columns)]).toEqual([
      40,
      undefined,
      ['irregular 40'],
    ]);
    expect(after(columns)).toEqual([undefined, undefined, undefined]);
  });

  it('reads a short table as that of the training was', async () => {
    const trained = await read(
      [names, ...daily(40).map((line) => line.replace(/(\d+)-(\d+)-(\d+)/, '$2/$3/$1'))],
      target,
    );
    expect(trained.reading).toEqual({
      time: { columns: ['date'], notation: { format: 'MM/DD/YYYY' } },
      frequency: { unit: 'fixed', step: dayMs },
      series: [],
      numbers: expect.objectContaining({ y: { decimal: 'point', before: '', after: '' } }),
      leftOut: [],
      file: {},
    });
    const short = await read([names, '04/03/2021,8,1', '04/01/2021,7,2'], target, trained);
    expect([...columnOf(short.series[0], 0)]).toEqual([7, 7, 8]);
    expect(after(short)[0]).toBe('04/04/2021');
  });
});

describe('hours on a clock that is changed', () => {
  const hours = (from: string, count: number, holds: (text: string) => boolean = () => true): string[] =>
    Array.from({ length: count }, (_, i) => isoHour(Date.parse(from) + i * hourMs)).filter(holds);
  const table = (stamps: readonly string[]): string[] => [
    't,y',
    ...stamps.map((stamp, i) => `${stamp},${(i * 5) % 13}`),
  ];

  it('have neither a gap in spring nor a repeat in autumn', async () => {
    const spring = await read(table(hours('2021-03-26T00:00Z', 90, (text) => text !== '2021-03-28 02:00')));
    expect([spring.series[0].numRows, kindsOf(spring)]).toEqual([89, ['clock 1']]);
    const autumn = hours('2021-10-29T00:00Z', 90);
    autumn.splice(autumn.indexOf('2021-10-31 02:00'), 0, '2021-10-31 02:00');
    const doubled = await read(table(autumn));
    expect([doubled.series[0].numRows, kindsOf(doubled)]).toEqual([91, ['clock 1']]);
    expect(doubled.notes[0].text).toContain('an hour twice at 2021-10-31 02:00');
    expect((await read([table(autumn)[0], ...table(autumn).slice(1).reverse()])).series).toEqual(doubled.series);
  });

  it('have one where an hour is missing in the middle of a week', async () => {
    const columns = await read(table(hours('2021-03-26T00:00Z', 90, (text) => text !== '2021-03-29 12:00')));
    expect([columns.series[0].numRows, kindsOf(columns)]).toEqual([90, ['gaps 1']]);
  });

  it('are moments where their zones are written', async () => {
    const stamps = Array.from({ length: 80 }, (_, i) => {
      const ms = Date.parse('2021-03-26T00:00:00Z') + i * hourMs;
      const offset = ms >= Date.parse('2021-03-28T01:00:00Z') ? 2 : 1;
      return `${new Date(ms + offset * hourMs).toISOString().slice(0, 19)}+0${offset}:00`;
    });
    const columns = await read(table(stamps.slice(0, 75)));
    expect([columns.series[0].numRows, columns.notes]).toEqual([75, []]);
    expect(after(columns)).toEqual(stamps.slice(75, 78));
  });
});

describe('a table of several series', () => {
  const stacked = [
    'store,date,y,area',
    ...['A', 'B', 'C'].flatMap((store, s) =>
      daily(20 + 3 * s).map((line) => `${store},${line.split(',').slice(0, 2).join(',')},${7 * s}`),
    ),
  ];

  it('is refused with the column that tells them apart', async () => {
    await expect(read(stacked, target)).rejects.toThrow(
      /x.csv, line 22, column `date`: the stamps begin again: 2021-02-20 [\s\S]*fix: give `series` 'store'/,
    );
    const numbered = stacked.map((line) => line.replace(/^[ABC]/, (letter) => String(letter.charCodeAt(0))));
    await expect(read(numbered, target)).rejects.toThrow("fix: give `series` 'store'");
  });

  it('is refused where its steps are finer or coarser than those of the training, with both', async () => {
    const hourly = Array.from(
      { length: 50 },
      (_, i) => `${isoHour(Date.parse('2021-02-20') + i * hourMs)},${(i * 7) % 5}`,
    );
    const trained = await read([names, ...daily(40)], target);
    await expect(read(['date,y', ...hourly], target, trained)).rejects.toThrow(
      /expected: steps of 1 day.*\s+received: steps of 1 hour/,
    );
    const weekly = daily(60).filter((_, i) => i % 7 === 0);
    await expect(read([names, ...weekly], target, trained)).rejects.toThrow(
      /expected: steps of 1 day.*\s+received: steps of 1 week|7 days/,
    );
    expect((await read([names, ...daily(30)], target, trained)).notes).toEqual([]);
    // Gaps leave some rows one step apart.
    const holed = daily(60).filter((_, i) => i % 7 < 2);
    expect((await read([names, ...holed], target, trained)).notes.map(({ kind }) => kind)).toEqual(['gaps']);
  });

  it('is refused with two columns where one does not tell', async () => {
    const lines = [
      'store,item,date,y',
      ...['A', 'B'].flatMap((store) =>
        ['p', 'q', 'r'].flatMap((item) =>
          daily(15).map((line) => `${store},${item},${line.split(',').slice(0, 2).join(',')}`),
        ),
      ),
    ];
    await expect(read(lines, target)).rejects.toThrow("give `series` 'store,item'");
    const { series } = await read(lines, { ...target, series: 'store,item' });
    expect(series.map(({ name }) => name)).toEqual(['A, p', 'A, q', 'A, r', 'B, p', 'B, q', 'B, r']);
  });

  it('becomes as many, in any order of the rows, each going on from its own end', async () => {
    const columns = await read(stacked, { ...target, series: 'store' });
    expect(columns.names).toEqual(['y', 'area']);
    expect(columns.series.map(({ name, numRows }) => [name, numRows])).toEqual([
      ['A', 20],
      ['B', 23],
      ['C', 26],
    ]);
    expect([after(columns, 0)[0], after(columns, 2)[0]]).toEqual(['2021-03-12', '2021-03-18']);
    expect(columns.reading.series).toEqual(['store']);
    const other = await read([stacked[0], ...shuffled(stacked.slice(1))], { ...target, series: 'store' });
    for (const series of columns.series) expect(other.series.find(({ name }) => name === series.name)).toEqual(series);
    expect((await read(stacked, target, columns)).series).toEqual(columns.series);
  });

  it('says where times repeat and nothing tells more, and takes the rows in their order', async () => {
    const lines = [
      'month,y',
      ...Array.from({ length: 36 }, (_, i) => `2020-${String((i % 12) + 1).padStart(2, '0')},${i % 5}`),
    ];
    const columns = await read(lines);
    expect([columns.time, columns.series[0].numRows, kindsOf(columns)]).toEqual([undefined, 36, ['repeats 24']]);
    await expect(read(lines, { time: 'month' })).rejects.toThrow('the stamps begin again');
  });
});
