import { describe, expect, it } from 'vitest';
import { StandardScaler } from '../../data/scaler.js';
import { Random } from '../../random.js';
import { ForecastWindows } from './forecast-windows.js';
import { NetworkSeries } from './network-series.js';
import type { Series } from './series.js';
import type { TrainedSeries } from './trained-series.js';

// Rows [row * row, 100 + row]; row 5 of the target was filled.
const values = Float64Array.from({ length: 2 * 9 }, (_, at) =>
  at % 2 === 0 ? Math.floor(at / 2) ** 2 : 100 + Math.floor(at / 2),
);
const isReal = Uint8Array.from(values, (_, at) => (at === 2 * 5 ? 0 : 1));
const part = (from: number, to: number): Series => ({
  name: '',
  numRows: to - from,
  values: values.subarray(2 * from, 2 * to),
  isReal: isReal.subarray(2 * from, 2 * to),
  times: undefined,
});
const known: TrainedSeries = {
  name: '',
  numTrainingRows: 9,
  numSeenRows: 9,
  fingerprint: 0,
  overlap: null,
  naiveScale: 1,
  lowest: 0,
  base: { name: 'naive' },
  correctionScale: 4,
  errorScale: 0.5,
  scaler: new StandardScaler().restore([0, 0], [1, 2]),
};
const origins = (series: Series) => ({
  series: new NetworkSeries(series, known),
  first: 3,
  end: series.numRows - 2 + 1,
});
const sizes = { timesteps: 3, horizon: 2 };
const windows = new ForecastWindows([origins(part(0, 9))], sizes);
const numbers = ({ data }: { data: Float32Array }): number[] => [...data];

describe('ForecastWindows', () => {
  it('are changes since the last known row with what the base missed, and corrections of the base', () => {
    expect(windows.length).toBe(5);
    const { x, y, sampleWeight } = windows.batch([1]);
    // Rows 1 to 3 are 1, 4, 9 and 101, 102, 103; the last value misses 1, 3, 5. Rows 4 and 5 are 16 and 25, 7 and 16
    // from 9.
    expect(numbers(x)).toEqual([-8, -1, 2, -5, -0.5, 6, 0, 0, 10]);
    expect(numbers(y)).toEqual([7 / 4, 16 / 4]);
    expect(numbers(sampleWeight)).toEqual([1, 0]);
  });
  it('never hold rows of two series, and a series that is too short has none', () => {
    const several = new ForecastWindows([origins(part(0, 6)), origins(part(6, 8)), origins(part(2, 9))], sizes);
    expect(several.length).toBe(2 + 0 + 3);
    expect(numbers(several.batch([0, 1, 2, 3, 4]).y)).toEqual(numbers(windows.batch([0, 1, 2, 3, 4]).y));
    expect(several.batch([1]).x).toEqual(windows.batch([1]).x);
  });
  it('come all once, in batches, in the order of time, and in blocks of two horizons', () => {
    const batches = [...windows.batches(2)];
    expect(batches.map(({ y }) => y.shape[0])).toEqual([2, 2, 1]);
    expect(batches.flatMap(({ y }) => numbers(y))).toEqual(numbers(windows.batch([0, 1, 2, 3, 4]).y));
    expect([0, 1, 2, 3, 4].map((window) => windows.blockOf(window)[1])).toEqual([0, 0, 0, 0, 1]);
  });
  it('are drawn evenly where there are too many, the last among them, and keep their blocks', () => {
    const drawn = new ForecastWindows([origins(part(0, 9))], { ...sizes, most: 3 });
    expect([drawn.length, drawn.numPossible]).toEqual([3, 5]);
    expect(numbers(drawn.batch([0, 1, 2]).x)).toEqual(numbers(windows.batch([0, 2, 4]).x));
    expect([0, 1, 2].map((index) => drawn.blockOf(index)[1])).toEqual([0, 0, 1]);
    const all = new ForecastWindows([origins(part(0, 9))], { ...sizes, most: 5 });
    expect([...all.batches(3)]).toEqual([...windows.batches(3)]);
  });
  it('come shuffled, by seed, again and again for as many batches as are asked for', () => {
    const firsts = (seed: number, numBatches: number): number[] =>
      [...windows.shuffledBatches(2, numBatches, new Random(seed))].flatMap(({ y }) =>
        numbers(y as { data: Float32Array }).filter((_, at) => at % 2 === 0),
      );
    const inOrder = numbers(windows.batch([0, 1, 2, 3, 4]).y).filter((_, at) => at % 2 === 0);
    expect(firsts(1, 3)).toEqual(firsts(1, 3));
    expect(firsts(1, 3)).not.toEqual(firsts(2, 3));
    expect(firsts(1, 3).sort((a, b) => a - b)).toEqual([...inOrder].sort((a, b) => a - b));
    expect(firsts(1, 7)).toHaveLength(5 + 5 + 2);
    expect(firsts(1, 7).slice(0, 5)).toEqual(firsts(1, 3));
  });
});
