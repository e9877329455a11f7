import { describe, expect, it } from 'vitest';
import { Random } from '../../random.js';
import { ForecastWindows } from './forecast-windows.js';

// Rows [row * row, 100 + row].
const values = Float32Array.from({ length: 2 * 9 }, (_, at) => (at % 2 === 0 ? Math.floor(at / 2) ** 2 : 100 + Math.floor(at / 2)));
const isReal = Uint8Array.from(values, (_, at) => (at === 2 * 5 ? 0 : 1));
const windows = new ForecastWindows([{ values, isReal }], { columns: 2, timesteps: 3, horizon: 2 });
const numbers = (data: unknown): number[] => [...(data as { data: Float32Array }).data];

describe('ForecastWindows', () => {
  it('are changes since the last known row', () => {
    expect(windows.length).toBe(5);
    const { x, y, sampleWeight } = windows.batch([1]);
    // Rows 1 to 3 are 1, 4, 9 and 101, 102, 103; rows 4 and 5 are 16 and 25.
    expect(numbers(x)).toEqual([-8, -2, -5, -1, 0, 0]);
    expect(numbers(y)).toEqual([7, 16]);
    // Row 5 was filled.
    expect(numbers(sampleWeight)).toEqual([1, 0]);
  });
  it('never hold rows of two series, and a series that is too short has none', () => {
    const part = (from: number, to: number) => ({ values: values.subarray(2 * from, 2 * to), isReal: isReal.subarray(2 * from, 2 * to) });
    const several = new ForecastWindows([part(0, 6), part(6, 8), part(2, 9)], { columns: 2, timesteps: 3, horizon: 2 });
    expect(several.length).toBe(2 + 0 + 3);
    expect(several.batch([0, 1, 2, 3, 4]).y).toEqual(windows.batch([0, 1, 2, 3, 4]).y);
    expect(several.batch([3, 1])).toEqual(windows.batch([3, 1]));
    expect(several.batch([4, 2]).x).toEqual(windows.batch([4, 2]).x);
  });
  it('come all once, in batches, in the order of time', () => {
    const sizes = [...windows.batches(2)].map(({ y }) => numbers(y).length / 2);
    expect(sizes).toEqual([2, 2, 1]);
    expect([...windows.batches(2)].flatMap(({ y }) => numbers(y))).toEqual([...windows.batches(5)].flatMap(({ y }) => numbers(y)));
  });
  it('come shuffled, by seed', () => {
    const firsts = (seed?: number): number[] => [...windows.batches(2, seed === undefined ? undefined : new Random(seed))].flatMap(({ y }) => numbers(y).filter((_, at) => at % 2 === 0));
    const inOrder = firsts();
    expect(firsts(1)).toEqual(firsts(1));
    expect(firsts(1)).not.toEqual(inOrder);
    expect(firsts(1)).not.toEqual(firsts(2));
    expect(firsts(1).sort((a, b) => a - b)).toEqual([...inOrder].sort((a, b) => a - b));
  });
});
