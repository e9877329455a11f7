import { Bidirectional } from '../../src/layers/bidirectional.js';
import { GRU } from '../../src/layers/gru.js';
import type { Layer } from '../../src/layers/layer.js';
import { LSTM } from '../../src/layers/lstm.js';
import type { OutputAndState } from '../../src/layers/recurrent-layer.js';
import type { RNN } from '../../src/layers/rnn.js';
import { SimpleRNN } from '../../src/layers/simple-rnn.js';
import * as ops from '../../src/tensor/index.js';
import type { Tensor } from '../../src/tensor/tensor.js';
import type { ByPath, Subject, WeightOfVector } from './layer-cases.js';
import type { LayerVector, VectorTensor } from './vectors.js';

/** By gate of Rondo: the place of that gate in PyTorch's order (RNN one, LSTM i f g o, GRU r z n). */
const torchGates: Readonly<Record<string, readonly number[]>> = {
  'torch.nn.RNN': [0],
  'torch.nn.LSTM': [0, 1, 2, 3],
  'torch.nn.GRU': [1, 0, 2],
};

/** A torch.nn layer as recurrent layers, one for each of its layers, with the vector's weights. */
export function torchSubject(vector: LayerVector): Subject {
  const { config } = vector;
  const numLayers = config.numLayers as number;
  const bidirectional = config.bidirectional as boolean;
  const makeOne = (): RNN<true> => oneLayer(vector);
  const layers = Array.from(
    { length: numLayers },
    () => (bidirectional ? new Bidirectional({ layer: makeOne() }) : makeOne()) as Layer<unknown>,
  );
  const weights = new Map<string, WeightOfVector>();
  let shape: readonly (number | null)[] = vector.inputs.input.shape;
  layers.forEach((layer, i) => {
    layer.ensureBuilt(shape);
    shape = layer.computeOutputShape(shape);
    const directions: [RNN<boolean>, string][] =
      layer instanceof Bidirectional
        ? [
            [layer.forwardLayer, `_l${i}`],
            [layer.backwardLayer, `_l${i}_reverse`],
          ]
        : [[layer as RNN<boolean>, `_l${i}`]];
    for (const [member, suffix] of directions) loadTorchWeights(member, suffix, vector, weights);
  });
  return { weights, apply: (input, states, mask) => applyLayers(layers, input, states, mask) };
}

function oneLayer({ layer, config }: LayerVector): RNN<true> {
  const options = {
    units: config.hiddenSize as number,
    useBias: (config.bias as boolean | undefined) ?? true,
    returnSequences: true,
    returnState: true,
  } as const;
  if (layer === 'torch.nn.LSTM') return new LSTM(options);
  if (layer === 'torch.nn.GRU') return new GRU(options);
  return new SimpleRNN({ ...options, activation: (config.nonlinearity as 'relu' | 'tanh' | undefined) ?? 'tanh' });
}

/** States are `[layers * directions, batch, units]`. */
function applyLayers(
  layers: readonly Layer<unknown>[],
  input: Tensor,
  states: ByPath<Tensor>,
  mask: Uint8Array | undefined,
): ByPath<Tensor> {
  const names = Object.keys(states);
  const part = (i: number): Record<string, Tensor> =>
    Object.fromEntries(
      names.map((name) => [name, ops.reshape(ops.slice(states[name], 0, i, i + 1), states[name].shape.slice(1))]),
    );
  const finals: Readonly<Record<string, Tensor>>[] = [];
  let output = input;
  layers.forEach((layer, i) => {
    if (layer instanceof Bidirectional) {
      const result = (layer as Bidirectional<'concat', true>).apply(output, {
        mask,
        initialState: { forward: part(2 * i), backward: part(2 * i + 1) },
      });
      finals.push(result.forward[0], result.backward[0]);
      output = result.output as Tensor;
    } else {
      const result: OutputAndState = (layer as RNN<true>).apply(output, { mask, initialState: part(i) });
      finals.push(result.states[0]);
      output = result.output;
    }
  });
  return {
    output,
    ...Object.fromEntries(names.map((name) => [`finalState.${name}`, ops.stack(finals.map((final) => final[name]))])),
  };
}

function loadTorchWeights(
  layer: RNN<boolean>,
  suffix: string,
  vector: LayerVector,
  weights: Map<string, WeightOfVector>,
): void {
  const gates = torchGates[vector.layer];
  const units = vector.config.hiddenSize as number;
  for (const [path, { variable }] of layer.namedWeights('')) {
    const role = path.split('/').at(-1)!;
    if (role === 'bias') {
      const hasOwnRecurrentBias = variable.shape.length === 2;
      const [input, recurrent] = ['bias_ih', 'bias_hh'].map((name) =>
        inOrder(vector.weights[name + suffix], gates, units),
      );
      variable.assign(hasOwnRecurrentBias ? [...input, ...recurrent] : input.map((value, i) => value + recurrent[i]));
      const row = (from: number) => (values: ArrayLike<number>) =>
        backInOrder(Array.from(values).slice(from, from + gates.length * units), gates, units, 1);
      weights.set(`bias_ih${suffix}`, { variable, gradient: row(0) });
      weights.set(`bias_hh${suffix}`, { variable, gradient: row(hasOwnRecurrentBias ? gates.length * units : 0) });
    } else {
      const name = (role === 'kernel' ? 'weight_ih' : 'weight_hh') + suffix;
      const columns = vector.weights[name].shape[1];
      variable.assign(transposed(inOrder(vector.weights[name], gates, units), gates.length * units, columns));
      weights.set(name, {
        variable,
        gradient: (values) =>
          backInOrder(transposed(Array.from(values), columns, gates.length * units), gates, units, columns),
      });
    }
  }
}

/** The rows of PyTorch's gates in Rondo's order of gates. */
function inOrder({ shape, data }: VectorTensor, gates: readonly number[], units: number): number[] {
  const columns = shape[1] ?? 1;
  return gates.flatMap((gate) => data.slice(gate * units * columns, (gate + 1) * units * columns));
}

/** The inverse of {@link inOrder}. */
function backInOrder(values: readonly number[], gates: readonly number[], units: number, columns: number): number[] {
  const size = units * columns;
  return gates.map((_, gate) => gates.indexOf(gate)).flatMap((place) => values.slice(place * size, (place + 1) * size));
}

function transposed(values: readonly number[], rows: number, columns: number): number[] {
  return Array.from({ length: rows * columns }, (_, i) => values[(i % rows) * columns + Math.floor(i / rows)]);
}
