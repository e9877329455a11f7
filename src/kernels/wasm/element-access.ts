import { bytesOf, type DType } from '../../dtype.js';
import { bfloat16Words } from '../vector/bfloat16-words.js';
import {
  type FunctionBuilder,
  f32x4,
  f64x2,
  i8x16,
  i16x8,
  i32x4,
  type Local,
  shuffle,
  type Value,
  v128,
} from './assembler.js';
import type { Bundle, WasmVectorCode } from './vector-code.js';

type V128 = Value<'v128'>;

/** Types that are not loaded and stored as they are. */
export type ConvertedType = Exclude<DType, 'float32'>;

/** How elements lie in memory and what they are in a register of four. */
interface Access {
  /** Single-precision numbers of what was loaded: four elements in the lowest bytes, zeros above. */
  readonly widen: (code: WasmVectorCode, stored: Bundle) => Bundle;
  /** The opposite: four elements in the lowest bytes. */
  readonly narrow: (code: WasmVectorCode, numbers: Bundle) => Bundle;
}

/**
 * Loads elements of other types as single-precision numbers, and stores numbers as such; rounding is that of rounding.ts.
 * Double precision takes two registers and a path of its own.
 */
const accesses: Readonly<Record<Exclude<ConvertedType, 'float64'>, Access>> = {
  int32: {
    widen: (code, stored) => code.fromWhole(stored),
    narrow: (code, numbers) => code.unary(i32x4.trunc_sat_f32x4_s, numbers),
  },
  uint8: {
    widen: (code, stored) =>
      code.unary((x) => f32x4.convert_i32x4_s(i32x4.extend_low_i16x8_u(i16x8.extend_low_i8x16_u(x))), stored),
    narrow: (code, numbers) => code.unary((x) => i8x16.narrow_i16x8_u(x, x), wholeOf16(code, numbers)),
  },
  int8: {
    widen: (code, stored) =>
      code.unary((x) => f32x4.convert_i32x4_s(i32x4.extend_low_i16x8_s(i16x8.extend_low_i8x16_s(x))), stored),
    narrow: (code, numbers) => code.unary((x) => i8x16.narrow_i16x8_s(x, x), wholeOf16(code, numbers)),
  },
  bfloat16: {
    widen: (code, stored) => code.unary((x) => i32x4.shl(i32x4.extend_low_i16x8_u(x), 16), stored),
    narrow: (code, numbers) => words(code, bfloat16Words(code, numbers)),
  },
  float16: {
    widen: halfNumbers,
    narrow: (code, numbers) => words(code, halfWords(code, numbers)),
  },
};

function wholeOf16(code: WasmVectorCode, numbers: Bundle): Bundle {
  return code.unary((x) => i16x8.narrow_i32x4_s(x, x), code.unary(i32x4.trunc_sat_f32x4_s, numbers));
}

/** Words of 16 bits, from the lower halves of lanes of 32. */
function words(code: WasmVectorCode, values: Bundle): Bundle {
  return code.unary((x) => i16x8.narrow_i32x4_u(x, x), values);
}

/** The bits of an infinite single, and of 2^16, where halves end. */
const infinite = 0x7f800000;
const aboveHalves = 0x47800000;
/** 2^-14: smaller halves have no leading bit. */
const leastNormalHalf = 0x38800000;

/**
 * Exponent and fraction of a half, moved to their places in a single, give the number divided by 2^112, since exponents
 * count from 15 and from 127; subnormal numbers too. The largest exponent stands for infinity and NaN in both.
 */
function halfNumbers(code: WasmVectorCode, stored: Bundle): Bundle {
  const wide = code.unary(i32x4.extend_low_i16x8_u, stored);
  const magnitude = code.shiftLeft(code.and(wide, code.bits(0x7fff)), 13);
  const sign = code.shiftLeft(code.and(wide, code.bits(0x8000)), 16);
  const number = code.mul(magnitude, code.float(2 ** 112));
  const isLargest = code.binary(i32x4.ge_s, magnitude, code.bits(0x0f800000));
  const special = code.and(isLargest, code.bits(infinite));
  return code.or(code.or(number, special), sign);
}

/**
 * Normal halves: the exponent counts from 15, and what is cut off is rounded to nearest even, which may carry into the
 * exponent. Smaller ones: adding 1/2 leaves the bits of the half at the end of the fraction, rounded by the addition.
 */
function halfWords(code: WasmVectorCode, numbers: Bundle): Bundle {
  const sign = code.and(numbers, code.bits(-0x80000000));
  const magnitude = code.binary(v128.xor, numbers, sign);
  const isOdd = code.and(code.shiftRight(magnitude, 13), code.bits(1));
  const rebased = code.addWhole(magnitude, code.bits(((15 - 127) << 23) + 0xfff));
  const normal = code.shiftRight(code.addWhole(rebased, isOdd), 13);
  const half = code.float(0.5);
  const small = code.subWhole(code.add(magnitude, half), half);
  const isSmall = code.binary(i32x4.lt_s, magnitude, code.bits(leastNormalHalf));
  const isNan = code.binary(i32x4.gt_s, magnitude, code.bits(infinite));
  const special = code.choose(isNan, code.bits(0x7e00), code.bits(0x7c00));
  const isAbove = code.binary(i32x4.ge_s, magnitude, code.bits(aboveHalves));
  const word = code.choose(isAbove, special, code.choose(isSmall, small, normal));
  return code.or(word, code.shiftRight(sign, 16));
}

/** By how many bits a distance in bytes of single-precision numbers is shifted to be one of elements of a type. */
export function shiftOf(dtype: DType): number {
  return Math.log2(bytesOf[dtype] / 4);
}

/** Loads the first lanes of each vector; nothing beyond them is read. */
export function loadElements(dtype: ConvertedType, address: Local<'i32'>, lanes: number, code: WasmVectorCode): Bundle {
  if (dtype === 'float64') return loadDoubles(address, lanes, code);
  const bytes = bytesOf[dtype];
  const at = (i: number): V128 => {
    const offset = 4 * bytes * i;
    if (lanes === 4 && bytes === 4) return v128.load(address, offset);
    if (lanes === 4) return bytes === 2 ? v128.load64_zero(address, offset) : v128.load32_zero(address, offset);
    const load = bytes === 1 ? v128.load8_lane : bytes === 2 ? v128.load16_lane : v128.load32_lane;
    let vector: V128 = f32x4.const(0);
    for (let lane = 0; lane < lanes; lane++) vector = load(address, vector, lane, bytes * lane);
    return vector;
  };
  return accesses[dtype].widen(code, code.each(at));
}

function loadDoubles(address: Local<'i32'>, lanes: number, code: WasmVectorCode): Bundle {
  const low = code.each((i) => (lanes === 1 ? v128.load64_zero(address) : v128.load(address, 32 * i)));
  const lower = code.unary(f32x4.demote_f64x2_zero, low);
  if (lanes <= 2) return lower;
  const high = code.each((i) => (lanes === 3 ? v128.load64_zero(address, 16) : v128.load(address, 32 * i + 16)));
  return code.binary((a, b) => shuffle(a, b, [0, 1, 4, 5]), lower, code.unary(f32x4.demote_f64x2_zero, high));
}

/** Stores the first lanes of each vector, and nothing beyond them. */
export function storeElements(
  f: FunctionBuilder,
  dtype: ConvertedType,
  address: Local<'i32'>,
  numbers: Bundle,
  lanes: number,
  code: WasmVectorCode,
): void {
  if (dtype === 'float64') return storeDoubles(f, address, numbers, lanes, code);
  const bytes = bytesOf[dtype] as 1 | 2 | 4;
  accesses[dtype].narrow(code, numbers).forEach((stored, i) => {
    if (lanes < 4) for (let lane = 0; lane < lanes; lane++) f.storeLane(address, stored, lane, bytes * lane, bytes);
    else if (bytes === 4) f.storeV128(address, stored, 16 * i);
    else if (bytes === 2) f.storePair(address, stored, 0, 8 * i);
    else f.storeLane(address, stored, 0, 4 * i);
  });
}

function storeDoubles(
  f: FunctionBuilder,
  address: Local<'i32'>,
  numbers: Bundle,
  lanes: number,
  code: WasmVectorCode,
): void {
  const low = code.unary(f64x2.promote_low_f32x4, numbers);
  const upper = code.unary((x) => shuffle(x, x, [2, 3, 2, 3]), numbers);
  const high = code.unary(f64x2.promote_low_f32x4, upper);
  low.forEach((pair, i) => {
    const offset = 32 * i;
    if (lanes === 1) f.storePair(address, pair, 0, offset);
    else f.storeV128(address, pair, offset);
    if (lanes === 3) f.storePair(address, high[i], 0, offset + 16);
    if (lanes === 4) f.storeV128(address, high[i], offset + 16);
  });
}
