import { describe, expect, it } from 'vitest';
import { columnFormat, counted, errorNumber } from './text-table.js';

describe('the numbers of a column', () => {
  const written = (known: number[], values: number[]): string[] => values.map(columnFormat(known));

  it('have one decimal more than what is known, as far as that tells them apart', () => {
    expect(written([11_031_234, 12_500_000], [11_031_234.4, 11_039_871.2])).toEqual(['11031234', '11039871']);
    expect(written([20.25, 104.5], [20.1254, 23.5])).toEqual(['20.125', '23.500']);
    expect(written([0, 3, 0, 12], [0.000_048_9, 0.61])).toEqual(['0.0', '0.6']);
    expect(written([1.2e-7, 3e-7], [2e-7])).toEqual(['0.000000200']);
  });

  it('have no exponent below 1e15, no sign before a zero, and need no differences', () => {
    expect(written([7, 7], [7, -0.01])).toEqual(['7.0', '0.0']);
    expect(written([1e14, 3e14], [123_456_789_012_345])).toEqual(['123456789012345']);
    expect(written([], [2e15])).toEqual(['2.000000e+15']);
  });
});

it('what is counted is one or several', () => {
  expect([1, 0, 1234].map((count) => counted(count, 'row'))).toEqual(['1 row', '0 rows', '1,234 rows']);
  expect(counted(2, 'class')).toBe('2 classes');
});

describe('an error', () => {
  it('has four significant digits, without an exponent from 1e-4 to 1e9', () => {
    expect([9427.3, 11_530.4, 0.000_123_45, 1.5, 0].map(errorNumber)).toEqual([
      '9427',
      '11530',
      '0.0001234',
      '1.500',
      '0',
    ]);
    expect(errorNumber(0.000_01)).toBe('1.000e-5');
    expect(errorNumber(null)).toBe('-');
  });
});
