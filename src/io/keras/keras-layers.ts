import type { LayerConfig } from '../../training/layer-registry.js';
import { kerasActivation } from './keras-activations.js';
import { type KerasFields, type LayerFields, note, notTaken } from './keras-fields.js';

/** Makes the options of a layer from the fields of Keras's. */
type Taken = (fields: KerasFields) => LayerConfig;

/** A layer whose options follow from its fields. */
function plain(className: string, options: (fields: KerasFields) => LayerFields = () => ({})): Taken {
  return (fields) => ({ className, config: { ...fields.common(), ...options(fields) } });
}

const channelsLast = (fields: KerasFields): void =>
  fields.require('data_format', ['channels_last', 'channelsLast'], 'features stand before the steps');

/** One number for each axis, or one for the only one. */
function perAxis(fields: KerasFields, field: string, numAxes: number): number | number[] {
  const list = fields.numbers(field);
  if (list.length !== numAxes && list.length !== 1) throw fields.fault(field, `${numAxes} numbers`);
  return numAxes === 1 || list.length === 1 ? list[0] : list;
}

const convolution = (className: string, numAxes: number): Taken =>
  plain(className, (fields) => {
    channelsLast(fields);
    refuseLora(fields);
    return {
      filters: fields.number('filters'),
      kernelSize: perAxis(fields, 'kernel_size', numAxes),
      strides: perAxis(fields, 'strides', numAxes),
      padding: fields.text('padding', 'valid'),
      dilationRate: perAxis(fields, 'dilation_rate', numAxes),
      groups: fields.number('groups', 1),
      activation: kerasActivation(fields, 'activation', 'linear'),
      useBias: fields.flag('use_bias', true),
    };
  });

const pooling = (className: string, numAxes: number): Taken =>
  plain(className, (fields) => {
    channelsLast(fields);
    const poolSize = perAxis(fields, 'pool_size', numAxes);
    return {
      poolSize,
      strides: fields.take('strides') === undefined ? poolSize : perAxis(fields, 'strides', numAxes),
      padding: fields.text('padding', 'valid'),
    };
  });

const globalPooling = (className: string): Taken =>
  plain(className, (fields) => {
    channelsLast(fields);
    return { keepdims: fields.flag('keepdims') };
  });

/** The one axis of a number or a list of one. */
function oneAxis(fields: KerasFields): number {
  const axes = fields.take('axis') === undefined ? [-1] : fields.numbers('axis');
  if (axes.length !== 1) throw fields.fault('axis', 'one axis');
  return axes[0];
}

function refuseLora(fields: KerasFields): void {
  if (fields.take('lora_rank') !== undefined) throw fields.fault('lora_rank', 'weights that were merged');
}

const normalization = (fields: KerasFields): LayerFields => ({
  epsilon: fields.number('epsilon', 1e-3),
  center: fields.flag('center', true),
  scale: fields.flag('scale', true),
});

const attention = (fields: KerasFields): LayerFields => ({
  useScale: fields.flag('use_scale', fields.className === 'AdditiveAttention'),
  dropout: fields.number('dropout', 0),
});

const dropout = (className: string): Taken =>
  plain(className, (fields) => {
    fields.skip('seed');
    return { rate: fields.number('rate') };
  });

/** Keras's layers by their class; wrappers, recurrent layers and models are elsewhere. */
const taken: Readonly<Record<string, Taken>> = {
  Activation: plain('Activation', (fields) => ({ activation: kerasActivation(fields) })),
  ActivityRegularization: (fields) => {
    fields.skip('l1', 'l2');
    note(fields.file, 'penalties on activations are not taken over: they matter in training alone', fields.name);
    return { className: 'Activation', config: { ...fields.common(), activation: 'linear' } };
  },
  Add: plain('Add'),
  AdditiveAttention: plain('AdditiveAttention', attention),
  AlphaDropout: dropout('AlphaDropout'),
  Attention: plain('Attention', (fields) => ({
    ...attention(fields),
    scoreMode: fields.text('score_mode', 'dot'),
  })),
  Average: plain('Average'),
  AveragePooling1D: pooling('AveragePooling1D', 1),
  AveragePooling2D: pooling('AveragePooling2D', 2),
  BatchNormalization: plain('BatchNormalization', (fields) => {
    fields.skip('moving_mean_initializer', 'moving_variance_initializer', 'synchronized', 'fused', 'renorm_momentum');
    fields.require('renorm', [false], 'renormalisation is not known here');
    return { ...normalization(fields), axis: oneAxis(fields), momentum: fields.number('momentum', 0.99) };
  }),
  CategoryEncoding: plain('CategoryEncoding', (fields) => {
    const mode = fields.text('output_mode', 'multi_hot');
    const outputMode = ({ multi_hot: 'multiHot', one_hot: 'oneHot', count: 'count' } as Record<string, string>)[mode];
    if (outputMode === undefined) throw fields.fault('output_mode', 'multi_hot, one_hot or count');
    return { numTokens: fields.number('num_tokens'), outputMode };
  }),
  Concatenate: plain('Concatenate', (fields) => ({ axis: fields.number('axis', -1) })),
  Conv1D: convolution('Conv1D', 1),
  Conv2D: convolution('Conv2D', 2),
  Cropping1D: plain('Cropping1D', (fields) => ({ cropping: bothEnds(fields, 'cropping') })),
  Dense: plain('Dense', (fields) => {
    refuseLora(fields);
    return {
      units: fields.number('units'),
      activation: kerasActivation(fields, 'activation', 'linear'),
      useBias: fields.flag('use_bias', true),
    };
  }),
  Dot: plain('Dot', (fields) => {
    const axes = fields.numbers('axes');
    return { axes: axes.length === 1 ? axes[0] : axes, normalize: fields.flag('normalize') };
  }),
  Dropout: plain('Dropout', (fields) => {
    const shape = fields.take('noise_shape');
    if (
      shape !== undefined &&
      !(Array.isArray(shape) && shape.every((axis) => axis === null || typeof axis === 'number'))
    )
      throw fields.fault('noise_shape', 'a shape');
    return { rate: fields.number('rate'), ...(shape !== undefined && { noiseShape: shape as number[] }) };
  }),
  ELU: plain('Activation', (fields) => {
    if (fields.number('alpha', 1) !== 1) throw fields.fault('alpha', '1');
    return { activation: 'elu' };
  }),
  Embedding: plain('Embedding', (fields) => {
    refuseLora(fields);
    fields.skip('sparse');
    return {
      inputDim: fields.number('input_dim'),
      outputDim: fields.number('output_dim'),
      maskZero: fields.flag('mask_zero'),
    };
  }),
  Flatten: plain('Flatten', (fields) => {
    channelsLast(fields);
    return {};
  }),
  GaussianNoise: plain('GaussianNoise', (fields) => ({ stddev: fields.number('stddev') })),
  GlobalAveragePooling1D: globalPooling('GlobalAveragePooling1D'),
  GlobalAveragePooling2D: globalPooling('GlobalAveragePooling2D'),
  GlobalMaxPooling1D: globalPooling('GlobalMaxPooling1D'),
  GlobalMaxPooling2D: globalPooling('GlobalMaxPooling2D'),
  GroupNormalization: plain('GroupNormalization', (fields) => ({
    ...normalization(fields),
    axis: oneAxis(fields),
    groups: fields.number('groups', 32),
  })),
  LayerNormalization: plain('LayerNormalization', (fields) => {
    fields.require('rms_scaling', [false], 'scaling by the root mean square alone is not known here');
    const axis = oneAxis(fields);
    const rank = rankOf(fields);
    if (axis !== -1 && axis + 1 !== rank)
      throw notTaken(
        fields.file,
        fields.place,
        'the normalised axis is not known to be the last one.',
        `axis: ${axis}`,
      );
    return normalization(fields);
  }),
  LeakyReLU: plain('LeakyReLU', (fields) => ({
    negativeSlope: fields.number('negative_slope', fields.number('alpha', 0.3)),
  })),
  Masking: plain('Masking', (fields) => ({ maskValue: fields.number('mask_value', 0) })),
  Maximum: plain('Maximum'),
  MaxPooling1D: pooling('MaxPooling1D', 1),
  MaxPooling2D: pooling('MaxPooling2D', 2),
  Minimum: plain('Minimum'),
  MultiHeadAttention: plain('MultiHeadAttention', (fields) => {
    fields.skip('query_shape', 'key_shape', 'value_shape');
    const axes = fields.take('attention_axes');
    if (axes !== undefined && JSON.stringify(axes) !== '[1]') throw fields.fault('attention_axes', 'null or [1]');
    const outputShape = fields.take('output_shape') === undefined ? undefined : fields.numbers('output_shape');
    const window = fields.take('sliding_window');
    return {
      numHeads: fields.number('num_heads'),
      keyDim: fields.number('key_dim'),
      valueDim: fields.number('value_dim', fields.number('key_dim')),
      dropout: fields.number('dropout', 0),
      useBias: fields.flag('use_bias', true),
      useGate: fields.flag('use_gate'),
      ...(outputShape && { outputShape }),
      ...(window !== undefined && { slidingWindow: fields.number('sliding_window') }),
    };
  }),
  Multiply: plain('Multiply'),
  Permute: plain('Permute', (fields) => ({ dims: fields.numbers('dims') })),
  PReLU: plain('PReLU', (fields) => ({
    ...(fields.take('shared_axes') !== undefined && { sharedAxes: fields.numbers('shared_axes') }),
  })),
  ReLU: (fields) => {
    const [most, slope, threshold] = [
      fields.take('max_value') === undefined ? undefined : fields.number('max_value'),
      fields.number('negative_slope', 0),
      fields.number('threshold', 0),
    ];
    const common = fields.common();
    if (threshold !== 0 || (slope !== 0 && most !== undefined) || (most !== undefined && most !== 6))
      throw notTaken(fields.file, fields.place, 'this form of relu is not known here.', { most, slope, threshold });
    return slope !== 0
      ? { className: 'LeakyReLU', config: { ...common, negativeSlope: slope } }
      : { className: 'Activation', config: { ...common, activation: most === 6 ? 'relu6' : 'relu' } };
  },
  RepeatVector: plain('RepeatVector', (fields) => ({ n: fields.number('n') })),
  Reshape: plain('Reshape', (fields) => {
    const shape = fields.take('target_shape');
    const list = Array.isArray(shape) ? shape.map((axis) => (axis === null ? -1 : (axis as unknown))) : undefined;
    if (!list?.every((axis) => typeof axis === 'number')) throw fields.fault('target_shape', 'a shape');
    return { targetShape: list };
  }),
  Softmax: plain('Softmax', (fields) => ({ axis: oneAxis(fields) })),
  SpatialDropout1D: dropout('SpatialDropout1D'),
  Subtract: plain('Subtract'),
  UpSampling1D: plain('UpSampling1D', (fields) => ({ size: fields.number('size', 2) })),
  ZeroPadding1D: plain('ZeroPadding1D', (fields) => ({ padding: bothEnds(fields, 'padding') })),
};

/** Axes of what the layer was built for, where the file says so. */
function rankOf(fields: KerasFields): number | undefined {
  const built = fields.take('build_config') as { input_shape?: unknown } | undefined;
  return Array.isArray(built?.input_shape) ? built.input_shape.length : undefined;
}

function bothEnds(fields: KerasFields, field: string): number | number[] {
  channelsLast(fields);
  const ends = fields.take(field) === undefined ? [1] : fields.numbers(field);
  if (ends.length > 2) throw fields.fault(field, 'one number, or two');
  return ends.length === 1 ? ends[0] : ends;
}

/** Whether a class of Keras has a counterpart here besides recurrent layers, wrappers and models. */
export function isPlainKerasLayer(className: string): boolean {
  return Object.hasOwn(taken, className);
}

/** A layer of such a class as a layer of this library. */
export function takenPlain(fields: KerasFields): LayerConfig {
  const made = taken[fields.className](fields);
  fields.done();
  return made;
}

/** The classes that are taken over, for messages and documents. */
export const plainKerasLayers: readonly string[] = Object.keys(taken);
