import { type LongMemoryProblem, problemOf, tenthOf } from './problem.js';

const numDistractors = 4;

/**
 * Temporal order: T symbols, all distractors but two, each an X or a Y, one between T/10 and 2T/10, the other between
 * 5T/10 and 6T/10. The answer is which two in which order, one of four classes: a guess has a crossentropy of ln 4.
 * Hochreiter and Schmidhuber 1997, "Long short-term memory", experiment 6a.
 */
export function temporalOrder(length: number): LongMemoryProblem {
  return problemOf({
    name: 'order',
    length,
    timesteps: length,
    features: numDistractors + 2,
    outputs: 4,
    scoredSteps: 1,
    answerSteps: 1,
    loss: 'sparseCategoricalCrossentropy',
    baseline: Math.log(4),
    chance: 1 / 4,
    solvedAt: tenthOf(Math.log(4)),
    write(random, { show, expect }) {
      const tenth = length / 10;
      const [early, late] = [1, 5].map((from) => Math.floor((from + random.uniform()) * tenth));
      const [first, second] = [random.integer(2), random.integer(2)];
      for (let step = 0; step < length; step++) {
        if (step === early) show(step, numDistractors + first);
        else if (step === late) show(step, numDistractors + second);
        else show(step, random.integer(numDistractors));
      }
      expect(0, 2 * first + second);
    },
  });
}
