import { add, mul, sub } from '../expression/build.js';
import { defineCell } from './define-cell.js';

/**
 * Gated recurrent unit, reset after the product: `candidate = tanh(W x + r * (U h + b'))`. The form of cuDNN, PyTorch
 * and Keras's default; Cho et al. 2014 (arXiv 1406.1078v1).
 */
export const gru = defineCell({
  name: 'gru',
  description: 'gated recurrent unit, reset after the product (Cho et al. 2014, v1)',
  gates: ['update', 'reset', 'candidate'],
  states: ['hidden'],
  recurrentBias: true,
  step({ gates, input, recurrent, states, activation, recurrentActivation }) {
    const update = recurrentActivation(gates.update);
    const reset = recurrentActivation(gates.reset);
    const candidate = activation(add(input.candidate, mul(reset, recurrent.candidate)));
    return { hidden: add(mul(update, states.hidden), mul(sub(1, update), candidate)) };
  },
});
