import { add, exp, max, mul, neg, softplus, sqrt, square, tanh } from '../expression/build.js';
import { defineCell } from './define-cell.js';

/** How much a recurrence gate of 1 strengthens the decay: c of the paper. */
const strength = 8;

/** Below this, `1 - a^2` counts as this much, so that the derivative of its square root stays below 1600. */
const leastRest = 1e-7;

/**
 * Real-gated linear recurrent unit, the recurrence of Griffin: `r = sigmoid(W_a x + b_a)`, `i = sigmoid(W_x x +
 * b_x)`, `a = sigmoid(Lambda)^(8 r)`, `h' = a h + sqrt(1 - a^2) (i u)`. De et al. 2024, "Griffin: mixing gated linear
 * recurrences with local attention for efficient language models", eq. 1-4. There u is the layer's input itself,
 * behind a linear layer; here that is part of the cell, `u = W x + b`. `sigmoid(Lambda)^8`, what a unit keeps in a
 * step with an open gate, starts between 0.9 and 0.999.
 */
export const rgLRU = defineCell({
  name: 'rgLRU',
  description: 'real-gated linear recurrent unit of Griffin (De et al. 2024)',
  gates: ['recurrence', 'input', 'candidate'],
  states: ['hidden'],
  vectors: {
    decay: (uniform) => {
      const kept = (0.9 + 0.099 * uniform) ** (1 / strength);
      return Math.log(kept / (1 - kept));
    },
  },
  recurrent: 'none',
  activation: 'linear',
  step({ gates, states, vectors, activation, recurrentActivation }) {
    const logKept = mul(-strength, recurrentActivation(gates.recurrence), softplus(neg(vectors.decay)));
    const kept = exp(logKept);
    // 1 - kept^2 without the loss of digits where kept is near 1: expm1(2 x) is tanh(x) (exp(2 x) + 1).
    const rest = mul(neg(tanh(logKept)), add(1, square(kept)));
    const written = mul(recurrentActivation(gates.input), activation(gates.candidate));
    return { hidden: add(mul(kept, states.hidden), mul(sqrt(max(rest, leastRest)), written)) };
  },
});
