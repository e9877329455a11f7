import type { Assembler } from './assembler.js';
import type { Isa } from './processor.js';
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
} from './registers.js';
import { branch, countDown, Routine } from './routine.js';
import { pointAtRows, rowPlace, type VectorUnit } from './vector-unit.js';

/** The most rows that `few_rows` takes. */
export const mostFewRows = 6;

/** Up to so many columns c stays in the first level of the cache, for one row. */
const mostColumnsAdded = 4096;

/**
 * `few_rows`: products of a few rows with a b stored `[k, n]`, which is read once where it is, from front to back. Where
 * the registers hold the sums of all columns, they stay there; else rows of b after the other are added to c, since memory
 * is fastest where whole rows are read. Every element is one sum along k that begins with c, or with 0.
 */
export function emitFewRows(code: Assembler, unit: VectorUnit): Label {
  const adders = passes[unit.isa].map((pass, i) => emitRowAdder(code, unit, i + 1, pass));
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
    if (i < adders.length) {
      code.lea(rax, adders[i]);
      code.mov(rbp, columns);
      code.arith('cmp', columns, ofHeight[0].vectors * unit.lanes);
      branch(code, 'greater', () => {
        code.arith('cmp', columns, Math.floor(mostColumnsAdded / (i + 1)));
        code.jumpIf('lessEqual', found);
      });
    }
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
  const each = (body: (register: VectorRegister, place: Memory) => void): void => {
    for (let row = 0; row < rows; row++) {
      for (let j = 0; j < vectors; j++) body(sum(row, j), rowPlace(c, strideC, tripleC, row, unit.bytes * j));
    }
  };
  code.test(adds, adds);
  branch(
    code,
    'notEqual',
    () =>
      each((register, place) => {
        if (isMasked) unit.loadMasked(code, register, place, mask);
        else code.op('vmovups', register, place);
      }),
    () => each((register) => unit.clear(code, register)),
  );
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
  each((register, place) => {
    if (isMasked) unit.storeMasked(code, place, register, mask);
    else code.op('vmovupsStore', place, register);
  });
  code.ret();
  return label;
}

/**
 * By rows of a, how many rows of b are added to c at once, and how many vectors of c are held by registers meanwhile: what
 * measured best. With more rows the sums in registers are faster.
 */
const passes: Readonly<Record<Isa, readonly { readonly depth: number; readonly unroll: number }[]>> = {
  avx2: [
    { depth: 2, unroll: 4 },
    { depth: 3, unroll: 2 },
    { depth: 3, unroll: 1 },
    { depth: 2, unroll: 1 },
  ],
  avx512: [
    { depth: 1, unroll: 2 },
    { depth: 2, unroll: 1 },
  ],
};

/** How far ahead rows of b are asked for, in bytes. */
const rowsAhead = 1024;

/** A function that computes any number of columns of `rows` rows. */
function emitRowAdder(code: Assembler, unit: VectorUnit, rows: number, pass: { depth: number; unroll: number }): Label {
  const { columns, depth, a, stepA, strideA, tripleA, b, strideB, c, strideC, tripleC, adds } = rowsRegisters;
  const { depth: most, unroll } = pass;
  const left = r14;
  const mask: number | VectorRegister = unit.isa === 'avx512' ? 0 : unit.register(15);
  code.alignTo(32);
  const label = code.bind();
  /** From the first column to the last: `body` computes so many vectors, or one that is masked. */
  const alongColumns = (widths: readonly number[], body: (vectors: number, isMasked: boolean) => void): void => {
    const advance = (bytes: number): void => {
      code.arith('add', b, bytes);
      for (const base of rows > 5 ? c : c.slice(0, 1)) code.arith('add', base, bytes);
    };
    code.mov(left, columns);
    for (const vectors of widths) {
      const [again, end] = [code.label(), code.label()];
      code.arith('sub', left, vectors * unit.lanes);
      code.jumpIf('less', end);
      code.alignTo(32);
      code.bind(again);
      body(vectors, false);
      advance(unit.bytes * vectors);
      code.arith('sub', left, vectors * unit.lanes);
      code.jumpIf('greaterEqual', again);
      code.bind(end);
      code.arith('add', left, vectors * unit.lanes);
    }
    code.test(left, left);
    branch(code, 'notEqual', () => body(1, true));
    // Back to the first column.
    code.arith('sub', left, columns);
    code.shift('shl', left, 2);
    code.arith('add', b, left);
    for (const base of rows > 5 ? c : c.slice(0, 1)) code.arith('add', base, left);
  };
  code.mov(left, columns);
  code.arith('and', left, unit.lanes - 1);
  const scratch = adds;
  code.test(adds, adds);
  const isReady = code.label();
  const start = code.label();
  code.jumpIf('notEqual', isReady);
  unit.mask(code, left, scratch, mask);
  unit.clear(code, unit.register(0));
  alongColumns([1], (_, isMasked) => {
    for (let row = 0; row < rows; row++) {
      const place = rowPlace(c, strideC, tripleC, row);
      if (isMasked) unit.storeMasked(code, place, unit.register(0), mask);
      else code.op('vmovupsStore', place, unit.register(0));
    }
  });
  code.jump(start);
  code.bind(isReady);
  unit.mask(code, left, scratch, mask);
  code.bind(start);
  for (const steps of most === 1 ? [1] : [most, 1]) {
    const [again, end] = [code.label(), code.label()];
    code.bind(again);
    code.arith('cmp', depth, steps);
    code.jumpIf('less', end);
    const numbers = (row: number, step: number): VectorRegister => unit.register(step * rows + row);
    for (let step = 0; step < steps; step++) {
      for (let row = 0; row < rows; row++)
        code.op('vbroadcastss', numbers(row, step), rowPlace(a, strideA, tripleA, row));
      for (const base of rows > 5 ? a : a.slice(0, 1)) code.arith('add', base, stepA);
    }
    const first = steps * rows;
    const stepPlace = (step: number, displacement: number): Memory =>
      step === 0 ? at(b, displacement) : at(b, displacement, strideB, step as 1 | 2);
    alongColumns(unroll === 1 ? [1] : [unroll, 1], (vectors, isMasked) => {
      const sum = (row: number, j: number): VectorRegister => unit.register(first + row * vectors + j);
      const row0 = unit.register(first + rows * vectors);
      const each = (body: (register: VectorRegister, place: Memory) => void): void => {
        for (let row = 0; row < rows; row++) {
          for (let j = 0; j < vectors; j++) body(sum(row, j), rowPlace(c, strideC, tripleC, row, unit.bytes * j));
        }
      };
      each((register, place) => {
        if (isMasked) unit.loadMasked(code, register, place, mask);
        else code.op('vmovups', register, place);
      });
      for (let step = 0; step < steps; step++) {
        for (let j = 0; j < vectors; j++) {
          const place = stepPlace(step, unit.bytes * j);
          if (isMasked) unit.loadMasked(code, row0, place, mask);
          else if (rows > 1) code.op('vmovups', row0, place);
          const from = rows > 1 || isMasked ? row0 : place;
          for (let row = 0; row < rows; row++) code.op('vfmadd231ps', sum(row, j), numbers(row, step), from);
          if (!isMasked && (unit.bytes * j) % 64 === 0)
            code.prefetch('t0', stepPlace(step, unit.bytes * j + rowsAhead));
        }
      }
      each((register, place) => {
        if (isMasked) unit.storeMasked(code, place, register, mask);
        else code.op('vmovupsStore', place, register);
      });
    });
    for (let step = 0; step < steps; step++) code.arith('add', b, strideB);
    code.arith('sub', depth, steps);
    code.jump(again);
    code.bind(end);
  }
  code.ret();
  return label;
}
