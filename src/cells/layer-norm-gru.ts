import { add, mul, sub } from '../expression/build.js';
import { normalized, normalizedTogether } from '../expression/normalized.js';
import { defineCell } from './define-cell.js';

const gates = ['update', 'reset', 'candidate'] as const;

/**
 * GRU with layer normalisation: of the products with the input and with the state, for both gates together and for
 * the candidate. Ba, Kiros and Hinton 2016, "Layer normalization", eq. 27-30, with an update gate that keeps the old
 * state. Of the shifts, those of two products that are added are one, the bias; the product that is reset has
 * `recurrentShift`.
 */
export const layerNormGRU = defineCell({
  name: 'layerNormGRU',
  description: 'GRU with layer normalisation (Ba et al. 2016)',
  gates,
  states: ['hidden'],
  vectors: { recurrentShift: 'zeros' },
  gateVectors: { inputGain: 'ones', recurrentGain: 'ones' },
  step({ inputProduct, recurrent, bias, states, vectors, gateVectors, activation, recurrentActivation }) {
    const { inputGain, recurrentGain } = gateVectors;
    const fromInput = normalizedTogether([inputProduct.update, inputProduct.reset]);
    const fromState = normalizedTogether([recurrent.update, recurrent.reset]);
    const [update, reset] = (['update', 'reset'] as const).map((gate, i) =>
      recurrentActivation(add(mul(inputGain[gate], fromInput[i]), mul(recurrentGain[gate], fromState[i]), bias[gate])),
    );
    const shown = add(mul(recurrentGain.candidate, normalized(recurrent.candidate)), vectors.recurrentShift);
    const candidate = activation(
      add(mul(inputGain.candidate, normalized(inputProduct.candidate)), bias.candidate, mul(reset, shown)),
    );
    return { hidden: add(mul(update, states.hidden), mul(sub(1, update), candidate)) };
  },
});
