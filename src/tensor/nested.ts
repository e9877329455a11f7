import { RondoError } from '../errors.js';
import { describeShape, type Shape } from '../shape.js';

/** Nested arrays of numbers, as a user writes them. */
export type NestedNumbers = number | readonly NestedNumbers[] | ArrayLike<number>;

/** Numbers on the host. */
export type HostNumbers =
  | Float32Array
  | Float64Array
  | Int8Array
  | Uint8Array
  | Uint8ClampedArray
  | Int16Array
  | Uint16Array
  | Int32Array
  | Uint32Array;

/**
 * Nested arrays as one flat array in row-major order, with the shape they have. A typed array is given back itself.
 *
 * @throws SHAPE_MISMATCH where rows differ in length; DATA_FORMAT where an entry is not a number.
 */
export function flatten(values: NestedNumbers): { flat: HostNumbers; shape: number[] } {
  if (isHostNumbers(values)) return { flat: values, shape: [values.length] };
  const shape = shapeAlongFirst(values);
  const flat = new Float64Array(shape.reduce((size, axis) => size * axis, 1));
  fill(values, shape, [], flat, 0);
  return { flat, shape };
}

/** The numbers as nested arrays; the inverse of {@link flatten}. */
export function nest(
  flat: ArrayLike<number> & { subarray(from: number, to: number): ArrayLike<number> },
  shape: Shape,
): NestedNumbers {
  const level = (axis: number, start: number, size: number): NestedNumbers => {
    if (axis === shape.length) return flat[start];
    if (axis === shape.length - 1) return Array.from(flat.subarray(start, start + size));
    const stride = size / Math.max(1, shape[axis]);
    return Array.from({ length: shape[axis] }, (_, i) => level(axis + 1, start + i * stride, stride));
  };
  return level(0, 0, flat.length);
}

function isHostNumbers(values: unknown): values is HostNumbers {
  return (
    ArrayBuffer.isView(values) &&
    !(values instanceof DataView) &&
    !(values instanceof BigInt64Array) &&
    !(values instanceof BigUint64Array)
  );
}

function isList(value: unknown): value is ArrayLike<unknown> {
  return value !== null && typeof value === 'object' && 'length' in value && typeof value.length === 'number';
}

/** The shape that the first entries have; whether the others agree is seen when they are read. */
function shapeAlongFirst(values: unknown): number[] {
  const shape: number[] = [];
  for (let level = values; isList(level); level = level[0]) {
    shape.push(level.length);
    if (level.length === 0) break;
  }
  return shape;
}

/** Reads the entries below `place` into `target` and returns where the next one goes. */
function fill(values: unknown, shape: Shape, place: number[], target: Float64Array, start: number): number {
  const axis = place.length;
  if (!isList(values)) {
    if (typeof values !== 'number') throw notANumber(values, place);
    if (axis < shape.length) throw ragged(`${shape[axis]} entries`, 'a number', place);
    target[start] = values;
    return start + 1;
  }
  if (axis === shape.length) throw ragged('a number', `${values.length} entries`, place);
  if (values.length !== shape[axis]) throw ragged(`${shape[axis]} entries`, `${values.length} entries`, place);
  let next = start;
  for (let i = 0; i < values.length; i++) {
    place.push(i);
    next = fill(values[i], shape, place, target, next);
    place.pop();
  }
  return next;
}

function ragged(expected: string, received: string, place: readonly number[]): RondoError {
  return new RondoError('SHAPE_MISMATCH', {
    where: 'tensor',
    what: 'the nested arrays are ragged.',
    expected: `${expected} at ${describeShape(place)}, as in the first row`,
    received,
    fix: 'make rows equally long; padSequences pads them.',
  });
}

function notANumber(value: unknown, place: readonly number[]): RondoError {
  const shown =
    typeof value === 'string'
      ? JSON.stringify(value)
      : typeof value === 'object' && value !== null
        ? 'an object'
        : String(value);
  return new RondoError('DATA_FORMAT', {
    where: 'tensor',
    what: `the entry at ${describeShape(place)} is not a number.`,
    expected: 'numbers, nested arrays of numbers, or a typed array of numbers',
    received: shown.slice(0, 100),
    fix: 'encode texts, categories and missing entries as numbers first.',
  });
}
