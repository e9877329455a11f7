import { add, mul } from '../expression/build.js';
import { defineCell } from './define-cell.js';

/**
 * LSTM with a projection: what it shows, and what its gates see of it one step later, is `h = P (o * tanh(c))`,
 * narrower than the cell. Sak et al. 2014, "Long short-term memory recurrent neural network architectures for large
 * scale acoustic modeling", section 2.1, without its second, non-recurrent projection; the same as PyTorch's
 * `proj_size`. Gates do not see the cell. By default the projection is half as wide as the units.
 */
export const lstmp = defineCell({
  name: 'lstmp',
  description: 'LSTM with a projection (Sak et al. 2014)',
  gates: ['input', 'forget', 'candidate', 'output'],
  states: ['hidden', 'cell'],
  widths: { projection: (units) => Math.ceil(units / 2) },
  stateWidths: { hidden: 'projection' },
  kernels: { projection: { from: 'units', to: 'projection' } },
  forgetGates: ['forget'],
  step({ gates, states, kernels, activation, recurrentActivation }) {
    const written = mul(recurrentActivation(gates.input), activation(gates.candidate));
    const cell = add(mul(recurrentActivation(gates.forget), states.cell), written);
    return { hidden: kernels.projection(mul(recurrentActivation(gates.output), activation(cell))), cell };
  },
});
