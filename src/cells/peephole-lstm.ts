import { add, mul } from '../expression/build.js';
import { defineCell } from './define-cell.js';

/**
 * LSTM whose gates also see the cell, through one weight per unit: the input and forget gates the old cell, the output
 * gate the new one. Gers, Schraudolph and Schmidhuber 2002, "Learning precise timing with LSTM recurrent networks".
 */
export const peepholeLSTM = defineCell({
  name: 'peepholeLSTM',
  description: 'LSTM with peephole connections (Gers et al. 2002)',
  gates: ['input', 'forget', 'candidate', 'output'],
  states: ['hidden', 'cell'],
  vectors: { inputPeephole: 'randomUniform', forgetPeephole: 'randomUniform', outputPeephole: 'randomUniform' },
  forgetGates: ['forget'],
  step({ gates, states, vectors, activation, recurrentActivation }) {
    const input = recurrentActivation(add(gates.input, mul(vectors.inputPeephole, states.cell)));
    const forget = recurrentActivation(add(gates.forget, mul(vectors.forgetPeephole, states.cell)));
    const cell = add(mul(forget, states.cell), mul(input, activation(gates.candidate)));
    const output = recurrentActivation(add(gates.output, mul(vectors.outputPeephole, cell)));
    return { hidden: mul(output, activation(cell)), cell };
  },
});
