import { RondoError, refuseUnknownOptions, requireNumber, unknownName } from '../errors.js';
import { describeShape, sizeOf } from '../shape.js';
import type { Initializer } from './initializer.js';

/** Options of {@link chrono}. */
export interface ChronoOptions {
  /** The longest dependence in the data, in time steps: at least 3. */
  maxTimesteps: number;
  /** Gates that keep the state where they are open. Default `forget`; for a GRU `update`. */
  forgetGates?: readonly string[] | undefined;
  /** Gates that let new input in. Default `input` where the cell has such a gate. */
  inputGates?: readonly string[] | undefined;
}

/**
 * Biases of gates such that the units forget over times spread between 1 and `maxTimesteps`: with u uniform in
 * [1, maxTimesteps - 1), the forget gate's bias is log(u), the input gate's -log(u) of the same unit, others are 0. Of
 * a bias `[2, gates * units]` only the first row is set. Use it with `unitForgetBias: false`. Tallec and Ollivier 2018,
 * "Can recurrent neural networks warp time?", eq. 16.
 *
 * @throws OUT_OF_RANGE, USAGE without options; when used: USAGE for a weight without gates, UNKNOWN_NAME for a gate
 * that the cell lacks.
 */
export function chrono(options?: ChronoOptions): Initializer {
  if (options === undefined) {
    throw new RondoError('USAGE', {
      where: 'chrono',
      what: 'the initializer needs the longest dependence in the data.',
      expected: 'chrono({ maxTimesteps })',
      fix: 'give it as an object with `maxTimesteps` instead of by name.',
    });
  }
  refuseUnknownOptions('chrono', options, ['maxTimesteps', 'forgetGates', 'inputGates']);
  const { maxTimesteps, forgetGates = ['forget'] } = options;
  requireNumber('chrono', 'maxTimesteps', maxTimesteps, 'a number of at least 3', (v) => v >= 3);
  const config = { maxTimesteps, forgetGates, inputGates: options.inputGates };
  return {
    name: 'chrono',
    getConfig: () => ({ name: 'chrono', config }),
    values: (shape, random, role) => {
      const gates = role?.gates;
      const width = shape.at(-1) ?? 0;
      if (gates === undefined || width % gates.length !== 0) {
        throw new RondoError('USAGE', {
          where: 'chrono',
          what: 'the weight has no gates.',
          expected: 'the bias of a recurrent layer',
          received: describeShape(shape),
          fix: 'use it as the biasInitializer of a recurrent layer.',
        });
      }
      const inputGates = options.inputGates ?? (gates.includes('input') ? ['input'] : []);
      const missing = [...forgetGates, ...inputGates].find((gate) => !gates.includes(gate));
      if (missing !== undefined) throw unknownName('chrono', 'gate', missing, gates);
      const units = width / gates.length;
      const result = new Float64Array(sizeOf(shape));
      for (let unit = 0; unit < units; unit++) {
        const bias = Math.log(1 + (maxTimesteps - 2) * random.uniform());
        for (const gate of forgetGates) result[gates.indexOf(gate) * units + unit] = bias;
        for (const gate of inputGates) result[gates.indexOf(gate) * units + unit] = -bias;
      }
      return result;
    },
  };
}
