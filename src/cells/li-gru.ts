import { add, mul, sub } from '../expression/build.js';
import { defineCell } from './define-cell.js';

/**
 * Light GRU: no reset gate, and a candidate that is rectified. Ravanelli, Brakel, Omologo and Bengio 2018, "Light gated
 * recurrent units for speech recognition", section III. Their batch normalisation of the input's products, which keeps
 * the rectified values from growing, is left out: a layer before this one can normalise the input, but not these
 * products.
 */
export const liGRU = defineCell({
  name: 'liGRU',
  description: 'light GRU without its batch normalisation (Ravanelli et al. 2018)',
  gates: ['update', 'candidate'],
  states: ['hidden'],
  activation: 'relu',
  step({ gates, states, activation, recurrentActivation }) {
    const update = recurrentActivation(gates.update);
    return { hidden: add(mul(update, states.hidden), mul(sub(1, update), activation(gates.candidate))) };
  },
});
