import { RondoError, refuseUnknownOptions, requireCount, requireNumber } from '../errors.js';
import type { NumericArray } from './array.js';
import { requireRows } from './column-statistics.js';
import { requireIndex } from './windows.js';

export interface TimeseriesFromArrayOptions {
  /** Values in a row; 1 by default. */
  columns?: number | undefined;
  /** One row of targets for each window; without it a batch has no `y`. */
  targets?: Float32Array | undefined;
  /** Values in a row of `targets`; 1 by default. */
  targetColumns?: number | undefined;
  /** Rows in a window. */
  sequenceLength: number;
  /** Rows from the start of one window to the start of the next; 1 by default. */
  sequenceStride?: number | undefined;
  /** Every how many rows one is taken; 1 by default. */
  samplingRate?: number | undefined;
  /** Rows before it are not used; 0 by default. */
  startIndex?: number | undefined;
  /** Rows from it on are not used; all rows are by default. */
  endIndex?: number | undefined;
}

const optionNames = [
  'columns',
  'targets',
  'targetColumns',
  'sequenceLength',
  'sequenceStride',
  'samplingRate',
  'startIndex',
  'endIndex',
];

/** What {@link timeseriesFromArray} gives: windows cut when a batch is asked for. */
export interface TimeseriesWindows {
  readonly length: number;
  /** `x` is `[batch, sequenceLength, columns]`; `y` is `[batch, targetColumns]`, or `[batch]` for one target. */
  batch(indices: ArrayLike<number>): { x: NumericArray<Float32Array>; y: NumericArray<Float32Array> | undefined };
}

/**
 * Windows with the words and the behaviour of `keras.utils.timeseries_dataset_from_array`: window `i` takes the rows
 * `start, start + samplingRate, ...` with `start = startIndex + i * sequenceStride`, and its target is row `start` of
 * `targets`; so targets are given already shifted to the future. Batching and shuffling are left to the caller.
 *
 * @throws OUT_OF_RANGE when no window fits, saying the numbers.
 */
export function timeseriesFromArray(values: Float32Array, options: TimeseriesFromArrayOptions): TimeseriesWindows {
  const where = 'timeseriesFromArray';
  refuseUnknownOptions(where, options, optionNames);
  const { columns = 1, targets, targetColumns = 1, sequenceLength, sequenceStride = 1, samplingRate = 1 } = options;
  requireCount(where, 'sequenceLength', sequenceLength);
  requireCount(where, 'sequenceStride', sequenceStride);
  requireCount(where, 'samplingRate', samplingRate);
  requireRows(where, values, columns);
  const numRows = values.length / columns;
  const { startIndex = 0, endIndex = numRows } = options;
  const isRow = (index: number): boolean => Number.isInteger(index) && index >= 0 && index <= numRows;
  requireNumber(where, 'startIndex', startIndex, `a whole number from 0 to ${numRows}`, isRow);
  requireNumber(
    where,
    'endIndex',
    endIndex,
    `a whole number from ${startIndex} to ${numRows}`,
    (index) => isRow(index) && index >= startIndex,
  );

  const span = (sequenceLength - 1) * samplingRate + 1;
  let numStarts = endIndex - startIndex - span + 1;
  if (targets !== undefined) {
    requireRows(`${where}, \`targets\``, targets, targetColumns);
    // Keras takes the smaller of the two, and cuts the targets at the same rows as the values.
    numStarts = Math.min(numStarts, Math.min(targets.length / targetColumns, endIndex) - startIndex);
  }
  if (numStarts < 1) {
    throw new RondoError('OUT_OF_RANGE', {
      where,
      what: 'no window fits.',
      expected:
        `at least ${span} rows for sequenceLength ${sequenceLength} at samplingRate ` +
        `${samplingRate}${targets === undefined ? '' : ', and a row of targets for the first of them'}`,
      received:
        `${endIndex - startIndex} rows` +
        (targets === undefined ? '' : ` and ${targets.length / targetColumns} rows of targets`),
      fix: 'use a shorter sequenceLength, a smaller samplingRate, or a longer series.',
    });
  }
  const length = Math.ceil(numStarts / sequenceStride);

  const batch = (indices: ArrayLike<number>): ReturnType<TimeseriesWindows['batch']> => {
    const x = new Float32Array(indices.length * sequenceLength * columns);
    const y = targets === undefined ? undefined : new Float32Array(indices.length * targetColumns);
    for (let i = 0; i < indices.length; i++) {
      requireIndex(where, indices[i], length);
      const start = startIndex + indices[i] * sequenceStride;
      for (let t = 0; t < sequenceLength; t++) {
        const from = (start + t * samplingRate) * columns;
        x.set(values.subarray(from, from + columns), (i * sequenceLength + t) * columns);
      }
      if (targets !== undefined)
        y?.set(targets.subarray(start * targetColumns, (start + 1) * targetColumns), i * targetColumns);
    }
    const yShape = targetColumns === 1 ? [indices.length] : [indices.length, targetColumns];
    return {
      x: { data: x, shape: [indices.length, sequenceLength, columns] },
      y: y === undefined ? undefined : { data: y, shape: yShape },
    };
  };
  return { length, batch };
}
