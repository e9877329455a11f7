import { add, mul } from '../expression/build.js';
import { defineCell } from './define-cell.js';

/**
 * LSTM whose gates see, in place of the state, its product with the input: `m = (W_m x + b_m) * (U_m h)`, each gate
 * `W x + U m + b`. Krause et al. 2016, "Multiplicative LSTM for sequence modelling", eq. 9-13; b_m is not in the paper.
 */
export const multiplicativeLSTM = defineCell({
  name: 'multiplicativeLSTM',
  description: 'LSTM whose recurrent matrix depends on the input (Krause et al. 2016)',
  gates: ['multiplier', 'input', 'forget', 'candidate', 'output'],
  states: ['hidden', 'cell'],
  forgetGates: ['forget'],
  step({ input: fromInput, recurrent, states, product, activation, recurrentActivation }) {
    const multiplied = mul(fromInput.multiplier, recurrent.multiplier);
    const gate = (name: 'input' | 'forget' | 'candidate' | 'output') => add(fromInput[name], product(name, multiplied));
    const written = mul(recurrentActivation(gate('input')), activation(gate('candidate')));
    const cell = add(mul(recurrentActivation(gate('forget')), states.cell), written);
    return { hidden: mul(recurrentActivation(gate('output')), activation(cell)), cell };
  },
});
