import type { ActivationName } from '../../expression/activations.js';
import type { Layer } from '../../layers/layer.js';

/** The same activation in PyTorch, as an expression of Python. */
const activations: Readonly<Record<ActivationName, (x: string) => string>> = {
  linear: (x) => x,
  relu: (x) => `F.relu(${x})`,
  sigmoid: (x) => `torch.sigmoid(${x})`,
  tanh: (x) => `torch.tanh(${x})`,
  softmax: (x) => `torch.softmax(${x}, -1)`,
  softplus: (x) => `F.softplus(${x})`,
  softsign: (x) => `F.softsign(${x})`,
  elu: (x) => `F.elu(${x})`,
  selu: (x) => `F.selu(${x})`,
  gelu: (x) => `F.gelu(${x})`,
  silu: (x) => `F.silu(${x})`,
  swish: (x) => `F.silu(${x})`,
  mish: (x) => `F.mish(${x})`,
  exponential: (x) => `torch.exp(${x})`,
  hardSigmoid: (x) => `F.hardsigmoid(${x})`,
  hardSigmoidTheano: (x) => `torch.clamp(0.2 * ${x} + 0.5, 0, 1)`,
  leakyRelu: (x) => `F.leaky_relu(${x}, 0.2)`,
  relu6: (x) => `F.relu6(${x})`,
};

export function activated(name: ActivationName, x: string): string {
  return activations[name](x);
}

/** Calls what has features before time, where sequences have time before features. */
export function featuresFirst(call: (x: string) => string, x: string): string {
  return `${call(`${x}.transpose(1, 2)`)}.transpose(1, 2)`;
}

/** What a layer without weights computes of expressions of Python; undefined where PyTorch has no such thing. */
type Forward = (config: Readonly<Record<string, unknown>>, inputs: readonly string[]) => string | undefined;

const folded =
  (operator: string): Forward =>
  (_, inputs) =>
    `(${inputs.join(` ${operator} `)})`;
const pooled =
  (call: string): Forward =>
  ({ poolSize, strides, padding }, [x]) =>
    padding === 'valid' ? featuresFirst((y) => `${call}(${y}, ${poolSize}, ${strides})`, x) : undefined;
const reduced =
  (call: string): Forward =>
  ({ keepdims }, [x]) =>
    `${x}.${call}(1${keepdims === true ? ', keepdim=True' : ''})`;
const ends = (given: unknown): readonly [number, number] => given as readonly [number, number];

const forwards: Readonly<Record<string, Forward>> = {
  InputLayer: (_, [x]) => x,
  ActivationPenalty: (_, [x]) => x,
  Activation: ({ activation }, [x]) => activated(activation as ActivationName, x),
  Softmax: ({ axis }, [x]) => (typeof axis === 'number' ? `torch.softmax(${x}, ${axis})` : undefined),
  LeakyReLU: ({ negativeSlope }, [x]) => `F.leaky_relu(${x}, ${String(negativeSlope)})`,
  Dropout: ({ rate, noiseShape }, [x]) =>
    noiseShape === undefined || noiseShape === null ? `F.dropout(${x}, ${String(rate)}, self.training)` : undefined,
  SpatialDropout1D: ({ rate }, [x]) => featuresFirst((y) => `F.dropout1d(${y}, ${String(rate)}, self.training)`, x),
  Flatten: (_, [x]) => `${x}.flatten(1)`,
  Permute: ({ dims }, [x]) => `${x}.permute(0, ${(dims as number[]).join(', ')})`,
  Reshape: ({ targetShape }, [x]) => `${x}.reshape(${x}.shape[0], ${(targetShape as number[]).join(', ')})`,
  RepeatVector: ({ n }, [x]) => `${x}.unsqueeze(1).repeat(1, ${String(n)}, 1)`,
  UpSampling1D: ({ size }, [x]) => `${x}.repeat_interleave(${String(size)}, 1)`,
  ZeroPadding1D: ({ padding }, [x]) => `F.pad(${x}, (0, 0, ${ends(padding).join(', ')}))`,
  Cropping1D: ({ cropping }, [x]) => `${x}[:, ${ends(cropping)[0]} : ${x}.shape[1] - ${ends(cropping)[1]}]`,
  MaxPooling1D: pooled('F.max_pool1d'),
  AveragePooling1D: pooled('F.avg_pool1d'),
  GlobalAveragePooling1D: reduced('mean'),
  GlobalMaxPooling1D: reduced('amax'),
  Add: folded('+'),
  Subtract: folded('-'),
  Multiply: folded('*'),
  Average: (_, inputs) => `((${inputs.join(' + ')}) / ${inputs.length})`,
  Maximum: (_, [first, ...others]) => others.reduce((a, b) => `torch.maximum(${a}, ${b})`, first),
  Minimum: (_, [first, ...others]) => others.reduce((a, b) => `torch.minimum(${a}, ${b})`, first),
  Concatenate: ({ axis }, inputs) => `torch.cat([${inputs.join(', ')}], ${String(axis)})`,
};

/** What a layer without weights computes; undefined where PyTorch has no such thing. */
export function forwardOf(layer: Layer<unknown>, inputs: readonly string[]): string | undefined {
  return Object.hasOwn(forwards, layer.className) ? forwards[layer.className](layer.getConfig(), inputs) : undefined;
}
