import type { DType } from '../dtype.js';

/** The arrays that a tensor of a safetensors file can hold. */
export type TensorData =
  | Float64Array
  | Float32Array
  | BigInt64Array
  | BigUint64Array
  | Int32Array
  | Uint32Array
  | Int16Array
  | Uint16Array
  | Int8Array
  | Uint8Array;

/**
 * The element types, in the order in which the reference implementation lays tensors out (largest element first, so that
 * every tensor is aligned to its element). `F16` and `BF16` are given and read as `Float32Array`, rounded to nearest even
 * where they are written; `BOOL` is one byte, 0 or 1.
 */
export const tensorDtypes = [
  'U64',
  'I64',
  'F64',
  'F32',
  'U32',
  'I32',
  'BF16',
  'F16',
  'U16',
  'I16',
  'I8',
  'U8',
  'BOOL',
] as const;

export type TensorDtype = (typeof tensorDtypes)[number];

/** The arrays of the elements as they lie in the file; words for the 16-bit floats. */
export const arrayOfDtype = {
  U64: BigUint64Array,
  I64: BigInt64Array,
  F64: Float64Array,
  F32: Float32Array,
  U32: Uint32Array,
  I32: Int32Array,
  BF16: Uint16Array,
  F16: Uint16Array,
  U16: Uint16Array,
  I16: Int16Array,
  I8: Int8Array,
  U8: Uint8Array,
  BOOL: Uint8Array,
} as const;

/** The floats of 16 bits, which JavaScript has no array of. */
export const halves = { F16: 'float16', BF16: 'bfloat16' } as const satisfies Partial<Record<TensorDtype, DType>>;

export function isHalf(dtype: TensorDtype): dtype is keyof typeof halves {
  return dtype in halves;
}

/** One tensor as a safetensors file holds it: row-major, `data.length` the product of `shape`. */
export interface StoredTensor {
  dtype: TensorDtype;
  shape: readonly number[];
  data: TensorData;
}

/** A tensor that was read. `F16` and `BF16` are widened to `F32`; `storedDtype` says what the file holds. */
export interface DecodedTensor extends StoredTensor {
  storedDtype: TensorDtype;
  /** Of a tensor that is still in its file: the numbers in order, in one array that each piece overwrites; `data` reads all of them. */
  pieces?: (() => Iterable<Float32Array>) | undefined;
}
