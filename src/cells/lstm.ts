import { add, mul } from '../expression/build.js';
import { defineCell } from './define-cell.js';

/**
 * Long short-term memory with a forget gate. Gers, Schmidhuber and Cummins 2000, "Learning to forget", eq. 1-6;
 * gates in Keras's order.
 */
export const lstm = defineCell({
  name: 'lstm',
  description: 'long short-term memory (Hochreiter and Schmidhuber 1997; Gers et al. 2000)',
  gates: ['input', 'forget', 'candidate', 'output'],
  states: ['hidden', 'cell'],
  forgetGates: ['forget'],
  step({ gates, states, activation, recurrentActivation }) {
    const input = recurrentActivation(gates.input);
    const forget = recurrentActivation(gates.forget);
    const output = recurrentActivation(gates.output);
    const cell = add(mul(forget, states.cell), mul(input, activation(gates.candidate)));
    return { hidden: mul(output, activation(cell)), cell };
  },
});
