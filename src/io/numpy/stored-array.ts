import { describeValue, RondoError, requireKind } from '../../errors.js';
import { describeShape, type Shape, sizeOf } from '../../shape.js';
import { Tensor } from '../../tensor/tensor.js';
import { arrayOfDtype, isHalf, type StoredTensor, type TensorData, type TensorDtype } from '../safetensors-types.js';

/**
 * An array to be written: a tensor, a typed array with its shape (row-major), or what a file was read into, whose `dtype` says
 * how it is stored.
 */
export type ArrayToWrite =
  | Tensor
  | { readonly data: TensorData; readonly shape: Shape; readonly dtype?: TensorDtype | undefined };

/** The element types of tensors that files hold as they are; others are written as the floats they compute with. */
const wholeTypes = { int32: 'I32', uint8: 'U8', int8: 'I8' } as const;

/** An array as files hold it, its values against its shape checked. @throws USAGE, SHAPE_MISMATCH */
export function storedArray(where: string, array: ArrayToWrite): StoredTensor {
  if (array instanceof Tensor) return storedTensor(array);
  const given: Partial<StoredTensor> | null = typeof array === 'object' ? array : null;
  const own = (Object.keys(arrayOfDtype) as TensorDtype[]).find(
    (name) => !isHalf(name) && given?.data instanceof arrayOfDtype[name],
  );
  requireKind(given !== null && own !== undefined && Array.isArray(given.shape), array, {
    where,
    what: 'this is no array that can be written.',
    fix: 'give a tensor, or { data, shape } with a typed array; `tensor(values)` makes one of nested arrays.',
  });
  const { data, shape, dtype = own } = given as { data: TensorData; shape: Shape; dtype?: TensorDtype };
  const elements = isHalf(dtype) ? Float32Array : arrayOfDtype[dtype];
  requireKind(elements !== undefined && data instanceof elements, data, {
    where,
    what: `the values are in another kind of array than their type ${String(dtype)} has.`,
    fix: `give ${elements?.name ?? 'a known type'}, or leave dtype out.`,
  });
  if (!shape.every((axis) => Number.isSafeInteger(axis) && axis >= 0) || sizeOf(shape) !== data.length)
    throw new RondoError('SHAPE_MISMATCH', {
      where,
      what: 'the shape does not fit the values.',
      expected: `a shape of ${data.length} values`,
      received: describeShape(shape),
      fix: 'give the shape that the values have.',
    });
  return { dtype, shape, data };
}

function storedTensor(values: Tensor): StoredTensor {
  const data = values.dataSync();
  const { shape } = values;
  const whole = wholeTypes[values.dtype as keyof typeof wholeTypes] as
    | (typeof wholeTypes)[keyof typeof wholeTypes]
    | undefined;
  if (whole !== undefined) return { dtype: whole, shape, data: arrayOfDtype[whole].from(data) };
  if (values.dtype === 'float16') return { dtype: 'F16', shape, data: Float32Array.from(data) };
  if (values.dtype === 'float64') return { dtype: 'F64', shape, data: Float64Array.from(data) };
  return { dtype: 'F32', shape, data: Float32Array.from(data) };
}

/**
 * Whole numbers of 64 bits, which JavaScript keeps as BigInt, as numbers that models take; other arrays as they are.
 *
 * @throws OUT_OF_RANGE for a number that float64 cannot hold exactly (beyond 2^53)
 *
 * @example
 * await model.fit(plainNumbers(readNpy(x)), plainNumbers(readNpy(y)));
 */
export function plainNumbers<Stored extends StoredTensor>(
  array: Stored,
): Stored & { data: Exclude<TensorData, BigInt64Array | BigUint64Array> } {
  requireKind(array !== null && typeof array === 'object', array, {
    where: 'plainNumbers',
    what: 'this is no array of a file.',
    fix: 'give what readNpy, readNpz or decodeSafetensors read.',
  });
  const { data } = array;
  if (!(data instanceof BigInt64Array || data instanceof BigUint64Array))
    return array as Stored & { data: Exclude<TensorData, BigInt64Array | BigUint64Array> };
  const numbers = new Float64Array(data.length);
  for (let i = 0; i < data.length; i++) {
    numbers[i] = Number(data[i]);
    if (!Number.isSafeInteger(numbers[i]))
      throw new RondoError('OUT_OF_RANGE', {
        where: 'plainNumbers',
        what: 'a number is too large to be exact in float64.',
        expected: 'whole numbers from -(2^53 - 1) to 2^53 - 1',
        received: `${describeValue(data[i])} at place ${i}`,
        fix: 'use the BigInt values, or store smaller numbers.',
      });
  }
  return { ...array, dtype: 'F64', data: numbers };
}
