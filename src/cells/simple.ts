import { defineCell } from './define-cell.js';

/** The simple recurrent cell: `h' = tanh(W x + U h + b)`. Elman 1990, "Finding structure in time". */
export const simple = defineCell({
  name: 'simple',
  description: 'simple recurrent cell (Elman 1990)',
  gates: ['candidate'],
  states: ['hidden'],
  step: ({ gates, activation }) => ({ hidden: activation(gates.candidate) }),
});
