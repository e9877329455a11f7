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
import { branch, countDown, Routine } from './routine.js';
import { pointAtRows, rowPlace, type VectorUnit } from './vector-unit.js';

/** The most rows that `few_rows` takes. */
export const mostFewRows = 6;

/**
 * `few_rows`: products of a few rows with a b stored `[k, n]`, which is read once where it is, from front to back: all
 * rows of a meet as many columns as the registers hold sums of. Every element is one sum along k.
 */
export function emitFewRows(code: Assembler, unit: VectorUnit): Label {
  const stripes = Array.from({ length: mostFewRows }, (_, i) => emitStripes(code, unit, i + 1));
  const routine = new Routine(code, 40);
  const given = routine.arguments(
    ['m', 'n', 'k', 'a', 'strideA', 'stepA', 'b', 'strideB', 'c', 'strideC', 'accumulate'],
    ['a', 'b', 'c'],
  );
  const left = routine.slot();
  const callee = routine.slot();
  routine.set(left, given.n);
  const again = code.bind();
  const found = code.label();
  const { columns, depth, a, strideA, tripleA, stepA, b, strideB, c, strideC, tripleC, adds } = rowsRegisters;
  code.load64(columns, left);
  code.load64(rdx, given.m);
  for (const [i, ofHeight] of stripes.entries()) {
    const next = code.label();
    code.arith('cmp', rdx, i + 1);
    code.jumpIf('notEqual', next);
    for (const { vectors, label } of ofHeight) {
      code.lea(rax, label);
      code.movConstant(rbp, vectors * unit.lanes);
      if (vectors > 1) {
        code.arith('cmp', columns, rbp);
        code.jumpIf('greaterEqual', found);
      } else {
        code.arith('cmp', columns, rbp);
        code.cmov('less', rbp, columns);
        code.jump(found);
      }
    }
    code.bind(next);
  }
  code.bind(found);
  code.store64(callee, rax);
  // How many columns this stripe has.
  const width = routine.slot();
  code.store64(width, rbp);
  code.mov(columns, rbp);
  code.load64(depth, given.k);
  code.load64(a[0], given.a);
  code.load64(strideA, given.strideA);
  code.lea(tripleA, at(strideA, 0, strideA, 2));
  pointAtRows(code, a, strideA);
  code.load64(stepA, given.stepA);
  code.load64(b, given.b);
  code.load64(strideB, given.strideB);
  code.load64(c[0], given.c);
  code.load64(strideC, given.strideC);
  code.lea(tripleC, at(strideC, 0, strideC, 2));
  pointAtRows(code, c, strideC);
  code.load64(adds, given.accumulate);
  code.call(callee);
  code.load64(rcx, width);
  for (const place of [given.b, given.c]) {
    code.load64(rax, place);
    code.lea(rax, at(rax, 0, rcx, 4));
    code.store64(place, rax);
  }
  code.neg(rcx);
  routine.add(left, rcx);
  code.jumpIf('notEqual', again);
  routine.end();
  return routine.label;
}

const rowsRegisters = {
  columns: rcx,
  depth: rax,
  a: [rbx, r10],
  strideA: r11,
  tripleA: rdx,
  stepA: rsi,
  b: r8,
  strideB: r9,
  c: [rdi, r13],
  strideC: rbp,
  tripleC: r12,
  adds: r15,
} as const;

interface Stripe {
  readonly vectors: number;
  readonly label: Label;
}

/** By width, the widest first, a function that computes columns of `rows` rows; that of one vector may have fewer. */
function emitStripes(code: Assembler, unit: VectorUnit, rows: number): Stripe[] {
  const free = unit.numRegisters - Math.min(rows, 2);
  let widest = 1;
  // Sums, and numbers of a or a row of b beside one of the other.
  while (
    (widest + 1) * rows + Math.min(widest + 1, rows) + (rows === 1 ? 0 : 1) <= unit.numRegisters &&
    (widest + 1) * rows <= free
  )
    widest++;
  if (rows === 1) widest = unit.isa === 'avx512' ? 24 : 12;
  const widths = [widest];
  while (widths[widths.length - 1] > 1) widths.push(Math.ceil(widths[widths.length - 1] / 2));
  return widths.map((vectors) => ({ vectors, label: emitStripe(code, unit, rows, vectors) }));
}

function emitStripe(code: Assembler, unit: VectorUnit, rows: number, vectors: number): Label {
  const { columns, depth, a, strideA, tripleA, stepA, b, strideB, c, strideC, tripleC, adds } = rowsRegisters;
  code.alignTo(32);
  const label = code.bind();
  const isMasked = vectors === 1;
  const mask: number | VectorRegister = unit.isa === 'avx512' ? 0 : unit.register(15);
  if (isMasked) unit.masks(code, columns, 1, r14, [unit.register(15)]);
  const sum = (row: number, j: number): VectorRegister => unit.register(row * vectors + j);
  const first = rows * vectors;
  for (let i = 0; i < first; i++) unit.clear(code, unit.register(i));
  const loadB = (register: VectorRegister, j: number): void => {
    if (isMasked) unit.loadMasked(code, register, at(b), mask);
    else code.op('vmovups', register, at(b, unit.bytes * j));
  };
  const spread = (register: VectorRegister, row: number): void =>
    code.op('vbroadcastss', register, rowPlace(a, strideA, tripleA, row));
  countDown(code, depth, () => {
    if (rows === 1 && !isMasked) {
      spread(unit.register(first), 0);
      for (let j = 0; j < vectors; j++) code.op('vfmadd231ps', sum(0, j), unit.register(first), at(b, unit.bytes * j));
    } else if (vectors < rows) {
      for (let j = 0; j < vectors; j++) loadB(unit.register(first + j), j);
      for (let row = 0; row < rows; row++) {
        spread(unit.register(first + vectors), row);
        for (let j = 0; j < vectors; j++)
          code.op('vfmadd231ps', sum(row, j), unit.register(first + vectors), unit.register(first + j));
      }
    } else {
      for (let row = 0; row < rows; row++) spread(unit.register(first + row), row);
      for (let j = 0; j < vectors; j++) {
        loadB(unit.register(first + rows), j);
        for (let row = 0; row < rows; row++)
          code.op('vfmadd231ps', sum(row, j), unit.register(first + row), unit.register(first + rows));
      }
    }
    code.arith('add', a[0], stepA);
    if (rows > 5) code.arith('add', a[1], stepA);
    code.arith('add', b, strideB);
  });
  const each = (body: (register: VectorRegister, place: Memory) => void): void => {
    for (let row = 0; row < rows; row++) {
      for (let j = 0; j < vectors; j++) body(sum(row, j), rowPlace(c, strideC, tripleC, row, unit.bytes * j));
    }
  };
  code.test(adds, adds);
  branch(code, 'notEqual', () =>
    each((register, place) => {
      if (isMasked) {
        unit.loadMasked(code, unit.register(first), place, mask);
        code.op('vaddps', register, register, unit.register(first));
      } else code.op('vaddps', register, register, place);
    }),
  );
  each((register, place) => {
    if (isMasked) unit.storeMasked(code, place, register, mask);
    else code.op('vmovupsStore', place, register);
  });
  code.ret();
  return label;
}

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
