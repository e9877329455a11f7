/**
 * brain.js, timed on request by bench/compare.ts; peer_protocol.py describes the requests. Its nets read one sequence at a
 * time and end in a dense layer, which is set to the identity here; they train with an optimizer of their own.
 */

import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import {
  arrayNamed,
  isStreaming,
  loadOrLeave,
  readArrays,
  serve,
  Unsupported,
  weightsOf,
  writeOutput,
} from './peer-protocol.mjs';

const require = createRequire(import.meta.url);
const brain = await loadOrLeave(async () => require('brain.js'));
const { version } = JSON.parse(
  readFileSync(new URL('../package.json', `file://${require.resolve('brain.js')}`), 'utf8'),
);

/** By cell: the net, and the prefixes of its matrices by gate in the order of the case's weights. */
const nets = {
  lstm: {
    Net: brain.recurrent.LSTMTimeStep,
    gates: [
      ['inputMatrix', 'inputHidden', 'inputBias'],
      ['forgetMatrix', 'forgetHidden', 'forgetBias'],
      ['cellActivationMatrix', 'cellActivationHidden', 'cellActivationBias'],
      ['outputMatrix', 'outputHidden', 'outputBias'],
    ],
  },
  gruResetBefore: {
    Net: brain.recurrent.GRUTimeStep,
    gates: ['updateGate', 'resetGate', 'cellWrite'].map((gate) => [
      `${gate}InputMatrix`,
      `${gate}HiddenMatrix`,
      `${gate}Bias`,
    ]),
  },
  simple: { Net: brain.recurrent.RNNTimeStep, gates: [['weight', 'transition', 'bias']] },
};

/** Sets a matrix `[units, rows]` to the columns of one gate of `[rows, gates * units]`. */
function setGate(matrix, values, rows, units, gate) {
  const columns = values.length / rows;
  for (let u = 0; u < units; u++)
    for (let r = 0; r < rows; r++) matrix.weights[u * rows + r] = values[r * columns + gate * units + u];
}

async function prepare(benchCase, directory) {
  const { cell, mode, batch, timesteps, features, units, layers, bidirectional, shortestLength, numWords } = benchCase;
  if (mode === 'train') throw new Unsupported('it trains with its own optimizer, not with Adam');
  if (nets[cell] === undefined) throw new Unsupported(`it has no net for the cell ${cell}`);
  if (isStreaming(benchCase)) throw new Unsupported('it carries no state from call to call');
  if (layers > 1 || bidirectional || shortestLength !== undefined || numWords !== undefined)
    throw new Unsupported('the peer runs one layer in one direction');
  const { Net, gates } = nets[cell];
  const net = new Net({ inputSize: features, hiddenLayers: [units], outputSize: units });
  net.initialize();
  const arrays = readArrays(directory);
  const [kernel, recurrent, bias] = weightsOf(arrays).map(({ values }) => values);
  const [layer] = net.model.hiddenLayers;
  gates.forEach(([inputName, hiddenName, biasName], gate) => {
    setGate(layer[inputName], kernel, features, units, gate);
    setGate(layer[hiddenName], recurrent, units, units, gate);
    setGate(layer[biasName], bias, 1, units, gate);
  });
  net.model.outputConnector.weights.fill(0);
  for (let u = 0; u < units; u++) net.model.outputConnector.weights[u * units + u] = 1;
  net.model.output.weights.fill(0);
  while (net.model.equations.length < timesteps) net.bindEquation();
  const input = arrayNamed(arrays, 'input').values;
  const steps = Array.from({ length: batch * timesteps }, (_, row) =>
    input.slice(row * features, (row + 1) * features),
  );
  const run = () => {
    const output = new Float32Array(batch * timesteps * units);
    for (let row = 0; row < batch * timesteps; row++)
      output.set(net.model.equations[row % timesteps].runInput(steps[row]).weights, row * units);
    return output;
  };
  return {
    outputFile: writeOutput(directory, 'brain-js-output.bin', [run()]),
    losses: {},
    variants: { 'one sequence after the other': run },
  };
}

await serve(version, prepare);
