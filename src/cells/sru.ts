import { add, mul, sub } from '../expression/build.js';
import { defineCell } from './define-cell.js';

/**
 * Simple recurrent unit: gates see the input and, through one weight per unit, the old cell; the output mixes cell and
 * input. Lei et al. 2018, "Simple recurrent units for highly parallelizable recurrence", eq. 1-4. The highway input is
 * always projected, as the paper does where the widths differ.
 */
export const sru = defineCell({
  name: 'sru',
  description: 'simple recurrent unit (Lei et al. 2018)',
  gates: ['candidate', 'forget', 'reset', 'highway'],
  states: ['cell'],
  vectors: { forgetRecurrent: 'randomUniform', resetRecurrent: 'randomUniform' },
  recurrent: 'none',
  forgetGates: ['forget'],
  step({ gates, states, vectors, recurrentActivation }) {
    const forget = recurrentActivation(add(gates.forget, mul(vectors.forgetRecurrent, states.cell)));
    const reset = recurrentActivation(add(gates.reset, mul(vectors.resetRecurrent, states.cell)));
    const cell = add(mul(forget, states.cell), mul(sub(1, forget), gates.candidate));
    return { cell, output: add(mul(reset, cell), mul(sub(1, reset), gates.highway)) };
  },
});
