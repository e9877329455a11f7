import { expect, it } from 'vitest';
import { libraryCells } from '../../src/index.js';
import { partsOf, runsOf } from './comparison.js';

it('tells runs apart by what computes them', () => {
  const of = (options: object): unknown =>
    runsOf('rondo tasks', ['parity'], { lengths: '5', cells: 'gru', ...options });
  expect(of({})).toMatchObject([{ backend: 'wasm', blas: false }]);
  expect(of({ blas: true, backend: 'reference' })).toMatchObject([{ backend: 'reference', blas: true }]);
});

it('compares all cells, and all with attention', () => {
  const runs = runsOf('rondo tasks', ['parity'], { lengths: '5', cells: 'all,all+attention' });
  expect(runs).toHaveLength(2 * libraryCells.length);
  expect(runs.map((run) => partsOf(run).attention)).toEqual(
    [false, true].flatMap((attention) => libraryCells.map(() => attention)),
  );
});
