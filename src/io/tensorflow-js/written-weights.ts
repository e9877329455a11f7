import type { Layer } from '../../layers/layer.js';
import type { Variable } from '../../tensor/variable.js';
import { snakeCase } from '../keras/snake-case.js';
import type { NoteFault } from './layer-configs.js';

/** A weight with the name that TensorFlow.js gives it. */
export interface NamedWeight {
  readonly name: string;
  readonly variable: Variable;
}

/** Names of weights and their layers as TensorFlow.js accepts them. */
const possibleName = /^[A-Za-z0-9][-A-Za-z0-9._/]*$/;

/**
 * The weights of a layer under the names of TensorFlow.js: `lstm/recurrent_kernel`, `rnn/RNNCell_0/kernel` of several cells,
 * `bidirectional/forward_lstm/kernel`, and those of a wrapped layer under the name of its wrapper.
 *
 * @param inner the name of the layer that a Bidirectional wraps.
 */
export function weightsOf(layer: Layer<unknown>, name: string, inner: string, fault: NoteFault): NamedWeight[] {
  const weights = [...layer.namedWeights('')];
  if (weights.some(([, { variable }]) => variable.compressed !== undefined)) fault('weights that are compressed');
  return weights.map(([path, { variable }]) => {
    const parts = path.split('/').filter((part) => part !== '');
    const role = snakeCase(parts.at(-1)!);
    const places = parts.slice(0, -1).flatMap((part) => placeOf(part, inner));
    const full = [name, ...places, role].join('/');
    if (!possibleName.test(full)) fault(`the name ${JSON.stringify(full)}, which TensorFlow.js refuses`);
    return { name: full, variable };
  });
}

function placeOf(part: string, inner: string): string[] {
  if (part === 'forward' || part === 'backward') return [`${part}_${inner}`];
  const cell = /^cell(\d+)$/.exec(part);
  return cell === null ? [] : [`RNNCell_${cell[1]}`];
}
