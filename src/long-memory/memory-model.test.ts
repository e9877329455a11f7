import { expect, it } from 'vitest';
import { cellNamed } from '../cells/registry.js';
import { Random, setSeed } from '../random.js';
import { type Tensor, tensor } from '../tensor/tensor.js';
import { memoryModel } from './memory-model.js';
import { type LongMemoryProblemName, longMemoryProblem } from './problems.js';
import { solveProblem } from './solve-problem.js';

/** Answers of a net that attends, and those where the sequences end otherwise from a step on. */
async function answersOf(name: LongMemoryProblemName, length: number, from: number): Promise<Tensor[]> {
  setSeed(2);
  const problem = longMemoryProblem(name, length);
  const model = memoryModel(problem, { cell: cellNamed('gru'), attention: true, units: 5, layers: 1 });
  const { x } = problem.batch(new Random(1), 3);
  const other = Array.from(x.dataSync(), (value, i) =>
    Math.floor(i / problem.features) % problem.timesteps < from ? value : 1 - value,
  );
  return Promise.all([x, tensor(other, x.shape)].map(async (given) => (await model.predict(given)) as Tensor));
}

it.each<[LongMemoryProblemName, number, number]>([
  ['parity', 7, 4],
  // The ten steps that need memory attend to all others; those before them attend to nothing.
  ['copy', 3, 13],
])('answers %s at each step without what comes later', async (name, length, from) => {
  const [given, other] = await answersOf(name, length, from);
  const [, timesteps, classes] = given.shape;
  const row = (answers: Tensor, sequence: number, start: number, end: number): number[] =>
    Array.from(answers.dataSync()).slice(
      (sequence * timesteps + start) * classes,
      (sequence * timesteps + end) * classes,
    );
  for (const sequence of [0, 1, 2]) {
    expect(row(given, sequence, 0, from)).toEqual(row(other, sequence, 0, from));
    expect(row(given, sequence, from, timesteps)).not.toEqual(row(other, sequence, from, timesteps));
  }
});

it('reverses in few steps where answers attend, and not without', async () => {
  const problem = longMemoryProblem('reverse', 6);
  const options = { cell: 'lstm', units: 16, learningRate: 0.02, steps: 300, seed: 0 } as const;
  const outcomes = await Promise.all(
    [true, false].map((attention) => solveProblem(problem, { ...options, attention })),
  );
  expect(outcomes.map((outcome) => outcome?.status)).toEqual(['solved', 'unsolved']);
});
