import { type LongMemoryProblem, problemOf } from './problem.js';

/**
 * The adding problem: T random numbers in [0, 1), two of them marked, one in either half; the answer is their sum.
 * Always answering 1 has a mean squared error of 1/6, the variance of the sum. Solved below 0.01. Hochreiter and
 * Schmidhuber 1997, "Long short-term memory", experiment 4, with numbers in [0, 1) and one length for all as in Le et
 * al. 2015, "A simple way to initialize recurrent networks of rectified linear units", section 4.1, and marks as in
 * Arjovsky et al. 2016, "Unitary evolution recurrent neural networks", section 5.2.
 */
export function adding(length: number): LongMemoryProblem {
  const half = length >> 1;
  return problemOf({
    name: 'adding',
    length,
    timesteps: length,
    features: 2,
    outputs: 1,
    scoredSteps: 1,
    answerSteps: 1,
    loss: 'meanSquaredError',
    baseline: 1 / 6,
    chance: undefined,
    solvedAt: 0.01,
    write(random, { show, expect }) {
      const marked = [random.integer(half), half + random.integer(length - half)];
      let sum = 0;
      for (let step = 0; step < length; step++) {
        const value = random.uniform();
        show(step, 0, value);
        if (marked.includes(step)) {
          show(step, 1);
          sum += value;
        }
      }
      expect(0, sum);
    },
  });
}
