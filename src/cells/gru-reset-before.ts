import { add, mul, sub } from '../expression/build.js';
import { defineCell } from './define-cell.js';

/**
 * Gated recurrent unit, reset before the product: `candidate = tanh(W x + U (r * h))`. Cho et al. 2014
 * (arXiv 1406.1078v3), eq. 5-8.
 */
export const gruResetBefore = defineCell({
  name: 'gruResetBefore',
  description: 'gated recurrent unit, reset before the product (Cho et al. 2014, v3)',
  gates: ['update', 'reset', 'candidate'],
  states: ['hidden'],
  step({ gates, input, states, product, activation, recurrentActivation }) {
    const update = recurrentActivation(gates.update);
    const reset = recurrentActivation(gates.reset);
    const candidate = activation(add(input.candidate, product('candidate', mul(reset, states.hidden))));
    return { hidden: add(mul(update, states.hidden), mul(sub(1, update), candidate)) };
  },
});
