import { Random } from '../../src/random.js';
import type { WrittenAttribute, WrittenGraph, WrittenTensor } from '../support/onnx-writer.js';

/** A model, and what it is run with. */
export interface RuntimeCase {
  readonly graph: WrittenGraph;
  readonly inputs: Readonly<Record<string, WrittenTensor>>;
}

const [batch, time, features, units] = [3, 5, 4, 2];
const numGates = { RNN: 1, GRU: 3, LSTM: 4 };

const random = new Random(20);
const drawn = (...shape: number[]): WrittenTensor => ({
  shape,
  data: Array.from({ length: shape.reduce((a, b) => a * b, 1) }, () => Math.round(random.normal() * 1e4) / 1e4),
});

interface Inputs {
  readonly lengths?: boolean;
  readonly states?: boolean;
  readonly peepholes?: boolean;
  readonly bias?: boolean;
}

/** One recurrent node whose weights are constants and whose outputs are all wanted. */
function recurrent(
  operator: 'RNN' | 'GRU' | 'LSTM',
  attributes: Record<string, WrittenAttribute>,
  { lengths = false, states = true, peepholes = false, bias = true }: Inputs = {},
): RuntimeCase {
  const directions = attributes.direction === 'bidirectional' ? 2 : 1;
  const rows = numGates[operator] * units;
  const stateNames = states ? (operator === 'LSTM' ? ['h', 'c'] : ['h']) : [];
  const outputs = operator === 'LSTM' ? ['Y', 'Y_h', 'Y_c'] : ['Y', 'Y_h'];
  const names = ['X', 'W', 'R', bias ? 'B' : '', lengths ? 'lengths' : '', ...stateNames];
  if (peepholes) names.push(...['', '', 'P'].slice(stateNames.length));
  return {
    graph: {
      nodes: [{ operator, name: 'layer', inputs: names, outputs, attributes: { ...attributes, hidden_size: units } }],
      constants: {
        W: drawn(directions, rows, features),
        R: drawn(directions, rows, units),
        ...(bias && { B: drawn(directions, 2 * rows) }),
        ...(peepholes && { P: drawn(directions, 3 * units) }),
      },
      inputs: [
        { name: 'X', shape: ['time', 'batch', features] },
        ...(lengths ? [{ name: 'lengths', type: 'int32' as const, shape: ['batch'] }] : []),
        ...stateNames.map((name) => ({ name, shape: [directions, 'batch', units] })),
      ],
      outputs: outputs.map((name) => ({
        name,
        shape: name === 'Y' ? ['time', directions, 'batch', units] : [directions, 'batch', units],
      })),
    },
    inputs: {
      X: drawn(time, batch, features),
      ...(lengths && { lengths: { type: 'int32' as const, shape: [batch], data: [3, 5, 1] } }),
      ...Object.fromEntries(stateNames.map((name) => [name, drawn(directions, batch, units)])),
    },
  };
}

/** Together they have every attribute, and every input, present and absent. */
export const runtimeCases: Readonly<Record<string, RuntimeCase>> = {
  'lstm both directions': recurrent('LSTM', { direction: 'bidirectional' }, { lengths: true }),
  'lstm reverse with peepholes': recurrent('LSTM', { direction: 'reverse' }, { lengths: true, peepholes: true }),
  'lstm peepholes without states': recurrent('LSTM', {}, { peepholes: true, states: false, bias: false }),
  'lstm clipped': recurrent('LSTM', { clip: { float: 0.4 } }),
  'lstm other activations': recurrent('LSTM', {
    direction: 'bidirectional',
    activations: ['HardSigmoid', 'Softsign', 'Tanh', 'Sigmoid', 'ScaledTanh', 'Elu'],
    activation_alpha: { floats: [0.3, 0.9, 0.7] },
    activation_beta: { floats: [0.4, 0.6] },
  }),
  'lstm input forget': recurrent('LSTM', { input_forget: 1 }),
  'lstm input forget with peepholes': recurrent('LSTM', { input_forget: 1 }, { peepholes: true }),
  'gru after the product': recurrent('GRU', { linear_before_reset: 1, direction: 'bidirectional' }, { lengths: true }),
  'gru before the product': recurrent('GRU', { direction: 'bidirectional' }, { lengths: true }),
  'gru without bias': recurrent('GRU', { linear_before_reset: 1 }, { bias: false, states: false }),
  'gru clipped': recurrent('GRU', { clip: { float: 0.4 }, linear_before_reset: 1, direction: 'reverse' }),
  'gru clipped before the product': recurrent('GRU', { clip: { float: 0.4 } }),
  'gru other activations': recurrent('GRU', {
    activations: ['HardSigmoid', 'LeakyRelu'],
    activation_alpha: { floats: [0.3, 0.05] },
    activation_beta: { floats: [0.4] },
  }),
  'rnn both directions': recurrent(
    'RNN',
    {
      direction: 'bidirectional',
      activations: ['Relu', 'Affine'],
      activation_alpha: { floats: [0.4] },
      activation_beta: { floats: [0.2] },
    },
    { lengths: true },
  ),
  'rnn thresholded': recurrent('RNN', {
    activations: ['ThresholdedRelu'],
    activation_alpha: { floats: [0.3] },
    direction: 'reverse',
  }),
  'rnn clipped': recurrent('RNN', { clip: { float: 0.4 } }, { states: false }),
};
