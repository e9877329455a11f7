import { add, mul, sigmoid, sub } from '../expression/build.js';
import { defineCell } from './define-cell.js';

/**
 * Gate and candidate are made of one product, so that the cell has the kernels of a simple one:
 * `z = sigmoid(W x + U h + b_z)`, `c = tanh(W x + U h + b_h)`, `h' = (zeta (1 - z) + nu) c + z h` with zeta and nu
 * between 0 and 1. Kusupati et al. 2018, "FastGRNN: a fast, accurate, stable and tiny kilobyte sized gated recurrent
 * neural network", section 3, with kernels of full rank. The bias is b_z, b_h is that plus `candidateBias`. Zeta and nu
 * are sigmoids of learned numbers that start at 1 and -4, as in the authors' program, but one for each unit, where the
 * paper has one for the layer.
 */
export const fastGRNN = defineCell({
  name: 'fastGRNN',
  description: 'gate and candidate from one product (Kusupati et al. 2018)',
  gates: ['shared'],
  states: ['hidden'],
  vectors: { candidateBias: 'zeros', zeta: 1, nu: -4 },
  step({ gates, states, vectors, activation, recurrentActivation }) {
    const update = recurrentActivation(gates.shared);
    const candidate = activation(add(gates.shared, vectors.candidateBias));
    const share = add(mul(sigmoid(vectors.zeta), sub(1, update)), sigmoid(vectors.nu));
    return { hidden: add(mul(share, candidate), mul(update, states.hidden)) };
  },
});
