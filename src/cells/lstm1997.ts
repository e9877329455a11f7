import { add, mul } from '../expression/build.js';
import { defineCell } from './define-cell.js';

/**
 * The first LSTM, without a forget gate: the cell only ever adds. Hochreiter and Schmidhuber 1997, "Long short-term
 * memory", section 4; squashing by tanh, as is usual today.
 */
export const lstm1997 = defineCell({
  name: 'lstm1997',
  description: 'LSTM without forget gate (Hochreiter and Schmidhuber 1997)',
  gates: ['input', 'candidate', 'output'],
  states: ['hidden', 'cell'],
  step({ gates, states, activation, recurrentActivation }) {
    const cell = add(states.cell, mul(recurrentActivation(gates.input), activation(gates.candidate)));
    return { hidden: mul(recurrentActivation(gates.output), activation(cell)), cell };
  },
});
