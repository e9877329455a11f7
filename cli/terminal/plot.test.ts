import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { linePlot, sparkline } from './plot.js';
import { ticksBetween } from './plot-ticks.js';

const plain = (text: string): string => text.replace(/\x1b\[\d+m/g, '');

describe('a line plot', () => {
  test('draws one series in braille dots with its axes', () => {
    const values = Array.from({ length: 20 }, (_, t) => t * t);
    expect(linePlot([{ name: 'squares', values }], { width: 40, height: 7, title: 'Growth', xLabel: 'step' })).toBe(
      [
        'Growth',
        '    │                                ⢀⠔⠊',
        '300 ┤                             ⢀⠤⠊⠁',
        '    │                          ⣀⠔⠊⠁',
        '200 ┤                      ⢀⡠⠒⠉',
        '    │                  ⢀⡠⠔⠊⠁',
        '100 ┤            ⣀⡠⠤⠔⠒⠊⠁',
        '  0 ┤⣀⣀⣀⣀⡠⠤⠤⠤⠔⠒⠉⠉',
        '    └┬────────┬────────┬────────┬───────',
        '     0        5       10       15',
        '                                    step',
        '     ── squares',
      ].join('\n'),
    );
  });

  test('marks given places of the axis', () => {
    const lines = linePlot([{ name: '', values: [3, 1, 2] }], {
      width: 40,
      height: 5,
      xTicks: [
        { value: 0, label: '1e-3' },
        { value: 1, label: '1e-2' },
        { value: 2, label: '1e-1' },
      ],
    }).split('\n');
    expect(lines.at(-2)!.match(/┬/g)).toHaveLength(3);
    expect(lines.at(-1)!.trim().split(/ +/)).toEqual(['1e-3', '1e-2', '1e-1']);
  });

  test('draws several series without colour with a mark each, in ASCII when asked', () => {
    const series = [
      { name: 'a', values: [0, 1, 2, 3] },
      { name: 'b', values: [3], start: 5 },
    ];
    expect(linePlot(series, { width: 32, height: 4, ascii: true })).toBe(
      [
        '3 +              ****          x',
        '2 +         *****',
        '1 +   ******',
        '0 +***',
        '  ++----------+----------+------',
        '   0          2          4',
        '   * a   x b',
      ].join('\n'),
    );
    expect(linePlot(series, { width: 32, height: 4 })).toContain('• a   × b');
  });

  test('is the same in colour but for the colours, and has none unless asked', () => {
    const series = [{ name: 'a', values: [1, 2, 1] }];
    const coloured = linePlot(series, { colour: true });
    expect(coloured).toContain('\x1b[36m');
    expect(plain(coloured)).toBe(linePlot(series));
  });

  test('shows both series in dots when colours tell them apart', () => {
    const text = linePlot(
      [
        { name: 'a', values: [0, 1] },
        { name: 'b', values: [1, 0] },
      ],
      { colour: true },
    );
    expect(text).toMatch(/\x1b\[36m[\u2801-\u28ff]/);
    expect(text).toMatch(/\x1b\[33m[\u2801-\u28ff]/);
  });

  test('leaves a gap where a value is missing', () => {
    const drawn = (values: number[]): string => linePlot([{ name: '', values }], { width: 43, height: 3, ascii: true });
    expect(drawn([1, 1, NaN, 1, 1]).split('\n')[1]).toMatch(/\*+ {10,}\*+/);
    expect(drawn([1, 1, 1, 1, 1]).split('\n')[1]).toMatch(/^\S+ \+\*+$/);
  });

  test('draws a constant across the middle, and one point in the centre', () => {
    const lines = linePlot([{ name: '', values: [5, 5, 5] }], { width: 40, height: 5, ascii: true }).split('\n');
    expect(lines[2]).toMatch(/^5\.0 \+\*{35}$/);
    const point = linePlot([{ name: '', values: [0] }], { width: 40, height: 5, ascii: true }).split('\n');
    expect(point[2].indexOf('*')).toBeGreaterThan(18);
    expect(point.join('').match(/\*/g)).toHaveLength(1);
  });

  test('says so when there is nothing to draw', () => {
    for (const series of [[], [{ name: 'a', values: [] }], [{ name: 'a', values: [NaN, Infinity] }]]) {
      expect(linePlot(series)).toBe('(nothing to draw: no finite value)');
    }
  });

  test('stays within its width and height, whatever the values', () => {
    const value = fc.oneof(fc.double(), fc.integer(), fc.constantFrom(0, 5e-324, -1.7e308, 1.7e308, 1e9, 1e9 + 1e-3));
    fc.assert(
      fc.property(
        fc.array(fc.array(value, { maxLength: 30 }), { maxLength: 3 }),
        fc.integer({ min: 32, max: 90 }),
        fc.integer({ min: 3, max: 20 }),
        (all, width, height) => {
          const lines = linePlot(
            all.map((values, i) => ({ name: `s${i}`, values, start: i })),
            { width, height },
          ).split('\n');
          expect(lines.length === 1 || lines.length === height + 3).toBe(true);
          for (const line of lines) expect(line.length).toBeLessThanOrEqual(Math.max(width, 35));
        },
      ),
      { seed: 6, numRuns: 500 },
    );
  });

  test('refuses a size with no room to draw', () => {
    expect(() => linePlot([], { width: 10 })).toThrow(/OUT_OF_RANGE[^]*at least 32/);
    expect(() => linePlot([], { height: 2.5 })).toThrow(/OUT_OF_RANGE/);
  });
});

describe('axis marks', () => {
  test.each([
    [0, 10, 5, ['0', '2', '4', '6', '8', '10']],
    [-0.3, 0.31, 4, ['-0.2', '0', '0.2']],
    [1e6, 3e6, 3, ['1e6', '2e6', '3e6']],
    [1e-7, 3e-7, 3, ['1e-7', '2e-7', '3e-7']],
    [1e9, 1e9 + 1, 2, ['1000000000.0', '1000000000.5', '1000000001.0']],
  ])('of %f to %f are round numbers', (low, high, most, labels) => {
    expect(ticksBetween(low, high, most).map(({ label }) => label)).toEqual(labels);
  });

  test('of steps are whole', () => {
    expect(ticksBetween(0, 2, 10, true).map(({ value }) => value)).toEqual([0, 1, 2]);
  });
});

describe('a sparkline', () => {
  test('rises from the lowest to the highest value, with spaces for gaps', () => {
    expect(sparkline([0, 1, 2, 3, 4, 5, 6, 7])).toBe('▁▂▃▄▅▆▇█');
    expect(sparkline([0, NaN, 7], { ascii: true })).toBe('_ #');
    expect(sparkline([])).toBe('');
    expect(sparkline([3, 3])).toBe('▅▅');
  });

  test('averages neighbours to fit its width', () => {
    expect(sparkline([0, 0, 10, 10, 0, 20, NaN, NaN], { width: 4 })).toBe('▁██ ');
  });
});
