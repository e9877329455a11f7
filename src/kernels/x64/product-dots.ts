import type { Assembler } from './assembler.js';
import {
  at,
  type Label,
  type Memory,
  r8,
  r9,
  r10,
  r11,
  r12,
  r13,
  r14,
  r15,
  rax,
  rbp,
  rbx,
  rcx,
  rdi,
  rdx,
  rsi,
  type VectorRegister,
  xmm,
  ymm,
} from './registers.js';
import { branch, Routine } from './routine.js';
import type { VectorUnit } from './vector-unit.js';

/** Rows of b that meet rows of a at once. */
const columnsOfDots = 8;

/** Registers of the rows of b, of which the last may be one row repeated. */
const rowsOfB = [r8, r9, r10, r11, r12, r13, r14, r15] as const;
const rowsOfA = [rbx, rdi, rsi] as const;

/**
 * `dot_rows`: a b stored `[n, k]`; both are read where they are. Every element is a dot product along both rows, as many
 * lanes at a time as a vector has; eight rows of b meet up to three of a.
 */
export function emitDotRows(code: Assembler, unit: VectorUnit): Label {
  const mostRows = unit.isa === 'avx512' ? 3 : 1;
  const routine = new Routine(code, 60);
  const given = routine.arguments(
    ['m', 'n', 'k', 'a', 'strideA', 'b', 'strideB', 'c', 'strideC', 'accumulate'],
    ['a', 'b', 'c'],
  );
  const [width, source, target] = [routine.slot(), routine.slot(), routine.slot()];
  const [left, row] = [routine.slot(), routine.slot()];
  const pointers = rowsOfB.map(() => routine.slot());
  const [whole, rest] = [routine.slot(), routine.slot()];
  // Bytes of whole vectors along k, and how many numbers are behind them.
  code.load64(rax, given.k);
  code.mov(rcx, rax);
  code.arith('and', rcx, unit.lanes - 1);
  code.store64(rest, rcx);
  code.arith('sub', rax, rcx);
  code.shift('shl', rax, 2);
  code.store64(whole, rax);
  routine.set(source, given.b);
  routine.set(target, given.c);
  routine.forBlocks(given.n, columnsOfDots, (_, size) => {
    routine.set(width, size);
    // Behind the last row of b comes that row again.
    code.load64(rax, source);
    code.load64(rdx, given.strideB);
    code.load64(rcx, width);
    code.movConstant(rbx, 0);
    pointers.forEach((pointer, i) => {
      code.store64(pointer, rax);
      code.arith('cmp', rcx, i + 1);
      code.cmov('lessEqual', rdx, rbx);
      code.arith('add', rax, rdx);
    });
    routine.set(left, given.m);
    routine.set(row, given.a);
    const placeC = routine.slot();
    routine.set(placeC, target);
    const again = code.bind();
    const done = code.label();
    for (let rows = mostRows; rows >= 1; rows--) {
      const next = code.label();
      code.load64(rax, left);
      code.arith('cmp', rax, rows);
      code.jumpIf('less', next);
      rowsOfB.forEach((register, i) => code.load64(register, pointers[i]));
      code.load64(rowsOfA[0], row);
      for (let i = 1; i < rows; i++) {
        code.mov(rowsOfA[i], rowsOfA[i - 1]);
        code.arith('add', rowsOfA[i], given.strideA);
      }
      emitDots(code, unit, rows, { whole, rest });
      emitEndOfDots(code, unit, rows, { width, placeC, strideC: given.strideC, accumulate: given.accumulate });
      code.load64(rax, given.strideA);
      code.imulConstant(rax, rax, rows);
      code.arith('add', rax, row);
      code.store64(row, rax);
      code.load64(rax, given.strideC);
      code.imulConstant(rax, rax, rows);
      code.arith('add', rax, placeC);
      code.store64(placeC, rax);
      routine.add(left, -rows);
      code.jumpIf('notEqual', again);
      code.jump(done);
      code.bind(next);
    }
    code.bind(done);
    code.load64(rax, given.strideB);
    code.shift('shl', rax, 3);
    code.arith('add', rax, source);
    code.store64(source, rax);
    routine.add(target, 4 * columnsOfDots);
  });
  routine.end();
  return routine.label;
}

/** Sums of row i and row j of b, by lanes, in register 8 i + j. */
function emitDots(
  code: Assembler,
  unit: VectorUnit,
  rows: number,
  { whole, rest }: { whole: Memory; rest: Memory },
): void {
  const sums = columnsOfDots * rows;
  for (let i = 0; i < sums; i++) unit.clear(code, unit.register(i));
  const step = (load: (register: VectorRegister, from: Memory) => void, isWhole: boolean): void => {
    const vectors = rowsOfA.slice(0, rows).map((pointer, i) => {
      load(unit.register(sums + i), at(pointer, 0, rcx));
      return unit.register(sums + i);
    });
    rowsOfB.forEach((pointer, j) => {
      const place = at(pointer, 0, rcx);
      const other = unit.register(sums + rows);
      if (rows > 1 || !isWhole) load(other, place);
      vectors.forEach((vector, i) =>
        code.op('vfmadd231ps', unit.register(columnsOfDots * i + j), vector, rows > 1 || !isWhole ? other : place),
      );
    });
  };
  code.movConstant(rcx, 0);
  code.load64(rdx, whole);
  code.test(rdx, rdx);
  branch(code, 'notEqual', () => {
    const again = code.bind();
    step((register, from) => code.op('vmovups', register, from), true);
    code.arith('add', rcx, unit.bytes);
    code.arith('cmp', rcx, rdx);
    code.jumpIf('notEqual', again);
  });
  code.load64(rax, rest);
  code.test(rax, rax);
  branch(code, 'notEqual', () => {
    const mask = unit.isa === 'avx512' ? 0 : unit.register(15);
    unit.masks(code, rax, 1, rbp, [unit.register(15)]);
    step((register, from) => unit.loadMasked(code, register, from, mask), false);
  });
}

/** Adds up the lanes and writes the sums to c. */
function emitEndOfDots(
  code: Assembler,
  unit: VectorUnit,
  rows: number,
  given: { width: Memory; placeC: Memory; strideC: Memory; accumulate: Memory },
): void {
  for (let i = 0; i < columnsOfDots * rows; i++) emitFold(code, unit, i);
  const mask: number | VectorRegister = unit.isa === 'avx512' ? 0 : ymm(15);
  code.load64(rcx, given.width);
  unit.masks(code, rcx, 1, rbp, [ymm(15)]);
  code.load64(rax, given.placeC);
  code.load64(rdx, given.accumulate);
  for (let i = 0; i < rows; i++) {
    const first = columnsOfDots * i;
    for (const quarter of [first, first + 4]) emitSumOfFour(code, quarter, columnsOfDots * rows);
    const insert = unit.isa === 'avx512' ? 'vinsertf32x4' : 'vinsertf128';
    code.opWith(insert, { immediate: 1 }, ymm(first), ymm(first), xmm(first + 4));
    code.test(rdx, rdx);
    branch(code, 'notEqual', () => {
      const before = ymm(columnsOfDots * rows);
      unit.loadMasked(code, before, at(rax), mask);
      code.op('vaddps', ymm(first), ymm(first), before);
    });
    unit.storeMasked(code, at(rax), ymm(first), mask);
    if (i + 1 < rows) code.arith('add', rax, given.strideC);
  }
}

/** Adds the upper shares of a register to its lowest 128 bits. */
function emitFold(code: Assembler, unit: VectorUnit, index: number): void {
  const other = unit.numRegisters - 1;
  if (unit.isa === 'avx512') {
    code.opWith('vextractf64x4', { immediate: 1 }, ymm(other), unit.register(index));
    code.op('vaddps', ymm(index), ymm(index), ymm(other));
    code.opWith('vextractf32x4', { immediate: 1 }, xmm(other), ymm(index));
  } else code.opWith('vextractf128', { immediate: 1 }, xmm(other), ymm(index));
  code.op('vaddps', xmm(index), xmm(index), xmm(other));
}

/** Lane j of the first register becomes `(v0 + v2) + (v1 + v3)` of the lanes of register j. */
function emitSumOfFour(code: Assembler, first: number, free: number): void {
  const [a, b, c, d] = [0, 1, 2, 3].map((i) => xmm(first + i));
  const other = xmm(free);
  const pair = (low: VectorRegister, high: VectorRegister): void => {
    code.op('vunpckhps', other, low, high);
    code.op('vunpcklps', low, low, high);
    code.op('vaddps', low, low, other);
  };
  pair(a, b);
  pair(c, d);
  code.op('vunpckhpd', other, a, c);
  code.op('vunpcklpd', a, a, c);
  code.op('vaddps', a, a, other);
}
