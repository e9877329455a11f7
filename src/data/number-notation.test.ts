import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { messageAfter } from '../../test/support/message-after.js';
import { numericColumn, type ReadTableOptions, readTable } from './csv.js';
import { numberFacts } from './number-notation.js';

/** A table of one column of these cells beside others that are given as they stand in a row. */
async function read(
  cells: readonly string[],
  {
    beside = 'x',
    names = 'other',
    delimiter = ';',
    ...options
  }: { beside?: string; names?: string; delimiter?: string } & Partial<ReadTableOptions> = {},
) {
  const quoted = (cell: string): string => (cell.includes(delimiter) ? `"${cell}"` : cell);
  const rows = cells.map((cell) => `${beside}${delimiter}${quoted(cell)}`);
  return readTable(`${names}${delimiter}load\n${rows.join('\n')}\n`, { where: 'load.csv', delimiter, ...options });
}

const numbers = async (...args: Parameters<typeof read>): Promise<number[]> => [
  ...numericColumn(await read(...args), 'load'),
];
const refusal = (...args: Parameters<typeof read>): Promise<string> => messageAfter(() => numbers(...args));

describe('the numbers of a column', () => {
  it('are read as all cells allow', async () => {
    expect(await numbers(['0.123', '1.500', '12.345'])).toEqual([0.123, 1.5, 12.345]);
    expect(await numbers(['1.001', '1.002', '0.999'])).toEqual([1.001, 1.002, 0.999]);
    expect(await numbers(['1.001', '998', '2.000,5'])).toEqual([1001, 998, 2000.5]);
    expect(await numbers(['1.001', '1.234.567'])).toEqual([1001, 1234567]);
    expect(await numbers(['1,001', '7,5'])).toEqual([1.001, 7.5]);
    expect(await numbers(['1,001', '7.5'], { delimiter: ',' })).toEqual([1001, 7.5]);
    expect(await numbers(['1 001', '7'])).toEqual([1001, 7]);
    expect(await numbers(['12 %', '7.5 %', '3 %'])).toEqual([12, 7.5, 3]);
    expect(await numbers(['(12)', '7', '3'])).toEqual([-12, 7, 3]);
    expect(await numbers(['€ 1.234,50', '€ 7,00'])).toEqual([1234.5, 7]);
  });

  it('are no thousands where thousands are written without a sign', async () => {
    expect(await numbers(['1.234', '5678'])).toEqual([1.234, 5678]);
    expect(await numbers(['12.345', '5678'], { beside: '31.12.2020' }), 'groups may begin at five digits').toEqual([
      12345, 5678,
    ]);
  });

  it('are read as the other columns are', async () => {
    expect(await numbers(['1.234', '5.678'], { beside: '0,5' })).toEqual([1234, 5678]);
    expect(await numbers(['1.234', '5.678'], { beside: '0.5' })).toEqual([1.234, 5.678]);
    expect(await numbers(['1,234', '5,678'], { beside: '0,5' })).toEqual([1.234, 5.678]);
    expect(await refusal(['1.234', '5.678'], { beside: '0,5;0.5', names: 'a;b' })).toContain('can be read in two ways');
  });

  it('are thousands beside whole numbers where a format of three decimals would show', async () => {
    for (const delimiter of [';', ',', '\t'])
      expect(await numbers(['998', '1.010'], { delimiter }), delimiter).toEqual([998, 1010]);
    expect(await numbers(['998', '1.001'], { beside: '31.12.2020' })).toEqual([998, 1001]);
    expect(await numbers(['998', '1.001'])).toEqual([998, 1001]);
  });

  it('are no thousands because a few whole ones were typed between them', async () => {
    const measured = Array.from({ length: 30 }, (_, i) => (7 + i / 8 + (i % 3) / 100).toFixed(3));
    expect(await numbers([...measured, '5'], { delimiter: ',' })).toEqual([...measured.map(Number), 5]);
    expect(await refusal([...measured, '5'], { delimiter: ';' })).toContain('can be read in two ways');
  });

  it('of a file with commas between the cells have points before decimals', async () => {
    expect(await numbers(['12.345', '10.020'], { delimiter: ',' })).toEqual([12.345, 10.02]);
    expect(await numbers(['1,234', '5,678'], { delimiter: ',' })).toEqual([1234, 5678]);
    expect(await numbers(['12.345', '10.020'], { delimiter: '\t' })).toEqual([12.345, 10.02]);
  });

  it('are refused where nothing tells how to read them, unless it is told', async () => {
    for (const [cells, delimiter] of [
      [['1.234', '5.678'], ';'],
      [['998', '1.001'], ','],
      [['998', '1.001'], '\t'],
      [['1,234', '2,345'], '\t'],
      [['1,234', '2.345'], ';'],
    ] as const) {
      expect(await refusal(cells, { delimiter })).toContain(
        '[DATA_FORMAT] load.csv, column `load`: the numbers can be read in two ways',
      );
    }
    expect(await refusal(['1.234', '5.678'])).toContain('`1.234` is 1234 or 1.234');
    expect(await refusal(['1.234', '5.678'])).toContain("`decimal` 'point' or 'comma'");
    expect(await numbers(['1.234', '5.678'], { decimal: 'comma' })).toEqual([1234, 5678]);
    expect(await numbers(['1.234', '5.678'], { decimal: 'point' })).toEqual([1.234, 5.678]);
    expect(await messageAfter(() => read(['1'], { decimal: 'dot' as 'point' }))).toContain('[UNKNOWN_NAME]');
  });

  it('are read as in training where they do not tell themselves, and in the same unit', async () => {
    const table = await read(['1.234', '5.678']);
    const comma = { decimal: 'comma', before: '', after: '' } as const;
    expect([...numericColumn(table, 'load', { notation: comma })]).toEqual([1234, 5678]);
    expect([...numericColumn(await read(['0.5']), 'load', { notation: comma })]).toEqual([0.5]);
    expect(await messageAfter(() => numericColumn(table, 'load', { notation: { ...comma, after: ' %' } }))).toContain(
      'another unit than those of the training',
    );
  });

  it('name the first cell that does not fit the others', async () => {
    expect(await refusal(['0,5', '0,7', '1.234.5', '0,25'])).toContain(
      'load.csv, line 4, column `load`: the cell is not a number.',
    );
    expect(await refusal(['0,5', '0,7', '0.25'])).toContain(
      'write all numbers of the column with a comma before decimals.',
    );
    expect(await refusal(['5 kg', '7 kg', '3'])).toContain('line 4, column `load`');
    expect(await refusal(['5 kg', '7 kg', '3 g'])).toContain('with the same unit');
  });

  it('say how they are written where that is not as programs write', async () => {
    const notes = async (...cells: string[]): Promise<readonly string[]> =>
      numberFacts(await read(cells), 'load').notes;
    expect(await notes('1.5', '-2', '1e3')).toEqual([]);
    expect(await notes('1.234,5', '0,5')).toEqual(['decimal commas', 'signs between thousands']);
    expect(await notes('5 %', '(3 %)')).toEqual(['% after the numbers', 'parentheses for negative numbers']);
    expect(await notes('998', '1.010')).toEqual(['signs between thousands']);
    expect(numberFacts(await read(['5 apples', '7 pears', 'x', 'y']), 'load').counts).toMatchObject({
      number: 1,
      text: 3,
    });
  });

  it('are the same after any country has written them', async () => {
    const locales = [
      ['en-US', ','],
      ['de-DE', ';'],
      ['fr-FR', ';'],
      ['de-CH', ';'],
      ['sv-SE', '\t'],
      ['en-IN', ','],
      ['pt-BR', ';'],
      ['ru-RU', ';'],
    ] as const;
    const column = fc.record({
      decimals: fc.integer({ min: 0, max: 4 }),
      digits: fc.array(fc.integer({ min: -(10 ** 9), max: 10 ** 9 }), { minLength: 1, maxLength: 20 }),
    });
    const property = fc.asyncProperty(
      column,
      fc.constantFrom(...locales),
      fc.boolean(),
      async ({ decimals, digits }, [locale, delimiter], useGrouping) => {
        const values = digits.map((digit) => (digit === 0 ? 0 : digit / 10 ** decimals));
        const format = new Intl.NumberFormat(locale, {
          useGrouping,
          minimumFractionDigits: decimals,
          maximumFractionDigits: decimals,
        });
        const table = await read(
          values.map((value) => format.format(value)),
          { delimiter },
        );
        if (numberFacts(table, 'load').ambiguous !== undefined)
          expect(numberFacts(table, 'load').ambiguous).toMatch(/^-?[1-9]\d{0,2}[.,]\d{3}$/);
        // Short columns may be all of one ambiguous shape, which is refused or decided by the delimiter: told the sign,
        // all are right.
        const sign = /,(?=\d+$)/.test(new Intl.NumberFormat(locale).format(0.5)) ? 'comma' : 'point';
        const told = await read(
          values.map((value) => format.format(value)),
          { delimiter, decimal: sign },
        );
        expect([...numericColumn(told, 'load')]).toEqual(values);
        const decided = numberFacts(table, 'load');
        const isDecidedByCells = digits.length > 5 && decimals !== 3;
        if (isDecidedByCells && decided.ambiguous === undefined)
          expect([...numericColumn(table, 'load')]).toEqual(values);
      },
    );
    await fc.assert(property, { numRuns: 400, seed: 3 });
  });
});
