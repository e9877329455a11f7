import { add, mul, sub } from '../expression/build.js';
import { defineCell } from './define-cell.js';

/**
 * How much less than the forget gate the gate of new values closes, so that slightly more is written than is forgotten:
 * beta of the paper.
 */
const writingLead = 1;

/**
 * JANET: an LSTM with nothing but its forget gate, whose output is its cell as it stands. Van der Westhuizen and
 * Lasenby 2018, "The unreasonable effectiveness of the forget gate", section 3: eq. 2, with `1 - sigmoid(s - beta)` in
 * place of `1 - sigmoid(s)` before the candidate, and beta = 1. The paper starts the biases by `chrono`.
 */
export const janet = defineCell({
  name: 'janet',
  description: 'LSTM with nothing but a forget gate (van der Westhuizen and Lasenby 2018)',
  gates: ['forget', 'candidate'],
  states: ['hidden'],
  forgetGates: ['forget'],
  step({ gates, states, activation, recurrentActivation }) {
    const kept = mul(recurrentActivation(gates.forget), states.hidden);
    const writing = sub(1, recurrentActivation(sub(gates.forget, writingLead)));
    return { hidden: add(kept, mul(writing, activation(gates.candidate))) };
  },
});
