import { isObject } from '../../data/saved-fields.js';
import type { ActivationName } from '../../expression/activations.js';
import { type KerasFields, notTaken } from './keras-fields.js';

/** Names of activations that both generations mean alike. */
const names: Readonly<Record<string, ActivationName>> = {
  linear: 'linear',
  relu: 'relu',
  sigmoid: 'sigmoid',
  tanh: 'tanh',
  softmax: 'softmax',
  softplus: 'softplus',
  softsign: 'softsign',
  elu: 'elu',
  selu: 'selu',
  gelu: 'gelu',
  silu: 'silu',
  swish: 'swish',
  mish: 'mish',
  exponential: 'exponential',
  leaky_relu: 'leakyRelu',
  relu6: 'relu6',
};

/** The name of an activation of Keras, as a text, a function's name or a camelCase one of TensorFlow.js. */
export function kerasActivation(fields: KerasFields, field = 'activation', fallback?: string): ActivationName {
  const given = fields.take(field) ?? fallback;
  const name = nameOf(given);
  if (name === 'hard_sigmoid') return fields.file.generation === 2 ? 'hardSigmoidTheano' : 'hardSigmoid';
  if (name !== undefined && Object.hasOwn(names, name)) return names[name];
  throw notTaken(
    fields.file,
    fields.place,
    'the activation is none of those known here; a function that a file names is never looked up or run.',
    given,
  );
}

function nameOf(given: unknown): string | undefined {
  if (typeof given === 'string') return given.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
  if (!isObject(given)) return undefined;
  const { module, class_name: className, config } = given;
  const isKeras =
    module === undefined ||
    module === null ||
    module === 'builtins' ||
    (typeof module === 'string' && /^keras(\.|$)/.test(module));
  return className === 'function' && isKeras && typeof config === 'string' ? config : undefined;
}

/** The names under which Keras 3 knows activations of this library. */
export function kerasNameOf(activation: ActivationName): string | undefined {
  if (activation === 'hardSigmoid') return 'hard_sigmoid';
  return Object.keys(names).find((name) => names[name] === activation);
}
