import { describe, expect, test } from 'vitest';
import { libraryCells, useBackend } from '../src/index.js';
import { CaseModel } from './case-model.js';
import { benchCases, caseNamed, operationsOf } from './cases.js';
import { checkAgainstReference, largestDifference } from './check-case.js';

describe('the cases of the benchmark', () => {
  test('hold a training row and an inference row of every cell of the library', () => {
    const rows = benchCases.map(({ cell, mode }) => `${cell} ${mode}`);
    for (const { name } of libraryCells) for (const mode of ['train', 'infer']) expect(rows).toContain(`${name} ${mode}`);
  });

  test('have names of their own', () => {
    expect(new Set(benchCases.map(({ name }) => name)).size).toBe(benchCases.length);
  });

  test('count the operations of their products, three times for training', () => {
    const sizes = { batch: 3, timesteps: 5, features: 7, units: 11, layers: 2 };
    expect(operationsOf({ name: '', cell: 'lstm', mode: 'infer', ...sizes })).toBe(15 * 2 * 4 * 11 * (7 + 11 + 11 + 11));
    expect(operationsOf({ name: '', cell: 'lstm', mode: 'train', ...sizes })).toBe(3 * 15 * 2 * 4 * 11 * (7 + 11 + 11 + 11));
    expect(operationsOf({ name: '', cell: 'minGRU', mode: 'infer', ...sizes })).toBe(15 * 2 * 2 * 11 * (7 + 11));
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
