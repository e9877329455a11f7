import { counted } from '../counted.js';
import { RondoError, refuseUnknownOptions, requireCount } from '../errors.js';
import type { NumericArray } from './array.js';
import { requireRows } from './column-statistics.js';

export interface SlidingWindowsOptions {
  /** Values in a row of the series; 1 by default. */
  columns?: number | undefined;
  /** Rows in the input of a window. */
  timesteps: number;
  /** Rows after the input that are to be predicted; 1 by default. */
  horizon?: number | undefined;
  /** Rows from the start of one window to the start of the next; 1 by default. */
  stride?: number | undefined;
  /** Columns to be predicted, in this order; all by default. */
  targetColumns?: readonly number[] | undefined;
}

/**
 * One batch: `x` is `[batch, timesteps, features]`; `y` is `[batch, horizon]`, or `[batch, horizon, targets]` for
 * several targets.
 */
export interface WindowBatch {
  x: NumericArray<Float32Array>;
  y: NumericArray<Float32Array>;
}

/**
 * The windows of a series, cut when they are asked for: nothing is copied but the batch that is built. Window `i`
 * begins at row `i * stride`; its targets are the `horizon` rows after its input.
 */
export class SlidingWindows {
  readonly length: number;
  readonly features: number;
  readonly timesteps: number;
  readonly horizon: number;
  readonly stride: number;
  readonly targetColumns: readonly number[];

  readonly #values: Float32Array;

  /** @param values row-major, `[rows, columns]`; kept, not copied. */
  constructor(values: Float32Array, options: SlidingWindowsOptions) {
    this.#values = values;
    const where = 'slidingWindows';
    refuseUnknownOptions(where, options, ['columns', 'timesteps', 'horizon', 'stride', 'targetColumns']);
    const { columns = 1, timesteps, horizon = 1, stride = 1 } = options;
    requireCount(where, 'timesteps', timesteps);
    requireCount(where, 'horizon', horizon);
    requireCount(where, 'stride', stride);
    requireRows(where, values, columns);
    const targetColumns = options.targetColumns ?? Array.from({ length: columns }, (_, column) => column);
    requireColumns(where, targetColumns, columns);
    const numRows = values.length / columns;
    if (numRows < timesteps + horizon) throw tooShort(numRows, timesteps, horizon);
    this.length = Math.floor((numRows - timesteps - horizon) / stride) + 1;
    this.features = columns;
    this.timesteps = timesteps;
    this.horizon = horizon;
    this.stride = stride;
    this.targetColumns = targetColumns;
  }

  /**
   * The windows with these indices, in this order.
   * @throws OUT_OF_RANGE for an index that no window has.
   */
  batch(indices: ArrayLike<number>): WindowBatch {
    const { features, timesteps, horizon, targetColumns } = this;
    const values = this.#values;
    const numTargets = targetColumns.length;
    const x = new Float32Array(indices.length * timesteps * features);
    const y = new Float32Array(indices.length * horizon * numTargets);
    let to = 0;
    for (let i = 0; i < indices.length; i++) {
      requireIndex('SlidingWindows.batch', indices[i], this.length);
      const start = indices[i] * this.stride * features;
      const end = start + timesteps * features;
      x.set(values.subarray(start, end), i * timesteps * features);
      for (let step = 0; step < horizon; step++) {
        for (let k = 0; k < numTargets; k++) y[to++] = values[end + step * features + targetColumns[k]];
      }
    }
    const yShape = numTargets === 1 ? [indices.length, horizon] : [indices.length, horizon, numTargets];
    return { x: { data: x, shape: [indices.length, timesteps, features] }, y: { data: y, shape: yShape } };
  }
}

/**
 * Windows over a series, each `timesteps` rows as input and the next `horizon` rows as target.
 *
 * ```ts
 * const windows = slidingWindows(Float32Array.of(1, 2, 3, 4, 5), { timesteps: 3 });
 * windows.length; // 2
 * windows.batch([1]).y.data; // Float32Array [5]
 * ```
 * @throws OUT_OF_RANGE when the series is shorter than one window, saying the numbers.
 */
export function slidingWindows(values: Float32Array, options: SlidingWindowsOptions): SlidingWindows {
  return new SlidingWindows(values, options);
}

export function requireIndex(where: string, index: number, length: number): void {
  if (Number.isInteger(index) && index >= 0 && index < length) return;
  throw new RondoError('OUT_OF_RANGE', {
    where,
    what: 'no window has this index.',
    expected: `a whole number from 0 to ${length - 1}`,
    received: String(index),
    fix: 'take indices below `length`.',
  });
}

function requireColumns(where: string, targetColumns: readonly number[], columns: number): void {
  const isColumn = (column: number): boolean => Number.isInteger(column) && column >= 0 && column < columns;
  if (targetColumns.length > 0 && targetColumns.every(isColumn)) return;
  throw new RondoError('OUT_OF_RANGE', {
    where,
    what: '`targetColumns` names columns that do not exist.',
    expected: `at least one whole number from 0 to ${columns - 1}`,
    received: `[${targetColumns.join(', ')}]`,
    fix: columns === 1 ? 'leave `targetColumns` out, or give `columns`.' : 'give positions of columns, counted from 0.',
  });
}

function tooShort(numRows: number, timesteps: number, horizon: number): RondoError {
  const room = numRows - horizon;
  return new RondoError('OUT_OF_RANGE', {
    where: 'slidingWindows',
    what: 'the series is shorter than one window.',
    expected: `at least ${timesteps + horizon} rows: timesteps ${timesteps} + horizon ${horizon}`,
    received: counted(numRows, 'row'),
    fix:
      room >= 1
        ? `use at most ${counted(room, 'timestep')}, a smaller horizon, or a longer series.`
        : `use a horizon below ${Math.max(numRows, 2)}, or a longer series.`,
  });
}
