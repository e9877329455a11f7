import { activationLevels } from '../compressed-matrix.js';
import type { Assembler } from './assembler.js';
import { comparisons } from './instructions.js';
import {
  at,
  type GeneralRegister,
  type Label,
  r8,
  r9,
  r11,
  rax,
  rcx,
  rdx,
  type VectorRegister,
  xmm,
  ymm,
} from './registers.js';
import { VectorUnit } from './vector-unit.js';
import { floatWord } from './words.js';

/** Scale and zero in front of the bytes of a rounded row. */
export const headerBytes = 16;

/** Rows are rounded 256 bits at a time with every set of instructions. */
const halves = new VectorUnit('avx2');

/** Of vroundps: to the nearest, ties to even, without a fault. */
const toNearestEven = 8;

/**
 * Rounds the row of k floats at r8 to bytes at r9, behind their scale and zero, in the arithmetic of int8-rows.ts;
 * changes rax, rcx, rdx and r11.
 *
 * @param k what holds its number
 */
export function emitRounding(code: Assembler, k: GeneralRegister): Label {
  const [low, high, unordered, values, mask] = [0, 1, 2, 3, 4].map(ymm);
  const [factor, shift, zero, top] = [5, 6, 7, 8].map(ymm);
  code.alignTo(16);
  const label = code.bind();
  for (let i = 0; i < 3; i++) code.op('vpxor', xmm(i), xmm(i), xmm(i));
  // The operand that stays is the second: these instructions give it where the other is NaN.
  alongRow(code, k, { mask, values }, () => {
    code.op('vminps', low, values, low);
    code.op('vmaxps', high, values, high);
    code.opWith('vcmpps', { immediate: comparisons.unordered }, values, values, values);
    code.op('vorps', unordered, unordered, values);
  });
  const [least, most] = [xmm(0), xmm(1)];
  for (const [name, vector] of [
    ['vminps', low],
    ['vmaxps', high],
  ] as const) {
    const [narrow, other] = [xmm(vector.index), xmm(3)];
    code.opWith('vextractf128', { immediate: 1 }, other, vector);
    code.op(name, narrow, narrow, other);
    code.opWith('vpermilps', { immediate: 0b01_00_11_10 }, other, narrow);
    code.op(name, narrow, narrow, other);
    code.opWith('vpermilps', { immediate: 0b10_11_00_01 }, other, narrow);
    code.op(name, narrow, narrow, other);
  }
  const [range, scale, levels] = [xmm(1), xmm(3), xmm(8)];
  code.op('vsubps', range, most, least);
  const ordered = code.label();
  code.op('vmovmskps', rax, unordered);
  code.test(rax, rax);
  code.jumpIf('equal', ordered);
  code.op('vbroadcastss', range, code.constant(floatWord(NaN)));
  code.bind(ordered);
  code.op('vbroadcastss', levels, code.constant(floatWord(activationLevels)));
  code.op('vdivps', scale, range, levels);
  code.op('vmovssStore', at(r9), scale);
  const inverse = xmm(5);
  code.op('vpxor', xmm(7), xmm(7), xmm(7));
  code.op('vdivps', inverse, levels, range);
  code.opWith('vcmpps', { immediate: comparisons.less }, range, xmm(7), range);
  code.op('vandps', inverse, inverse, range);
  const point = xmm(6);
  code.op('vmulps', point, least, inverse);
  code.op('vsubps', point, xmm(7), point);
  code.opWith('vroundps', { immediate: toNearestEven }, point, point);
  code.op('vmaxps', point, point, xmm(7));
  code.op('vcvttps2dq', xmm(3), point);
  code.op('vmovdStore', at(r9, 4), xmm(3));
  code.op('vbroadcastss', factor, inverse);
  code.op('vbroadcastss', shift, point);
  code.op('vbroadcastss', top, levels);
  code.lea(rdx, at(r9, headerBytes));
  alongRow(code, k, { mask, values }, () => {
    code.op('vmulps', values, values, factor);
    code.opWith('vroundps', { immediate: toNearestEven }, values, values);
    code.op('vaddps', values, values, shift);
    code.op('vmaxps', values, values, zero);
    code.op('vminps', values, values, top);
    code.op('vcvttps2dq', values, values);
    const [lower, upper] = [xmm(3), xmm(2)];
    code.opWith('vextractf128', { immediate: 1 }, upper, values);
    code.op('vpackssdw', lower, lower, upper);
    code.op('vpackuswb', lower, lower, lower);
    // Rows end at multiples of 16 bytes, so 8 fit behind the last whole eight.
    code.op('vmovqStore', at(rdx), lower);
    code.arith('add', rdx, 8);
  });
  code.ret();
  return label;
}

/** Loads the row at r8 into `values`, eight numbers at a time, the last ones with zeros behind them. */
function alongRow(
  code: Assembler,
  k: GeneralRegister,
  { mask, values }: Record<'mask' | 'values', VectorRegister>,
  body: () => void,
): void {
  const [whole, rest, done] = [code.label(), code.label(), code.label()];
  code.mov(rax, r8);
  code.mov(rcx, k);
  code.bind(whole);
  code.arith('sub', rcx, 8);
  code.jumpIf('less', rest);
  code.op('vmovups', values, at(rax));
  code.arith('add', rax, 32);
  body();
  code.jump(whole);
  code.bind(rest);
  code.arith('add', rcx, 8);
  code.jumpIf('equal', done);
  halves.mask(code, rcx, r11, mask);
  halves.loadMasked(code, values, at(rax), mask);
  body();
  code.bind(done);
}
