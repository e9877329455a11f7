import { describe, expect, it } from 'vitest';
import { pendingRuns, type RunResult, rankTrials } from './search-state.js';
import { halvingRungs } from './successive-halving.js';

const pairs = (trials: number, epochs: number, eta?: number) =>
  halvingRungs({ trials, epochs, eta }).map(({ numTrials, epochs: own }) => [numTrials, own]);

describe('halvingRungs', () => {
  it('has the rungs of Li et al. 2018, table 1 (R = 81, eta = 3, the bracket s = 4)', () => {
    expect(pairs(81, 81)).toEqual([
      [81, 1],
      [27, 3],
      [9, 9],
      [3, 27],
      [1, 81],
    ]);
  });
  it('halves as Jamieson and Talwalkar 2016 for eta = 2, each rung at the same cost', () => {
    const rungs = pairs(16, 32, 2);
    expect(rungs).toEqual([
      [16, 2],
      [8, 4],
      [4, 8],
      [2, 16],
      [1, 32],
    ]);
    expect(new Set(rungs.map(([numTrials, epochs]) => numTrials * epochs))).toEqual(new Set([32]));
  });
  it('has as many rungs as trials and epochs allow', () => {
    expect(pairs(27, 9)).toEqual([
      [27, 1],
      [9, 3],
      [3, 9],
    ]);
    expect(pairs(16, 6)).toEqual([
      [16, 2],
      [5, 6],
    ]);
    expect(pairs(2, 100)).toEqual([[2, 100]]);
    expect(pairs(243, 243)).toHaveLength(6);
    expect(() => pairs(9, 9, 1)).toThrow('a whole number of at least 2');
  });
});

describe('a search', () => {
  const plan = { rungs: halvingRungs({ trials: 9, epochs: 9 }), better: 'lower' } as const;
  const ended = (rung: number, scores: readonly (number | null)[], trials = scores.map((_, i) => i)): RunResult[] =>
    scores.map((score, i) => ({ trial: trials[i], rung, score }));
  const first = ended(0, [5, 1, 8, 3, 3, 9, null, 2, 7]);

  it('waits for a whole rung, then lets the best go on', () => {
    expect(pendingRuns(plan, [])).toHaveLength(9);
    expect(pendingRuns(plan, first.slice(1))).toEqual([{ trial: 0, rung: 0 }]);
    // Trials 1, 7, then 3 before 4, which has the same score.
    expect(pendingRuns(plan, first)).toEqual([1, 3, 7].map((trial) => ({ trial, rung: 1 })));
    const second = [...first, ...ended(1, [4, 2, 3], [1, 3, 7])];
    expect(pendingRuns(plan, second)).toEqual([{ trial: 3, rung: 2 }]);
    expect(pendingRuns(plan, [...second, ...ended(2, [1], [3])])).toEqual([]);
  });

  it('does not depend on the order in which runs end', () => {
    expect(pendingRuns(plan, [...first].reverse())).toEqual(pendingRuns(plan, first));
  });

  it('prefers higher scores where those are better', () => {
    expect(pendingRuns({ ...plan, better: 'higher' }, first).map(({ trial }) => trial)).toEqual([2, 5, 8]);
  });

  it('goes on with fewer where runs failed, and ends where all did', () => {
    expect(pendingRuns(plan, ended(0, [null, 4, null, null, null, null, null, null, null]))).toEqual([
      { trial: 1, rung: 1 },
    ]);
    expect(pendingRuns(plan, ended(0, new Array<null>(9).fill(null)))).toEqual([]);
  });

  it('ranks what came further first, and what failed last', () => {
    const results = [...first, ...ended(1, [4, 2, null], [1, 3, 7]), ...ended(2, [6], [3])];
    expect(rankTrials('lower', results).map(({ trial }) => trial)).toEqual([3, 1, 4, 0, 8, 2, 5, 7, 6]);
  });
});
