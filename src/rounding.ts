import { type DType, whole } from './dtype.js';

/** The nearest whole number, ties to even; the sign of 0, infinities and NaN stay. */
export function nearestWhole(value: number): number {
  const magnitude = Math.abs(value);
  // From here on numbers are whole, and the sum below has no digits behind the point.
  if (!(magnitude < 2 ** 52) || value === 0) return value;
  const whole = magnitude + 2 ** 52 - 2 ** 52;
  return value < 0 ? -whole : whole;
}

/** Floats of 16 bits, which JavaScript has no array of. */
export type HalfType = 'float16' | 'bfloat16';

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
    default:
      return whole(dtype, value);
  }
}

/** Numbers as words of a 16-bit float. */
export function halfWords(dtype: HalfType, numbers: ArrayLike<number>): Uint16Array {
  // Loops, since `from` calls an iterator for each number, which takes ten times as long.
  const words = new Uint16Array(numbers.length);
  if (numbers instanceof Float32Array) {
    const bits = new Uint32Array(numbers.buffer, numbers.byteOffset, numbers.length);
    const word = dtype === 'float16' ? halfWordOfSingle : bfloat16WordOfSingle;
    for (let i = 0; i < words.length; i++) words[i] = word(bits[i]);
    return words;
  }
  const word = dtype === 'float16' ? halfWord : bfloat16Word;
  for (let i = 0; i < words.length; i++) words[i] = word(rounded(dtype, numbers[i]));
  return words;
}

/** The numbers that words of a 16-bit float stand for, exactly. */
export function numbersOfHalves(dtype: HalfType, words: Uint16Array): Float32Array {
  return dtype === 'float16' ? float32FromHalf(words) : float32FromBfloat16(words);
}

const largestBfloat16 = (2 - 2 ** -7) * 2 ** 127;

/** The 31 scales of half precision: 2^(exponent - 25), the weight of the fraction's last bit. */
const scaleOfLastBit = Float64Array.from({ length: 31 }, (_, exponent) => 2 ** (Math.max(exponent, 1) - 25));

/** What each word of half precision stands for, once enough of them were read: a number is looked up in a third of the time. */
let singles: Float32Array | undefined;

/** IEEE 754 half-precision words as single precision; every half has an exact single. */
function float32FromHalf(words: Uint16Array): Float32Array {
  if (words.length < 2 ** 16) return computedFromHalf(words);
  singles ??= computedFromHalf(Uint16Array.from({ length: 2 ** 16 }, (_, word) => word));
  const result = new Float32Array(words.length);
  for (let i = 0; i < words.length; i++) result[i] = singles[words[i]];
  return result;
}

function computedFromHalf(words: Uint16Array): Float32Array {
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
function float32FromBfloat16(words: Uint16Array): Float32Array {
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

/** The word of the half that is nearest to a single, by the bits of that. */
function halfWordOfSingle(bits: number): number {
  const sign = (bits >>> 16) & 0x8000;
  const magnitude = bits & 0x7fffffff;
  if (magnitude > 0x7f800000) return 0x7e00;
  // 2^16, which is beyond the largest half.
  if (magnitude >= 0x47800000) return sign | 0x7c00;
  // 2^-14, the smallest normal half: the exponent counts from another place, and 13 bits are rounded away.
  if (magnitude >= 0x38800000) return sign | ((magnitude - 0x38000000 + 0xfff + ((magnitude >>> 13) & 1)) >>> 13);
  singleBits[0] = magnitude;
  return sign | nearestWhole(single[0] * 2 ** 24);
}

/** The word of the bfloat16 that is nearest to a single, by the bits of that. */
function bfloat16WordOfSingle(bits: number): number {
  if ((bits & 0x7fffffff) > 0x7f800000) return 0x7fc0;
  return (bits + 0x7fff + ((bits >>> 16) & 1)) >>> 16;
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
