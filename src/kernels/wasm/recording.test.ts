import { expect, it } from 'vitest';
import { machineCodeMark } from './call-writer.js';
import { hasStepStride } from './recording.js';

/** A loop of one step with one call of kernel 0, whose arguments and moves follow. */
const loop = (numMoving: number, ...words: readonly number[]): number[] => [
  1,
  3 + words.length,
  0,
  words.length - 2 * numMoving,
  numMoving,
  ...words,
];
const [still, moving] = [loop(0, 7, 8), loop(1, 7, 0, 4)];

it.each([
  ['', 0],
  [' of machine code', machineCodeMark],
])('looks through the loops of an item%s, and no further', (_, mark) => {
  expect(hasStepStride(Int32Array.from([2 | mark, ...still, ...moving]))).toBe(true);
  expect(hasStepStride(Int32Array.from([1 | mark, ...still, ...moving]))).toBe(false);
});
