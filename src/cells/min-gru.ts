import { add, mul, sub } from '../expression/build.js';
import { defineCell } from './define-cell.js';

/**
 * Minimal GRU, whose gates see only the input, so that all matrix products of a sequence are one. Feng et al. 2024,
 * "Were RNNs all we needed?", section 3.1.
 */
export const minGRU = defineCell({
  name: 'minGRU',
  description: 'minimal GRU, gates from the input alone (Feng et al. 2024)',
  gates: ['update', 'candidate'],
  states: ['hidden'],
  recurrent: 'none',
  activation: 'linear',
  step({ gates, states, activation, recurrentActivation }) {
    const update = recurrentActivation(gates.update);
    return { hidden: add(mul(sub(1, update), states.hidden), mul(update, activation(gates.candidate))) };
  },
});
