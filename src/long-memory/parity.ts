import { type LongMemoryProblem, problemOf, tenthOf } from './problem.js';

/**
 * Parity: T random bits; at every step the answer is whether an odd number of ones was seen so far. A bit that is
 * forgotten makes every later answer a guess, with a crossentropy of ln 2. The state has to be changed by what is read,
 * which recurrences that are linear in their state with factors between 0 and 1 cannot do: Grazzi et al. 2025,
 * "Unlocking state-tracking in linear RNNs through negative eigenvalues", section 4.
 */
export function parity(length: number): LongMemoryProblem {
  return problemOf({
    name: 'parity',
    length,
    timesteps: length,
    features: 1,
    outputs: 2,
    scoredSteps: length,
    answerSteps: length,
    loss: 'sparseCategoricalCrossentropy',
    baseline: Math.LN2,
    chance: 1 / 2,
    solvedAt: tenthOf(Math.LN2),
    write(random, { show, expect }) {
      let isOdd = 0;
      for (let step = 0; step < length; step++) {
        const bit = random.integer(2);
        show(step, 0, bit);
        isOdd ^= bit;
        expect(step, isOdd);
      }
    },
  });
}
