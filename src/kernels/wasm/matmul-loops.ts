import { type Func, type FunctionBuilder, i32, type Local, select } from './assembler.js';

/** Loops and addresses shared by the matrix kernels. Addresses and strides are in bytes. */

export type I32 = Local<'i32'>;
export type IntFunc = Func<readonly 'i32'[], undefined>;
export const ints = (count: number): readonly 'i32'[] => Array.from({ length: count }, () => 'i32');

/** The address of row `row` of a matrix. */
export function placeOf(base: I32, stride: I32, row: I32) {
  return i32.add(base, i32.mul(row, stride));
}

/** The address of the element that is at (row, column) of op(matrix). */
export function placeIn(base: I32, stride: I32, isTransposed: I32, row: I32, column: I32) {
  const stored = (first: I32, second: I32) => i32.add(placeOf(base, stride, first), i32.shl(second, 2));
  return select(stored(column, row), stored(row, column), isTransposed);
}

/** Runs `body` for each block of `total`: its start and its size, the last one perhaps smaller. */
export function forBlocks(
  f: FunctionBuilder,
  total: I32,
  block: I32 | number,
  body: (start: I32, size: I32) => void,
): void {
  const start = f.local('i32');
  const size = f.local('i32');
  f.for(start, 0, total, block, () => {
    f.set(size, i32.sub(total, start));
    f.if(i32.gt_s(size, block), () => f.set(size, block));
    body(start, size);
  });
}

/**
 * Cuts `total` rows (at least 1) into the fewest tiles of at most `most` rows, their heights differing by one at most.
 */
export function forTiles(f: FunctionBuilder, total: I32, most: number, body: (height: I32) => void): void {
  const count = f.let(i32.div_u(i32.add(total, most - 1), most));
  const low = f.let(i32.div_u(total, count));
  const numHigher = f.let(i32.rem_u(total, count));
  const height = f.local('i32');
  f.loop((again) => {
    f.set(height, i32.add(low, i32.gt_s(numHigher, 0)));
    body(height);
    f.set(numHigher, i32.sub(numHigher, 1));
    f.set(count, i32.sub(count, 1));
    f.brIf(again, count);
  });
}

/** Runs the case of the height that is met, the highest asked first. */
export function forHeight(f: FunctionBuilder, height: I32, most: number, body: (height: number) => void): void {
  if (most === 1) body(1);
  else
    f.if(
      i32.eq(height, most),
      () => body(most),
      () => forHeight(f, height, most - 1, body),
    );
}
