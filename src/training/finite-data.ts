import { RondoError } from '../errors.js';
import { currentBackend } from '../kernels/select.js';
import { describeShape, placeOf } from '../shape.js';
import type { HostArray } from './host-data.js';

/** From here on numbers round to infinity in float32. */
const FLOAT32_LIMIT = 2 ** 128 - 2 ** 103;

/** The place of the first number that is NaN or infinite, or would be on the backend in use; -1 where there is none. */
export function firstNotFinite(data: ArrayLike<number>): number {
  if (ArrayBuffer.isView(data) && !(data instanceof Float32Array || data instanceof Float64Array))
    return (data as unknown) instanceof BigInt64Array || (data as unknown) instanceof BigUint64Array ? 0 : -1;
  if (!ArrayBuffer.isView(data)) for (let i = 0; i < data.length; i++) if (typeof data[i] !== 'number') return i;
  const limit = currentBackend().floatType === 'float32' ? FLOAT32_LIMIT : Infinity;
  for (let i = 0; i < data.length; i++) if (!(Math.abs(data[i]) < limit)) return i;
  return -1;
}

/**
 * Refuses data that hold NaN or infinity, or numbers too large for float32, naming the first row that does.
 *
 * @throws NOT_FINITE
 */
export function requireFiniteData(where: string, name: string, { data, shape }: HostArray): void {
  const place = firstNotFinite(data);
  if (place < 0) return;
  const position = placeOf(place, shape);
  const isTooLarge = Number.isFinite(data[place]);
  throw new RondoError('NOT_FINITE', {
    where,
    what:
      `row ${position[0] ?? 0} of \`${name}\` holds ${data[place]}, at ` +
      `${describeShape(position)}${isTooLarge ? ', which is infinite in float32' : ''}.`,
    expected: isTooLarge ? 'numbers below 3.4e38' : 'finite numbers',
    received: String(data[place]),
    fix: isTooLarge
      ? 'scale the data, for example with StandardScaler.'
      : 'remove the row, or fill the gap with a number before training.',
  });
}
