import { add, type Expression, mul } from '../expression/build.js';
import { normalized, normalizedTogether } from '../expression/normalized.js';
import { defineCell } from './define-cell.js';

const gates = ['input', 'forget', 'candidate', 'output'] as const;

/**
 * LSTM with layer normalisation: of the products with the input and with the state, each over all gates, and of the
 * cell that the output shows. Ba, Kiros and Hinton 2016, "Layer normalization", eq. 20-22; the shifts of both
 * products are one, the bias.
 */
export const layerNormLSTM = defineCell({
  name: 'layerNormLSTM',
  description: 'LSTM with layer normalisation (Ba et al. 2016)',
  gates,
  states: ['hidden', 'cell'],
  vectors: { cellGain: 'ones', cellBias: 'zeros' },
  gateVectors: { inputGain: 'ones', recurrentGain: 'ones' },
  forgetGates: ['forget'],
  step({ inputProduct, recurrent, bias, states, vectors, gateVectors, activation, recurrentActivation }) {
    const fromInput = normalizedTogether(gates.map((gate) => inputProduct[gate]));
    const fromState = normalizedTogether(gates.map((gate) => recurrent[gate]));
    const [input, forget, candidate, output] = gates.map(
      (gate, i): Expression =>
        add(
          mul(gateVectors.inputGain[gate], fromInput[i]),
          mul(gateVectors.recurrentGain[gate], fromState[i]),
          bias[gate],
        ),
    );
    const cell = add(
      mul(recurrentActivation(forget), states.cell),
      mul(recurrentActivation(input), activation(candidate)),
    );
    const shown = add(mul(vectors.cellGain, normalized(cell)), vectors.cellBias);
    return { hidden: mul(recurrentActivation(output), activation(shown)), cell };
  },
});
