import type { Configuration } from '../../layers/configured.js';
import { constraintNamed } from '../../layers/constraints.js';
import type { Json } from '../../layers/layer.js';
import { regularizerNamed } from '../../layers/regularizers.js';
import type { LayerConfig } from '../../training/layer-registry.js';
import { snakeCase } from '../keras/snake-case.js';

/** A layer as TensorFlow.js and Keras 2 write it. */
export interface WrittenLayer {
  readonly class_name: string;
  readonly config: Readonly<Record<string, unknown>>;
}

/** Notes why TensorFlow.js cannot compute what a layer does. */
export type NoteFault = (why: string) => void;

/** The activations of TensorFlow.js by their names here. */
const activations: Readonly<Record<string, string>> = {
  linear: 'linear',
  relu: 'relu',
  relu6: 'relu6',
  sigmoid: 'sigmoid',
  hardSigmoidTheano: 'hard_sigmoid',
  tanh: 'tanh',
  softmax: 'softmax',
  softplus: 'softplus',
  softsign: 'softsign',
  elu: 'elu',
  selu: 'selu',
  gelu: 'gelu',
  silu: 'swish',
  swish: 'swish',
  mish: 'mish',
};

const regularizers: Readonly<Record<string, string>> = { l1: 'L1L2', l2: 'L1L2', l1l2: 'L1L2' };
const constraints: Readonly<Record<string, string>> = {
  maxNorm: 'MaxNorm',
  minMaxNorm: 'MinMaxNorm',
  nonNeg: 'NonNeg',
  unitNorm: 'UnitNorm',
};

/** What becomes of an option: written with its name in snake case, left out, or refused where it is not a certain value. */
type Rule = 'written' | 'activation' | 'left out' | { readonly only: unknown };

const dense: Readonly<Record<string, Rule>> = { units: 'written', activation: 'activation', useBias: 'written' };
const convolution: Readonly<Record<string, Rule>> = {
  filters: 'written',
  kernelSize: 'written',
  strides: 'written',
  dilationRate: 'written',
  activation: 'activation',
  useBias: 'written',
  groups: { only: 1 },
};
const pooling: Readonly<Record<string, Rule>> = { poolSize: 'written', strides: 'written', padding: 'written' };
const overAll: Readonly<Record<string, Rule>> = { keepdims: { only: false } };
const normalization: Readonly<Record<string, Rule>> = { epsilon: 'written', center: 'written', scale: 'written' };
const cell: Readonly<Record<string, Rule>> = {
  units: 'written',
  activation: 'activation',
  useBias: 'written',
  dropout: 'written',
  recurrentDropout: 'written',
};
const gatedCell: Readonly<Record<string, Rule>> = { ...cell, recurrentActivation: 'activation' };
const overTime: Readonly<Record<string, Rule>> = {
  returnSequences: 'written',
  returnState: 'written',
  goBackwards: 'written',
  // Where it would change anything, the layer is refused.
  reverseMask: 'left out',
  // Segments change how gradients are computed, not what comes out.
  recomputeSteps: 'left out',
  zeroOutputForMask: { only: false },
  stateful: { only: false },
};

/** By class the options that are known; what is missing and there is refused. Classes have the same names. */
const layers: Readonly<Record<string, Readonly<Record<string, Rule>>>> = {
  Activation: { activation: 'activation' },
  Add: {},
  AlphaDropout: { rate: 'written' },
  Average: {},
  AveragePooling1D: pooling,
  AveragePooling2D: pooling,
  BatchNormalization: { ...normalization, axis: 'written', momentum: 'written' },
  Concatenate: { axis: 'written' },
  Conv1D: { ...convolution, padding: 'written' },
  Conv2D: { ...convolution, padding: 'written' },
  Dense: dense,
  Dot: { axes: 'written', normalize: 'written' },
  Dropout: { rate: 'written', noiseShape: 'written' },
  Embedding: { inputDim: 'written', outputDim: 'written', maskZero: 'written', dropout: { only: 0 } },
  Flatten: {},
  GaussianNoise: { stddev: 'written' },
  GlobalAveragePooling1D: overAll,
  GlobalAveragePooling2D: overAll,
  GlobalMaxPooling1D: overAll,
  GlobalMaxPooling2D: overAll,
  GRU: { ...gatedCell, ...overTime },
  LayerNormalization: normalization,
  LSTM: { ...gatedCell, ...overTime, unitForgetBias: 'written' },
  Masking: { maskValue: 'written' },
  Maximum: {},
  MaxPooling1D: pooling,
  MaxPooling2D: pooling,
  Minimum: {},
  Multiply: {},
  Permute: { dims: 'written' },
  PReLU: { sharedAxes: 'written' },
  RepeatVector: { n: 'written' },
  Reshape: { targetShape: 'written' },
  SimpleRNN: { ...cell, ...overTime },
  Softmax: { axis: 'written' },
  SpatialDropout1D: { rate: 'written' },
};

/** The classes that are written, besides RNN, the wrappers and LeakyReLU. */
export const writtenClasses: readonly string[] = [
  ...Object.keys(layers),
  'LeakyReLU',
  'RNN',
  'Bidirectional',
  'TimeDistributed',
];

/** Cells by their names here: the class of TensorFlow.js, and options. */
const cells: Readonly<Record<string, readonly [className: string, rules: Readonly<Record<string, Rule>>]>> = {
  lstm: ['LSTMCell', { ...gatedCell, unitForgetBias: 'written' }],
  gruResetBefore: ['GRUCell', gatedCell],
  simple: ['SimpleRNNCell', cell],
};

/** Of cells TensorFlow.js draws orthogonal matrices before it puts the weights in, which takes seconds for large ones. */
const zeros = { class_name: 'Zeros', config: {} };

/** Defaults that differ from those here, by class. */
const defaults: Readonly<Record<string, Readonly<Record<string, unknown>>>> = {
  LSTM: { recurrent_activation: 'sigmoid' },
  GRU: { recurrent_activation: 'sigmoid', reset_after: false },
  LSTMCell: { recurrent_activation: 'sigmoid', recurrent_initializer: zeros },
  GRUCell: { recurrent_activation: 'sigmoid', reset_after: false, recurrent_initializer: zeros },
  SimpleRNNCell: { recurrent_initializer: zeros },
};

/** A layer as TensorFlow.js describes it. @param fault is told what TensorFlow.js cannot do. */
export function writtenLayer({ className, config }: LayerConfig, fault: NoteFault): WrittenLayer {
  const { name, trainable = true, inputShape: _, ...options } = config;
  const common = { name, trainable };
  switch (className) {
    case 'RNN': {
      const single = layerOfCell(config);
      if (single !== undefined) return writtenLayer(single, fault);
      return { class_name: className, config: { ...common, ...writtenRNN(options, fault) } };
    }
    case 'Bidirectional':
      return { class_name: className, config: { ...common, ...writtenDirections(options, fault) } };
    case 'TimeDistributed': {
      const layer = writtenLayer(options.layer as unknown as LayerConfig, fault);
      return { class_name: className, config: { ...common, layer } };
    }
    case 'LeakyReLU':
      return { class_name: className, config: { ...common, alpha: options.negativeSlope } };
    default:
      break;
  }
  if (!Object.hasOwn(layers, className)) {
    fault(
      className === 'Sequential' || className === 'Functional'
        ? 'a model inside of a model'
        : 'TensorFlow.js has no such layer',
    );
    return { class_name: className, config: common };
  }
  if (className === 'GRU' && options.resetAfter !== false)
    fault('a GRU that resets after the product; that of TensorFlow.js resets before it (resetAfter: false)');
  if (className === 'Conv1D' && options.padding === 'causal') fault('padding causal');
  const { resetAfter: __, ...others } = options;
  return {
    class_name: className,
    config: { ...common, ...defaults[className], ...written(others, layers[className], fault) },
  };
}

/** Options by the rules of a class. */
function written(
  options: Readonly<Record<string, Json | undefined>>,
  rules: Readonly<Record<string, Rule>>,
  fault: NoteFault,
): Record<string, unknown> {
  const config: Record<string, unknown> = {};
  for (const [option, value] of Object.entries(options)) {
    const rule = Object.hasOwn(rules, option) ? rules[option] : ruleByName(option);
    if (value === undefined || value === null || rule === 'left out') continue;
    if (rule === 'written') config[snakeCase(option)] = value;
    else if (rule === 'activation') config[snakeCase(option)] = writtenActivation(value, fault);
    else if (rule === 'regularizer') config[snakeCase(option)] = writtenRegularizer(value, fault);
    else if (rule === 'constraint') config[snakeCase(option)] = writtenConstraint(value, fault);
    else if (rule === undefined || rule.only !== value) fault(`the option ${option}`);
  }
  return config;
}

/** Weights begin as the file says, so that how they began does not matter; what training does to them does. */
function ruleByName(option: string): 'left out' | 'regularizer' | 'constraint' | undefined {
  if (option.endsWith('Initializer')) return 'left out';
  if (option.endsWith('Regularizer')) return 'regularizer';
  return option.endsWith('Constraint') ? 'constraint' : undefined;
}

function writtenActivation(value: Json, fault: NoteFault): unknown {
  if (typeof value === 'string' && Object.hasOwn(activations, value)) return activations[value];
  fault(`the activation ${JSON.stringify(value)}`);
  return value;
}

function writtenRegularizer(value: Json, fault: NoteFault): unknown {
  const { name, config } = regularizerNamed(value as string).getConfig();
  if (!Object.hasOwn(regularizers, name)) fault(`the regularizer ${name}`);
  return { class_name: regularizers[name], config: { l1: 0, l2: 0, ...config } };
}

function writtenConstraint(value: Json, fault: NoteFault): unknown {
  const { name, config }: Configuration = constraintNamed(value as string).getConfig();
  if (!Object.hasOwn(constraints, name)) fault(`the constraint ${name}`);
  const entries = Object.entries(config).map(([key, number]) => [snakeCase(key), number]);
  return { class_name: constraints[name], config: Object.fromEntries(entries) };
}

/** An RNN of one cell that has a layer of its own, as that layer: TensorFlow.js cannot open cells in a Bidirectional. */
function layerOfCell({ cell, units, ...config }: LayerConfig['config']): LayerConfig | undefined {
  const list = [cell].flat() as readonly (string | Readonly<Record<string, Json>>)[];
  if (list.length !== 1) return undefined;
  const { cell: name, ...own } = typeof list[0] === 'string' ? { cell: list[0] } : (list[0] as Record<string, Json>);
  if (!Object.hasOwn(cells, String(name))) return undefined;
  const className = cells[String(name)][0].replace(/Cell$/, '');
  const width = Array.isArray(units) ? (units as readonly number[])[0] : units;
  return {
    className,
    config: { ...config, units: width, ...own, ...(className === 'GRU' && { resetAfter: false }) },
  };
}

/** An RNN of several cells above each other. */
function writtenRNN(
  { cell, units, ...options }: Readonly<Record<string, Json | undefined>>,
  fault: NoteFault,
): Record<string, unknown> {
  const members = [cell].flat() as readonly (string | Readonly<Record<string, Json>>)[];
  const isOverTime = (option: string): boolean => Object.hasOwn(overTime, option);
  const entries = Object.entries(options);
  const shared = Object.fromEntries(entries.filter(([option]) => !isOverTime(option)));
  const list = members.map((member, i) => {
    const own = typeof member === 'string' ? { cell: member } : member;
    const { cell: name, ...others } = own as Readonly<Record<string, Json>>;
    const width = Array.isArray(units) ? (units as readonly number[])[i] : (units as number);
    return writtenCell(String(name), { units: width, ...shared, ...others }, fault);
  });
  if (options.returnState === true) fault('states of several cells, whose order differs');
  return {
    ...written(Object.fromEntries(entries.filter(([option]) => isOverTime(option))), overTime, fault),
    cell: { class_name: 'StackedRNNCells', config: { name: 'stacked_rnn_cells', cells: list } },
  };
}

function writtenCell(
  name: string,
  options: Readonly<Record<string, Json | undefined>>,
  fault: NoteFault,
): WrittenLayer {
  if (!Object.hasOwn(cells, name)) {
    fault(
      name === 'gru'
        ? 'a GRU that resets after the product; that of TensorFlow.js resets before it (the cell gruResetBefore)'
        : `the cell ${name}`,
    );
    return { class_name: name, config: {} };
  }
  const [className, rules] = cells[name];
  return { class_name: className, config: { ...defaults[className], ...written(options, rules, fault) } };
}

/** Both directions: TensorFlow.js makes them of one description. */
function writtenDirections(
  { layer, backwardLayer, mergeMode }: Readonly<Record<string, Json | undefined>>,
  fault: NoteFault,
): Record<string, unknown> {
  const [forward, backward] = [layer, backwardLayer] as unknown as LayerConfig[];
  const plain = ({ className, config }: LayerConfig): string => JSON.stringify([className, { ...config, name: '' }]);
  if (backward !== undefined && plain(forward) !== plain(backward)) fault('two directions that differ');
  const inner = writtenLayer(forward, fault);
  if (inner.class_name === 'RNN') fault('several cells in each direction, which TensorFlow.js cannot open again');
  return {
    layer: inner,
    merge_mode: mergeMode === 'none' ? null : mergeMode,
  };
}
