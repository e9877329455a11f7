import { describe, expect, it } from 'vitest';
import { expectClose } from '../../test/support/close.js';
import { readVectors } from '../../test/support/vectors.js';
import * as schedules from './schedules.js';

interface ScheduleVector {
  readonly schedule?: string;
  readonly config: Record<string, unknown>;
  readonly steps: number[];
  readonly expected: { readonly learningRates: number[] };
}

const vectors = readVectors<ScheduleVector>('optimizers').filter(({ schedule }) => schedule !== undefined);
const rates = (schedule: schedules.Schedule, steps: number[]): number[] => steps.map((step) => schedule.at(step));

describe('schedules', () => {
  it('have vectors in Keras where Keras has them', () => {
    expect([...new Set(vectors.map(({ schedule }) => schedule))].sort()).toEqual([
      'cosineDecay',
      'exponentialDecay',
      'piecewiseConstantDecay',
    ]);
  });

  it.each(vectors.map((vector) => [vector.file, vector] as const))(
    '%s agrees with Keras',
    (_, { schedule, config, steps, expected }) => {
      expectClose(
        rates(schedules.scheduleFromConfig({ name: schedule!, config }), steps),
        expected.learningRates,
        1e-15,
        'rates',
      );
    },
  );

  it('restarts the cosine after periods that grow and start lower', () => {
    const schedule = schedules.cosineDecayRestarts({
      initialLearningRate: 0.1,
      firstDecaySteps: 4,
      tMul: 2,
      mMul: 0.5,
      alpha: 0.1,
    });
    const low = 0.01;
    const expected = [0.1, low + 0.09 / 2, 0.055, low + 0.045 / 2, low + 0.0225];
    expectClose(rates(schedule, [0, 2, 4, 8, 12]), expected, 1e-15, 'rates');
    expect(schedule.at(3)).toBeLessThan(schedule.at(4));
    expectClose(
      rates(schedules.cosineDecayRestarts({ initialLearningRate: 1, firstDecaySteps: 3, tMul: 1 }), [0, 3, 6, 7]),
      [1, 1, 1, 0.75],
      1e-15,
      'equal periods',
    );
    // A warm-up belongs to the first period: the cosine takes the other three of its five batches.
    expectClose(
      rates(
        schedules.cosineDecayRestarts({ initialLearningRate: 1, firstDecaySteps: 5, warmupSteps: 2 }),
        [0, 1, 2, 3, 5, 10],
      ),
      [0.01, 0.505, 1, 0.75, 1, 0.5],
      1e-15,
      'with a warm-up',
    );
  });

  it('rises to the top of one cycle and falls to its end', () => {
    const schedule = schedules.oneCycle({
      maxLearningRate: 0.5,
      totalSteps: 101,
      warmupFraction: 21 / 101,
      divFactor: 10,
      finalDivFactor: 100,
    });
    // Top at step 20, end at step 100; half way of a cosine is the mean of its ends.
    expectClose(
      rates(schedule, [0, 10, 20, 60, 100, 140]),
      [0.05, 0.275, 0.5, (0.5 + 0.0005) / 2, 0.0005, 0.0005],
      1e-14,
      'rates',
    );
  });

  it('warms up evenly and hands over to the schedule that follows', () => {
    const then = schedules.exponentialDecay({ initialLearningRate: 0.8, decaySteps: 2, decayRate: 0.25 });
    expectClose(
      rates(schedules.linearWarmup({ warmupSteps: 3, then }), [0, 1, 2, 3, 4, 5]),
      [0.2, 0.4, 0.6, 0.8, 0.4, 0.2],
      1e-15,
      'rates',
    );
    expectClose(
      rates(schedules.linearWarmup({ warmupSteps: 1, then: 0.3 }), [0, 1, 9]),
      [0.15, 0.3, 0.3],
      1e-15,
      'then a number',
    );
  });

  it('are stored and made again by name and options', () => {
    const chosen = [
      schedules.linearWarmup({ warmupSteps: 3, then: schedules.oneCycle({ maxLearningRate: 0.1, totalSteps: 10 }) }),
      schedules.cosineDecay({ initialLearningRate: 0.1, decaySteps: 5 }),
      schedules.cosineDecayRestarts({ initialLearningRate: 0.1, firstDecaySteps: 4 }),
      schedules.scheduleFromConfig(0.02),
    ];
    for (const schedule of chosen) {
      const stored = JSON.parse(JSON.stringify(schedule.getConfig())) as schedules.ScheduleLike;
      const again = schedules.scheduleFromConfig(stored);
      expect(rates(again, [0, 1, 5, 20])).toEqual(rates(schedule, [0, 1, 5, 20]));
      expect(again.getConfig()).toEqual(schedule.getConfig());
    }
  });

  it('refuse what they cannot use, and say what would do', () => {
    expect(() => schedules.scheduleFromConfig('cosinDecay')).toThrow(/did you mean `cosineDecay`/);
    expect(() => schedules.scheduleFromConfig('cosineDecay')).toThrow(
      /^\[USAGE\] cosineDecay: the schedule needs `initialLearningRate` and `decaySteps`/,
    );
    expect(() => schedules.scheduleFromConfig(-1)).toThrow(/^\[OUT_OF_RANGE\]/);
    expect(() => schedules.exponentialDecay({ initialLearningRate: 0.1, decaySteps: 0, decayRate: 0.5 })).toThrow(
      /`decaySteps`/,
    );
    expect(() => schedules.piecewiseConstantDecay({ boundaries: [3, 2], values: [1, 2, 3] })).toThrow(
      /boundaries that increase/,
    );
    expect(() => schedules.piecewiseConstantDecay({ boundaries: [3], values: [1] })).toThrow(/one value more/);
    expect(() => schedules.cosineDecay({ initialLearningRate: 0.1, decaySteps: 5, warmupSteps: 2 })).toThrow(
      /both warmupTarget and warmupSteps/,
    );
    expect(() =>
      schedules.oneCycle({ maxLearningRate: 0.1, totalSteps: 10, pctStart: 0.3 } as schedules.OneCycleOptions),
    ).toThrow(/unknown option `pctStart`/);
  });
});
