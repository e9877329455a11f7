import { describe, expect, it } from 'vitest';
import { messageOf } from '../test/support/central-differences.js';
import { broadcastShapes, describeAxes, describeShape, requireAxes, sameShape, sizeOf } from './shape.js';

describe('shapes', () => {
  it('have the product of their axes as size, 1 for a scalar', () => {
    expect([sizeOf([]), sizeOf([7]), sizeOf([3, 5, 7]), sizeOf([3, 0, 7])]).toEqual([1, 7, 105, 0]);
  });

  it('are the same where all axes are', () => {
    expect([
      sameShape([], []),
      sameShape([3, 5], [3, 5]),
      sameShape([3, 5], [5, 3]),
      sameShape([3], [3, 1]),
      sameShape([3, 1], [3]),
    ]).toEqual([true, true, false, false, false]);
  });

  it('are written as a person reads them', () => {
    expect([describeShape([]), describeShape([3, 5])]).toEqual(['[]', '[3, 5]']);
    expect(
      describeAxes([
        ['batch', null],
        ['time', 5],
        ['features', null],
      ]),
    ).toBe('[batch, time = 5, features]');
  });
});

describe('requireAxes', () => {
  const axes = [
    ['batch', null],
    ['time', 5],
    ['features', 7],
  ] as const;
  const check = (shape: number[]): void => requireAxes('LSTM lstm', 'input', shape, axes, 'give it 7 features.');

  it('accepts any size where none is named', () => {
    expect(() => [check([3, 5, 7]), check([0, 5, 7]), requireAxes('x', 'x', [], [], '')]).not.toThrow();
  });

  it.each([[[3, 5, 6]], [[3, 4, 7]], [[5, 7]], [[3, 5, 7, 1]], [[]]])('refuses %j', (shape) => {
    expect(messageOf(() => check(shape))).toBe(
      '[SHAPE_MISMATCH] LSTM lstm: `input` has the wrong shape.\n  expected: [batch, time = 5, features = 7]\n' +
        `  received: ${describeShape(shape)}\n  fix: give it 7 features.`,
    );
  });
});

describe('broadcastShapes', () => {
  it.each([
    [
      [3, 5],
      [3, 5],
      [3, 5],
    ],
    [
      [3, 1],
      [1, 5],
      [3, 5],
    ],
    [[5], [3, 1], [3, 5]],
    [[], [3, 5], [3, 5]],
    [[1], [], [1]],
    [
      [7, 1, 2],
      [3, 1],
      [7, 3, 2],
    ],
    [[0], [1], [0]],
    [[3, 0], [], [3, 0]],
  ])('of %j and %j is %j, in either order', (a, b, expected) => {
    expect(broadcastShapes('add', a, b)).toEqual(expected);
    expect(broadcastShapes('add', b, a)).toEqual(expected);
  });

  it.each([
    [[3], [5]],
    [[3, 5], [3]],
    [[0], [2]],
    [
      [2, 3],
      [3, 2],
    ],
  ])('refuses %j and %j', (a, b) => {
    expect(messageOf(() => broadcastShapes('add', a, b))).toBe(
      '[SHAPE_MISMATCH] add: the operands cannot be broadcast together.\n  expected: axes that are equal or 1, ' +
        `aligned at the last axis\n  received: ${describeShape(a)} and ${describeShape(b)}\n  fix: reshape one of ` +
        'them.',
    );
  });
});
