import { slidingWindows, type SlidingWindows } from '../../data/windows.js';
import type { DatasetBatch } from '../../training/dataset.js';
import type { Random } from '../../random.js';

/**
 * Windows of a scaled series as a forecasting model sees them: every column less its value at the last step of the window, and
 * as targets the changes of the first column since then. A model of changes needs no level, which wanders (Kim et al. 2022,
 * "Reversible instance normalization", and Zeng et al. 2023, "Are transformers effective for time series forecasting?").
 *
 * Letters: T timesteps, C columns, H horizon.
 */
export class ForecastWindows {
  readonly #windows: SlidingWindows;
  readonly #columns: number;

  /**
   * @param values `[rows, C]`, scaled; column 0 is forecast.
   * @throws OUT_OF_RANGE when there are fewer than T + H rows.
   */
  constructor(values: Float32Array, { columns, timesteps, horizon }: { columns: number; timesteps: number; horizon: number }) {
    this.#columns = columns;
    this.#windows = slidingWindows(values, { columns, timesteps, horizon, targetColumns: [0] });
  }

  get length(): number {
    return this.#windows.length;
  }

  /** x `[windows, T, C]`, y `[windows, H]`. */
  batch(indices: ArrayLike<number>): DatasetBatch {
    const { x, y } = this.#windows.batch(indices);
    const { timesteps, horizon } = this.#windows;
    for (let i = 0; i < indices.length; i++) {
      const last = subtractLast(x.data.subarray(i * timesteps * this.#columns, (i + 1) * timesteps * this.#columns), this.#columns);
      for (let step = 0; step < horizon; step++) y.data[i * horizon + step] -= last;
    }
    return { x, y };
  }

  /** All windows once, in the order of time or shuffled. */
  *batches(batchSize: number, random?: Random): Generator<DatasetBatch> {
    const order = Int32Array.from({ length: this.length }, (_, i) => i);
    random?.shuffle(order);
    for (let start = 0; start < order.length; start += batchSize) yield this.batch(order.subarray(start, start + batchSize));
  }
}

/** Subtracts the last row from all rows of a window `[T, C]`, in place. @returns what was subtracted from column 0. */
export function subtractLast(window: Float32Array, columns: number): number {
  const last = window.slice(-columns);
  for (let i = 0; i < window.length; i++) window[i] -= last[i % columns];
  return last[0];
}
