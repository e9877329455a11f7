import { type LongMemoryProblem, problemOf, tenthOf } from './problem.js';

const numSymbols = 8;

/**
 * Sorting: T symbols of eight, then T steps with a mark, at which they are to be said in order, equal ones beside each
 * other. The best guess knows how often each symbol stands at each place of a sorted row. In the manner of the priority
 * sort of Graves et al. 2014, "Neural Turing machines", section 4.5.
 */
export function sorting(length: number): LongMemoryProblem {
  const places = sortedPlaces(length);
  return rearranging(
    'sort',
    length,
    (symbols) => symbols.sort((a, b) => a - b),
    mean(places.map((shares) => shares.reduce((sum, share) => sum - (share > 0 ? share * Math.log(share) : 0), 0))),
    mean(places.map((shares) => Math.max(...shares))),
  );
}

/**
 * Reversing: T symbols of eight, then T steps with a mark, at which they are to be said from the last to the first. A
 * guess has a crossentropy of ln 8. Grefenstette et al. 2015, "Learning to transduce with unbounded memory", section
 * 4.1.
 */
export function reversing(length: number): LongMemoryProblem {
  return rearranging('reverse', length, (symbols) => symbols.reverse(), Math.log(numSymbols), 1 / numSymbols);
}

function rearranging(
  name: string,
  length: number,
  rearranged: (symbols: number[]) => readonly number[],
  baseline: number,
  chance: number,
): LongMemoryProblem {
  return problemOf({
    name,
    length,
    timesteps: 2 * length,
    features: numSymbols + 1,
    outputs: numSymbols,
    scoredSteps: length,
    answerSteps: length,
    loss: 'sparseCategoricalCrossentropy',
    baseline,
    chance,
    solvedAt: tenthOf(baseline),
    write(random, { show, expect }) {
      const symbols = Array.from({ length }, () => random.integer(numSymbols));
      for (const [step, symbol] of symbols.entries()) {
        show(step, symbol);
        show(length + step, numSymbols);
      }
      for (const [step, symbol] of rearranged(symbols).entries()) expect(step, symbol);
    },
  });
}

/**
 * How often each symbol stands at each place of a sorted row. A symbol up to s stands there where more than `place` of
 * the symbols are up to s, which is a tail of a binomial distribution.
 */
function sortedPlaces(length: number): number[][] {
  const upTo = Array.from({ length: numSymbols }, (_, symbol) =>
    symbol === numSymbols - 1 ? Array<number>(length).fill(1) : binomialTails(length, (symbol + 1) / numSymbols),
  );
  return Array.from({ length }, (_, place) =>
    upTo.map((shares, symbol) => Math.max(0, shares[place] - (symbol === 0 ? 0 : upTo[symbol - 1][place]))),
  );
}

/** The chances of more than 0, 1, ... `count - 1` successes in `count` trials of chance `share`. */
function binomialTails(count: number, share: number): number[] {
  let logTerm = count * Math.log(1 - share);
  let below = 0;
  return Array.from({ length: count }, (_, successes) => {
    below += Math.exp(logTerm);
    logTerm += Math.log(((count - successes) * share) / ((successes + 1) * (1 - share)));
    return Math.max(0, 1 - below);
  });
}

function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}
