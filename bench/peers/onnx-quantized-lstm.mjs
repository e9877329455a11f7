/**
 * An LSTM with weights of 8 bits as ONNX Runtime's quantisation makes one: `DynamicQuantizeLSTM` of its own domain, whose
 * weights are whole numbers with a scale for each output of a gate, and whose inputs and states are rounded as they come.
 */
import { bytes, floats, graph, model, node, valueInfo } from './onnx-format.mjs';
import { Unsupported } from './peer-protocol.mjs';

/** Where the gates i, o, f, c of the operator stand in Keras's order. */
const gates = [0, 3, 1, 2];

/** Columns of `[rows, 4 * units]` with the gates in another order. */
function reordered(values, rows, units) {
  const result = new Float32Array(values.length);
  for (let row = 0; row < rows; row++)
    gates.forEach((gate, g) => {
      const from = (4 * row + gate) * units;
      result.set(values.subarray(from, from + units), (4 * row + g) * units);
    });
  return result;
}

/** Whole numbers of 8 bits, and the scale of each column. */
function rounded(values, rows) {
  const columns = values.length / rows;
  const scales = new Float32Array(columns);
  for (let i = 0; i < values.length; i++)
    scales[i % columns] = Math.max(scales[i % columns], Math.abs(values[i]) / 127);
  return { values: Int8Array.from(values, (value, i) => Math.round(value / (scales[i % columns] || 1))), scales };
}

/**
 * @param weights kernel `[features, 4 * units]`, recurrent kernel `[units, 4 * units]`, bias `[4 * units]`, the gates in the
 * order i, f, c, o
 * @returns a model of `x` `[timesteps, batch, features]` to `y` `[timesteps, 1, batch, units]`
 */
export function quantizedLSTM({ cell, units, features, timesteps, batch }, [kernel, recurrent, bias]) {
  if (cell !== 'lstm') throw new Unsupported(`it has no operator with weights of 8 bits for the cell ${cell}`);
  const width = 4 * units;
  const w = rounded(reordered(kernel.values, features, units), features);
  const r = rounded(reordered(recurrent.values, units, units), units);
  const biases = new Float32Array(2 * width);
  biases.set(reordered(bias.values, 1, units));
  const zeros = new Int8Array(width);
  const constants = [
    bytes('w', [1, features, width], w.values),
    bytes('r', [1, units, width], r.values),
    floats('b', [1, 2 * width], biases),
    floats('wScale', [1, width], w.scales),
    bytes('wZero', [1, width], zeros),
    floats('rScale', [1, width], r.scales),
    bytes('rZero', [1, width], zeros),
  ];
  const inputs = ['x', 'w', 'r', 'b', '', '', '', '', 'wScale', 'wZero', 'rScale', 'rZero'];
  const lstm = node(
    'DynamicQuantizeLSTM',
    inputs,
    ['y'],
    { hidden_size: units, direction: 'forward' },
    'com.microsoft',
  );
  return model(
    graph({
      name: 'quantized',
      nodes: [lstm],
      constants,
      inputs: [valueInfo('x', [timesteps, batch, features])],
      outputs: [valueInfo('y', [timesteps, 1, batch, units])],
    }),
  );
}
