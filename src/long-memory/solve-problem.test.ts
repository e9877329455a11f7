import { describe, expect, it } from 'vitest';
import { cellNamed } from '../cells/registry.js';
import { currentRandom, type Random, setSeed } from '../random.js';
import { tensor } from '../tensor/tensor.js';
import { longMemoryProblem } from './problems.js';
import { scoreOf, solveProblem } from './solve-problem.js';

const timeless = { msPerStep: 0 };

describe('solveProblem', () => {
  const problem = longMemoryProblem('order', 10);
  const options = { cell: cellNamed('gru'), units: 13, learningRate: 0.02, steps: 1000, seed: 3 };

  it('ends as soon as unseen sequences are below the threshold, and a seed decides everything', async () => {
    const checks: number[] = [];
    const solved = (await solveProblem(problem, { ...options, onCheck: ({ loss }) => checks.push(loss) }))!;
    expect(solved.status).toBe('solved');
    expect(solved.loss).toBeLessThan(problem.solvedAt);
    expect(solved.accuracy).toBeGreaterThan(0.95);
    expect(checks.slice(0, -1).every((loss) => loss >= problem.solvedAt)).toBe(true);
    expect(checks).toHaveLength(solved.steps / 25);
    // 6 features, 3 gates, two biases, 4 classes.
    expect(solved.numParams).toBe(3 * 13 * (6 + 13 + 2) + 14 * 4);
    const again = (await solveProblem(problem, options))!;
    expect({ ...again, ...timeless }).toEqual({ ...solved, ...timeless });
  });

  it('is checked on sequences of another generator than those it learns from', async () => {
    const generators = new Map<number, Set<unknown>>();
    const noted = {
      ...problem,
      batch: (random: Random, batchSize: number) => {
        generators.set(batchSize, (generators.get(batchSize) ?? new Set()).add(random));
        return problem.batch(random, batchSize);
      },
    };
    await solveProblem(noted, { ...options, batchSize: 7, steps: 50 });
    const [[shown], [heldOut], ...others] = [...generators.values()].map((found) => [...found]);
    expect(others).toEqual([]);
    expect(generators.get(7)?.has(heldOut)).toBe(false);
    expect((shown as Random).uniform()).not.toBe((heldOut as Random).uniform());
  });

  it('leaves the generator of the program alone, and does not follow it', async () => {
    const short = { ...options, steps: 25 };
    const draws = async (work: () => Promise<unknown>): Promise<number> => {
      setSeed(8);
      await work();
      return currentRandom().uniform();
    };
    let first: unknown;
    const drawn = await draws(async () => (first = await solveProblem(problem, short)));
    expect(drawn).toBe(await draws(async () => undefined));
    setSeed(9);
    expect({ ...((await solveProblem(problem, short)) as object), ...timeless }).toEqual({
      ...(first as object),
      ...timeless,
    });
  });

  it('takes a cell by its name', async () => {
    const [named, given] = await Promise.all(
      (['gru', cellNamed('gru')] as const).map((cell) => solveProblem(problem, { ...options, cell, steps: 1 })),
    );
    expect({ ...named, ...timeless }).toEqual({ ...given, ...timeless });
  });

  it.each<[string, object, RegExp]>([
    ['a cell that there is not', { cell: 'grv' }, /UNKNOWN_NAME\] solveProblem.*`gru`/],
    ['what is no cell', { cell: {} }, /USAGE\] solveProblem.*no cell/],
    ['a misspelt option', { unit: 5 }, /UNKNOWN_NAME\] solveProblem.*`units`/],
    ['no units', { units: 0 }, /OUT_OF_RANGE\].*`units`/],
    ['a seed that is none', { seed: 'x' }, /OUT_OF_RANGE\].*`seed`/],
    ['attention to a word', { attention: 'yes' }, /`attention`/],
  ])('refuses %s', async (_, wrong, message) => {
    await expect(solveProblem(problem, { ...options, ...wrong })).rejects.toThrow(message);
  });

  it('says when it is not solved in the steps that it has', async () => {
    const short = (await solveProblem(problem, { ...options, steps: 30 }))!;
    expect(short).toMatchObject({ status: 'unsolved', steps: 30 });
    expect(short.loss).toBeGreaterThan(problem.solvedAt);
  });

  it.each(['order', 'reverse', 'parity', 'adding', 'copy'] as const)('lets an answer to %s attend', async (name) => {
    const attending = { ...options, attention: true, layers: 2, units: 5, steps: 2 };
    const outcome = (await solveProblem(longMemoryProblem(name, 11), attending))!;
    expect(Number.isFinite(outcome.loss)).toBe(true);
  });

  it('gives nothing when it is aborted', async () => {
    const controller = new AbortController();
    const ended = solveProblem(problem, { ...options, signal: controller.signal, onCheck: () => controller.abort() });
    expect(await ended).toBeUndefined();
  });

  it('says why it failed where numbers stop being finite', async () => {
    const wild = { ...options, cell: cellNamed('indRNN'), learningRate: 1e30, clipNorm: 1e30 };
    expect(await solveProblem(problem, wild)).toMatchObject({ status: 'failed', loss: null, steps: 0 });
  });
});

describe('scoreOf', () => {
  it('is the mean squared error of numbers', () => {
    const score = scoreOf(longMemoryProblem('adding', 9), { y: tensor([1, 2], [2, 1]) }, tensor([0.5, 4], [2, 1]));
    expect(score).toEqual({ loss: (0.25 + 4) / 2, accuracy: null });
  });

  it('is the crossentropy at all scored steps, and the accuracy at those that need memory', () => {
    const problem = { ...longMemoryProblem('sort', 3), outputs: 2, answerSteps: 2 };
    const shares = [
      [0.25, 0.75],
      [0.75, 0.25],
      [0.5, 0.5],
    ];
    const { loss, accuracy } = scoreOf(problem, { y: tensor([0, 0, 1], [1, 3]) }, tensor(shares.flat(), [1, 3, 2]));
    expect(loss).toBeCloseTo(-(Math.log(0.25) + Math.log(0.75) + Math.log(0.5)) / 3, 6);
    // The first does not count, the second is right, and a draw is no answer.
    expect(accuracy).toBe(0.5);
  });
});
