import { describe, expect, test } from 'vitest';
import { libraryCells, useBackend } from '../src/index.js';
import { CaseModel } from './case-model.js';
import { benchCases, caseNamed, lengthsOf, numTokensOf, operationsOf } from './cases.js';
import { checkAgainstReference, largestDifference } from './check-case.js';
import { runCase } from './run-case.js';

describe('the cases of the benchmark', () => {
  test('hold a training row and an inference row of every cell of the library', () => {
    const rows = benchCases.map(({ cell, mode }) => `${cell} ${mode}`);
    for (const { name } of libraryCells)
      for (const mode of ['train', 'infer']) expect(rows).toContain(`${name} ${mode}`);
  });

  test('have names of their own', () => {
    expect(new Set(benchCases.map(({ name }) => name)).size).toBe(benchCases.length);
  });

  test('count the operations of their products, three times for training', () => {
    const sizes = { batch: 3, timesteps: 5, features: 7, units: 11, layers: 2 };
    expect(operationsOf({ name: '', cell: 'lstm', mode: 'infer', ...sizes })).toBe(
      15 * 2 * 4 * 11 * (7 + 11 + 11 + 11),
    );
    expect(operationsOf({ name: '', cell: 'lstm', mode: 'train', ...sizes })).toBe(
      3 * 15 * 2 * 4 * 11 * (7 + 11 + 11 + 11),
    );
    // A projection of 6 of 11 units, which the gates and the next layer see.
    expect(operationsOf({ name: '', cell: 'lstmp', mode: 'infer', ...sizes })).toBe(
      15 * 2 * (4 * 11 * (7 + 6 + 6 + 6) + 2 * 11 * 6),
    );
    expect(operationsOf({ name: '', cell: 'minGRU', mode: 'infer', ...sizes })).toBe(15 * 2 * 2 * 11 * (7 + 11));
  });

  test('count both directions, the products over words, and only steps that are no padding', () => {
    const sizes = {
      name: '',
      cell: 'simple',
      mode: 'infer',
      batch: 3,
      timesteps: 5,
      features: 7,
      units: 11,
      layers: 2,
    } as const;
    expect(operationsOf({ ...sizes, bidirectional: true })).toBe(15 * 2 * 2 * 11 * (7 + 11 + 22 + 11));
    expect(operationsOf({ ...sizes, numWords: 13 })).toBe(15 * 2 * 11 * (7 + 11 + 11 + 11 + 13));
    const padded = { ...sizes, shortestLength: 1 };
    expect(
      lengthsOf(padded)!
        .slice()
        .sort((a, b) => a - b),
    ).toEqual([1, 3, 5]);
    expect(operationsOf(padded)).toBe((operationsOf(sizes) * numTokensOf(padded)) / 15);
  });

  test('of an unknown name are refused with the nearest name', () => {
    expect(() => caseNamed('lsmt-train', 'bench')).toThrow(/UNKNOWN_NAME[^]*lstm-train/);
  });
});

describe('the check before a case is timed', () => {
  test.each(libraryCells.map(({ name }) => name))('accepts a training step of %s', (cell) => {
    const error = checkAgainstReference(caseNamed(`${cell}-train`, 'test'), 'wasm');
    expect(error).toBeGreaterThan(0);
  });

  test.each([
    'lstm-padded-train',
    'lstm-padded-infer',
    'gru-bidirectional-train',
    'lstm-ptb-small-train',
    'gru-ptb-small-infer',
    'lstm-wide-step',
  ])('accepts %s', (name) => {
    expect(checkAgainstReference(caseNamed(name, 'test'), 'wasm')).toBeGreaterThan(0);
  });

  test('sees one wrong number, a missing number and one that is not finite', () => {
    expect(largestDifference([1, -4, 2], [1, -4, 2.5])).toBe(0.125);
    expect(largestDifference([1, 2], [1])).toBe(Infinity);
    expect(largestDifference([1, 2], [NaN, 2])).toBe(Infinity);
  });
});

test('A training case lowers its loss, and a streaming case carries its state', () => {
  useBackend('wasm');
  const trained = new CaseModel({ ...caseNamed('gru-train', 'test'), batch: 3, timesteps: 5, features: 7, units: 11 });
  const losses = Array.from({ length: 20 }, () => trained.train());
  expect(losses[19]).toBeLessThan(losses[0]);
  const streaming = new CaseModel({ ...caseNamed('lstm-step', 'test'), features: 7, units: 11 });
  expect(largestDifference(streaming.infer(), streaming.infer())).toBeGreaterThan(1e-3);
});

test('Padding is zero in the data of a case and in the output that is compared', () => {
  useBackend('wasm');
  const benchCase = {
    ...caseNamed('gru-padded-train', 'test'),
    batch: 3,
    timesteps: 6,
    features: 7,
    units: 11,
    shortestLength: 2,
  };
  const lengths = lengthsOf(benchCase)!;
  expect(lengths.slice().sort((a, b) => a - b)).toEqual([2, 4, 6]);
  const model = new CaseModel(benchCase);
  const [input, target] = model.arrays;
  for (const { values, columns } of [
    { values: input.values, columns: 7 },
    { values: target.values, columns: 11 },
    { values: model.comparedOutput(), columns: 11 },
  ]) {
    for (let b = 0; b < 3; b++) {
      for (let t = 0; t < 6; t++) {
        const row = values.subarray((b * 6 + t) * columns, (b * 6 + t + 1) * columns);
        expect(row.every((value) => value === 0)).toBe(t >= lengths[b]);
      }
    }
  }
});

test('A run reports its peak of memory, which holds weights, optimizer state and what the step keeps', () => {
  const { peakBytes, stepBytes } = runCase(
    { ...caseNamed('gru-train', 'test'), batch: 3, timesteps: 5, features: 7, units: 11 },
    { backend: 'wasm', forMs: 1, leastRuns: 1 },
  );
  const numWeights = 3 * 11 * (7 + 11 + 2);
  expect(peakBytes).toBeGreaterThanOrEqual(stepBytes + 3 * 4 * numWeights);
  expect(peakBytes).toBeLessThan(stepBytes + 3 * 4 * numWeights + 100_000);
});
