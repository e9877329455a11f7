import { RondoError } from '../../errors.js';
import { numbersOfHalves } from '../../rounding.js';
import { describeShape, sizeOf } from '../../shape.js';
import { tensor } from '../../tensor/tensor.js';
import { ExternalFiles, readExternalPlace } from './onnx-external.js';
import {
  isPossibleShape,
  mostValues,
  type OnnxValue,
  WholeNumbers,
  type WholeType,
  wholeTypes,
} from './onnx-values.js';
import { fieldsOf } from './protobuf.js';

const floatTypes = { float32: 4, float64: 8, float16: 2, bfloat16: 2 } as const;

/** Element types that are read, by their number in `TensorProto.DataType`. */
export const elementTypes = new Map<number, keyof typeof floatTypes | WholeType>([
  [1, 'float32'],
  [2, 'uint8'],
  [3, 'int8'],
  [4, 'uint16'],
  [5, 'int16'],
  [6, 'int32'],
  [7, 'int64'],
  [9, 'bool'],
  [10, 'float16'],
  [11, 'float64'],
  [12, 'uint32'],
  [13, 'uint64'],
  [16, 'bfloat16'],
]);

export type ElementType = keyof typeof floatTypes | WholeType;

export function isFloatType(type: ElementType): type is keyof typeof floatTypes {
  return type in floatTypes;
}

/** More axes than any tensor has. */
const mostAxes = 32;

/**
 * A tensor of an ONNX file, `TensorProto`. Its length is held against its shape before numbers are made; floats of 16
 * bits are widened without loss.
 *
 * @param files that tensors may have their data in.
 * @throws FILE_FORMAT
 */
export function readOnnxTensor(
  bytes: Uint8Array,
  where: string,
  files = new ExternalFiles(),
): { name: string; value: OnnxValue } {
  const shape: number[] = [];
  const typed: number[] = [];
  let name = '';
  let type = 0;
  let raw: Uint8Array | undefined;
  const external: Uint8Array[] = [];
  for (const field of fieldsOf(bytes, where)) {
    if (field.number === 1) append(shape, few(field.integers(), where));
    else if (field.number === 2) type = field.integer();
    else if (field.number === 4) append(typed, field.floats());
    else if (field.number === 5 || field.number === 7 || field.number === 11) append(typed, field.integers());
    else if (field.number === 8) name = field.text();
    else if (field.number === 9) raw = field.bytes();
    else if (field.number === 10) append(typed, field.doubles());
    else if (field.number === 13) external.push(field.bytes());
  }
  const of = `the tensor \`${name.slice(0, 200)}\``;
  const fault = (what: string, expected: string, received: string): RondoError =>
    new RondoError('FILE_FORMAT', { where, what: `${of} ${what}`, expected, received, fix: 'export the model again.' });
  if (external.length > 0) raw = files.bytesAt(readExternalPlace(external, where), where);
  const elements = elementTypes.get(type);
  if (elements === undefined)
    throw fault('has an element type that is not read.', [...elementTypes.values()].join(', '), `type ${type}`);
  const size = sizeOf(shape);
  if (shape.length > mostAxes || !isPossibleShape(shape))
    throw fault('has an impossible shape.', `at most ${mostAxes} axes and ${mostValues} numbers`, describeShape(shape));
  if (raw === undefined) {
    if (typed.length !== size)
      throw fault('has the wrong number of values.', `${size}, ${describeShape(shape)}`, `${typed.length}`);
    return { name, value: fromTyped(elements, shape, typed) };
  }
  const wanted = size * (isFloatType(elements) ? floatTypes[elements] : wholeTypes[elements]);
  if (raw.length !== wanted)
    throw fault('has the wrong number of bytes.', `${wanted} for ${elements} ${describeShape(shape)}`, `${raw.length}`);
  return { name, value: fromRaw(elements, shape, raw) };
}

function few(axes: readonly number[], where: string): readonly number[] {
  if (axes.length <= mostAxes) return axes;
  throw new RondoError('FILE_FORMAT', {
    where,
    what: 'a tensor has too many axes.',
    expected: `at most ${mostAxes}`,
    received: `${axes.length}`,
    fix: 'use an intact copy of the file.',
  });
}

/** As `push(...more)`, whose arguments would not fit on the stack. */
function append(list: number[], more: readonly number[]): void {
  for (const number of more) list.push(number);
}

/** Halves stand in typed fields as their words. */
function fromTyped(type: ElementType, shape: number[], numbers: number[]): OnnxValue {
  if (!isFloatType(type)) return new WholeNumbers(type, shape, Float64Array.from(numbers, ofType(type)));
  if (type === 'float16' || type === 'bfloat16') return tensor(numbersOfHalves(type, Uint16Array.from(numbers)), shape);
  return tensor(type === 'float32' ? Float32Array.from(numbers) : Float64Array.from(numbers), shape);
}

/** Unsigned numbers of 64 bits are written like those with a sign. */
function ofType(type: WholeType): (x: number) => number {
  return type === 'uint64' ? (x) => (x < 0 ? x + 2 ** 64 : x) : (x) => x;
}

const arrays = {
  float32: Float32Array,
  float64: Float64Array,
  int64: BigInt64Array,
  uint64: BigUint64Array,
  int32: Int32Array,
  uint32: Uint32Array,
  int16: Int16Array,
  uint16: Uint16Array,
  int8: Int8Array,
  uint8: Uint8Array,
  bool: Uint8Array,
} as const;

function fromRaw(type: ElementType, shape: number[], raw: Uint8Array): OnnxValue {
  // A fresh copy starts at offset 0, so any element type may view it.
  const { buffer } = new Uint8Array(raw);
  if (type === 'float16' || type === 'bfloat16') return tensor(numbersOfHalves(type, new Uint16Array(buffer)), shape);
  const numbers = new arrays[type](buffer);
  if (numbers instanceof Float32Array || numbers instanceof Float64Array) return tensor(numbers, shape);
  return new WholeNumbers(type as WholeType, shape, Float64Array.from(numbers as ArrayLike<number | bigint>, Number));
}
