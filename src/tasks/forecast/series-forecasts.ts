import { counted } from '../../counted.js';
import { RondoError } from '../../errors.js';
import type { Resolved } from '../../resolved.js';
import { type Tensor, tensor } from '../../tensor/tensor.js';
import { hostIsWaiting, yieldToHost } from '../../training/yield-to-host.js';
import { type BaseName, baseForecaster } from './base-forecast.js';
import type { BaseForecaster } from './base-forecaster.js';
import type { ForecastOptions } from './forecast-options.js';
import { NetworkSeries } from './network-series.js';
import type { Series } from './series.js';
import type { TrainedSeries } from './trained-series.js';

/** Windows computed at once. */
const windowsPerBatch = 256;

/** What forecasts are made from: all that this and the comparison with baselines know of a `Forecaster`. */
export interface SeriesModel {
  readonly model: { apply(windows: Tensor): Tensor };
  readonly options: Readonly<Resolved<ForecastOptions>>;
  /** The share of the network's corrections that forecasts take. */
  readonly findings: { readonly share: number };
  readonly isOfSeveral: boolean;
  isNew(series: Series): boolean;
  isShort(known: TrainedSeries): boolean;
  knownSeries(series: Series, numRows?: number): TrainedSeries;
}

/** Makes the forecasts of a forecaster for one series, from any of its rows. */
export class SeriesForecasts {
  readonly #forecaster: SeriesModel;
  readonly #network: NetworkSeries;
  /** Rows before an origin that the network has a part in. */
  readonly #rowsForNetwork: number;
  /** Whether the base alone forecasts where there is no window. */
  readonly #isBaseAllowed: boolean;
  readonly #isBounded: boolean;
  readonly #baselines = new Map<BaseName, BaseForecaster>();
  /** Rows that must come before an origin that is measured. */
  readonly rowsNeeded: number;

  constructor(forecaster: SeriesModel, series: Series, known: TrainedSeries = forecaster.knownSeries(series)) {
    const { timesteps, allowNegative } = forecaster.options;
    this.#forecaster = forecaster;
    this.#network = new NetworkSeries(series, known);
    const isShort = forecaster.isShort(known);
    const rowsOfWindow = NetworkSeries.rowsNeeded(known, timesteps);
    this.#rowsForNetwork = isShort ? Infinity : rowsOfWindow;
    this.#isBaseAllowed = forecaster.isOfSeveral;
    this.rowsNeeded = isShort ? 1 : rowsOfWindow;
    this.#isBounded = known.lowest >= 0 && !allowNegative;
  }

  /**
   * The forecasts of the model for rows `origin` and after, `[origins * horizon]`. @throws OUT_OF_RANGE where too few
   * rows are before one.
   */
  async model(origins: ArrayLike<number>): Promise<Float64Array> {
    const { timesteps, horizon } = this.#forecaster.options;
    const { share } = this.#forecaster.findings;
    const network = this.#network;
    const least = this.#isBaseAllowed ? 1 : this.rowsNeeded;
    for (let i = 0; i < origins.length; i++) if (origins[i] < least) throw tooFewRows(least, origins[i]);
    const hasWindow = (origin: number): boolean => origin >= this.#rowsForNetwork;
    const result = new Float64Array(origins.length * horizon);
    const size = timesteps * network.width;
    for (let start = 0; start < origins.length; start += windowsPerBatch) {
      const count = Math.min(windowsPerBatch, origins.length - start);
      let corrections = new Float32Array(count * horizon);
      const batch = Array.prototype.slice.call(origins, start, start + count) as number[];
      if (share > 0 && batch.some(hasWindow)) {
        const input = new Float32Array(count * size);
        batch.forEach((origin, i) => {
          if (hasWindow(origin)) network.inputInto(origin, input.subarray(i * size, (i + 1) * size));
        });
        if (hostIsWaiting()) await yieldToHost();
        corrections = Float32Array.from(
          await this.#forecaster.model.apply(tensor(input, [count, timesteps, network.width])).data(),
        );
      }
      batch.forEach((origin, i) => {
        const base = network.baseAt(origin, horizon);
        const own = corrections.subarray(i * horizon, (i + 1) * horizon);
        result.set(
          this.#bounded(hasWindow(origin) ? network.corrected(base, own, share) : base),
          (start + i) * horizon,
        );
      });
    }
    return result;
  }

  /** The base forecast alone, `[horizon]`. */
  base(origin: number): Float64Array {
    return this.#bounded(this.#network.baseAt(origin, this.#forecaster.options.horizon));
  }

  /** The forecasts of a simple baseline, `[origins * horizon]`. */
  baseline(name: Exclude<BaseName, 'smoothing'>, origins: ArrayLike<number>): Float64Array {
    const { horizon, season } = this.#forecaster.options;
    const { target: values, isReal } = this.#network;
    // Made once: some hold as much as the series, and find it out from the first row on.
    const baseline =
      this.#baselines.get(name) ??
      baseForecaster(name === 'seasonalNaive' || name === 'seasonalDrift' ? { name, season } : { name }, {
        values,
        isReal,
      });
    this.#baselines.set(name, baseline);
    const result = new Float64Array(origins.length * horizon);
    for (let i = 0; i < origins.length; i++)
      baseline.forecastInto(origins[i], result.subarray(i * horizon, (i + 1) * horizon));
    return this.#bounded(result);
  }

  get target(): Float64Array {
    return this.#network.target;
  }

  get isReal(): Uint8Array {
    return this.#network.isReal;
  }

  /** Where no value was ever below zero, no forecast is. */
  #bounded(values: Float64Array): Float64Array {
    return this.#isBounded ? values.map((value) => Math.max(0, value)) : values;
  }
}

function tooFewRows(needed: number, numRows: number): RondoError {
  return new RondoError('OUT_OF_RANGE', {
    where: 'Forecaster',
    what: 'there are too few rows before the forecast.',
    expected: `at least ${counted(needed, 'row')}, as in training`,
    received: counted(numRows, 'row'),
    fix: 'give more of the past of the series.',
  });
}
