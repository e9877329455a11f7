import { RondoError } from '../../errors.js';
import { givenOptions } from '../../resolved.js';
import type { Sequential } from '../../training/sequential.js';
import { optionsOfInitial, takeWeights } from '../initial-model.js';
import { withRanksOf } from '../ranks-of-initial.js';
import type { BaseChoice } from './choose-base.js';
import { forecastNetwork } from './forecast-network.js';
import { type ForecastOptions, forecastOptions } from './forecast-options.js';
import type { RowsOfParts } from './forecast-parts.js';
import type { Forecaster } from './forecaster.js';
import type { Series } from './series.js';
import { type SeenRows, type TrainedSeries, trainedSeries } from './trained-series.js';

/** What decides which values are forecast from which. */
export const decidedNames = [
  'horizon',
  'target',
  'features',
  'time',
  'timeFormat',
  'series',
  'missing',
  'season',
] as const;

/**
 * Of an earlier forecaster the options that decide what is forecast from what; those that are given may repeat them.
 *
 * @param names those that it decides.
 * @param who what it is called. @throws USAGE for others
 */
export function decidedOptions(
  where: string,
  who: string,
  names: readonly (keyof ForecastOptions)[],
  { options: theirs }: Forecaster,
  options: Partial<ForecastOptions>,
): Partial<ForecastOptions> {
  const decided = Object.fromEntries(names.map((name) => [name, theirs[name]]));
  const given = givenOptions(options) as Readonly<Record<string, unknown>>;
  const others = names.filter(
    (name) => given[name] !== undefined && JSON.stringify(given[name]) !== JSON.stringify(decided[name]),
  );
  if (others.length === 0) return decided;
  throw new RondoError('USAGE', {
    where,
    what: `the ${who} decides what is forecast from what.`,
    expected: others.map((name) => `${name} ${JSON.stringify(decided[name])}`).join(', '),
    received: others.map((name) => `${name} ${JSON.stringify(given[name])}`).join(', '),
    fix: `leave them out, or give no ${who}.`,
    option: others[0],
  });
}

/**
 * The options of a training that goes on from a forecaster: its columns, horizon, season, window, bases and network, and what
 * it is used with where nothing else is said. Where the times are and how they are written is that of the table.
 *
 * @throws USAGE for what it decides otherwise, for one that forecasts without its network, and beside a teacher
 */
export function optionsToGoOn(
  where: string,
  initial: Forecaster,
  given: Partial<ForecastOptions>,
  teacher: object | undefined,
): ForecastOptions {
  if (teacher !== undefined || !initial.usesNetwork)
    throw new RondoError('USAGE', {
      where: `${where}, initial`,
      what:
        teacher === undefined
          ? 'the model forecasts without its network, so there is nothing to train on.'
          : 'a training goes on from a model or has a teacher.',
      fix: teacher === undefined ? 'train a model whose network is better than its base.' : 'leave one of them out.',
    });
  const { allowNegative, forecastWith, time, timeFormat } = initial.options;
  const { time: _, timeFormat: __, ...said } = given;
  const own = { ...initial.options, units: initial.units };
  return {
    ...{ allowNegative, forecastWith },
    ...givenOptions(said),
    ...optionsOfInitial<Partial<ForecastOptions>>(where, forecastOptions, said, own),
    ...decidedOptions(where, 'model', [...decidedNames, 'timesteps', 'base'], initial, said),
    ...{ time, timeFormat },
  } as ForecastOptions;
}

/** What a training takes from the forecaster that it begins with; where there is none, all is its own. */
export class ForecastBeginning {
  readonly #initial: Forecaster | undefined;
  readonly #series: readonly Series[];
  readonly #parts: readonly RowsOfParts[];

  constructor(initial: Forecaster | undefined, series: readonly Series[], parts: readonly RowsOfParts[]) {
    this.#initial = initial;
    this.#series = series;
    this.#parts = parts;
  }

  /** A network with weights of its own, or those of the earlier model. */
  network(inputs: number, options: Parameters<typeof forecastNetwork>[1]): Sequential {
    const initial = this.#initial?.model;
    const network = withRanksOf(forecastNetwork(inputs, options), initial);
    if (initial !== undefined) takeWeights(network, initial);
    return network;
  }

  /** The base of a series that the earlier model knows. */
  baseOf(series: Series): BaseChoice | undefined {
    if (this.#initial?.isNew(series) !== false) return undefined;
    return { base: this.#initial.knownSeries(series).base, season: this.#initial.options.season };
  }

  /**
   * What is to be remembered of a series. One that the earlier model knows keeps its base and its scales, in whose units
   * the network computes; what that model has seen of the rows counts as seen.
   */
  trainedSeries(series: Series, rows: SeenRows, choice: Parameters<typeof trainedSeries>[2]): TrainedSeries {
    const initial = this.#initial;
    if (initial?.isNew(series) !== false) return trainedSeries(series, rows, choice);
    const { base, naiveScale, correctionScale, errorScale, scaler, lowest } = initial.knownSeries(series);
    const seen = Math.max(rows.seen, initial.firstUnseenRow(series) ?? 0);
    const own = trainedSeries(series, { train: rows.train, seen }, { ...choice, base });
    // The logarithms that the network knows are those above half of the lowest value that it has seen.
    const isLog = base.name === 'smoothing' && base.parameters.isLog;
    return {
      ...own,
      ...{ naiveScale, correctionScale, errorScale, scaler },
      lowest: isLog ? lowest : Math.min(lowest, own.lowest),
    };
  }

  /** The first held-out row of a series that the earlier model has not seen either. */
  heldOutFrom(series: Series): number {
    const seen = this.#initial?.firstUnseenRow(series) ?? 0;
    return Math.max(series.numRows - this.#parts[this.#series.indexOf(series)].test, seen);
  }

  /** Whether errors can be measured on held-out rows. */
  isMeasurable(horizon: number): boolean {
    const hasRoom = (one: Series): boolean => one.numRows - this.heldOutFrom(one) >= horizon;
    return this.#parts.some(({ test }) => test > 0) && (this.#initial === undefined || this.#series.some(hasRoom));
  }

  /** The share of corrections of an earlier model that has learned from the validation rows, which then cannot choose one. */
  get keptShare(): number | undefined {
    const initial = this.#initial;
    const hasLearned = (series: Series, i: number): boolean =>
      initial !== undefined && learnedRows(initial, series) > this.#parts[i].train;
    return this.#series.some(hasLearned) ? initial?.findings.share : undefined;
  }
}

/** Rows of a series that a forecaster has learned from; 0 where nothing says that there are any. */
function learnedRows(initial: Forecaster, series: Series): number {
  if (initial.isTrainedFile(series)) return initial.knownSeries(series).numTrainingRows;
  return initial.firstUnseenRow(series) ?? 0;
}
