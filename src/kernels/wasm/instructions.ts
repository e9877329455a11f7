import { RondoError } from '../../errors.js';
import type { ByteWriter } from './byte-writer.js';
import {
  asF32,
  asF32x4,
  asI32,
  asI32x4,
  f32Const,
  f32x4Const,
  i32Const,
  i32x4Const,
  instruction,
  type Operand,
  type Value,
  type ValueType,
} from './values.js';

/**
 * The instructions that make values, under their WebAssembly names (WebAssembly 2.0 core specification, appendix "index
 * of instructions"; relaxed SIMD proposal). What has an effect (stores, control flow) is a method of FunctionBuilder.
 * A number given as an operand is a constant of the right type. Offsets are in bytes.
 */

type I32 = Value<'i32'>;
type F32 = Value<'f32'>;
type V128 = Value<'v128'>;

function opcode(code: ByteWriter, op: number, prefix?: number): void {
  if (prefix === undefined) {
    code.u8(op);
  } else {
    code.u8(prefix);
    code.u32(op);
  }
}

const simd = 0xfd;

/**
 * Address, then the offset that the instruction adds to it. The alignment is a hint; 4 bytes are true but for smaller
 * elements, which must not claim more than their own.
 */
function memoryArgument(code: ByteWriter, offset: number, alignment = 2): void {
  code.u8(alignment);
  code.u32(offset);
}

function load<T extends ValueType>(type: T, name: string, op: number, prefix?: number) {
  return (address: Operand<'i32'>, offset = 0): Value<T> =>
    instruction(type, name, [asI32(address)], ['i32'], (code) => {
      opcode(code, op, prefix);
      memoryArgument(code, offset);
    });
}

function i32Binary(name: string, op: number) {
  return (a: Operand<'i32'>, b: Operand<'i32'>): I32 =>
    instruction('i32', `i32.${name}`, [asI32(a), asI32(b)], ['i32', 'i32'], (code) => code.u8(op));
}

function f32Unary(name: string, op: number) {
  return (a: Operand<'f32'>): F32 => instruction('f32', `f32.${name}`, [asF32(a)], ['f32'], (code) => code.u8(op));
}

function f32Binary<T extends 'i32' | 'f32'>(type: T, name: string, op: number) {
  return (a: Operand<'f32'>, b: Operand<'f32'>): Value<T> =>
    instruction(type, `f32.${name}`, [asF32(a), asF32(b)], ['f32', 'f32'], (code) => code.u8(op));
}

/** Vector operations of one to three vectors; `lanes` says what a number operand means. */
type Lanes = (operand: Operand<'v128'>) => V128;
function vectors(name: string, op: number, lanes: Lanes, operands: readonly Operand<'v128'>[]): V128 {
  return instruction(
    'v128',
    name,
    operands.map(lanes),
    operands.map(() => 'v128'),
    (code) => opcode(code, op, simd),
  );
}
function unaryOf(shape: string, lanes: Lanes) {
  return (name: string, op: number) => (a: Operand<'v128'>) => vectors(`${shape}.${name}`, op, lanes, [a]);
}
function binaryOf(shape: string, lanes: Lanes) {
  return (name: string, op: number) => (a: Operand<'v128'>, b: Operand<'v128'>) =>
    vectors(`${shape}.${name}`, op, lanes, [a, b]);
}
function ternaryOf(shape: string, lanes: Lanes) {
  return (name: string, op: number) => (a: Operand<'v128'>, b: Operand<'v128'>, c: Operand<'v128'>) =>
    vectors(`${shape}.${name}`, op, lanes, [a, b, c]);
}

function requireLane(name: string, lane: number, most: number): void {
  if (Number.isInteger(lane) && lane >= 0 && lane < most) return;
  throw new RondoError('INTERNAL', {
    where: `assembler, ${name}`,
    what: 'no such lane.',
    expected: `0 to ${most - 1}`,
    received: String(lane),
  });
}

export const i32 = {
  const: i32Const,
  load: load('i32', 'i32.load', 0x28),
  eqz: (a: Operand<'i32'>): I32 => instruction('i32', 'i32.eqz', [asI32(a)], ['i32'], (code) => code.u8(0x45)),
  eq: i32Binary('eq', 0x46),
  ne: i32Binary('ne', 0x47),
  lt_s: i32Binary('lt_s', 0x48),
  lt_u: i32Binary('lt_u', 0x49),
  gt_s: i32Binary('gt_s', 0x4a),
  gt_u: i32Binary('gt_u', 0x4b),
  le_s: i32Binary('le_s', 0x4c),
  le_u: i32Binary('le_u', 0x4d),
  ge_s: i32Binary('ge_s', 0x4e),
  ge_u: i32Binary('ge_u', 0x4f),
  add: i32Binary('add', 0x6a),
  sub: i32Binary('sub', 0x6b),
  mul: i32Binary('mul', 0x6c),
  div_s: i32Binary('div_s', 0x6d),
  div_u: i32Binary('div_u', 0x6e),
  rem_s: i32Binary('rem_s', 0x6f),
  rem_u: i32Binary('rem_u', 0x70),
  and: i32Binary('and', 0x71),
  or: i32Binary('or', 0x72),
  xor: i32Binary('xor', 0x73),
  shl: i32Binary('shl', 0x74),
  shr_s: i32Binary('shr_s', 0x75),
  shr_u: i32Binary('shr_u', 0x76),
  trunc_sat_f32_s: (a: Operand<'f32'>): I32 =>
    instruction('i32', 'i32.trunc_sat_f32_s', [asF32(a)], ['f32'], (code) => opcode(code, 0, 0xfc)),
  reinterpret_f32: (a: Operand<'f32'>): I32 =>
    instruction('i32', 'i32.reinterpret_f32', [asF32(a)], ['f32'], (code) => code.u8(0xbc)),
};

export const f32 = {
  const: f32Const,
  load: load('f32', 'f32.load', 0x2a),
  eq: f32Binary('i32', 'eq', 0x5b),
  ne: f32Binary('i32', 'ne', 0x5c),
  lt: f32Binary('i32', 'lt', 0x5d),
  gt: f32Binary('i32', 'gt', 0x5e),
  le: f32Binary('i32', 'le', 0x5f),
  ge: f32Binary('i32', 'ge', 0x60),
  abs: f32Unary('abs', 0x8b),
  neg: f32Unary('neg', 0x8c),
  ceil: f32Unary('ceil', 0x8d),
  floor: f32Unary('floor', 0x8e),
  trunc: f32Unary('trunc', 0x8f),
  nearest: f32Unary('nearest', 0x90),
  sqrt: f32Unary('sqrt', 0x91),
  add: f32Binary('f32', 'add', 0x92),
  sub: f32Binary('f32', 'sub', 0x93),
  mul: f32Binary('f32', 'mul', 0x94),
  div: f32Binary('f32', 'div', 0x95),
  min: f32Binary('f32', 'min', 0x96),
  max: f32Binary('f32', 'max', 0x97),
  copysign: f32Binary('f32', 'copysign', 0x98),
  convert_i32_s: (a: Operand<'i32'>): F32 =>
    instruction('f32', 'f32.convert_i32_s', [asI32(a)], ['i32'], (code) => code.u8(0xb2)),
  reinterpret_i32: (a: Operand<'i32'>): F32 =>
    instruction('f32', 'f32.reinterpret_i32', [asI32(a)], ['i32'], (code) => code.u8(0xbe)),
};

const f32x4Unary = unaryOf('f32x4', asF32x4);
const f32x4Binary = binaryOf('f32x4', asF32x4);
const f32x4Ternary = ternaryOf('f32x4', asF32x4);

export const f32x4 = {
  /** One value for all lanes, or four. */
  const: f32x4Const,
  splat: (a: Operand<'f32'>): V128 =>
    instruction('v128', 'f32x4.splat', [asF32(a)], ['f32'], (code) => opcode(code, 0x13, simd)),
  extract_lane: (a: V128, lane: number): F32 => {
    requireLane('f32x4.extract_lane', lane, 4);
    return instruction('f32', 'f32x4.extract_lane', [a], ['v128'], (code) => {
      opcode(code, 0x1f, simd);
      code.u8(lane);
    });
  },
  replace_lane: (a: Operand<'v128'>, lane: number, value: Operand<'f32'>): V128 => {
    requireLane('f32x4.replace_lane', lane, 4);
    return instruction('v128', 'f32x4.replace_lane', [asF32x4(a), asF32(value)], ['v128', 'f32'], (code) => {
      opcode(code, 0x20, simd);
      code.u8(lane);
    });
  },
  eq: f32x4Binary('eq', 0x41),
  ne: f32x4Binary('ne', 0x42),
  lt: f32x4Binary('lt', 0x43),
  gt: f32x4Binary('gt', 0x44),
  le: f32x4Binary('le', 0x45),
  ge: f32x4Binary('ge', 0x46),
  ceil: f32x4Unary('ceil', 0x67),
  floor: f32x4Unary('floor', 0x68),
  trunc: f32x4Unary('trunc', 0x69),
  nearest: f32x4Unary('nearest', 0x6a),
  abs: f32x4Unary('abs', 0xe0),
  neg: f32x4Unary('neg', 0xe1),
  sqrt: f32x4Unary('sqrt', 0xe3),
  add: f32x4Binary('add', 0xe4),
  sub: f32x4Binary('sub', 0xe5),
  mul: f32x4Binary('mul', 0xe6),
  div: f32x4Binary('div', 0xe7),
  min: f32x4Binary('min', 0xe8),
  max: f32x4Binary('max', 0xe9),
  /** `b < a ? b : a` */
  pmin: f32x4Binary('pmin', 0xea),
  /** `a < b ? b : a` */
  pmax: f32x4Binary('pmax', 0xeb),
  convert_i32x4_s: f32x4Unary('convert_i32x4_s', 0xfa),
  demote_f64x2_zero: f32x4Unary('demote_f64x2_zero', 0x5e),
  /** `a * b + c`, rounded once or twice as the processor does it. Relaxed SIMD. */
  relaxed_madd: f32x4Ternary('relaxed_madd', 0x105),
  /** `c - a * b`, rounded once or twice as the processor does it. Relaxed SIMD. */
  relaxed_nmadd: f32x4Ternary('relaxed_nmadd', 0x106),
};

const i32x4Unary = unaryOf('i32x4', asI32x4);
const i32x4Binary = binaryOf('i32x4', asI32x4);
function i32x4Shift(name: string, op: number) {
  return (a: Operand<'v128'>, bits: Operand<'i32'>): V128 =>
    instruction('v128', `i32x4.${name}`, [asI32x4(a), asI32(bits)], ['v128', 'i32'], (code) => opcode(code, op, simd));
}

/** Widening takes the lower lanes; narrowing keeps within bounds and puts those of b above those of a. */
export const i8x16 = {
  narrow_i16x8_s: binaryOf('i8x16', asI32x4)('narrow_i16x8_s', 0x65),
  narrow_i16x8_u: binaryOf('i8x16', asI32x4)('narrow_i16x8_u', 0x66),
};

export const i16x8 = {
  extend_low_i8x16_s: unaryOf('i16x8', asI32x4)('extend_low_i8x16_s', 0x87),
  extend_high_i8x16_s: unaryOf('i16x8', asI32x4)('extend_high_i8x16_s', 0x88),
  extend_low_i8x16_u: unaryOf('i16x8', asI32x4)('extend_low_i8x16_u', 0x89),
  narrow_i32x4_s: binaryOf('i16x8', asI32x4)('narrow_i32x4_s', 0x85),
  narrow_i32x4_u: binaryOf('i16x8', asI32x4)('narrow_i32x4_u', 0x86),
};

export const f64x2 = {
  add: binaryOf('f64x2', asF32x4)('add', 0xf0),
  promote_low_f32x4: unaryOf('f64x2', asF32x4)('promote_low_f32x4', 0x5f),
};

export const i32x4 = {
  /** One value for all lanes, or four. */
  const: i32x4Const,
  splat: (a: Operand<'i32'>): V128 =>
    instruction('v128', 'i32x4.splat', [asI32(a)], ['i32'], (code) => opcode(code, 0x11, simd)),
  extract_lane: (a: V128, lane: number): I32 => {
    requireLane('i32x4.extract_lane', lane, 4);
    return instruction('i32', 'i32x4.extract_lane', [a], ['v128'], (code) => {
      opcode(code, 0x1b, simd);
      code.u8(lane);
    });
  },
  eq: i32x4Binary('eq', 0x37),
  ne: i32x4Binary('ne', 0x38),
  lt_s: i32x4Binary('lt_s', 0x39),
  gt_s: i32x4Binary('gt_s', 0x3b),
  le_s: i32x4Binary('le_s', 0x3d),
  ge_s: i32x4Binary('ge_s', 0x3f),
  abs: i32x4Unary('abs', 0xa0),
  neg: i32x4Unary('neg', 0xa1),
  shl: i32x4Shift('shl', 0xab),
  shr_s: i32x4Shift('shr_s', 0xac),
  shr_u: i32x4Shift('shr_u', 0xad),
  add: i32x4Binary('add', 0xae),
  sub: i32x4Binary('sub', 0xb1),
  mul: i32x4Binary('mul', 0xb5),
  min_s: i32x4Binary('min_s', 0xb6),
  max_s: i32x4Binary('max_s', 0xb8),
  extend_low_i16x8_s: i32x4Unary('extend_low_i16x8_s', 0xa7),
  extend_low_i16x8_u: i32x4Unary('extend_low_i16x8_u', 0xa9),
  /** Lane i: `a[2i] b[2i] + a[2i + 1] b[2i + 1]` of 16-bit lanes. */
  dot_i16x8_s: i32x4Binary('dot_i16x8_s', 0xba),
  /**
   * Lane i: c plus the dot product of the four bytes of lane i of a (signed) and of b. Where every byte of b is 0 to 127
   * and none of a is -128, processors agree. Relaxed SIMD.
   */
  relaxed_dot_i8x16_i7x16_add_s: ternaryOf('i32x4', asI32x4)('relaxed_dot_i8x16_i7x16_add_s', 0x113),
  trunc_sat_f32x4_s: (a: Operand<'v128'>): V128 => vectors('i32x4.trunc_sat_f32x4_s', 0xf8, asF32x4, [a]),
};

const bitsUnary = unaryOf('v128', asI32x4);
const bitsBinary = binaryOf('v128', asI32x4);

/** @param size the lane's bytes, as a power of 2 */
function loadLane(name: string, op: number, size: 0 | 1 | 2) {
  return (address: Operand<'i32'>, vector: V128, lane: number, offset = 0): V128 => {
    requireLane(`v128.${name}`, lane, 16 >> size);
    return instruction('v128', `v128.${name}`, [asI32(address), vector], ['i32', 'v128'], (code) => {
      opcode(code, op, simd);
      memoryArgument(code, offset, size);
      code.u8(lane);
    });
  };
}

export const v128 = {
  load: load('v128', 'v128.load', 0x00, simd),
  load32_splat: load('v128', 'v128.load32_splat', 0x09, simd),
  /** One number in lane 0, zeros above. */
  load32_zero: load('v128', 'v128.load32_zero', 0x5c, simd),
  /** Two numbers in lanes 0 and 1, zeros above. */
  load64_zero: load('v128', 'v128.load64_zero', 0x5d, simd),
  /** `vector` with one lane read from memory. */
  load8_lane: loadLane('load8_lane', 0x54, 0),
  load16_lane: loadLane('load16_lane', 0x55, 1),
  load32_lane: loadLane('load32_lane', 0x56, 2),
  not: bitsUnary('not', 0x4d),
  and: bitsBinary('and', 0x4e),
  /** `a & ~b` */
  andnot: bitsBinary('andnot', 0x4f),
  or: bitsBinary('or', 0x50),
  xor: bitsBinary('xor', 0x51),
  /** The bits of `a` where `mask` is 1, those of `b` where it is 0. Numbers are integers. */
  bitselect: (a: V128, b: V128, mask: V128): V128 => vectors('v128.bitselect', 0x52, asI32x4, [a, b, mask]),
  any_true: (a: V128): I32 => instruction('i32', 'v128.any_true', [a], ['v128'], (code) => opcode(code, 0x53, simd)),
};

/** Four lanes picked out of the eight of `a` (0-3) and `b` (4-7). */
export function shuffle(a: V128, b: V128, lanes: readonly [number, number, number, number]): V128 {
  for (const lane of lanes) requireLane('shuffle', lane, 8);
  return instruction('v128', 'shuffle', [a, b], ['v128', 'v128'], (code) => {
    opcode(code, 0x0d, simd);
    for (const lane of lanes) for (let byte = 0; byte < 4; byte++) code.u8(4 * lane + byte);
  });
}

/** `a` where the integer is not zero, else `b`. Both are computed. */
export function select<T extends ValueType>(a: Value<T>, b: Value<T>, condition: Operand<'i32'>): Value<T> {
  return instruction(a.type, 'select', [a, b, asI32(condition)], [a.type, a.type, 'i32'], (code) => code.u8(0x1b));
}
