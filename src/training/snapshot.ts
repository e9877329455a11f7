import { RondoError } from '../errors.js';
import type { Layer } from '../layers/layer.js';
import type { RandomState } from '../random.js';
import { describeShape, sameShape } from '../shape.js';
import { type Tensor, tensor } from '../tensor/tensor.js';
import { Variable } from '../tensor/variable.js';
import type { Callback, CallbackState } from './callbacks/callback.js';
import type { EpochLogsState } from './epoch-logs.js';
import type { History } from './history.js';
import type { HostArray } from './host-data.js';
import { readArrays, variablesOf } from './model-weights.js';
import type { OptimizerState } from './optimizers/index.js';
import type { Trainable } from './trainable.js';

/** Where in the epochs and batches training stands. */
export interface TrainingPosition {
  readonly epoch: number;
  /** How many batches of the epoch are done. */
  readonly batch: number;
  /** Decides the order of the epoch; null between epochs. */
  readonly seed: number | null;
  /** Since training began. */
  readonly numSteps: number;
  /** Whether a callback has asked to stop. */
  readonly isStopping: boolean;
  readonly history: Pick<History, 'epochs' | 'metrics'>;
  /** Sums of the unfinished epoch; null between epochs. */
  readonly logs: EpochLogsState | null;
  /** Of the data, to notice when others are given. */
  readonly numRows: number | null;
  readonly batchSize: number | null;
}

/** One training from its begin to its end, however often it was interrupted. */
export interface RunIdentity {
  readonly id: string;
  readonly seed: number;
  /** Date and time. */
  readonly begun: string;
}

/** Everything besides the weights that an interrupted run needs to go on as if nothing had happened. */
export interface TrainingSnapshot {
  /** Plain JSON (but for numbers that are not finite). */
  readonly values: TrainingPosition & {
    /** Of the model's stream. */
    readonly random: RandomState;
    readonly optimizer: OptimizerState;
    readonly callbacks: readonly (Pick<CallbackState, 'values'> & { readonly name: string })[];
    /** Which run of a program it belongs to, where the program says so; `fit` does not look at it. */
    readonly run?: RunIdentity | undefined;
  };
  /** By name: `optimizer/...`, `mask/...` (of pruned weights), `state/...` (carried layer states) and `callback/<place>/...`. */
  readonly arrays: Readonly<Record<string, HostArray>>;
}

/** Copies everything at once; where reading takes time, nothing may change until it is done. */
export async function takeSnapshot(
  model: Trainable,
  position: TrainingPosition,
  callbacks: readonly Callback[],
): Promise<TrainingSnapshot> {
  const kept = model.optimizer.stateVariables().map((one): [string, Tensor] => [`optimizer/${one.name}`, one]);
  for (const [name, { mask }] of variablesOf(model)) if (mask instanceof Variable) kept.push([`mask/${name}`, mask]);
  for (const [path, layer] of layersBelow(model))
    for (const [name, state] of layer.carriedStates()) kept.push([`state/${path}/${name}`, state]);
  const arrays = await readArrays(kept);
  const states = callbacks.map((callback, i) => {
    const { values, arrays: own = {} } = callback.getState?.() ?? { values: {} };
    for (const [name, array] of Object.entries(own)) arrays[`callback/${i}/${name}`] = array;
    return { name: nameOf(callback), values };
  });
  return {
    values: { ...position, random: model.random.state, optimizer: model.optimizer.getState(), callbacks: states },
    arrays,
  };
}

/**
 * Puts everything back but the weights, which come with the model.
 *
 * @throws USAGE where callbacks or the model are not those of the interrupted run; FILE_FORMAT where arrays are missing
 */
export function restoreSnapshot(
  model: Trainable,
  { values, arrays }: TrainingSnapshot,
  callbacks: readonly Callback[],
  where: string,
): void {
  const names = callbacks.map(nameOf);
  const before = values.callbacks.map(({ name }) => name);
  if (names.join('\n') !== before.join('\n')) {
    throw new RondoError('USAGE', {
      where,
      what: 'the callbacks are not those of the interrupted run.',
      expected: before.join(', ') || 'none',
      received: names.join(', ') || 'none',
      fix: 'give the same callbacks in the same order.',
    });
  }
  if (!model.isBuilt)
    throw new RondoError('USAGE', {
      where,
      what: 'the model has no weights to resume with.',
      fix: 'load the model from the checkpoint that the snapshot came with.',
    });
  const { optimizer } = model;
  optimizer.build([...new Set(model.trainableWeights)]);
  const slots = optimizer.stateVariables().map((variable) => [variable, arrays[`optimizer/${variable.name}`]] as const);
  const missing = slots.find(([variable, array]) => array === undefined || !sameShape(array.shape, variable.shape));
  if (missing !== undefined) {
    throw new RondoError('FILE_FORMAT', {
      where,
      what: `the optimizer's \`${missing[0].name}\` is missing in the snapshot, or has another shape.`,
      expected: 'the state of every weight',
      fix: 'resume with the model and optimizer of the interrupted run.',
    });
  }
  restoreMasks(model, arrays);
  optimizer.setState(values.optimizer);
  for (const [variable, array] of slots) variable.assign(array.data);
  const below = (prefix: string): [string, HostArray][] =>
    Object.entries(arrays)
      .filter(([name]) => name.startsWith(prefix))
      .map(([name, array]) => [name.slice(prefix.length), array]);
  for (const [path, layer] of layersBelow(model)) {
    const states = below(`state/${path}/`).filter(
      ([name]) =>
        layer.sublayers.size === 0 || ![...layer.sublayers.keys()].some((inside) => name.startsWith(`${inside}/`)),
    );
    layer.setCarriedStates(new Map(states.map(([name, { data, shape }]) => [name, tensor(data, shape)])));
  }
  callbacks.forEach((callback, i) =>
    callback.setState?.({ values: values.callbacks[i].values, arrays: Object.fromEntries(below(`callback/${i}/`)) }),
  );
  model.random.state = values.random;
}

/** @throws FILE_FORMAT for a mask of another shape than its weight */
function restoreMasks(model: Trainable, arrays: TrainingSnapshot['arrays']): void {
  for (const [name, variable] of variablesOf(model)) {
    const array = arrays[`mask/${name}`];
    if (array === undefined) continue;
    if (!sameShape(array.shape, variable.shape))
      throw new RondoError('FILE_FORMAT', {
        where: 'restoreSnapshot',
        what: `the mask of \`${name}\` has another shape than the weight.`,
        expected: describeShape(variable.shape),
        received: describeShape(array.shape),
        fix: 'resume with the model of the interrupted run.',
      });
    variable.mask = new Variable(array.shape, array.data, `mask/${name}`, false);
  }
}

/** Forgets carried states. @returns what puts them back */
export function forgetStates(model: Pick<Trainable, 'sublayers' | 'resetStates'>): () => void {
  const carried = [...layersBelow(model)].map(
    ([, layer]) =>
      [
        layer,
        new Map([...layer.carriedStates()].map(([name, state]): [string, Tensor] => [name, state.snapshot()])),
      ] as const,
  );
  model.resetStates();
  return () => {
    model.resetStates();
    for (const [layer, states] of carried) if (states.size > 0) layer.setCarriedStates(states);
  };
}

/** Runs work with no carried states, then puts those of before back. */
export async function withFreshStates<T>(
  model: Pick<Trainable, 'sublayers' | 'resetStates'>,
  work: () => Promise<T>,
): Promise<T> {
  const restore = forgetStates(model);
  try {
    return await work();
  } finally {
    restore();
  }
}

/** Every layer inside a layer, by path. */
export function* layersBelow(
  layer: Pick<Trainable, 'sublayers'>,
  path = '',
): Generator<[path: string, layer: Layer<unknown>]> {
  for (const [name, inside] of layer.sublayers) {
    const at = path === '' ? name : `${path}/${name}`;
    yield [at, inside];
    yield* layersBelow(inside, at);
  }
}

function nameOf(callback: Callback): string {
  return callback.name ?? 'callback';
}
