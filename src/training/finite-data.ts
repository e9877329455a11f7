import { RondoError } from '../errors.js';
import { describeShape, sizeOf } from '../shape.js';
import type { HostArray } from './host-data.js';

/** The place of the first number that is NaN or infinite, -1 where there is none. */
export function firstNotFinite(data: ArrayLike<number>): number {
  if (ArrayBuffer.isView(data) && !(data instanceof Float32Array || data instanceof Float64Array)) return -1;
  for (let i = 0; i < data.length; i++) if (data[i] - data[i] !== 0) return i;
  return -1;
}

/**
 * Refuses data that hold NaN or infinity, naming the first row that does.
 *
 * @throws NOT_FINITE
 */
export function requireFiniteData(where: string, name: string, { data, shape }: HostArray): void {
  const place = firstNotFinite(data);
  if (place < 0) return;
  const position = shape.map((axis, i) => Math.floor(place / sizeOf(shape.slice(i + 1))) % axis);
  throw new RondoError('NOT_FINITE', {
    where,
    what: `row ${position[0] ?? 0} of \`${name}\` holds ${data[place]}, at ${describeShape(position)}.`,
    expected: 'finite numbers',
    received: String(data[place]),
    fix: 'remove the row, or fill the gap with a number before training.',
  });
}
