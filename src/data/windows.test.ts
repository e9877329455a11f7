import { describe, expect, test } from 'vitest';
import { timeseriesFromArray } from './timeseries-from-array.js';
import { slidingWindows } from './windows.js';

// Row r, column c holds 10 r + c: every number says where it came from.
const rowsOf = (numRows: number, columns: number): Float32Array =>
  Float32Array.from({ length: numRows * columns }, (_, i) => 10 * Math.floor(i / columns) + (i % columns));

describe('slidingWindows', () => {
  test('gives the rows of a window as input and the rows after it as target', () => {
    const windows = slidingWindows(rowsOf(9, 3), {
      columns: 3,
      timesteps: 4,
      horizon: 2,
      stride: 3,
      targetColumns: [2, 0],
    });
    expect(windows.length).toBe(2);
    const { x, y } = windows.batch([1, 0]);
    expect(x.shape).toEqual([2, 4, 3]);
    expect([...x.data.subarray(0, 12)]).toEqual([30, 31, 32, 40, 41, 42, 50, 51, 52, 60, 61, 62]);
    expect([...x.data.subarray(12, 15)]).toEqual([0, 1, 2]);
    expect(y.shape).toEqual([2, 2, 2]);
    expect([...y.data]).toEqual([72, 70, 82, 80, 42, 40, 52, 50]);
  });

  test('has no axis of targets when there is one', () => {
    expect(slidingWindows(rowsOf(5, 1), { timesteps: 3 }).batch([0, 1]).y).toEqual({
      data: Float32Array.of(30, 40),
      shape: [2, 1],
    });
    expect(slidingWindows(rowsOf(5, 2), { columns: 2, timesteps: 3, targetColumns: [1] }).batch([1]).y.shape).toEqual([
      1, 1,
    ]);
  });

  test('has as many windows as fit, for every size', () => {
    for (let numRows = 3; numRows < 20; numRows++) {
      for (let stride = 1; stride < 5; stride++) {
        let count = 0;
        for (let start = 0; start + 2 + 1 <= numRows; start += stride) count++;
        expect(slidingWindows(rowsOf(numRows, 1), { timesteps: 2, stride }).length).toBe(count);
      }
    }
  });

  test('never reads the series past its end', () => {
    const windows = slidingWindows(rowsOf(11, 2), { columns: 2, timesteps: 3, horizon: 2, stride: 2 });
    expect(windows.batch([windows.length - 1]).y.data.at(-1)).toBeLessThanOrEqual(101);
    expect(windows.batch([windows.length - 1]).y.data).not.toContain(NaN);
  });

  test('says the numbers when a window is longer than the series', () => {
    expect(() => slidingWindows(rowsOf(6, 2), { columns: 2, timesteps: 5, horizon: 2 })).toThrow(
      /expected: at least 7 rows: timesteps 5 \+ horizon 2\n {2}received: 6 rows\n {2}fix: use at most 4 timesteps/,
    );
    expect(() => slidingWindows(rowsOf(6, 1), { timesteps: 5, horizon: 9 })).toThrow(/fix: use a horizon below 6/);
  });

  test('refuses columns, indices and sizes that do not exist', () => {
    const options = { columns: 2, timesteps: 2 };
    expect(() => slidingWindows(rowsOf(6, 2), { ...options, targetColumns: [2] })).toThrow(/from 0 to 1/);
    expect(() => slidingWindows(rowsOf(6, 2), { ...options, targetColumns: [] })).toThrow(/OUT_OF_RANGE/);
    expect(() => slidingWindows(rowsOf(6, 2), { ...options, horizon: 0 })).toThrow(/OUT_OF_RANGE/);
    expect(() => slidingWindows(rowsOf(5, 1), options)).toThrow(/SHAPE_MISMATCH/);
    for (const index of [4, -1, 0.5])
      expect(() => slidingWindows(rowsOf(6, 2), options).batch([index])).toThrow(/from 0 to 3/);
  });
});

describe('timeseriesFromArray', () => {
  // The example of the Keras documentation: every second of 100 rows, 10 rows a window, 3 rows apart.
  test('takes the rows that Keras takes', () => {
    const windows = timeseriesFromArray(rowsOf(100, 1), { sequenceLength: 10, samplingRate: 2, sequenceStride: 3 });
    expect(windows.length).toBe(28);
    const { x, y } = windows.batch([1, 27]);
    expect(y).toBeUndefined();
    expect(x.shape).toEqual([2, 10, 1]);
    expect([...x.data]).toEqual(
      [3, 5, 7, 9, 11, 13, 15, 17, 19, 21, ...Array.from({ length: 10 }, (_, t) => 81 + 2 * t)].map((row) => 10 * row),
    );
  });

  test('gives each window the target of its first row, and stops where the targets do', () => {
    const targets = rowsOf(7, 2);
    const windows = timeseriesFromArray(rowsOf(12, 3), {
      columns: 3,
      targets,
      targetColumns: 2,
      sequenceLength: 2,
      startIndex: 1,
    });
    expect(windows.length).toBe(6);
    const { x, y } = windows.batch([5]);
    expect([...x.data]).toEqual([60, 61, 62, 70, 71, 72]);
    expect(y).toEqual({ data: Float32Array.of(60, 61), shape: [1, 2] });
  });

  test('uses no row from endIndex on', () => {
    const windows = timeseriesFromArray(rowsOf(12, 1), { sequenceLength: 3, endIndex: 9, targets: rowsOf(12, 1) });
    expect(windows.length).toBe(7);
    expect([...windows.batch([6]).x.data]).toEqual([60, 70, 80]);
    expect(windows.batch([6]).y).toEqual({ data: Float32Array.of(60), shape: [1] });
  });

  test('says the numbers when no window fits', () => {
    expect(() => timeseriesFromArray(rowsOf(8, 1), { sequenceLength: 5, samplingRate: 2 })).toThrow(
      /at least 9 rows[^]*received: 8 rows/,
    );
    expect(() => timeseriesFromArray(rowsOf(8, 1), { sequenceLength: 2, startIndex: 9 })).toThrow(/OUT_OF_RANGE/);
    expect(() => timeseriesFromArray(rowsOf(8, 1), { sequenceLength: 2, startIndex: 5, endIndex: 4 })).toThrow(
      /from 5 to 8/,
    );
    expect(() => timeseriesFromArray(rowsOf(8, 1), { sequenceLength: 2 }).batch([7])).toThrow(/from 0 to 6/);
  });
});
