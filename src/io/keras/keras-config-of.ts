import type { ActivationName } from '../../expression/activations.js';
import { Bidirectional } from '../../layers/bidirectional.js';
import type { Json, Layer, OpenShape } from '../../layers/layer.js';
import { RecurrentLayer } from '../../layers/recurrent-layer.js';
import { TimeDistributed } from '../../layers/time-distributed.js';
import { Functional } from '../../training/graph/functional.js';
import { Sequential } from '../../training/sequential.js';
import { kerasNameOf } from './keras-activations.js';
import { type Faults, functionalOf, type KerasObject } from './keras-graph-of.js';
import { snakeCase } from './snake-case.js';

const kernel = ['activation', 'useBias'];
const convolution = ['filters', 'kernelSize', 'strides', 'padding', 'dilationRate', 'groups', ...kernel];
const pooling = ['poolSize', 'strides', 'padding'];
const normalization = ['epsilon', 'center', 'scale'];
const cell = ['units', 'activation', 'useBias', 'dropout', 'recurrentDropout'];
const along = ['returnSequences', 'returnState', 'goBackwards', 'zeroOutputForMask'];

/** The options of layers that Keras 3 has by the same name and meaning. */
const optionsOf: Readonly<Record<string, readonly string[]>> = {
  Activation: ['activation'],
  Add: [],
  AdditiveAttention: ['useScale', 'dropout'],
  AlphaDropout: ['rate', 'noiseShape'],
  Attention: ['useScale', 'scoreMode', 'dropout'],
  Average: [],
  AveragePooling1D: pooling,
  AveragePooling2D: pooling,
  BatchNormalization: ['axis', 'momentum', ...normalization],
  Concatenate: ['axis'],
  Conv1D: convolution,
  Conv2D: convolution,
  Cropping1D: ['cropping'],
  Dense: ['units', ...kernel],
  Dot: ['axes', 'normalize'],
  Dropout: ['rate', 'noiseShape'],
  Embedding: ['inputDim', 'outputDim', 'maskZero'],
  Flatten: [],
  GaussianNoise: ['stddev'],
  GlobalAveragePooling1D: ['keepdims'],
  GlobalAveragePooling2D: ['keepdims'],
  GlobalMaxPooling1D: ['keepdims'],
  GlobalMaxPooling2D: ['keepdims'],
  GroupNormalization: ['groups', 'axis', ...normalization],
  GRU: [...cell, ...along, 'recurrentActivation', 'resetAfter'],
  LayerNormalization: normalization,
  LeakyReLU: ['negativeSlope'],
  LSTM: [...cell, ...along, 'recurrentActivation', 'unitForgetBias'],
  Masking: ['maskValue'],
  Maximum: [],
  MaxPooling1D: pooling,
  MaxPooling2D: pooling,
  Minimum: [],
  MultiHeadAttention: [
    'numHeads',
    'keyDim',
    'valueDim',
    'dropout',
    'useBias',
    'outputShape',
    'slidingWindow',
    'useGate',
  ],
  Multiply: [],
  Permute: ['dims'],
  PReLU: ['sharedAxes'],
  RepeatVector: ['n'],
  Reshape: ['targetShape'],
  SimpleRNN: [...cell, ...along],
  Softmax: ['axis'],
  SpatialDropout1D: ['rate'],
  Subtract: [],
  UpSampling1D: ['size'],
  ZeroPadding1D: ['padding'],
};

const cellOf: Readonly<Record<string, { readonly className: string; readonly more: KerasObject }>> = {
  lstm: { className: 'LSTMCell', more: {} },
  gru: { className: 'GRUCell', more: { reset_after: true } },
  gruResetBefore: { className: 'GRUCell', more: { reset_after: false } },
  simple: { className: 'SimpleRNNCell', more: {} },
};

/** Options that change nothing about what a trained layer computes, and those said elsewhere. */
const unwritten = new RegExp(
  '^(name|trainable|inputShape|cell|recomputeSteps|reverseMask|useCausalMask|returnAttentionScores|layer|backwardLayer|mergeMode)$|' +
    '(Initializer|Regularizer|Constraint)$',
);

/** A layer or a model as Keras 3 serializes it; what has no counterpart is added to `faults`. */
export function kerasObjectOf(layer: Layer<unknown>, name: string, faults: Faults): KerasObject {
  if (layer instanceof Functional) return functionalOf(layer, name, faults, kerasObjectOf);
  if (layer instanceof Sequential) return sequentialOf(layer, name, faults);
  // Keras's SpatialDropout1D takes no other fields.
  const common: KerasObject = layer.className === 'SpatialDropout1D' ? { name } : { name, trainable: layer.trainable };
  if (layer.className === 'InputLayer')
    return serialized('InputLayer', { name, batch_shape: openShape(layer.givenInputShape!) });
  if (layer instanceof TimeDistributed)
    return serialized('TimeDistributed', { ...common, layer: kerasObjectOf(layer.layer, layer.layer.name, faults) });
  if (layer instanceof Bidirectional) {
    const [forward, backward] = [layer.forwardLayer, layer.backwardLayer].map((each, i) =>
      kerasObjectOf(each as Layer<unknown>, `${i === 0 ? 'forward' : 'backward'}_${each.name}`, faults),
    );
    const turned = { ...backward, config: { ...(backward.config as KerasObject), go_backwards: true } };
    const mergeMode = layer.mergeMode === 'none' ? null : layer.mergeMode;
    return serialized('Bidirectional', { ...common, merge_mode: mergeMode, layer: forward, backward_layer: turned });
  }
  if (layer instanceof RecurrentLayer && layer.stateful)
    faults.push(`${name} (${layer.className}): stateful, for which Keras needs the size of the batch`);
  if (layer.className === 'RNN' && layer instanceof RecurrentLayer)
    return stackOf(layer as unknown as RecurrentLayer<boolean>, name, faults);
  const known = Object.hasOwn(optionsOf, layer.className) ? optionsOf[layer.className] : undefined;
  if (known === undefined) {
    faults.push(`${name} (${layer.className})`);
    return serialized(layer.className, common);
  }
  return serialized(layer.className, { ...common, ...fieldsOf(layer, layer.getConfig(), known, faults, name) });
}

export function serialized(className: string, config: KerasObject, module = 'keras.layers'): KerasObject {
  return { module, class_name: className, config, registered_name: null };
}

/** A shape with a free batch. */
export function openShape(shape: OpenShape): Json[] {
  return [null, ...shape.slice(1)];
}

function sequentialOf(model: Sequential, name: string, faults: Faults): KerasObject {
  const [first] = model.layers;
  const { buildShape } = model;
  const isStated = first?.className === 'InputLayer';
  const start = serialized('InputLayer', { name: `${name}_input`, batch_shape: openShape(buildShape ?? [null]) });
  const layers = [...model.sublayers].map(([own, layer]) => kerasObjectOf(layer, own, faults));
  return serialized(
    'Sequential',
    { name, trainable: model.trainable, layers: isStated ? layers : [start, ...layers] },
    'keras',
  );
}

/** A layer of one cell or several. */
function stackOf(layer: RecurrentLayer<boolean>, name: string, faults: Faults): KerasObject {
  const config = layer.getConfig();
  const listed = [config.cell].flat() as Json[];
  const cells = layer.cells.map(({ name: own }, i) => {
    const member = listed[i];
    const given = typeof member === 'object' && member !== null ? { ...config, ...(member as object) } : config;
    const found = Object.hasOwn(cellOf, own) ? cellOf[own] : undefined;
    if (found === undefined) faults.push(`${name} (RNN): the cell ${own}`);
    const { className, more } = found ?? cellOf.simple;
    const options = [...cell, ...(own === 'simple' ? [] : ['recurrentActivation'])];
    const fields = fieldsOf(layer, { ...given, units: layer.units[i] }, options, faults, name, along);
    return serialized(className, { name: `${name}_cell${i}`, ...fields, ...more });
  });
  const { units: _units, ...own } = config;
  const fields = fieldsOf(layer, own, along, faults, name, [...cell, 'recurrentActivation', 'unitForgetBias']);
  const inner = cells.length === 1 ? cells[0] : serialized('StackedRNNCells', { name: `${name}_cells`, cells });
  return serialized('RNN', { name, trainable: layer.trainable, ...fields, cell: inner });
}

/** Options under Keras's names. @param elsewhere options that are said in another place. */
function fieldsOf(
  layer: Layer<unknown>,
  config: Readonly<Record<string, Json | undefined>>,
  known: readonly string[],
  faults: Faults,
  name: string,
  elsewhere: readonly string[] = [],
): KerasObject {
  const fields: KerasObject = {};
  for (const [option, value] of Object.entries(config)) {
    if (value === undefined || value === null) continue;
    if (known.includes(option)) fields[snakeCase(option)] = valueOf(layer, option, value, faults, name);
    else if (
      !unwritten.test(option) &&
      !elsewhere.includes(option) &&
      value !== false &&
      value !== 0 &&
      option !== 'stateful'
    )
      faults.push(`${name} (${layer.className}): ${option}`);
  }
  return fields;
}

function valueOf(layer: Layer<unknown>, option: string, value: Json, faults: Faults, name: string): Json {
  if (option !== 'activation' && option !== 'recurrentActivation') return value;
  const found = kerasNameOf(value as ActivationName);
  if (found === undefined) faults.push(`${name} (${layer.className}): the activation ${shown(value)}`);
  return found ?? 'linear';
}

/** Of Keras 2's hard sigmoid, why not. */
function shown(value: Json): string {
  return value === 'hardSigmoidTheano'
    ? 'hardSigmoidTheano, of Keras 2 (hard_sigmoid of Keras 3 is another function)'
    : String(value);
}
