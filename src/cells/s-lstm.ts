import { add, div, exp, greater, max, min, mul, neg, select, softplus, sub } from '../expression/build.js';
import { defineCell } from './define-cell.js';

/**
 * LSTM with an exponential input gate, a normaliser and a stabiliser: `m' = max(log f + m, i~)`, `i = exp(i~ - m')`,
 * `f' = exp(log f + m - m')`, `c' = f' c + i z`, `n' = f' n + i`, `h' = o c' / n'` with `f = sigmoid(f~)`. Beck et
 * al. 2024, "xLSTM: extended long short-term memory", eq. 8-17. The option `heads` makes its recurrent kernel
 * block-diagonal, as in the paper.
 *
 * A normaliser of 0 says that nothing was written yet; `m'` then is `i~`, as if m were minus infinity. From the first
 * step on the normaliser is at least 1; an initial state that is given with less counts as 1.
 */
export const sLSTM = defineCell({
  name: 'sLSTM',
  description: 'LSTM with exponential gates and a normaliser, of xLSTM (Beck et al. 2024)',
  gates: ['input', 'forget', 'candidate', 'output'],
  states: ['hidden', 'cell', 'normalizer', 'stabilizer'],
  forgetGates: ['forget'],
  step({ gates, states, activation, recurrentActivation }) {
    const logForget = add(neg(softplus(neg(gates.forget))), states.stabilizer);
    const stabilizer = select(greater(states.normalizer, 0), max(logForget, gates.input), gates.input);
    const input = exp(sub(gates.input, stabilizer));
    // Before the first step, what it multiplies is 0, but infinity times 0 would not be.
    const forget = exp(min(sub(logForget, stabilizer), 0));
    const cell = add(mul(forget, states.cell), mul(input, activation(gates.candidate)));
    const normalizer = add(mul(forget, states.normalizer), input);
    const hidden = mul(recurrentActivation(gates.output), div(cell, max(normalizer, 1)));
    return { hidden, cell, normalizer, stabilizer };
  },
});
