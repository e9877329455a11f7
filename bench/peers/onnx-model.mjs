/**
 * The ONNX model of a case. Input and output are `[time, batch, columns]`, the only order that ONNX Runtime's recurrent
 * operators read; a streaming model also takes and gives the states.
 */

import { floats, graph, INT32, integers, model, node, valueInfo } from './onnx-format.mjs';
import { isStreaming, Unsupported } from './peer-protocol.mjs';

/**
 * By cell: the operator, and where each of its gates stands in the case's weights. `input_forget` makes the forget gate one
 * minus the input gate; the operator's forget weights are then not used.
 */
const operators = {
  lstm: { operator: 'LSTM', gates: [0, 3, 1, 2], states: ['h', 'c'] },
  coupledLSTM: { operator: 'LSTM', gates: [0, 2, 0, 1], states: ['h', 'c'], attributes: { input_forget: 1 } },
  gru: { operator: 'GRU', gates: [0, 1, 2], states: ['h'], attributes: { linear_before_reset: 1 } },
  gruResetBefore: { operator: 'GRU', gates: [0, 1, 2], states: ['h'], attributes: { linear_before_reset: 0 } },
  simple: { operator: 'RNN', gates: [0], states: ['h'] },
};

/** Columns of `[rows, gates * units]` as rows `[gates * units, rows]`, the gates in another order. */
function gateRows(values, rows, units, gates) {
  const columns = values.length / rows;
  const result = new Float32Array(gates.length * units * rows);
  gates.forEach((gate, g) => {
    for (let u = 0; u < units; u++)
      for (let r = 0; r < rows; r++) result[(g * units + u) * rows + r] = values[r * columns + gate * units + u];
  });
  return result;
}

const joined = (arrays) => {
  const result = new Float32Array(arrays.reduce((sum, { length }) => sum + length, 0));
  let offset = 0;
  for (const array of arrays) {
    result.set(array, offset);
    offset += array.length;
  }
  return result;
};

class ModelBuilder {
  nodes = [];
  constants = [];
  inputs = [];
  outputs = [];

  constructor(benchCase, weights) {
    this.benchCase = benchCase;
    this.weights = [...weights];
  }

  constant(name, shape, values) {
    this.constants.push(floats(name, shape, values));
    return name;
  }

  list(name, values) {
    this.constants.push(integers(name, values));
    return name;
  }

  /** One layer under its own operator. @returns the name of its output `[time, batch, directions * units]` */
  operatorLayer(i, x, features) {
    const { cell, units, batch, timesteps, bidirectional = false, shortestLength } = this.benchCase;
    const { operator, gates, states, attributes = {} } = operators[cell];
    const directions = bidirectional ? 2 : 1;
    const parts = { kernel: [], recurrent: [], bias: [] };
    for (let d = 0; d < directions; d++) {
      const [kernel, recurrent, bias] = this.weights.splice(0, 3);
      const biases =
        bias.shape.length === 2
          ? [bias.values.subarray(0, bias.values.length / 2), bias.values.subarray(bias.values.length / 2)]
          : [bias.values, new Float32Array(bias.values.length)];
      parts.kernel.push(gateRows(kernel.values, features, units, gates));
      parts.recurrent.push(gateRows(recurrent.values, units, units, gates));
      parts.bias.push(...biases.map((values) => gateRows(values, 1, units, gates)));
    }
    const width = gates.length * units;
    const inputs = [
      x,
      this.constant(`kernel${i}`, [directions, width, features], joined(parts.kernel)),
      this.constant(`recurrent${i}`, [directions, width, units], joined(parts.recurrent)),
      this.constant(`bias${i}`, [directions, 2 * width], joined(parts.bias)),
      shortestLength === undefined ? '' : 'lengths',
    ];
    const outputs = [`all${i}`];
    if (isStreaming(this.benchCase)) {
      for (const state of states) {
        this.inputs.push(valueInfo(state, [directions, batch, units]));
        this.outputs.push(valueInfo(`next_${state}`, [directions, batch, units]));
        inputs.push(state);
        outputs.push(`next_${state}`);
      }
    }
    this.nodes.push(
      node(operator, inputs, outputs, {
        hidden_size: units,
        direction: bidirectional ? 'bidirectional' : 'forward',
        ...attributes,
      }),
    );
    if (!bidirectional) {
      this.nodes.push(node('Squeeze', [`all${i}`, this.list(`axis${i}`, [1])], [`out${i}`]));
    } else {
      this.nodes.push(node('Transpose', [`all${i}`], [`swapped${i}`], { perm: [0, 2, 1, 3] }));
      this.nodes.push(
        node('Reshape', [`swapped${i}`, this.list(`shape${i}`, [timesteps, batch, 2 * units])], [`out${i}`]),
      );
    }
    return `out${i}`;
  }

  /** minGRU: one product over all steps, and a Scan of h' = a h + b. */
  minGRULayer(i, x, features) {
    const { units, batch } = this.benchCase;
    const [kernel, bias] = this.weights.splice(0, 2);
    const one = this.constant(`one${i}`, [1], Float32Array.of(1));
    this.nodes.push(
      node('MatMul', [x, this.constant(`kernel${i}`, [features, 2 * units], kernel.values)], [`product${i}`]),
      node('Add', [`product${i}`, this.constant(`bias${i}`, [2 * units], bias.values)], [`gates${i}`]),
      node('Split', [`gates${i}`, this.list(`sizes${i}`, [units, units])], [`update${i}`, `candidate${i}`], {
        axis: 2,
      }),
      node('Sigmoid', [`update${i}`], [`z${i}`]),
      node('Sub', [one, `z${i}`], [`a${i}`]),
      node('Mul', [`z${i}`, `candidate${i}`], [`b${i}`]),
    );
    const shape = [batch, units];
    const body = graph({
      name: 'step',
      nodes: [
        node('Mul', ['a', 'hidden'], ['kept']),
        node('Add', ['kept', 'b'], ['next']),
        node('Identity', ['next'], ['output']),
      ],
      inputs: [valueInfo('hidden', shape), valueInfo('a', shape), valueInfo('b', shape)],
      outputs: [valueInfo('next', shape), valueInfo('output', shape)],
    });
    let start = 'h';
    if (isStreaming(this.benchCase)) {
      this.inputs.push(valueInfo('h', shape));
      this.outputs.push(valueInfo('next_h', shape));
    } else {
      start = this.constant(`start${i}`, shape, new Float32Array(batch * units));
    }
    this.nodes.push(node('Scan', [start, `a${i}`, `b${i}`], ['next_h', `out${i}`], { num_scan_inputs: 2, body }));
    return `out${i}`;
  }

  bytes() {
    const {
      cell,
      layers,
      units,
      batch,
      timesteps,
      features,
      bidirectional = false,
      shortestLength,
      numWords,
    } = this.benchCase;
    this.inputs.push(valueInfo('x', [timesteps, batch, features]));
    if (shortestLength !== undefined) this.inputs.push(valueInfo('lengths', [batch], INT32));
    const outputWidth = (bidirectional ? 2 : 1) * units;
    let top = 'x';
    let width = features;
    for (let i = 0; i < layers; i++) {
      top = operators[cell] === undefined ? this.minGRULayer(i, top, width) : this.operatorLayer(i, top, width);
      width = outputWidth;
    }
    if (numWords !== undefined) {
      const [kernel, bias] = this.weights.splice(0, 2);
      this.nodes.push(
        node('MatMul', [top, this.constant('words', [width, numWords], kernel.values)], ['products']),
        node('Add', ['products', this.constant('wordsBias', [numWords], bias.values)], ['logits']),
        node('Softmax', ['logits'], ['probabilities'], { axis: 2 }),
      );
      top = 'probabilities';
      width = numWords;
    }
    this.nodes.push(node('Identity', [top], ['y']));
    this.outputs.push(valueInfo('y', [timesteps, batch, width]));
    const { nodes, constants, inputs, outputs } = this;
    return model(graph({ name: 'case', nodes, constants, inputs, outputs }));
  }
}

/** The states that a streaming model of a cell takes as `h`, `c` and gives as `next_h`, `next_c`, and their shape. */
export function statesOf({ cell, batch, units }) {
  return operators[cell] === undefined
    ? { names: ['h'], shape: [batch, units] }
    : { names: operators[cell].states, shape: [1, batch, units] };
}

/** @throws Unsupported for a cell that no operator computes */
export function onnxModel(benchCase, weights) {
  if (operators[benchCase.cell] === undefined && benchCase.cell !== 'minGRU')
    throw new Unsupported(`the peer has no operator for the cell ${benchCase.cell}`);
  return new ModelBuilder(benchCase, weights).bytes();
}
