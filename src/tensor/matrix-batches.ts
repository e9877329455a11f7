import type { MatmulBatch, MatmulCall } from '../kernels/contract.js';
import { currentBackend } from '../kernels/select.js';
import { type Shape, sizeOf } from '../shape.js';
import { asRows } from './accumulate.js';
import { broadcastStrides, indicesByStrides } from './broadcast.js';
import type { Tensor } from './tensor.js';

/** A leading axis, or neighbours that lie like one: how many matrices, and how far apart they are in each operand. */
type BatchAxis = MatmulBatch;

const noAxis: BatchAxis = { count: 1, strideA: 0, strideB: 0, strideC: 0 };

/**
 * Multiplies the matrices in the last two axes of `a` and `b` for each place of `leading`, to which the other axes of
 * all three broadcast; where those of `c` do, products are added up. Rows are as long as the last axis. Axes that all
 * operands have, or all but those that repeat them, are one call; it takes several where axes that are repeated lie
 * between others.
 */
export function multiplyMatrices(
  leading: Shape,
  sizes: Omit<MatmulCall, 'a' | 'b' | 'c' | 'batch'>,
  a: Tensor,
  b: Tensor,
  c: Tensor,
): Tensor {
  const backend = currentBackend();
  if (sizeOf(leading) === 0) {
    // Where matrices of c are sums over no products.
    if (c.size > 0) backend.fill(c.viewOn(backend), c.size, 0);
    return c;
  }
  const axes = batchAxes(leading, a, b, c);
  const batch = axes.reduce((longest, axis) => (axis.count > longest.count ? axis : longest), noAxis);
  const others = axes.filter((axis) => axis !== batch);
  const rows = (values: Tensor, start: number) => asRows(values, values.shape[values.shape.length - 1], start);
  const multiply = (startA: number, startB: number, startC: number, accumulate: boolean): void =>
    backend.matmul({
      ...sizes,
      a: rows(a, startA),
      b: rows(b, startB),
      c: rows(c, startC),
      accumulate,
      batch: batch.count > 1 ? batch : undefined,
    });
  if (others.length === 0) {
    multiply(0, 0, 0, false);
    return c;
  }
  const [startsA, startsB, startsC] = (['strideA', 'strideB', 'strideC'] as const).map((stride) =>
    indicesByStrides(
      others.map(({ count }) => count),
      others.map((axis) => axis[stride]),
    ),
  );
  const written = new Set<number>();
  startsC.forEach((start, i) => {
    multiply(startsA[i], startsB[i], start, written.has(start));
    written.add(start);
  });
  return c;
}

function batchAxes(leading: Shape, a: Tensor, b: Tensor, c: Tensor): BatchAxis[] {
  if (leading.length === 0) return [];
  const [ofA, ofB, ofC] = [a, b, c].map(({ shape }) => {
    const matrix = sizeOf(shape.slice(-2));
    return broadcastStrides(leading.length, shape.slice(0, -2)).map((stride) => matrix * stride);
  });
  const axes: BatchAxis[] = [];
  leading.forEach((count, i) => {
    if (count === 1) return;
    const axis = { count, strideA: ofA[i], strideB: ofB[i], strideC: ofC[i] };
    const before = axes.at(-1);
    const continues =
      before !== undefined &&
      before.strideA === count * axis.strideA &&
      before.strideB === count * axis.strideB &&
      before.strideC === count * axis.strideC;
    if (continues) axes[axes.length - 1] = { ...axis, count: before.count * count };
    else axes.push(axis);
  });
  return axes;
}
