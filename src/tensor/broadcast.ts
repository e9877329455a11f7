import type { Access } from '../expression/build.js';
import { type Shape, sizeOf } from '../shape.js';
import { BoundedCache } from './bounded-cache.js';

/** How operands of several shapes are read as one `[rows, columns]` block. */
export interface BlockLayout {
  readonly rows: number;
  readonly columns: number;
  /** By operand; undefined where it must be expanded to the full shape first. */
  readonly reads: readonly (OperandRead | undefined)[];
}

export interface OperandRead {
  readonly access: Access;
  readonly rowStride: number;
  /** One value for the whole block. */
  readonly single: boolean;
}

/**
 * Splits a shape into rows and columns so that as many operands as possible are read in place: whole, one value per
 * column, one per row, or a single value. `rowAxes` fixes the split for programs that reduce over a row.
 */
export function blockLayout(shape: Shape, operands: readonly Shape[], rowAxes?: number): BlockLayout {
  const candidates = rowAxes !== undefined ? [rowAxes] : Array.from({ length: shape.length + 1 }, (_, split) => split);
  let best: BlockLayout | undefined;
  let fewest = Infinity;
  for (const split of candidates) {
    const reads = operands.map((operand) => readAs(shape, operand, split));
    const expanded = reads.filter((read) => read === undefined).length;
    if (expanded >= fewest) continue;
    fewest = expanded;
    best = { rows: sizeOf(shape.slice(0, split)), columns: sizeOf(shape.slice(split)), reads };
    if (expanded === 0) break;
  }
  return best!;
}

function readAs(shape: Shape, operand: Shape, split: number): OperandRead | undefined {
  const padded = [...new Array<number>(shape.length - operand.length).fill(1), ...operand];
  const covers = (from: number, to: number): boolean =>
    padded.slice(from, to).every((axis, i) => axis === shape[from + i]);
  const isOne = (from: number, to: number): boolean => padded.slice(from, to).every((axis) => axis === 1);
  const columns = sizeOf(shape.slice(split));
  if (covers(0, shape.length)) return { access: 'element', rowStride: columns, single: false };
  if (isOne(0, shape.length)) return { access: 'row', rowStride: 0, single: true };
  if (isOne(0, split) && covers(split, shape.length)) return { access: 'column', rowStride: 0, single: false };
  if (covers(0, split) && isOne(split, shape.length)) return { access: 'row', rowStride: 1, single: false };
  return undefined;
}

/** How a broadcast operand is repeated: rows of `columns` of its numbers, by index. */
export interface Expansion {
  readonly columns: number;
  readonly indices: Int32Array;
}

/** For each row of `shape`, the row of a broadcast operand. Last axes that the operand has whole move as one row. */
export function expansionOf(shape: Shape, operand: Shape): Expansion {
  const padded = [...new Array<number>(shape.length - operand.length).fill(1), ...operand];
  let outer = shape.length;
  while (outer > 0 && padded[outer - 1] === shape[outer - 1]) outer--;
  const strides = broadcastStrides(outer, padded.slice(0, outer));
  return { columns: sizeOf(shape.slice(outer)), indices: indicesByStrides(shape.slice(0, outer), strides) };
}

/**
 * By axis of a shape of `rank` axes, how far apart the places of a broadcast operand are, in its last ones; 0 where it
 * is repeated.
 */
export function broadcastStrides(rank: number, operand: Shape): number[] {
  const strides = new Array<number>(rank).fill(0);
  let stride = 1;
  for (let axis = operand.length - 1; axis >= 0; axis--) {
    if (operand[axis] !== 1) strides[rank - operand.length + axis] = stride;
    stride *= operand[axis];
  }
  return strides;
}

/** 8 MiB of indices. */
const remembered = new BoundedCache<Int32Array>(1 << 21, (indices) => indices.length);

/**
 * The index `sum(i[axis] * strides[axis]) + start` for every place of a shape, in row-major order; not to be written.
 */
export function indicesByStrides(shape: Shape, strides: readonly number[], start = 0): Int32Array {
  return remembered.get(`${shape.join()} ${strides.join()} ${start}`, () => makeIndices(shape, strides, start));
}

function makeIndices(shape: Shape, strides: readonly number[], start: number): Int32Array {
  const indices = new Int32Array(sizeOf(shape));
  if (indices.length === 0) return indices;
  const place = new Array<number>(shape.length).fill(0);
  let index = start;
  for (let i = 0; i < indices.length; i++) {
    indices[i] = index;
    for (let axis = shape.length - 1; axis >= 0; axis--) {
      place[axis]++;
      index += strides[axis];
      if (place[axis] < shape[axis]) break;
      index -= strides[axis] * shape[axis];
      place[axis] = 0;
    }
  }
  return indices;
}
