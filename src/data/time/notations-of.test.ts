import { describe, expect, it } from 'vitest';
import { notationsOf } from './notations-of.js';
import { TimeFormat } from './time-format.js';

const formatsOf = (cell: string): string[] => [...new Set(notationsOf(cell).map(({ format }) => format))];

/** What the first notation of a cell makes of it, as an ISO text. */
function read(cell: string): string {
  const stamp = new TimeFormat(notationsOf(cell)[0]).read(cell);
  return typeof stamp === 'object' ? new Date(stamp.ms).toISOString() : String(stamp);
}

describe('the notations that a cell may be of', () => {
  it.each([
    ['2020-03-04', '2020-03-04T00:00:00.000Z'],
    ['2020/3/4 7:05', '2020-03-04T07:05:00.000Z'],
    ['2020-03-04T07:05:06.5Z', '2020-03-04T07:05:06.500Z'],
    ['2020-03-04 07:05:06+0130', '2020-03-04T05:35:06.000Z'],
    ['2020-03-04 07:05 CEST', '2020-03-04T05:05:00.000Z'],
    ['20200304T0705', '2020-03-04T07:05:00.000Z'],
    ['2020030407', '2020-03-04T07:00:00.000Z'],
    ['202003040705', '2020-03-04T07:05:00.000Z'],
    ['25.03.2020 24:00', '2020-03-26T00:00:00.000Z'],
    ['25/03/20', '2020-03-25T00:00:00.000Z'],
    ['3/4/2020 12:30 PM', '2020-04-03T12:30:00.000Z'],
    ['3/4/2020 12:05am', '2020-04-03T00:05:00.000Z'],
    ['4 Mar 2020', '2020-03-04T00:00:00.000Z'],
    ['04MAR2020', '2020-03-04T00:00:00.000Z'],
    ['4. Dezember 2020', '2020-12-04T00:00:00.000Z'],
    ['04/Mar/2020:07:05:06 +0000', '2020-03-04T07:05:06.000Z'],
    ['March 4, 2020', '2020-03-04T00:00:00.000Z'],
    ['Wed, 04 Mar 2020 07:05:06 GMT', '2020-03-04T07:05:06.000Z'],
    ['Fri, 06 Mar 2020', '2020-03-06T00:00:00.000Z'],
    ['Mar 4, 2020', '2020-03-04T00:00:00.000Z'],
    ['Mar 2020', '2020-03-01T00:00:00.000Z'],
    ['Mar-20', '2020-03-01T00:00:00.000Z'],
    ['avril 2020', '2020-04-01T00:00:00.000Z'],
    ['2020 Mar', '2020-03-01T00:00:00.000Z'],
    ['2020-03', '2020-03-01T00:00:00.000Z'],
    ['2020.03', '2020-03-01T00:00:00.000Z'],
    ['2020M3', '2020-03-01T00:00:00.000Z'],
    ['03/2020', '2020-03-01T00:00:00.000Z'],
    ['2020Q3', '2020-07-01T00:00:00.000Z'],
    ['2020-Q3', '2020-07-01T00:00:00.000Z'],
    ['Q3 2020', '2020-07-01T00:00:00.000Z'],
    ['3Q20', '2020-07-01T00:00:00.000Z'],
    ['2020-W53', '2020-12-28T00:00:00.000Z'],
    ['2020-W01-3', '2020-01-01T00:00:00.000Z'],
    ['2020-061', '2020-03-01T00:00:00.000Z'],
    ['2020年3月4日', '2020-03-04T00:00:00.000Z'],
    ['1987', '1987-01-01T00:00:00.000Z'],
    ['14h', 'undefined'],
  ])('%s is %s', (cell, iso) => {
    expect(notationsOf(cell).length === 0 ? 'undefined' : read(cell)).toBe(iso);
  });

  it('are all that it may be', () => {
    expect(formatsOf('03/04/2020')).toEqual(['DD/MM/YYYY', 'MM/DD/YYYY']);
    expect(formatsOf('03.04.05')).toEqual(['DD.MM.YY', 'MM.DD.YY', 'YY.MM.DD']);
    expect(formatsOf('1-01')).toEqual(['Y-MM', 'MM-YY']);
    expect(formatsOf('Total')).toEqual([]);
    expect(formatsOf('12.5')).toEqual([]);
    expect(formatsOf('store 12')).toEqual([]);
  });

  it('write what they read', () => {
    const cells = [
      '2020-03-04',
      '2020-03-04T07:05:06.500Z',
      '04MAR2020',
      'Wed, 04 Mar 2020 07:05:06 GMT',
      '2020-W53',
      '2020-061',
      'Q3 2020',
      'dezember 2020',
      '2020年03月04日',
      '03/04/2020 12:30 PM',
      '04/Mar/2020:07:05:06 -0230',
    ];
    for (const cell of cells) {
      const format = new TimeFormat(notationsOf(cell)[0]);
      const stamp = format.read(cell);
      expect(typeof stamp === 'object' && format.write(stamp.ms, stamp.zone)).toBe(cell);
    }
  });
});

describe('a time format', () => {
  it('tells an impossible date from a foreign cell', () => {
    const format = new TimeFormat({ format: 'DD.MM.YYYY' });
    expect(format.read('31.02.2021')).toBe('impossible');
    expect(format.read('Summe 2021')).toBeUndefined();
    expect(format.read('29.2.2020')).toEqual({ ms: Date.UTC(2020, 1, 29), zone: '' });
  });

  it('reads stamps that leave out a clock of midnight, or seconds', () => {
    const format = new TimeFormat({ format: 'YYYY-MM-DD HH:mm:ss.SSS' });
    const read = (cell: string): number => (format.read(cell) as { ms: number }).ms - Date.UTC(2020, 0, 5);
    expect(['2020-01-05', '2020-01-05 03:20', '2020-01-05 03:20:07', '2020-01-05 03:20:07.25'].map(read)).toEqual([
      0, 12_000_000, 12_007_000, 12_007_250,
    ]);
  });

  it('counts from 1970, or as a spreadsheet does', () => {
    const both = (format: string, cell: string): unknown[] => {
      const notation = new TimeFormat({ format });
      const { ms } = notation.read(cell) as { ms: number };
      return [new Date(ms).toISOString().slice(0, 19), notation.write(ms)];
    };
    expect(both('epoch-s', '1583305506')).toEqual(['2020-03-04T07:05:06', '1583305506']);
    expect(both('epoch-ms', '1583305506000')).toEqual(['2020-03-04T07:05:06', '1583305506000']);
    expect(both('epoch-ns', '1583305506000000000')).toEqual(['2020-03-04T07:05:06', '1583305506000000000']);
    expect(both('serial', '43894.25')).toEqual(['2020-03-04T06:00:00', '43894.25']);
    expect(new TimeFormat({ format: 'serial' }).read('Total')).toBeUndefined();
  });

  it('needs a year', () => {
    expect(() => new TimeFormat({ format: 'HH:mm' })).toThrow(
      '[OUT_OF_RANGE] TimeFormat: the format of stamps has no year',
    );
  });
});
