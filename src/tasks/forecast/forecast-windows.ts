import type { Random } from '../../random.js';
import type { DatasetBatch } from '../../training/dataset.js';
import type { NetworkSeries } from './network-series.js';
import { evenlyDrawn } from './training-budget.js';

/** The origins of one series that windows belong to. */
export interface WindowOrigins {
  readonly series: NetworkSeries;
  readonly first: number;
  /** The origin after the last. */
  readonly end: number;
}

interface Floats {
  readonly data: Float32Array;
  readonly shape: number[];
}

/** Windows as batches of them are trained on. */
export interface WindowBatch {
  /** `[windows, T, C]` */
  readonly x: Floats;
  /** `[windows, H, 1]` */
  readonly y: Floats;
  /** `[windows, H]` */
  readonly sampleWeight: Floats;
}

export interface ForecastWindowsOptions {
  readonly timesteps: number;
  readonly horizon: number;
  /** Windows at most; they are drawn evenly where the series have more. */
  readonly most?: number | undefined;
}

/**
 * Windows of series with the corrections that would be right. No window holds rows of two series; a value that was
 * filled has the weight 0.
 */
export class ForecastWindows {
  readonly length: number;
  /** Windows that the series have, of which these are drawn. */
  readonly numPossible: number;
  readonly #drawn: Int32Array;
  readonly #parts: readonly WindowOrigins[];
  readonly #timesteps: number;
  readonly #horizon: number;
  /** First window of each part, then the number of all. */
  readonly #starts: readonly number[];

  constructor(parts: readonly WindowOrigins[], { timesteps, horizon, most = Infinity }: ForecastWindowsOptions) {
    this.#parts = parts;
    [this.#timesteps, this.#horizon] = [timesteps, horizon];
    const starts = [0];
    for (const { first, end } of parts) starts.push(starts[starts.length - 1] + Math.max(0, end - first));
    this.#starts = starts;
    this.numPossible = starts[parts.length];
    this.#drawn = evenlyDrawn(this.numPossible, most);
    this.length = this.#drawn.length;
  }

  /** The windows with these numbers. */
  batch(indices: ArrayLike<number>): WindowBatch {
    const [timesteps, horizon] = [this.#timesteps, this.#horizon];
    const width = this.#parts[0].series.width;
    const size = timesteps * width;
    const x = new Float32Array(indices.length * size);
    const y = new Float32Array(indices.length * horizon);
    const weights = new Float32Array(y.length);
    for (let i = 0; i < indices.length; i++) {
      const { series, origin } = this.placeOf(indices[i]);
      series.inputInto(origin, x.subarray(i * size, (i + 1) * size));
      series.targetsInto(
        origin,
        y.subarray(i * horizon, (i + 1) * horizon),
        weights.subarray(i * horizon, (i + 1) * horizon),
      );
    }
    return {
      x: { data: x, shape: [indices.length, timesteps, width] },
      y: { data: y, shape: [indices.length, horizon, 1] },
      sampleWeight: { data: weights, shape: [indices.length, horizon] },
    };
  }

  /** Which series a window is of, and the row that it forecasts first. */
  placeOf(index: number): { readonly series: NetworkSeries; readonly origin: number } {
    const window = this.#drawn[index];
    const part = this.#partOf(window);
    const { series, first } = this.#parts[part];
    return { series, origin: first + window - this.#starts[part] };
  }

  /** All windows once, in the order of series and time. */
  *batches(batchSize: number): Generator<WindowBatch> {
    for (let start = 0; start < this.length; start += batchSize) {
      yield this.batch(Int32Array.from({ length: Math.min(batchSize, this.length - start) }, (_, i) => start + i));
    }
  }

  /** All windows shuffled, again and again where they are fewer than so many batches. */
  *shuffledBatches(batchSize: number, numBatches: number, random: Random): Generator<DatasetBatch> {
    for (const indices of this.shuffled(batchSize, numBatches, random)) yield this.batch(indices);
  }

  /** The numbers of the windows of {@link shuffledBatches}, valid until the next ones are asked for. */
  *shuffled(batchSize: number, numBatches: number, random: Random): Generator<Int32Array> {
    const order = Int32Array.from({ length: this.length }, (_, i) => i);
    for (let done = 0; done < numBatches; ) {
      random.shuffle(order);
      for (let start = 0; start < order.length && done < numBatches; start += batchSize, done++)
        yield order.subarray(start, start + batchSize);
    }
  }

  /**
   * Windows of one block begin in the same stretch of two horizons, so that their errors go together, and have little
   * in common with those of the next; `[part, block]`.
   */
  blockOf(index: number): readonly [part: number, block: number] {
    const window = this.#drawn[index];
    const part = this.#partOf(window);
    return [part, Math.floor((window - this.#starts[part]) / (2 * this.#horizon))];
  }

  #partOf(window: number): number {
    let [low, high] = [0, this.#parts.length - 1];
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      if (this.#starts[middle] <= window) low = middle;
      else high = middle - 1;
    }
    return low;
  }
}
