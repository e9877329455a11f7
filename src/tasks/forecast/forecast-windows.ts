import type { DatasetBatch } from '../../training/dataset.js';
import type { Random } from '../../random.js';

/** Scaled rows of one series that windows are cut from. */
export interface WindowRows {
  /** `[rows, C]`; column 0 is forecast. */
  readonly values: Float32Array;
  /** `[rows, C]`, 0 where a value was filled. */
  readonly isReal: Uint8Array;
}

/**
 * Windows of scaled series as a forecasting model sees them: every column less its value at the last step of the window, and
 * as targets the changes of the first column since then. A model of changes needs no level, which wanders (Kim et al. 2022,
 * "Reversible instance normalization", and Zeng et al. 2023, "Are transformers effective for time series forecasting?").
 * No window holds rows of two series; a target that was filled has the weight 0.
 *
 * Letters: T timesteps, C columns, H horizon.
 */
export class ForecastWindows {
  readonly length: number;
  readonly #series: readonly WindowRows[];
  readonly #sizes: { readonly columns: number; readonly timesteps: number; readonly horizon: number };
  /** First window of each series, then the number of all. */
  readonly #starts: readonly number[];

  /** A series of fewer than T + H rows has no window. */
  constructor(series: readonly WindowRows[], sizes: { columns: number; timesteps: number; horizon: number }) {
    this.#series = series;
    this.#sizes = sizes;
    const starts = [0];
    for (const { values } of series) {
      starts.push(starts[starts.length - 1] + Math.max(0, values.length / sizes.columns - sizes.timesteps - sizes.horizon + 1));
    }
    this.#starts = starts;
    this.length = starts[series.length];
  }

  /** x `[windows, T, C]`, y `[windows, H, 1]`, weights `[windows, H]`. */
  batch(indices: ArrayLike<number>): DatasetBatch {
    const { columns, timesteps, horizon } = this.#sizes;
    const size = timesteps * columns;
    const x = new Float32Array(indices.length * size);
    const y = new Float32Array(indices.length * horizon);
    const weights = new Float32Array(y.length);
    for (let i = 0; i < indices.length; i++) {
      const series = this.#seriesOf(indices[i]);
      const { values, isReal } = this.#series[series];
      const start = (indices[i] - this.#starts[series]) * columns;
      x.set(values.subarray(start, start + size), i * size);
      const last = subtractLast(x.subarray(i * size, (i + 1) * size), columns);
      for (let step = 0; step < horizon; step++) {
        const at = start + size + step * columns;
        y[i * horizon + step] = values[at] - last;
        weights[i * horizon + step] = isReal[at];
      }
    }
    return {
      x: { data: x, shape: [indices.length, timesteps, columns] },
      y: { data: y, shape: [indices.length, horizon, 1] },
      sampleWeight: { data: weights, shape: [indices.length, horizon] },
    };
  }

  /** All windows once, in the order of series and time or shuffled. */
  *batches(batchSize: number, random?: Random): Generator<DatasetBatch> {
    const order = Int32Array.from({ length: this.length }, (_, i) => i);
    random?.shuffle(order);
    for (let start = 0; start < order.length; start += batchSize) yield this.batch(order.subarray(start, start + batchSize));
  }

  /** The series that a window is cut from. */
  #seriesOf(window: number): number {
    let [low, high] = [0, this.#series.length - 1];
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      if (this.#starts[middle] <= window) low = middle;
      else high = middle - 1;
    }
    return low;
  }
}

/** Subtracts the last row from all rows of a window `[T, C]`, in place. @returns what was subtracted from column 0. */
export function subtractLast(window: Float32Array, columns: number): number {
  const last = window.slice(-columns);
  for (let i = 0; i < window.length; i++) window[i] -= last[i % columns];
  return last[0];
}
