import { defineCell } from '../../cells/define-cell.js';
import { add, mul } from '../../expression/build.js';

/**
 * The cell that brain.js calls LSTM: what the forget gate keeps is the previous hidden state, and there is no other state, so that
 * `hidden = output * tanh(forget * hidden + input * candidate)`. brain.js 2.0.0-beta.24, `getLSTMEquation` of src/recurrent/lstm.ts.
 */
export const brainLSTM = defineCell({
  name: 'brainLSTM',
  description: 'the LSTM of brain.js, without a cell state',
  gates: ['input', 'forget', 'candidate', 'output'],
  states: ['hidden'],
  forgetGates: ['forget'],
  step({ gates, states, activation, recurrentActivation }) {
    const kept = mul(recurrentActivation(gates.forget), states.hidden);
    const written = mul(recurrentActivation(gates.input), activation(gates.candidate));
    return { hidden: mul(recurrentActivation(gates.output), activation(add(kept, written))) };
  },
});
