import { describe, expect, it } from 'vitest';
import { Random } from '../random.js';
import type { LongMemoryProblem } from './problem.js';
import { type LongMemoryProblemName, longMemoryProblem, longMemoryProblems } from './problems.js';

const names = Object.keys(longMemoryProblems) as LongMemoryProblemName[];

interface Drawn {
  /** `[sequence][step][feature]`. */
  readonly x: readonly (readonly (readonly number[])[])[];
  /** `[sequence][scored step]`. */
  readonly y: readonly (readonly number[])[];
}

function drawn(problem: LongMemoryProblem, count: number, seed = 3): Drawn {
  const { x, y } = problem.batch(new Random(seed), count);
  const { timesteps, features, scoredSteps } = problem;
  const [shown, answers] = [[...x.dataSync()], [...y.dataSync()]];
  return {
    x: Array.from({ length: count }, (_, row) =>
      Array.from({ length: timesteps }, (_, step) => {
        const from = (row * timesteps + step) * features;
        return shown.slice(from, from + features);
      }),
    ),
    y: Array.from({ length: count }, (_, row) => answers.slice(row * scoredSteps, (row + 1) * scoredSteps)),
  };
}

/** The place of the only one in a row of zeros, from a feature on. */
const hot = (step: readonly number[]): number => step.indexOf(1);

/** Answers worked out from what is shown alone, at length 13. */
const answerOf: Readonly<Record<LongMemoryProblemName, (x: Drawn['x'][number]) => number[]>> = {
  adding: (x) => [x.reduce((sum, [value, mark]) => sum + value * mark, 0)],
  copy: (x) => [...Array(13 + 10).fill(0), ...x.slice(0, 10).map(hot)],
  parity: (x) => x.map((_, step) => x.slice(0, step + 1).filter(([bit]) => bit === 1).length % 2),
  sort: (x) => x.slice(0, 13).map(hot).sort(),
  reverse: (x) => x.slice(0, 13).map(hot).reverse(),
  recall: (x) => [
    x
      .slice(0, 4)
      .find((step) => hot(step) === hot(x[17]))!
      .indexOf(1, 8) - 8,
  ],
  order: (x) => {
    const [first, second] = x.map(hot).filter((symbol) => symbol >= 4);
    return [['4,4', '4,5', '5,4', '5,5'].indexOf([first, second].join())];
  },
};

describe('a problem of long memory', () => {
  it.each(names)('%s has the shapes that it says, and features and classes within them', (name) => {
    for (const length of [longMemoryProblems[name].leastLength, 13]) {
      const problem = longMemoryProblem(name, length);
      const { x, y } = problem.batch(new Random(1), 3);
      expect(x.shape).toEqual([3, problem.timesteps, problem.features]);
      const isNumber = problem.loss === 'meanSquaredError';
      expect(y.shape).toEqual(isNumber || problem.scoredSteps > 1 ? [3, problem.scoredSteps] : [3]);
      if (!isNumber) expect([...y.dataSync()].every((answer) => answer >= 0 && answer < problem.outputs)).toBe(true);
      expect(problem.name).toBe(name);
    }
  });

  it.each(names)('%s expects what an independent rule says', (name) => {
    const { x, y } = drawn(longMemoryProblem(name, 13), 200);
    for (const [row, sequence] of x.entries())
      for (const [step, answer] of answerOf[name](sequence).entries()) expect(y[row][step]).toBeCloseTo(answer, 5);
    expect(answerOf[name](x[0])).toHaveLength(y[0].length);
  });

  it.each(names)('%s draws the same sequences for a seed, and no sequence of another seed', (name) => {
    const problem = longMemoryProblem(name, 40);
    const texts = (seed: number): string[] => drawn(problem, 50, seed).x.map((sequence) => JSON.stringify(sequence));
    expect(texts(3)).toEqual(texts(3));
    expect(new Set([...texts(3), ...texts(4)]).size).toBe(100);
    const random = new Random(3);
    const twice = [problem.batch(random, 25), problem.batch(random, 25)].flatMap(({ x }) => [...x.dataSync()]);
    expect(twice).toEqual([...problem.batch(new Random(3), 50).x.dataSync()]);
  });

  it.each(names)('%s has the baseline that its formula says: answers by place, without looking', (name) => {
    const problem = longMemoryProblem(name, 13);
    const count = 6000;
    const { y } = drawn(problem, count);
    const places = Array.from({ length: problem.scoredSteps }, (_, place) => y.map((answers) => answers[place]));
    const mean = (values: readonly number[]): number => values.reduce((sum, value) => sum + value, 0) / values.length;
    if (problem.loss === 'meanSquaredError') {
      expect(mean(places[0].map((value) => (value - 1) ** 2))).toBeCloseTo(problem.baseline, 2);
      return;
    }
    const shares = places.map((answers) =>
      Array.from({ length: problem.outputs }, (_, one) => answers.filter((answer) => answer === one).length / count),
    );
    const entropies = shares.map((own) =>
      own.reduce((sum, share) => sum - (share > 0 ? share * Math.log(share) : 0), 0),
    );
    // A share of 6000 draws deviates by 0.0065 at most, the entropy of eight by less than a tenth of that.
    expect(Math.abs(mean(entropies) - problem.baseline)).toBeLessThan(0.004);
    const best = shares.slice(-problem.answerSteps).map((own) => Math.max(...own));
    expect(Math.abs(mean(best) - problem.chance!)).toBeLessThan(0.015);
  });

  it('has the figures of the literature', () => {
    expect(longMemoryProblem('adding', 750).baseline).toBeCloseTo(0.167, 3);
    expect(longMemoryProblem('copy', 500).baseline).toBeCloseTo((10 * Math.log(8)) / 520, 12);
    expect(longMemoryProblem('copy', 500).timesteps).toBe(520);
  });

  it('shows the mark of copy at the step before the answers, and blanks around it', () => {
    const [sequence] = drawn(longMemoryProblem('copy', 13), 1).x;
    expect(sequence.slice(10).map(hot)).toEqual([...Array(12).fill(0), 9, ...Array(10).fill(0)]);
  });

  it('marks one number in either half, and one symbol of order in its tenth', () => {
    for (const sequence of drawn(longMemoryProblem('adding', 11), 300).x) {
      const marks = sequence.flatMap(([, mark], step) => (mark === 1 ? [step] : []));
      expect(marks.map((step) => step < 5)).toEqual([true, false]);
    }
    const seen = new Set<number>();
    for (const sequence of drawn(longMemoryProblem('order', 40), 300).x)
      for (const [step, symbol] of sequence.map(hot).entries()) if (symbol >= 4) seen.add(step);
    expect([...seen].sort((a, b) => a - b)).toEqual([4, 5, 6, 7, 20, 21, 22, 23]);
  });

  it('refuses what has no room for it, and suggests the nearest name', () => {
    expect(() => longMemoryProblem('order', 9)).toThrow(/^\[OUT_OF_RANGE\]/);
    expect(() => longMemoryProblem('copi' as 'copy', 9)).toThrow(/did you mean `copy`/);
  });
});

describe('longMemoryProblems', () => {
  it('have no problem without room', () => {
    expect(() => longMemoryProblems.order.at(3)).toThrow('[OUT_OF_RANGE] longMemoryProblems.order.at');
    expect(() => longMemoryProblem('order', 3)).toThrow('[OUT_OF_RANGE] longMemoryProblem:');
  });

  it('have rows of as many symbols as are to be sorted', () => {
    // Equal ones fill an eighth each: a guess is wrong where one ends and the next begins.
    const { baseline, chance } = longMemoryProblem('sort', 100_000);
    expect(baseline).toBeLessThan(0.05);
    expect(chance).toBeGreaterThan(0.98);
    expect(chance).toBeLessThan(1);
  });
});
