import { type LongMemoryProblem, problemOf, tenthOf } from './problem.js';

const numKeys = 8;
const numValues = 8;
const numPairs = 4;

/**
 * Associative recall: four steps that show a key and a value each, no key twice; T blanks; one of the four keys again,
 * whose value is the answer. Keys and values are of eight each, so a guess has a crossentropy of ln 8. Who remembers the
 * values but not whose they are still has 1.14. Ba et al. 2016, "Using fast weights to attend to the recent past",
 * section 4.1, with a key beside its value, where the paper shows one after the other, and with blanks before the
 * question.
 */
export function associativeRecall(length: number): LongMemoryProblem {
  const timesteps = numPairs + length + 1;
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
        show(pair, key);
        show(pair, numKeys + value);
        if (pair === asked) expect(0, value);
      }
      show(timesteps - 1, keys[asked]);
      show(timesteps - 1, question);
    },
  });
}
