import { type LongMemoryProblem, problemOf, tenthOf } from './problem.js';

const numSymbols = 8;
const numCopied = 10;

/**
 * The copying memory problem: ten symbols of eight, T - 1 blanks, a mark, ten more blanks, at which the symbols are to
 * be said again in their order; before that the answer is blank. All T + 20 steps count, so that guessing the symbols
 * has a crossentropy of 10 ln 8 / (T + 20). Hochreiter and Schmidhuber 1997 in the form of Arjovsky et al. 2016,
 * "Unitary evolution recurrent neural networks", section 5.1.
 */
export function copyMemory(length: number): LongMemoryProblem {
  const timesteps = length + 2 * numCopied;
  const [blank, mark] = [0, numSymbols + 1];
  const baseline = (numCopied * Math.log(numSymbols)) / timesteps;
  return problemOf({
    name: 'copy',
    length,
    timesteps,
    features: numSymbols + 2,
    outputs: numSymbols + 1,
    scoredSteps: timesteps,
    answerSteps: numCopied,
    loss: 'sparseCategoricalCrossentropy',
    baseline,
    chance: 1 / numSymbols,
    solvedAt: tenthOf(baseline),
    write(random, { show, expect }) {
      const asked = timesteps - numCopied;
      for (let step = 0; step < timesteps; step++) {
        if (step < numCopied) {
          const symbol = 1 + random.integer(numSymbols);
          show(step, symbol);
          expect(asked + step, symbol);
        } else show(step, step === asked - 1 ? mark : blank);
      }
    },
  });
}
