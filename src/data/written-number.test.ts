import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { writtenNumber } from './written-number.js';

const values = (cell: string): number[] | undefined => {
  const number = writtenNumber(cell);
  return number && [number.point, number.comma];
};

describe('a written number', () => {
  it.each<[string, number, number]>([
    ['12', 12, 12],
    [' -0.5 ', -0.5, NaN],
    ['1e3', 1000, 1000],
    ['1,5E-3', NaN, 0.0015],
    ['1.234', 1.234, 1234],
    ['1,234', 1234, 1.234],
    ['-1,234.5', -1234.5, NaN],
    ['1.234.567', NaN, 1234567],
    ['1.234.567,25', NaN, 1234567.25],
    ['12,34,567.5', 1234567.5, NaN],
    ['0.123', 0.123, NaN],
    ['0,123', NaN, 0.123],
    ['1234.567', 1234.567, NaN],
    ['1 234 567', 1234567, 1234567],
    ['1\u202f234,5', NaN, 1234.5],
    ['1\u00a0234.5', 1234.5, NaN],
    ["1'234.50", 1234.5, NaN],
    ['1\u2019234', 1234, 1234],
    ['\u22125', -5, -5],
    ['1.234,50-', NaN, -1234.5],
    ['(1,234.50)', -1234.5, NaN],
    ['+7', 7, 7],
    ['.5', 0.5, NaN],
  ])('%s is %d with decimal points and %d with decimal commas', (cell, point, comma) => {
    expect(values(cell)).toEqual([point, comma]);
  });

  it.each<[string, number, string, string]>([
    ['12 %', 12, '', '%'],
    ['$1,234.5', 1234.5, '$', ''],
    ['-$5', -5, '$', ''],
    ['$-5', -5, '$', ''],
    ['€ 7', 7, '€', ''],
    ['EUR 7', 7, 'EUR', ''],
    ['7 kWh', 7, '', 'kWh'],
    ['7.5 m/s', 7.5, '', 'm/s'],
    ['3 kg/m3', 3, '', 'kg/m3'],
    ['21.5°C', 21.5, '', '°C'],
    ['5 元', 5, '', '元'],
  ])('%s has a unit', (cell, point, before, after) => {
    expect(writtenNumber(cell)).toMatchObject({ point, before, after });
  });

  it.each([
    '',
    'a',
    'A12',
    '12-34',
    '2020-01-01',
    '01.02.2020',
    '12:30',
    '1.2.3',
    '1,2,3',
    '12,34',
    '1 23',
    '1,23,45',
    '0x10',
    '(5',
    '--5',
    '-5-',
    '10.0.0.1',
    '1..5',
    '1.234.56',
    '1,234,5678',
    'NaN',
    `${'9'.repeat(90)}`,
  ])('%j is none with decimal points, whatever it is else', (cell) =>
    expect(writtenNumber(cell)?.point ?? NaN).toBeNaN(),
  );

  it('is found again however it was written', () => {
    const locales = [
      ['en-US', 'point'],
      ['de-DE', 'comma'],
      ['fr-FR', 'comma'],
      ['de-CH', 'point'],
      ['sv-SE', 'comma'],
      ['en-IN', 'point'],
      ['pt-BR', 'comma'],
      ['pl-PL', 'comma'],
      ['es-ES', 'comma'],
    ] as const;
    const property = fc.property(
      fc.integer({ min: -(10 ** 12), max: 10 ** 12 }),
      fc.integer({ min: 0, max: 6 }),
      fc.constantFrom(...locales),
      (digits, decimals, [locale, sign]) => {
        const value = digits / 10 ** decimals;
        const cell = new Intl.NumberFormat(locale, {
          minimumFractionDigits: decimals,
          maximumFractionDigits: decimals,
        }).format(value);
        expect(writtenNumber(cell)?.[sign], cell).toBe(Object.is(value, -0) ? 0 : value);
      },
    );
    fc.assert(property, { numRuns: 1000, seed: 5 });
  });
});
