import { describe, expect, it } from 'vitest';
import { blockLayout, expansionOf, indicesByStrides } from './broadcast.js';

describe('indicesByStrides', () => {
  it('walks a shape in row-major order', () => {
    expect([...indicesByStrides([2, 3], [10, 1])]).toEqual([0, 1, 2, 10, 11, 12]);
    expect([...indicesByStrides([3, 2], [0, -1], 5)]).toEqual([5, 4, 5, 4, 5, 4]);
    expect([...indicesByStrides([], [], 7)]).toEqual([7]);
    expect([...indicesByStrides([3, 0], [1, 1])]).toEqual([]);
  });

  it('remembers what it made, and tells shapes, strides and starts apart', () => {
    const first = indicesByStrides([2, 3], [3, 1], 0);
    expect(indicesByStrides([2, 3], [3, 1])).toBe(first);
    expect([...indicesByStrides([2, 3], [3, 1], 2)]).toEqual([2, 3, 4, 5, 6, 7]);
    expect([...indicesByStrides([3, 2], [3, 1])]).toEqual([0, 1, 3, 4, 6, 7]);
    expect([...indicesByStrides([2, 3], [1, 2])]).toEqual([0, 2, 4, 1, 3, 5]);
  });
});

describe('expansionOf', () => {
  it('moves last axes that the operand has whole as one row', () => {
    expect(expansionOf([3, 2, 7], [3, 1, 7])).toEqual({ columns: 7, indices: Int32Array.of(0, 0, 1, 1, 2, 2) });
    expect(expansionOf([2, 5, 7], [5, 7])).toEqual({ columns: 35, indices: Int32Array.of(0, 0) });
    expect(expansionOf([2, 3], [2, 1])).toEqual({ columns: 1, indices: Int32Array.of(0, 0, 0, 1, 1, 1) });
    expect(expansionOf([2, 3], [])).toEqual({ columns: 1, indices: new Int32Array(6) });
  });
});

describe('blockLayout', () => {
  it('takes everything as one row where all operands are whole', () => {
    expect(
      blockLayout(
        [3, 5, 7],
        [
          [3, 5, 7],
          [3, 5, 7],
        ],
      ),
    ).toMatchObject({ rows: 1, columns: 105 });
  });

  it('splits where most operands are read in place', () => {
    expect(blockLayout([3, 5, 7], [[3, 5, 7], [7], [3, 5, 1]])).toMatchObject({
      rows: 15,
      columns: 7,
      reads: [{ access: 'element' }, { access: 'column' }, { access: 'row', rowStride: 1 }],
    });
    expect(
      blockLayout(
        [3, 5, 7],
        [
          [5, 7],
          [3, 1, 1],
        ],
      ),
    ).toMatchObject({ rows: 3, columns: 35, reads: [{ access: 'column' }, { access: 'row' }] });
    expect(blockLayout([3, 5, 7], [[7], [3, 1, 1], [5, 1]]).reads.filter((read) => read === undefined)).toHaveLength(2);
  });

  it('keeps to the axes that are asked for', () => {
    expect(blockLayout([3, 5, 7], [[3, 5, 7]], 2)).toMatchObject({ rows: 15, columns: 7 });
  });
});
