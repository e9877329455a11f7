import { RondoError, refuseUnknownOptions, requireNumber } from '../../errors.js';
import type { Random } from '../../random.js';
import { givenOptions } from '../../resolved.js';
import { studentShape, type TaskTeacher } from '../task-teacher.js';
import type { ForecastOptions } from './forecast-options.js';
import type { ForecastWindows, WindowBatch } from './forecast-windows.js';
import type { Forecaster } from './forecaster.js';
import { decidedNames, decidedOptions, optionsToGoOn } from './initial-forecaster.js';
import type { NetworkSeries } from './network-series.js';
import type { Series } from './series.js';
import { SeriesForecasts } from './series-forecasts.js';

/** A larger forecaster that is learned from besides the values, and how much it counts. */
export type TeachingForecaster = Pick<TaskTeacher<Forecaster>, 'model' | 'alpha'>;

/**
 * The options of a forecaster that learns from a larger one: its columns, horizon and season, and where nothing else is said
 * its window, base, cell and layers, with half its units.
 *
 * @throws USAGE for what the teacher decides otherwise, and for one that forecasts without its network
 */
function studentOptions(
  where: string,
  teacher: TeachingForecaster,
  options: Partial<ForecastOptions>,
): ForecastOptions {
  refuseUnknownOptions(`${where}, teacher`, teacher, ['model', 'alpha']);
  const { model, alpha = 0.5 } = teacher;
  requireNumber(`${where}, teacher`, 'alpha', alpha, 'a number from 0 to 1', (share) => share >= 0 && share <= 1);
  if (!model.usesNetwork)
    throw new RondoError('USAGE', {
      where: `${where}, teacher`,
      what: 'the teacher forecasts without its network, so there is nothing to learn from it.',
      expected: 'a forecaster whose network is better than its base',
      fix: 'train another teacher, or train without one.',
    });
  const { cell, layers, timesteps, base } = model.options;
  const decided = decidedOptions(where, 'teacher', decidedNames, model, options);
  const shape = studentShape({ cell, layers, units: model.units });
  return { ...shape, timesteps, base, ...givenOptions(options), ...decided } as ForecastOptions;
}

/** The options of a training as it is given, which an earlier forecaster or a teacher may decide. @throws USAGE as those */
export function optionsBeside(
  where: string,
  { initial, teacher }: { initial: Forecaster | undefined; teacher: TeachingForecaster | undefined },
  options: Partial<ForecastOptions>,
): ForecastOptions {
  if (initial !== undefined) return optionsToGoOn(where, initial, options, teacher);
  return teacher === undefined ? (options as ForecastOptions) : studentOptions(where, teacher, options);
}

/** Draws the targets of windows towards what a teacher forecasts for them. */
export class ForecastTeacher {
  readonly #alpha: number;
  readonly #horizon: number;
  readonly #forecasts: ReadonlyMap<NetworkSeries, SeriesForecasts>;

  /** @param seen the series of the student's network, in the order of `series`. */
  constructor({ model, alpha = 0.5 }: TeachingForecaster, series: readonly Series[], seen: readonly NetworkSeries[]) {
    this.#alpha = alpha;
    this.#horizon = model.options.horizon;
    this.#forecasts = new Map(seen.map((own, i) => [own, new SeriesForecasts(model, series[i])]));
  }

  /** Windows in the order of {@link ForecastWindows.shuffledBatches}. */
  async *batches(
    windows: ForecastWindows,
    batchSize: number,
    numBatches: number,
    random: Random,
  ): AsyncGenerator<WindowBatch> {
    for (const indices of windows.shuffled(batchSize, numBatches, random)) yield await this.#taught(windows, indices);
  }

  /**
   * The targets `(1 - alpha) y + alpha t` with the corrections t that give the teacher's forecasts. An origin before which
   * the teacher has too few rows keeps its y.
   */
  async #taught(windows: ForecastWindows, indices: Int32Array): Promise<WindowBatch> {
    const batch = windows.batch(indices);
    const [alpha, horizon] = [this.#alpha, this.#horizon];
    if (alpha === 0) return batch;
    const bySeries = new Map<NetworkSeries, { places: number[]; origins: number[] }>();
    indices.forEach((index, i) => {
      const { series, origin } = windows.placeOf(index);
      if (origin < this.#forecasts.get(series)!.rowsNeeded) return;
      const own = bySeries.get(series) ?? { places: [], origins: [] };
      bySeries.set(series, own);
      own.places.push(i);
      own.origins.push(origin);
    });
    const corrections = new Float32Array(horizon);
    for (const [series, { places, origins }] of bySeries) {
      const forecasts = await this.#forecasts.get(series)!.model(origins);
      places.forEach((place, i) => {
        series.correctionsInto(origins[i], forecasts.subarray(i * horizon, (i + 1) * horizon), corrections);
        const targets = batch.y.data.subarray(place * horizon, (place + 1) * horizon);
        corrections.forEach((taught, step) => (targets[step] += alpha * (taught - targets[step])));
      });
    }
    return batch;
  }
}
