import { type LongMemoryProblem, problemOf, tenthOf } from './problem.js';

const numKeys = 8;
const numValues = 8;
const numPairs = 4;

/**
 * Associative recall: four pairs of a key and a value, no key twice; T blanks; one of the four keys again, whose value
 * is the answer. Keys and values are of eight each, so a guess has a crossentropy of ln 8. Ba et al. 2016, "Using fast
 * weights to attend to the recent past", section 4.1, with blanks before the question.
 */
export function associativeRecall(length: number): LongMemoryProblem {
  const timesteps = 2 * numPairs + length + 1;
  const question = numKeys + numValues;
  return problemOf({
    name: 'recall',
    length,
    timesteps,
    features: numKeys + numValues + 1,
    outputs: numValues,
    scoredSteps: 1,
    answerSteps: 1,
    loss: 'sparseCategoricalCrossentropy',
    baseline: Math.log(numValues),
    chance: 1 / numValues,
    solvedAt: tenthOf(Math.log(numValues)),
    write(random, { show, expect }) {
      const keys = random.shuffle(Array.from({ length: numKeys }, (_, key) => key)).slice(0, numPairs);
      const asked = random.integer(numPairs);
      for (const [pair, key] of keys.entries()) {
        const value = random.integer(numValues);
        show(2 * pair, key);
        show(2 * pair + 1, numKeys + value);
        if (pair === asked) expect(0, value);
      }
      show(timesteps - 1, keys[asked]);
      show(timesteps - 1, question);
    },
  });
}
