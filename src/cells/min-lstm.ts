import { add, div, mul } from '../expression/build.js';
import { defineCell } from './define-cell.js';

/**
 * Minimal LSTM, whose gates see only the input and share one unit of weight. Feng et al. 2024, "Were RNNs all we
 * needed?", section 3.2.
 */
export const minLSTM = defineCell({
  name: 'minLSTM',
  description: 'minimal LSTM, gates from the input alone (Feng et al. 2024)',
  gates: ['forget', 'input', 'candidate'],
  states: ['hidden'],
  recurrent: 'none',
  forgetGates: ['forget'],
  activation: 'linear',
  step({ gates, states, activation, recurrentActivation }) {
    const forget = recurrentActivation(gates.forget);
    const input = recurrentActivation(gates.input);
    const total = add(forget, input);
    return { hidden: add(mul(div(forget, total), states.hidden), mul(div(input, total), activation(gates.candidate))) };
  },
});
