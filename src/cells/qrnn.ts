import { add, mul, sub } from '../expression/build.js';
import { defineCell } from './define-cell.js';

/**
 * The fo-pooling of the quasi-recurrent network. Bradbury et al. 2017, "Quasi-recurrent neural networks", eq. 5. Put a
 * causal Conv1D in front for windows wider than one step.
 */
export const qrnn = defineCell({
  name: 'qrnn',
  description: 'quasi-recurrent fo-pooling (Bradbury et al. 2017)',
  gates: ['candidate', 'forget', 'output'],
  states: ['cell'],
  recurrent: 'none',
  forgetGates: ['forget'],
  step({ gates, states, activation, recurrentActivation }) {
    const forget = recurrentActivation(gates.forget);
    const cell = add(mul(forget, states.cell), mul(sub(1, forget), activation(gates.candidate)));
    return { cell, output: mul(recurrentActivation(gates.output), cell) };
  },
});
