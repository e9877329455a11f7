import { describeValue, RondoError } from '../errors.js';
import { describeShape, type Shape, sizeOf } from '../shape.js';
import { type NestedNumbers, Tensor, tensor } from '../tensor/tensor.js';

/** Flat arrays of numbers that training data come in. */
export type TypedNumbers =
  | Float32Array
  | Float64Array
  | Int8Array
  | Int16Array
  | Int32Array
  | Uint8Array
  | Uint8ClampedArray
  | Uint16Array
  | Uint32Array;

/** A flat array with its shape; row-major. */
export interface ShapedNumbers {
  readonly data: ArrayLike<number>;
  readonly shape: Shape;
}

/**
 * One array of data: nested arrays, a typed array (one axis), a typed array with a shape, or a tensor. The first axis
 * counts rows.
 */
export type OneArray = NestedNumbers | ShapedNumbers | Tensor;

/** Data for a model: one array, or several for several inputs or outputs, in a list or by name. */
export type ModelData = OneArray | readonly (ShapedNumbers | Tensor)[] | Readonly<Record<string, OneArray>>;

/** Data on the host as training reads them. */
export interface HostArray {
  readonly data: TypedNumbers;
  readonly shape: Shape;
}

/** Several arrays, with their names where they were given by name. */
export interface HostArrays {
  readonly arrays: readonly HostArray[];
  readonly names: readonly string[] | undefined;
}

/**
 * Reads data in any of their forms, without a copy where they are typed arrays.
 *
 * @param name what messages call the data: `x`, `y`.
 * @throws SHAPE_MISMATCH for ragged arrays or a shape that does not fit; DATA_FORMAT where something is not a number.
 */
export function hostArrays(data: ModelData, where: string, name: string): HostArrays {
  if (isOneArray(data)) return { arrays: [hostArray(data, where, name)], names: undefined };
  if (Array.isArray(data))
    return {
      arrays: (data as readonly OneArray[]).map((array, i) => hostArray(array, where, `${name}[${i}]`)),
      names: undefined,
    };
  if (data === null || typeof data !== 'object') throw notNumbers(where, name, describeValue(data));
  const entries = Object.entries(data as Readonly<Record<string, OneArray>>);
  if (entries.length === 0) throw notNumbers(where, name, 'an object without entries');
  return {
    arrays: entries.map(([key, array]) => hostArray(array, where, `${name}.${key}`)),
    names: entries.map(([key]) => key),
  };
}

/** Reads one array in any of its forms. */
export function hostArray(data: OneArray, where: string, name: string): HostArray {
  if (data instanceof Tensor) return { data: typed(data.hostNumbers()), shape: data.shape };
  if (typeof data === 'number') throw notNumbers(where, name, 'a single number');
  if (isShaped(data)) {
    if (isBig(data.data)) throw notNumbers(where, name, describeValue(data.data));
    if (
      !Array.isArray(data.shape) ||
      data.shape.some((axis) => !Number.isInteger(axis) || axis < 0) ||
      sizeOf(data.shape) !== data.data.length
    ) {
      throw new RondoError('SHAPE_MISMATCH', {
        where,
        what: `the shape of \`${name}\` does not fit its numbers.`,
        expected: `axes whose product is ${data.data.length}`,
        received: describeShape(data.shape),
        fix: 'correct the shape, or give all numbers.',
      });
    }
    return { data: typed(data.data), shape: data.shape };
  }
  if (isTyped(data)) return { data, shape: [data.length] };
  for (let level: unknown = data; typeof level !== 'number'; level = level[0]) {
    if (!isArrayLike(level)) throw notNumbers(where, name, describeValue(level));
    if (level.length === 0) break;
  }
  const read = tensor(data);
  return { data: typed(read.hostNumbers()), shape: read.shape };
}

/** Number of rows, the same in all arrays. @throws SHAPE_MISMATCH */
export function numRowsOf(arrays: readonly HostArray[], where: string, names: readonly string[]): number {
  const numRows = arrays[0].shape[0] ?? 0;
  arrays.forEach(({ shape }, i) => {
    if (shape.length > 0 && shape[0] === numRows) return;
    throw new RondoError('SHAPE_MISMATCH', {
      where,
      what: `\`${names[i]}\` has another number of rows than \`${names[0]}\`.`,
      expected: `${numRows} rows, as in \`${names[0]}\` ${describeShape(arrays[0].shape)}`,
      received: describeShape(shape),
      fix: 'give one row of each for every sample.',
    });
  });
  return numRows;
}

/** The names of arrays in messages: `x`, or `x.source` and `x[1]` where there are several. */
export function arrayNames({ arrays, names }: HostArrays, name: string): string[] {
  if (arrays.length === 1 && names === undefined) return [name];
  return arrays.map((_, i) => (names === undefined ? `${name}[${i}]` : `${name}.${names[i]}`));
}

function isOneArray(data: ModelData): data is OneArray {
  if (data instanceof Tensor || typeof data === 'number' || isTyped(data) || isShaped(data)) return true;
  return Array.isArray(data) && !(data.length > 0 && (data[0] instanceof Tensor || isShaped(data[0])));
}

function isShaped(data: unknown): data is ShapedNumbers {
  return (
    data !== null &&
    typeof data === 'object' &&
    !(data instanceof Tensor) &&
    'shape' in data &&
    'data' in data &&
    isArrayLike(data.data)
  );
}

function isTyped(data: unknown): data is TypedNumbers {
  return (
    ArrayBuffer.isView(data) &&
    !(data instanceof DataView) &&
    !(data instanceof BigInt64Array) &&
    !(data instanceof BigUint64Array)
  );
}

function isBig(data: unknown): boolean {
  return (
    data instanceof BigInt64Array ||
    data instanceof BigUint64Array ||
    (Array.isArray(data) && data.some((value) => typeof value === 'bigint'))
  );
}

function isArrayLike(value: unknown): value is ArrayLike<unknown> {
  return value !== null && typeof value === 'object' && 'length' in value && typeof value.length === 'number';
}

function typed(data: ArrayLike<number>): TypedNumbers {
  return isTyped(data) ? data : Float64Array.from(data);
}

function notNumbers(where: string, name: string, received: string): RondoError {
  return new RondoError('DATA_FORMAT', {
    where,
    what: `\`${name}\` holds something other than numbers.`,
    expected: 'nested arrays of numbers, a typed array, { data, shape }, or a tensor',
    received: received.slice(0, 100),
    fix: 'encode texts and categories as numbers first; make numbers of bigints with Number(value).',
  });
}
