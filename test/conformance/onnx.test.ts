import { afterAll, beforeAll, describe, it } from 'vitest';
import { planCell } from '../../src/cells/plan.js';
import { cellNamed } from '../../src/cells/registry.js';
import { useBackend } from '../../src/kernels/select.js';
import { recurrent } from '../../src/tensor/recurrent.js';
import { type Tensor, tensor } from '../../src/tensor/tensor.js';
import { expectClose } from '../support/close.js';
import { conformanceBackends } from '../support/conformance-backends.js';
import { readVectors, type VectorTensor } from '../support/vectors.js';

interface OnnxCase {
  readonly operator: 'RNN' | 'GRU' | 'LSTM';
  readonly attributes: { readonly hidden_size: number; readonly layout?: number };
  readonly inputs: Readonly<Record<string, VectorTensor | undefined>>;
  readonly expected: Readonly<Record<string, VectorTensor | undefined>>;
}

/** For each gate in Rondo's order, its place in ONNX's. */
const gatePlaces = { RNN: [0], GRU: [0, 1, 2], LSTM: [0, 2, 3, 1] };

/** ONNX's vectors are float32 themselves. */
const tolerance = 2e-6;

const cases = readVectors<OnnxCase>('onnx');

describe.each(conformanceBackends)("ONNX's recurrent node tests on $title", ({ make }) => {
  beforeAll(() => void useBackend(make()));
  afterAll(() => void useBackend('wasm'));

  it.each(cases.map((vector) => [vector.file, vector] as const))('%s gives the same numbers', async (_, vector) => {
    const units = vector.attributes.hidden_size;
    const isBatchFirst = vector.attributes.layout === 1;
    const { X, W, R, B, P, initial_h: h, initial_c: c } = vector.inputs;
    const cell = cellNamed(
      vector.operator === 'LSTM'
        ? P
          ? 'peepholeLSTM'
          : 'lstm'
        : vector.operator === 'GRU'
          ? 'gruResetBefore'
          : 'simple',
    );
    const [axis0, axis1, features] = X!.shape;
    const [time, batch] = isBatchFirst ? [axis1, axis0] : [axis0, axis1];
    const places = gatePlaces[vector.operator];
    const kernel = (rows: VectorTensor, width: number): Tensor => {
      const data = new Float64Array(rows.data.length);
      const numColumns = places.length * units;
      places.forEach((place, gate) => {
        for (let u = 0; u < units; u++)
          for (let f = 0; f < width; f++)
            data[f * numColumns + gate * units + u] = rows.data[(place * units + u) * width + f];
      });
      return tensor(data, [width, numColumns]);
    };
    const bias = new Float64Array(places.length * units);
    if (B)
      places.forEach((place, gate) => {
        for (let u = 0; u < units; u++)
          bias[gate * units + u] = B.data[place * units + u] + B.data[(places.length + place) * units + u];
      });
    const peephole = (place: number): Tensor => tensor(P!.data.slice(place * units, (place + 1) * units), [units]);
    const state = (given: VectorTensor | undefined): Tensor =>
      tensor(given?.data ?? new Float64Array(batch * units), [batch, units]);
    const input = new Float64Array(X!.data.length);
    for (let b = 0; b < batch; b++)
      for (let t = 0; t < time; t++)
        for (let f = 0; f < features; f++) {
          const from = isBatchFirst ? (b * time + t) * features + f : (t * batch + b) * features + f;
          input[(b * time + t) * features + f] = X!.data[from];
        }
    const { finalStates } = recurrent({
      plan: planCell(cell),
      units,
      input: tensor(input, [batch, time, features]),
      initialStates: vector.operator === 'LSTM' ? { hidden: state(h), cell: state(c) } : { hidden: state(h) },
      kernel: kernel(W!, features),
      recurrentKernel: kernel(R!, units),
      bias: tensor(bias, [bias.length]),
      vectors: P ? { inputPeephole: peephole(0), outputPeephole: peephole(1), forgetPeephole: peephole(2) } : {},
      masks: {},
      scalars: {},
      reverse: false,
      outputOrder: 'time',
      returnSequences: false,
      training: false,
    });
    expectClose(await finalStates.hidden.data(), vector.expected.Y_h!.data, tolerance, 'Y_h');
  });
});
