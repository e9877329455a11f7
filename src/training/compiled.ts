import { describeValue, RondoError, refuseUnknownOptions, unknownName } from '../errors.js';
import type { Configuration } from '../layers/configured.js';
import { isLossMaker, type Loss, type LossFunction, type LossLike, lossNamed } from './losses/index.js';
import { type Metric, type MetricLike, metricNamed } from './metrics/index.js';
import { type OutputForm, outputNames } from './model-outputs.js';
import { type Optimizer, type OptimizerLike, optimizerNamed } from './optimizers/index.js';

/** A loss by name, ready made, or as a function to one value per sample (and step). */
export type GivenLoss = LossLike | LossFunction;

/** One thing for a single output; a list or an object by output for several. */
export type ByOutput<T> = readonly T[] | Readonly<Record<string, T>>;

export interface CompileOptions {
  optimizer: OptimizerLike;
  loss: GivenLoss | ByOutput<GivenLoss>;
  /**
   * A list for one output; a list of lists or an object of lists for several. Padding and not the sample weights count.
   */
  metrics?: readonly MetricLike[] | ByOutput<readonly MetricLike[]> | undefined;
  /** The same, weighted with the sample and class weights. */
  weightedMetrics?: readonly MetricLike[] | ByOutput<readonly MetricLike[]> | undefined;
  /** What each output's loss is multiplied with before they are added up. Default 1. */
  lossWeights?: ByOutput<number> | undefined;
}

/** A metric and the name of its values in logs. */
export interface NamedMetric {
  readonly name: string;
  readonly metric: Metric;
  readonly isWeighted: boolean;
}

/** How one output is judged. */
export interface OutputTraining {
  readonly name: string;
  readonly loss: Loss;
  readonly lossWeight: number;
  readonly metrics: readonly NamedMetric[];
}

/** What can be stored of {@link CompileOptions}; losses given as functions cannot, unless they are registered. */
export interface TrainingConfig {
  readonly optimizer: Configuration;
  readonly loss: Configuration | ByOutput<Configuration>;
  /** Those given by name stay names, because logs are named after them. */
  readonly metrics?: readonly (string | Configuration)[] | ByOutput<readonly (string | Configuration)[]> | undefined;
  readonly weightedMetrics?: TrainingConfig['metrics'] | undefined;
  readonly lossWeights?: ByOutput<number> | undefined;
}

/** A model's optimizer, losses and metrics. */
export class Compiled {
  readonly optimizer: Optimizer;
  readonly #losses: Loss | ByOutput<Loss>;
  readonly #resolved = new Map<string, readonly OutputTraining[]>();

  readonly #options: CompileOptions;
  readonly #where: string;

  /** @throws UNKNOWN_NAME */
  constructor(options: CompileOptions, where: string) {
    this.#options = options;
    this.#where = where;
    refuseUnknownOptions(where, options, ['optimizer', 'loss', 'metrics', 'weightedMetrics', 'lossWeights']);
    if (options.optimizer === undefined || options.loss === undefined) {
      throw new RondoError('USAGE', {
        where,
        what: `\`${options.optimizer === undefined ? 'optimizer' : 'loss'}\` is missing.`,
        expected: 'an optimizer and a loss',
        fix: "give both: compile({ optimizer: 'adam', loss: 'meanSquaredError' }).",
      });
    }
    this.optimizer = optimizerNamed(options.optimizer, where);
    this.#losses = isOneLoss(options.loss)
      ? asLoss(options.loss, where)
      : mapByOutput(options.loss as ByOutput<GivenLoss>, (loss) => asLoss(loss, where));
    for (const list of [options.metrics, options.weightedMetrics]) requireMetricLists(where, list);
    for (const list of [options.metrics, options.weightedMetrics])
      if (list !== undefined) mapMetrics(list, (metric) => metricNamed(metric, where));
  }

  /** How each output is judged, once it is known which there are. Metrics start empty. @throws USAGE, UNKNOWN_NAME */
  outputs(form: OutputForm, count: number): readonly OutputTraining[] {
    const key = typeof form === 'string' ? `${form} ${count}` : form.join(' ');
    let found = this.#resolved.get(key);
    if (found === undefined) this.#resolved.set(key, (found = this.#resolve(form, outputNames(form, count))));
    return found;
  }

  /** Every metric that holds what it has seen. */
  get metricsInUse(): Metric[] {
    return [...this.#resolved.values()].flatMap((outputs) =>
      outputs.flatMap(({ metrics }) => metrics.map(({ metric }) => metric)),
    );
  }

  /** Undefined where a loss is a function. */
  get config(): TrainingConfig | undefined {
    const losses = isLoss(this.#losses) ? [this.#losses] : Object.values(this.#losses);
    if (losses.some((loss) => loss.name === functionName)) return undefined;
    const { metrics, weightedMetrics, lossWeights } = this.#options;
    const stored = (list: CompileOptions['metrics']): TrainingConfig['metrics'] =>
      list && mapMetrics(list, (metric) => (typeof metric === 'string' ? metric : metricNamed(metric).getConfig()));
    return {
      optimizer: this.optimizer.getConfig(),
      loss: isLoss(this.#losses) ? this.#losses.getConfig() : mapByOutput(this.#losses, (loss) => loss.getConfig()),
      metrics: stored(metrics),
      weightedMetrics: stored(weightedMetrics),
      lossWeights,
    };
  }

  #resolve(form: OutputForm, names: readonly string[]): readonly OutputTraining[] {
    const options = this.#options;
    const where = this.#where;
    const isSingle = form === 'one';
    const losses = isLoss(this.#losses)
      ? names.map(() => this.#losses as Loss)
      : this.#byOutput(this.#losses, names, 'loss');
    const weights =
      options.lossWeights === undefined
        ? names.map(() => 1)
        : this.#byOutput(options.lossWeights, names, 'lossWeights', 1);
    const plain = this.#metricsByOutput(options.metrics, names, isSingle, 'metrics');
    const weighted = this.#metricsByOutput(options.weightedMetrics, names, isSingle, 'weightedMetrics');
    return names.map((name, i) => {
      const taken = new Set<string>();
      const named = (given: MetricLike, isWeighted: boolean): NamedMetric => {
        const metric = metricNamed(given, where);
        const own = typeof given === 'string' ? given : metric.name;
        const base = isSingle ? own : logName(name, own);
        let unique = base;
        for (let number = 1; taken.has(unique); number++) unique = `${base}${number}`;
        taken.add(unique);
        return { name: unique, metric, isWeighted };
      };
      return {
        name,
        loss: losses[i],
        lossWeight: weights[i],
        metrics: [
          ...plain[i].map((metric) => named(metric, false)),
          ...weighted[i].map((metric) => named(metric, true)),
        ],
      };
    });
  }

  #metricsByOutput(
    given: CompileOptions['metrics'],
    names: readonly string[],
    isSingle: boolean,
    what: string,
  ): readonly (readonly MetricLike[])[] {
    if (given === undefined) return names.map(() => []);
    if (isSingle && isMetricList(given)) return [given];
    if (isMetricList(given)) {
      throw new RondoError('USAGE', {
        where: this.#where,
        what: `\`${what}\` does not say which output each metric is for.`,
        expected: `an object of lists by output: ${names.join(', ')}`,
        received: 'one list',
        fix: `give { ${names[0]}: ['accuracy'] }.`,
      });
    }
    return this.#byOutput(given, names, what, []);
  }

  /** @param missing for an output that an object does not name. */
  #byOutput<T>(given: ByOutput<T>, names: readonly string[], what: string, missing?: T): readonly T[] {
    if (isList(given)) {
      if (given.length === names.length) return given;
      throw new RondoError('USAGE', {
        where: this.#where,
        what: `\`${what}\` does not fit the outputs.`,
        expected: `${names.length} entries, for ${names.join(', ')}`,
        received: String(given.length),
        fix: 'give one for each output.',
      });
    }
    const unknown = Object.keys(given).find((name) => !names.includes(name));
    if (unknown !== undefined) throw unknownName(`${this.#where}.${what}`, 'output', unknown, names);
    return names.map((name) => {
      const found = given[name] ?? missing;
      if (found !== undefined) return found;
      throw new RondoError('USAGE', {
        where: this.#where,
        what: `\`${what}\` says nothing about the output \`${name}\`.`,
        expected: `an entry for each of ${names.join(', ')}`,
        received: Object.keys(given).join(', '),
        fix: 'add it.',
      });
    });
  }
}

/** `tag` and `accuracy` make `tagAccuracy`. */
export function logName(first: string, second: string): string {
  return first + second.charAt(0).toUpperCase() + second.slice(1);
}

const functionName = 'function';

function requireMetricLists(where: string, given: unknown): void {
  if (given === undefined || Array.isArray(given)) return;
  const lists: readonly unknown[] =
    given !== null && typeof given === 'object' && !('getConfig' in given) ? Object.values(given) : [undefined];
  if (lists.every(Array.isArray)) return;
  throw new RondoError('USAGE', {
    where,
    what: 'metrics are not given as a list.',
    expected: 'a list, or an object of lists by output',
    received: describeValue(given),
    fix: "write metrics: ['accuracy'].",
  });
}

function asLoss(given: GivenLoss, where: string): Loss {
  if (typeof given !== 'function' || isLossMaker(given)) return lossNamed(given as LossLike, where);
  return { name: functionName, config: {}, values: given, getConfig: () => ({ name: functionName, config: {} }) };
}

function isLoss(given: Loss | ByOutput<Loss>): given is Loss {
  return 'values' in given && typeof given.values === 'function' && !Array.isArray(given);
}

function isOneLoss(given: GivenLoss | ByOutput<GivenLoss>): given is GivenLoss {
  if (typeof given === 'string' || typeof given === 'function') return true;
  if (Array.isArray(given)) return false;
  const { name, config, getConfig } = given as Readonly<Record<string, unknown>>;
  return typeof getConfig === 'function' || (typeof name === 'string' && config !== undefined);
}

function isList<T>(given: ByOutput<T>): given is readonly T[] {
  return Array.isArray(given);
}

function isMetricList(given: NonNullable<CompileOptions['metrics']>): given is readonly MetricLike[] {
  return Array.isArray(given) && given.every((member) => !Array.isArray(member));
}

function mapByOutput<T, R>(given: ByOutput<T>, map: (value: T) => R): ByOutput<R> {
  return isList(given)
    ? given.map(map)
    : Object.fromEntries(Object.entries(given).map(([name, value]) => [name, map(value)]));
}

function mapMetrics<R>(
  given: NonNullable<CompileOptions['metrics']>,
  map: (metric: MetricLike) => R,
): readonly R[] | ByOutput<readonly R[]> {
  if (isMetricList(given)) return given.map(map);
  return mapByOutput(given as ByOutput<readonly MetricLike[]>, (list) => list.map(map));
}
