import { RondoError } from './errors.js';

/** The sizes of a tensor's axes, outermost first. */
export type Shape = readonly number[];

/** Number of elements of a shape; 1 for a scalar. */
export function sizeOf(shape: Shape): number {
  let size = 1;
  for (const axis of shape) size *= axis;
  return size;
}

export function sameShape(a: Shape, b: Shape): boolean {
  return a.length === b.length && a.every((axis, i) => axis === b[i]);
}

/** `[batch, time, features = 7]`: the expected axes as a person reads them; a null size stands for any. */
export function describeAxes(axes: readonly (readonly [name: string, size: number | null])[]): string {
  return `[${axes.map(([name, size]) => (size === null ? name : `${name} = ${size}`)).join(', ')}]`;
}

/** The place of an element in a shape, by axis. */
export function placeOf(index: number, shape: Shape): number[] {
  return shape.map((axis, i) => Math.floor(index / sizeOf(shape.slice(i + 1))) % axis);
}

export function describeShape(shape: Shape): string {
  return `[${shape.join(', ')}]`;
}

/** Checks a shape against named axes (null = any size) and throws SHAPE_MISMATCH where it differs. */
export function requireAxes(
  where: string,
  name: string,
  shape: Shape,
  axes: readonly (readonly [name: string, size: number | null])[],
  fix: string,
): void {
  const fits = shape.length === axes.length && axes.every(([, size], i) => size === null || size === shape[i]);
  if (fits) return;
  throw new RondoError('SHAPE_MISMATCH', {
    where,
    what: `\`${name}\` has the wrong shape.`,
    expected: describeAxes(axes),
    received: describeShape(shape),
    fix,
  });
}

/**
 * The shape two operands broadcast to, as NumPy does: axes align at the end and an axis of 1 stretches. @throws
 * SHAPE_MISMATCH
 */
export function broadcastShapes(where: string, a: Shape, b: Shape): number[] {
  const result = broadcastOf(a, b);
  if (result !== undefined) return result;
  throw new RondoError('SHAPE_MISMATCH', {
    where,
    what: 'the operands cannot be broadcast together.',
    expected: 'axes that are equal or 1, aligned at the last axis',
    received: `${describeShape(a)} and ${describeShape(b)}`,
    fix: 'reshape one of them.',
  });
}

/** {@link broadcastShapes}, or undefined where the shapes do not fit. */
export function broadcastOf(a: Shape, b: Shape): number[] | undefined {
  const rank = Math.max(a.length, b.length);
  const result = new Array<number>(rank);
  for (let i = 1; i <= rank; i++) {
    const left = a[a.length - i] ?? 1;
    const right = b[b.length - i] ?? 1;
    if (left !== right && left !== 1 && right !== 1) return undefined;
    result[rank - i] = left === 1 ? right : left;
  }
  return result;
}
