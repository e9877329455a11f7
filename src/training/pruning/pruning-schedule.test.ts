import { describe, expect, it } from 'vitest';
import { isPruningStep, type PruningSteps, sparsityShare } from './pruning-schedule.js';

const steps: PruningSteps = { schedule: 'cubic', from: 30, to: 130, every: 7 };

/** Zhu and Gupta 2017, eq. 1: `s_f + (s_i - s_f) (1 - (t - t_0) / (n dt))^3`. */
function ofPaper(t: number, { s_i, s_f, t_0, n, dt }: Record<'s_i' | 's_f' | 't_0' | 'n' | 'dt', number>): number {
  return s_f + (s_i - s_f) * (1 - (t - t_0) / (n * dt)) ** 3;
}

describe('the cubic schedule', () => {
  it('has the values of the formula of its paper', () => {
    for (const t of [30, 37, 55, 99, 129, 130])
      expect(0.9 * sparsityShare(t, steps)).toBeCloseTo(
        ofPaper(t, { s_i: 0, s_f: 0.9, t_0: 30, n: 100 / 7, dt: 7 }),
        12,
      );
    expect(0.9 * sparsityShare(80, steps)).toBeCloseTo(0.7875, 12);
  });

  it('is 0 before it begins, and whole from its end on', () => {
    expect([0, 29, 30].map((step) => sparsityShare(step, steps))).toEqual([0, 0, 0]);
    expect([130, 131, 5000].map((step) => sparsityShare(step, steps))).toEqual([1, 1, 1]);
  });

  it('prunes every so many steps, and at the end in any case', () => {
    const at = Array.from({ length: 200 }, (_, step) => step).filter((step) => isPruningStep(step, steps));
    expect(at).toEqual([30, 37, 44, 51, 58, 65, 72, 79, 86, 93, 100, 107, 114, 121, 128, 130]);
  });
});

describe('one shot', () => {
  it('prunes once, all at once', () => {
    const once: PruningSteps = { schedule: 'oneShot', from: 30, to: 30, every: 1 };
    const at = Array.from({ length: 200 }, (_, step) => step).filter((step) => isPruningStep(step, once));
    expect(at).toEqual([30]);
    expect([29, 30, 31].map((step) => sparsityShare(step, once))).toEqual([0, 1, 1]);
  });
});
