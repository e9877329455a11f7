import { type Shape, sizeOf } from '../../shape.js';
import { reshape } from '../../tensor/index.js';
import { Tensor, tensor } from '../../tensor/tensor.js';

/** Types of whole numbers and truth values, with the width of each in bytes. */
export const wholeTypes = {
  int64: 8,
  int32: 4,
  int16: 2,
  int8: 1,
  uint64: 8,
  uint32: 4,
  uint16: 2,
  uint8: 1,
  bool: 1,
} as const;

export type WholeType = keyof typeof wholeTypes;

/**
 * Whole numbers or truth values on the host: shapes, places and lengths, which have to be known while a graph runs.
 * Beyond 2^53 they are the nearest floats, which only `to the end` in a Slice reaches.
 */
export class WholeNumbers {
  constructor(
    readonly type: WholeType,
    readonly shape: Shape,
    readonly data: Float64Array,
  ) {}

  get size(): number {
    return this.data.length;
  }
}

/** Numbers along the edges of an ONNX graph: floats as tensors, of any width, and whole numbers on the host. */
export type OnnxValue = Tensor | WholeNumbers;

/** A list of values, in which exported loops collect their steps. */
export class ValueSequence {
  constructor(readonly values: readonly OnnxValue[]) {}
}

/** What an edge of a graph may hold. */
export type EdgeValue = OnnxValue | ValueSequence;

/** A list of whole numbers. */
export function int64s(numbers: readonly number[]): WholeNumbers {
  return new WholeNumbers('int64', [numbers.length], Float64Array.from(numbers));
}

/** The value as whole numbers of a type: floats lose what is behind the point, and are read from their device. */
export function asWholes(value: OnnxValue, type: WholeType): WholeNumbers {
  if (value instanceof WholeNumbers && value.type === type) return value;
  const numbers = value instanceof Tensor ? value.dataSync() : value.data;
  return new WholeNumbers(type, value.shape, Float64Array.from(numbers, numberOfType(type)));
}

/** The value as floats. */
export function asTensor(value: OnnxValue): Tensor {
  return value instanceof Tensor ? value : tensor(value.data, value.shape);
}

/** The same numbers under another shape of the same size. */
export function reshaped(value: OnnxValue, shape: Shape): OnnxValue {
  if (value instanceof Tensor) return reshape(value, shape);
  return new WholeNumbers(value.type, shape, value.data);
}

/** How a number becomes one of a type: a truth value, or one without what is behind the point, and modulo 2^bits. */
export function numberOfType(type: WholeType): (x: number) => number {
  if (type === 'bool') return (x) => Number(x !== 0);
  const bits = 8 * wholeTypes[type];
  if (bits === 64) return (x) => Math.trunc(x);
  const range = 2 ** bits;
  const least = type.startsWith('u') ? 0 : -range / 2;
  return (x) => {
    const rest = (Math.trunc(x) - least) % range;
    return (rest < 0 ? rest + range : rest) + least;
  };
}

/** What becomes of two whole numbers of a type, before it is brought into the range of that. */
export type OfWholes = (a: number, b: number, type: WholeType) => number;

/** Of up to 32 bits the lowest 32 of the product, which may have more than a float holds. */
export const wholeProduct: OfWholes = (a, b, type) => (wholeTypes[type] > 4 ? a * b : Math.imul(a, b));

export const larger: OfWholes = (a, b) => Math.max(a, b);
export const smaller: OfWholes = (a, b) => Math.min(a, b);

/** Whether all numbers are 0, of a value that is on the host. */
export function isAllZeros(value: OnnxValue): boolean {
  const numbers = value instanceof Tensor ? value.hostNumbers() : value.data;
  return numbers.every((x) => x === 0);
}

/** Values of the largest tensor that a graph may make: those of float32 in 1 GiB. */
export const mostValues = 2 ** 28;

/** Whether a tensor of this shape may be made. */
export function isPossibleShape(shape: Shape): boolean {
  // Also beside an axis of size 0, where there are no numbers, places of another one are listed.
  return (
    shape.every((axis) => Number.isSafeInteger(axis) && axis >= 0 && axis <= mostValues) && sizeOf(shape) <= mostValues
  );
}
