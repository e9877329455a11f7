import { add, mul } from '../expression/build.js';
import { defineCell } from './define-cell.js';

/**
 * Independently recurrent network: each unit sees only its own past. Li et al. 2018, "Independently recurrent neural
 * network (IndRNN)", eq. 2.
 */
export const indRNN = defineCell({
  name: 'indRNN',
  description: 'independently recurrent network (Li et al. 2018)',
  gates: ['candidate'],
  states: ['hidden'],
  vectors: { recurrent: 'recurrentUniform' },
  recurrent: 'none',
  activation: 'relu',
  step: ({ gates, states, vectors, activation }) => ({
    hidden: activation(add(gates.candidate, mul(vectors.recurrent, states.hidden))),
  }),
});
