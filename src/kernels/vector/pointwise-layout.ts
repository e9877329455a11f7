import type { DType } from '../../dtype.js';
import type { PointwisePlan } from './pointwise-plan.js';

/**
 * The arguments of a kernel lie in a block of memory, four bytes each, because a call with dozens of parameters is
 * slow: rows, columns, every array's address and row stride in bytes (inputs, then outputs), the address of the
 * workspace, the scalars. These are their places in bytes.
 */
export const argumentPlaces = {
  rows: 0,
  columns: 4,
  /** Of an array's address, counting inputs and then outputs; its stride follows. */
  array: (index: number): number => 8 + 8 * index,
  scratch: ({ program }: PointwisePlan): number => 8 + 8 * (program.inputs.length + program.outputs.length),
  scalar: (plan: PointwisePlan, name: string): number =>
    argumentPlaces.scratch(plan) + 4 + 4 * plan.program.scalars.indexOf(name),
};

/** The element types of a program's arrays, in its order. */
export interface ArrayTypes {
  readonly inputs: readonly DType[];
  readonly outputs: readonly DType[];
}

/** Rows whose sum is taken in single precision before it is added to a sum in double precision. */
export const BLOCK_ROWS = 64;
/** A sum over rows takes one row buffer for the block and two, as doubles, for the total. */
export const ROW_SUM_BUFFERS = 3;

/** Numbers in the largest vector of any instruction set. */
export const MOST_LANES = 16;

/** The workspace a kernel needs: row buffers, each padded to whole vectors of so many numbers. */
export function scratchBytes(plan: PointwisePlan, columns: number, lanes: number): number {
  const numSums = plan.program.outputs.filter(({ reduce }) => reduce === 'rows').length;
  return Math.ceil(columns / lanes) * 4 * lanes * (plan.numCaches + ROW_SUM_BUFFERS * numSums);
}
