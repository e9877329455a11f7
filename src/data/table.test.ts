import { describe, expect, it } from 'vitest';
import { messageOf } from '../../test/support/central-differences.js';
import { Table } from './table.js';

describe('a table of rows', () => {
  const wrong: Record<string, [columns: string[], rows: unknown[][], message: RegExp]> = {
    'a date': [
      ['day', 'load'],
      [
        ['2024-01-01', '3'],
        [new Date(0), '4'],
      ],
      /DATA_FORMAT.*rows, row 2: the cell of `day` is no text.\n.*a Date\n.*toISOString/,
    ],
    'a cell that is missing': [['day'], [[undefined]], /row 1: the cell of `day` is no text/],
    'a row that is too long': [['day'], [['a', 'b']], /row 1: the row.*\n.*expected: 1 cell\n.*received: 2 cells/],
    'a row that is too short': [['day', 'load'], [['a']], /row 1: the row has the wrong number of cells/],
    'two columns of one name': [['day', 'day'], [['a', 'b']], /DATA_FORMAT.*two columns are named `day`/],
  };
  it.each(Object.keys(wrong))('refuses %s', (name) => {
    const [columns, rows, message] = wrong[name];
    expect(messageOf(() => Table.fromRows('rows', columns, rows as string[][]))).toMatch(message);
  });

  it('takes a number as its text', () => {
    expect(Table.fromRows('rows', ['load'], [[4.5 as unknown as string], ['5']]).column('load')).toEqual(['4.5', '5']);
  });
});
