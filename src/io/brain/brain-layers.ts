import { Dense } from '../../layers/dense.js';
import { GRU } from '../../layers/gru.js';
import type { Layer } from '../../layers/layer.js';
import { RNN } from '../../layers/rnn.js';
import { SimpleRNN } from '../../layers/simple-rnn.js';
import { transposed } from '../../transposed.js';
import { type BrainMatrix, type JsonRecord, listAt, matrixAt, recordAt } from './brain-json.js';
import { brainLSTM } from './brain-lstm.js';

/** A layer with its weights by the last part of their path, which are put in once it is built. */
export interface LayerWithWeights {
  readonly layer: Layer;
  readonly weights: Readonly<Record<string, Float32Array>>;
}

export type BrainCell = 'RNN' | 'LSTM' | 'GRU';

interface LayerSizes {
  readonly name: string;
  readonly units: number;
  readonly returnSequences: boolean;
}

/** By cell: its layer, and by gate, in the order of its kernel, the names of brain.js for input matrix, hidden matrix and bias. */
const cells: Readonly<
  Record<BrainCell, { make: (sizes: LayerSizes) => unknown; gates: readonly (readonly [string, string, string])[] }>
> = {
  RNN: {
    make: (sizes) => new SimpleRNN({ ...sizes, activation: 'relu' }),
    gates: [['weight', 'transition', 'bias']],
  },
  LSTM: {
    make: (sizes) => new RNN({ ...sizes, cell: brainLSTM }),
    gates: ['input', 'forget', 'cellActivation', 'output'].map(
      (gate) => [`${gate}Matrix`, `${gate}Hidden`, `${gate}Bias`] as const,
    ),
  },
  // Its update gate keeps, as here, and the reset comes before the product.
  GRU: {
    make: (sizes) => new GRU({ ...sizes, resetAfter: false }),
    gates: ['updateGate', 'resetGate', 'cellWrite'].map(
      (gate) => [`${gate}InputMatrix`, `${gate}HiddenMatrix`, `${gate}Bias`] as const,
    ),
  },
};

/**
 * The hidden layers of a recurrent net. Matrices of brain.js are `[units, inputs]`, one for each gate.
 *
 * @param returnSequences of the last one.
 * @throws FILE_FORMAT
 */
export function hiddenLayers(
  json: JsonRecord,
  cell: BrainCell,
  returnSequences: boolean,
  where: string,
): { layers: LayerWithWeights[]; inputSize: number } {
  const hidden = listAt(json.hiddenLayers, 'hiddenLayers', where);
  const { make, gates } = cells[cell];
  const layers: LayerWithWeights[] = [];
  let features: number | undefined;
  let inputSize = 0;
  hidden.forEach((entry, i) => {
    const path = `hiddenLayers[${i}]`;
    const matrices = recordAt(entry, path, where);
    const at = (name: string, shape: [rows?: number, columns?: number]): BrainMatrix =>
      matrixAt(matrices[name], `${path}.${name}`, where, shape);
    const first = at(gates[0][0], [undefined, features]);
    const { rows: units, columns } = first;
    if (i === 0) inputSize = columns;
    const side = (which: 0 | 1 | 2, width: number): Float32Array =>
      besideEachOther(gates.map((names) => at(names[which], [units, width])));
    layers.push({
      layer: make({
        name: `hidden${i + 1}`,
        units,
        returnSequences: returnSequences || i < hidden.length - 1,
      }) as Layer,
      weights: { kernel: side(0, columns), recurrentKernel: side(1, units), bias: side(2, 1) },
    });
    features = units;
  });
  return { layers, inputSize };
}

/** The output of a recurrent net, from the last hidden layer's units. @param width that it must have, if any. @throws FILE_FORMAT */
export function outputLayer(
  json: JsonRecord,
  activation: 'linear' | 'softmax',
  where: string,
  width?: number,
): LayerWithWeights {
  const { rows, columns, values } = matrixAt(json.outputConnector, 'outputConnector', where, [width]);
  const bias = matrixAt(json.output, 'output', where, [rows, 1]);
  return {
    layer: new Dense({ name: 'output', units: rows, activation }),
    weights: { kernel: transposed(values, rows, columns), bias: bias.values },
  };
}

/** Matrices `[units, inputs]`, one for each gate, as a kernel `[inputs, gates * units]`. */
function besideEachOther(matrices: readonly BrainMatrix[]): Float32Array {
  const { rows, columns } = matrices[0];
  const width = rows * matrices.length;
  const kernel = new Float32Array(columns * width);
  matrices.forEach(({ values }, gate) => {
    for (let u = 0; u < rows; u++)
      for (let i = 0; i < columns; i++) kernel[i * width + gate * rows + u] = values[u * columns + i];
  });
  return kernel;
}
