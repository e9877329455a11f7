import { isObject } from '../../data/saved-fields.js';
import { damagedFile } from '../file-fault.js';

/** A topology as Keras 2 would write it, and what must be looked at when the model is made. */
export interface Keras2Topology {
  readonly topology: unknown;
  /** By layer the axis that a LayerNormalization normalises, counted from the front, where TensorFlow.js wrote it so. */
  readonly axes: ReadonlyMap<string, number>;
}

/** More layers than a model has, those inside of others too. */
const mostValues = 1_000_000;

/** Gates of TensorFlow.js are hard sigmoids where nothing else is said. */
const gated: ReadonlySet<unknown> = new Set(['LSTM', 'GRU', 'LSTMCell', 'GRUCell']);

/**
 * `modelTopology`, or the `model_config` in it, in the form of Keras 2: what TensorFlow.js adds (cells that stand twice, axes counted from
 * the front once a layer is built) and leaves out is put right. A copy.
 *
 * @throws FILE_FORMAT where it is endless
 */
export function keras2Topology(modelTopology: unknown, where: string): Keras2Topology {
  const given = modelTopology as Readonly<Record<string, unknown>>;
  const config: unknown = given.model_config ?? given;
  const axes = new Map<string, number>();
  let left = mostValues;
  const copied = (value: unknown): unknown => {
    if (--left < 0)
      throw damagedFile({ where, what: 'the topology has too many values.', expected: `at most ${mostValues}` });
    if (Array.isArray(value)) return value.map(copied);
    if (!isObject(value)) return value;
    const copy = Object.fromEntries(Object.entries(value).map(([key, member]) => [key, copied(member)]));
    return isObject(copy.config) ? { ...copy, config: putRight(copy.class_name, copy.config, axes) } : copy;
  };
  return { topology: copied(config), axes };
}

function putRight(
  className: unknown,
  config: Readonly<Record<string, unknown>>,
  axes: Map<string, number>,
): Readonly<Record<string, unknown>> {
  const { axis, ...others } = config;
  if (className === 'RNN' && isObject(config.cell) && isObject(config.cell.config)) {
    // What it says of its cell stands among its own fields once more.
    const ofCell = config.cell.config;
    const isOwn = (field: string): boolean =>
      field === 'name' || field === 'trainable' || !Object.hasOwn(ofCell, field);
    return Object.fromEntries(Object.entries(config).filter(([field]) => isOwn(field)));
  }
  if (className === 'LayerNormalization') {
    const one: unknown = Array.isArray(axis) && axis.length === 1 ? axis[0] : axis;
    if (Number.isSafeInteger(one) && (one as number) > 0 && typeof config.name === 'string') {
      axes.set(config.name, one as number);
      return { ...others, axis: -1 };
    }
  }
  if (gated.has(className) && (config.recurrent_activation ?? undefined) === undefined)
    return { ...config, recurrent_activation: 'hard_sigmoid' };
  return config;
}
