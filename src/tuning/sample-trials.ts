import { RondoError, requireCount } from '../errors.js';
import { Random } from '../random.js';
import { drawValue, numValuesOf, requireSearchSpace, type SearchSpace, type TrialValues } from './search-space.js';

/**
 * Trials drawn from a space, no two alike. Bergstra and Bengio 2012, "Random search for hyper-parameter optimization":
 * where few of several hyper-parameters matter, draws try more values of each than a grid does.
 *
 * The first trials are the same however many are drawn.
 *
 * @throws OUT_OF_RANGE where the space does not have so many different trials; as {@link requireSearchSpace}
 */
export function sampleTrials(space: SearchSpace, count: number, seed: number): TrialValues[] {
  const where = 'sampleTrials';
  requireSearchSpace(where, space);
  requireCount(where, 'count', count);
  const most = Object.values(space).reduce((product, dimension) => product * numValuesOf(dimension), 1);
  if (count > most)
    throw new RondoError('OUT_OF_RANGE', {
      where,
      what: 'the search space does not have so many different trials.',
      expected: `at most ${most}`,
      received: String(count),
      fix: 'ask for fewer trials, or widen the space.',
    });
  const random = new Random(seed, 'trials');
  const trials = new Map<string, TrialValues>();
  // Rounding leaves narrow ranges few values, so that chance alone need not find enough.
  for (let numDraws = 0; trials.size < count; numDraws++) {
    if (numDraws === 1000 * count)
      throw new RondoError('OUT_OF_RANGE', {
        where,
        what: 'the search space has too few trials that differ in four digits.',
        expected: `${count}`,
        received: String(trials.size),
        fix: 'ask for fewer trials, or widen the space.',
      });
    const trial = Object.fromEntries(
      Object.entries(space).map(([name, dimension]) => [name, drawValue(dimension, random)]),
    );
    const key = JSON.stringify(trial);
    if (!trials.has(key)) trials.set(key, trial);
  }
  return [...trials.values()];
}
