/**
 * The element types of buffers and tensors, under NumPy's names. Backends compute in floating point whatever is stored:
 * values become numbers of the backend's {@link FloatType} when they are loaded, and are rounded when they are stored.
 *
 * Floats are rounded to the nearest value, ties to even, as IEEE 754 does, and become infinite beyond the largest.
 * Whole numbers are what is left of the point, kept within the type's bounds; NaN becomes 0.
 */
export const dtypes = ['float32', 'float64', 'float16', 'bfloat16', 'int32', 'uint8', 'int8'] as const;
export type DType = (typeof dtypes)[number];
/** What a backend computes in. */
export type FloatType = 'float32' | 'float64';

export const bytesOf: Readonly<Record<DType, number>> = {
  float32: 4,
  float64: 8,
  float16: 2,
  bfloat16: 2,
  int32: 4,
  uint8: 1,
  int8: 1,
};

/** Elements as they lie in memory and in files; the 16-bit floats as words. */
export type StoredArray = Float32Array | Float64Array | Uint16Array | Int32Array | Uint8Array | Int8Array;

const arrays = {
  float32: Float32Array,
  float64: Float64Array,
  float16: Uint16Array,
  bfloat16: Uint16Array,
  int32: Int32Array,
  uint8: Uint8Array,
  int8: Int8Array,
} as const;

export function isFloating(dtype: DType): boolean {
  return dtype.includes('float');
}

/** Stored elements in a part of a memory. */
export function storedArray(dtype: DType, memory: ArrayBufferLike, address: number, size: number): StoredArray {
  return new (arrays[dtype] as new (memory: ArrayBufferLike, address: number, size: number) => StoredArray)(
    memory,
    address,
    size,
  );
}

/** The value of a type that a number becomes where it is stored. */
export function rounded(dtype: DType, value: number): number {
  switch (dtype) {
    case 'float64':
      return value;
    case 'float32':
      return Math.fround(value);
    case 'float16':
      return nearest(value, 10, -14, 65504);
    case 'bfloat16':
      return nearest(value, 7, -126, largestBfloat16);
    case 'int32':
      return whole(value, -(2 ** 31), 2 ** 31 - 1);
    case 'uint8':
      return whole(value, 0, 255);
    case 'int8':
      return whole(value, -128, 127);
  }
}

/** Writes numbers as elements of a type. */
export function encodeInto(dtype: DType, target: StoredArray, numbers: ArrayLike<number>): void {
  if (dtype === 'float32' || dtype === 'float64') return target.set(numbers);
  const word = dtype === 'float16' ? halfWord : dtype === 'bfloat16' ? bfloat16Word : undefined;
  for (let i = 0; i < numbers.length; i++) {
    const value = rounded(dtype, numbers[i]);
    target[i] = word === undefined ? value : word(value);
  }
}

/** The numbers that stored elements stand for, exactly: int32 in double precision, whatever fits in single precision. */
export function decoded(dtype: DType, stored: StoredArray): Float32Array | Float64Array {
  if (dtype === 'float16') return float32FromHalf(stored as Uint16Array);
  if (dtype === 'bfloat16') return float32FromBfloat16(stored as Uint16Array);
  return dtype === 'float64' || dtype === 'int32' ? Float64Array.from(stored) : Float32Array.from(stored);
}

const largestBfloat16 = (2 - 2 ** -7) * 2 ** 127;

/** The 31 scales of half precision: 2^(exponent - 25), the weight of the fraction's last bit. */
const scaleOfLastBit = Float64Array.from({ length: 31 }, (_, exponent) => 2 ** (Math.max(exponent, 1) - 25));

/** IEEE 754 half-precision words as single precision; every half has an exact single. */
export function float32FromHalf(words: Uint16Array): Float32Array {
  const result = new Float32Array(words.length);
  for (let i = 0; i < words.length; i++) {
    const word = words[i];
    const exponent = (word >> 10) & 31;
    const fraction = word & 1023;
    let magnitude: number;
    if (exponent === 31) magnitude = fraction === 0 ? Infinity : NaN;
    else magnitude = (exponent === 0 ? fraction : fraction + 1024) * scaleOfLastBit[exponent];
    result[i] = word & 0x8000 ? -magnitude : magnitude;
  }
  return result;
}

/** bfloat16 words as single precision: a bfloat16 is the upper half of a single. */
export function float32FromBfloat16(words: Uint16Array): Float32Array {
  const bits = new Uint32Array(words.length);
  for (let i = 0; i < words.length; i++) bits[i] = words[i] << 16;
  return new Float32Array(bits.buffer);
}

/** The word of a number that is a half exactly. */
function halfWord(value: number): number {
  const sign = value < 0 || Object.is(value, -0) ? 0x8000 : 0;
  const magnitude = Math.abs(value);
  if (Number.isNaN(value)) return 0x7e00;
  if (magnitude === Infinity) return sign | 0x7c00;
  const exponent = Math.max(exponentOf(magnitude), -14);
  // The leading bit of a normal number adds one to the exponent's field.
  return sign | (((exponent + 14) << 10) + magnitude * 2 ** (10 - exponent));
}

const single = new Float32Array(1);
const singleBits = new Uint32Array(single.buffer);

/** The word of a number that is a bfloat16 exactly. */
function bfloat16Word(value: number): number {
  single[0] = value;
  return singleBits[0] >>> 16;
}

const double = new Float64Array(1);
const doubleBits = new Uint32Array(double.buffer);

/** The exponent of a finite number's leading bit; that of the smallest normal number for any below. */
function exponentOf(magnitude: number): number {
  double[0] = magnitude;
  return Math.max(((doubleBits[1] >>> 20) & 0x7ff) - 1023, -1022);
}

/** The nearest number with `digits` bits behind the leading one, ties to even. */
function nearest(value: number, digits: number, leastExponent: number, largest: number): number {
  if (!Number.isFinite(value) || value === 0) return value;
  const unit = 2 ** (Math.max(exponentOf(Math.abs(value)), leastExponent) - digits);
  const scaled = value / unit;
  const floor = Math.floor(scaled);
  const rest = scaled - floor;
  const isUp = rest > 0.5 || (rest === 0.5 && floor % 2 !== 0);
  const result = (isUp ? floor + 1 : floor) * unit;
  if (result === 0) return value < 0 ? -0 : 0;
  return Math.abs(result) > largest ? Math.sign(value) * Infinity : result;
}

function whole(value: number, least: number, most: number): number {
  // `+ 0` makes -0 a plain zero.
  return Number.isNaN(value) ? 0 : Math.min(most, Math.max(least, Math.trunc(value))) + 0;
}
