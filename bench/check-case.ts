import { type BackendName, RondoError, useBackend } from '../src/index.js';
import { CaseModel } from './case-model.js';
import type { BenchCase } from './cases.js';

/** Sizes that differ from each other and are no multiples of four, with columns in several tiles and a rest. */
const small = { batch: 9, timesteps: 6, features: 19, units: 37 } as const;

/**
 * Outputs and gradients may differ from the float64 reference by what rounding each product and activation to float32
 * gives over a few steps; both are below 1 in size here.
 */
const TOLERANCE = 2e-5;

/**
 * Runs a small copy of a case on the reference and on another backend, and compares losses, gradients or outputs.
 *
 * @returns the largest difference, relative to the largest value of each array.
 * @throws INTERNAL when it is above what rounding explains.
 */
export function checkAgainstReference(benchCase: BenchCase, backend: BackendName): number {
  const copy: BenchCase = {
    ...benchCase,
    ...small,
    ...(benchCase.timesteps === 1 ? { timesteps: 1, batch: 1 } : {}),
    ...(benchCase.numWords === undefined ? {} : { numWords: 23 }),
    ...(benchCase.shortestLength === undefined ? {} : { shortestLength: 2 }),
  };
  const results = (name: BackendName): readonly ArrayLike<number>[] => {
    useBackend(name);
    const model = new CaseModel(copy);
    return copy.mode === 'train' ? model.lossAndGradients() : [model.infer(), model.infer()];
  };
  const expected = results('reference');
  const received = results(backend);
  const largest = Math.max(...expected.map((values, i) => largestDifference(values, received[i])));
  if (largest <= TOLERANCE) return largest;
  throw new RondoError('INTERNAL', {
    where: `bench ${benchCase.name}`,
    what: `the backend \`${backend}\` does not compute what the reference computes, so that its speed means nothing.`,
    expected: `a difference of at most ${TOLERANCE}`,
    received: String(largest),
    fix: 'report this with the processor and the Node version.',
  });
}

/** The largest difference, relative to the largest expected value; infinite where something is not finite. */
export function largestDifference(expected: ArrayLike<number>, received: ArrayLike<number>): number {
  if (expected.length !== received.length) return Infinity;
  let scale = 1e-30;
  let difference = 0;
  for (let i = 0; i < expected.length; i++) {
    scale = Math.max(scale, Math.abs(expected[i]));
    const distance = Math.abs(expected[i] - received[i]);
    if (!Number.isFinite(distance)) return Infinity;
    difference = Math.max(difference, distance);
  }
  return difference / scale;
}
