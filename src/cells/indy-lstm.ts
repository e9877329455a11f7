import { add, mul } from '../expression/build.js';
import { defineCell } from './define-cell.js';

/**
 * LSTM each of whose units sees its own output only: recurrent weights are one number for each unit and gate. Gonnet
 * and Deselaers 2019, "IndyLSTMs: independently recurrent LSTMs".
 */
export const indyLSTM = defineCell({
  name: 'indyLSTM',
  description: 'LSTM with diagonal recurrent weights (Gonnet and Deselaers 2019)',
  gates: ['input', 'forget', 'candidate', 'output'],
  states: ['hidden', 'cell'],
  vectors: {
    inputRecurrent: 'randomUniform',
    forgetRecurrent: 'randomUniform',
    candidateRecurrent: 'randomUniform',
    outputRecurrent: 'randomUniform',
  },
  recurrent: 'none',
  forgetGates: ['forget'],
  step({ gates, states, vectors, activation, recurrentActivation }) {
    const { hidden } = states;
    const input = recurrentActivation(add(gates.input, mul(vectors.inputRecurrent, hidden)));
    const forget = recurrentActivation(add(gates.forget, mul(vectors.forgetRecurrent, hidden)));
    const candidate = activation(add(gates.candidate, mul(vectors.candidateRecurrent, hidden)));
    const output = recurrentActivation(add(gates.output, mul(vectors.outputRecurrent, hidden)));
    const cell = add(mul(forget, states.cell), mul(input, candidate));
    return { hidden: mul(output, activation(cell)), cell };
  },
});
