import { add, mul, sub } from '../expression/build.js';
import { defineCell } from './define-cell.js';

/**
 * LSTM whose forget gate is one minus its input gate (CIFG). Greff et al. 2017, "LSTM: a search space odyssey",
 * variant CIFG.
 */
export const coupledLSTM = defineCell({
  name: 'coupledLSTM',
  description: 'LSTM with coupled input and forget gates (Greff et al. 2017)',
  gates: ['input', 'candidate', 'output'],
  states: ['hidden', 'cell'],
  step({ gates, states, activation, recurrentActivation }) {
    const input = recurrentActivation(gates.input);
    const cell = add(mul(sub(1, input), states.cell), mul(input, activation(gates.candidate)));
    return { hidden: mul(recurrentActivation(gates.output), activation(cell)), cell };
  },
});
