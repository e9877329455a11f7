import { add, type Expression, mul } from '../expression/build.js';
import { defineCell } from './define-cell.js';

const square = { from: 'units', to: 'units' } as const;
const gateNames = ['input', 'forget', 'candidate', 'output'] as const;

/**
 * LSTM whose input and state gate each other in five rounds before the step: `x = 2 sigmoid(Q h) * x` in rounds 1, 3 and
 * 5, `h = 2 sigmoid(R x) * h` in rounds 2 and 4, each with a matrix of its own; every gate is then `W x + U h + b`.
 * Melis, Kocisky and Blunsom 2020, "Mogrifier LSTM", eq. 1-2, with full matrices. What is gated as x is a linear layer of
 * the layer's input (`value`), as wide as the units; in the paper it is the embedding itself. The bias of the forget gate
 * starts at 1.
 */
export const mogrifierLSTM = defineCell({
  name: 'mogrifierLSTM',
  description: 'LSTM whose input and state gate each other first (Melis et al. 2020)',
  gates: ['value'],
  states: ['hidden', 'cell'],
  recurrent: 'none',
  vectors: { inputBias: 'zeros', forgetBias: 'ones', candidateBias: 'zeros', outputBias: 'zeros' },
  kernels: {
    round1: square,
    round2: square,
    round3: square,
    round4: square,
    round5: square,
    inputValue: square,
    forgetValue: square,
    candidateValue: square,
    outputValue: square,
    inputHidden: square,
    forgetHidden: square,
    candidateHidden: square,
    outputHidden: square,
  },
  step({ gates, states, vectors, kernels, activation, recurrentActivation }) {
    const gated = (value: Expression, preact: Expression): Expression =>
      mul(mul(2, recurrentActivation(preact)), value);
    let x: Expression = gates.value;
    let h: Expression = states.hidden;
    x = gated(x, kernels.round1(h));
    h = gated(h, kernels.round2(x));
    x = gated(x, kernels.round3(h));
    h = gated(h, kernels.round4(x));
    x = gated(x, kernels.round5(h));
    const preact = (gate: (typeof gateNames)[number]): Expression =>
      add(add(kernels[`${gate}Value`](x), kernels[`${gate}Hidden`](h)), vectors[`${gate}Bias`]);
    const written = mul(recurrentActivation(preact('input')), activation(preact('candidate')));
    const cell = add(mul(recurrentActivation(preact('forget')), states.cell), written);
    return { hidden: mul(recurrentActivation(preact('output')), activation(cell)), cell };
  },
});
