import { add, mul, sub } from '../expression/build.js';
import { defineCell } from './define-cell.js';

/**
 * Minimal gated unit: one gate does the work of a GRU's two, and the candidate sees `(1 - z) * h`. Zhou et al. 2016,
 * "Minimal gated unit for recurrent neural networks", eq. 7; its forget gate is `1 - z` here, so that `z` keeps the old
 * state as a GRU's update gate does.
 */
export const mgu = defineCell({
  name: 'mgu',
  description: 'minimal gated unit (Zhou et al. 2016)',
  gates: ['update', 'candidate'],
  states: ['hidden'],
  step({ gates, input, states, product, activation, recurrentActivation }) {
    const update = recurrentActivation(gates.update);
    const renewed = sub(1, update);
    const candidate = activation(add(input.candidate, product('candidate', mul(renewed, states.hidden))));
    return { hidden: add(mul(update, states.hidden), mul(renewed, candidate)) };
  },
});
