import type { Assembler } from './assembler.js';
import {
  at,
  type GeneralRegister,
  type Label,
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
  rdx,
  rsi,
  type VectorRegister,
} from './registers.js';
import { branch, countDown } from './routine.js';
import type { VectorUnit } from './vector-unit.js';

/**
 * Packing copies a range of a matrix into a panel, whose steps of k follow each other, so that the tile kernels read it
 * front to back. Functions that change every register.
 */
export const packRegisters = {
  /** Rows of what is transposed, columns of what is copied: at least 1 and at most those of a panel. */
  count: rax,
  /** Steps of k, at least 1. */
  depth: rdx,
  source: rbx,
  /** Bytes from one row of the source to the next. */
  stride: rcx,
  panel: rsi,
  /** Bytes from one step of k to the next in the panel; of `columns`, the rows of the lower tiles. */
  step: r8,
  /** Of `columns`: how many tiles have a row more. */
  numHigher: rbp,
} as const;

export interface Packers {
  /**
   * The range is stored `[k, count]`: rows of `count` columns, at most two vectors. Whole vectors are written.
   */
  readonly copy: Label;
  /**
   * A block of a that is stored `[k, m]` becomes the panels of its tiles: `numHigher` of `step` + 1 rows, then `count` of
   * `step` rows, in one reading from front to back.
   */
  readonly columns: Label;
  /**
   * The range is stored `[count, k]`, `count` at most the lanes of a vector. Whole vectors are written, in their order:
   * what is behind the last column of a step is overwritten by the next, and behind the last step one vector may be
   * changed.
   */
  readonly transpose: Label;
}

export function emitPackers(code: Assembler, unit: VectorUnit): Packers {
  return {
    copy: emitCopyPacker(code, unit),
    columns: emitColumnsPacker(code, unit),
    transpose: emitTransposePacker(code, unit),
  };
}

function emitCopyPacker(code: Assembler, unit: VectorUnit): Label {
  const { count, depth, source, stride, panel, step } = packRegisters;
  code.alignTo(16);
  const label = code.bind();
  const [first, second] = [unit.register(0), unit.register(1)];
  const loop = (vectors: 1 | 2, masks?: readonly (number | VectorRegister)[]): void => {
    countDown(code, depth, () => {
      [first, second].slice(0, vectors).forEach((register, j) => {
        const from = at(source, unit.bytes * j);
        if (masks === undefined) code.op('vmovups', register, from);
        else unit.loadMasked(code, register, from, masks[j]);
      });
      [first, second]
        .slice(0, vectors)
        .forEach((register, j) => code.op('vmovupsStore', at(panel, unit.bytes * j), register));
      code.arith('add', source, stride);
      code.arith('add', panel, step);
    });
    code.ret();
  };
  const maskRegisters = [unit.register(14), unit.register(15)];
  const masks = unit.isa === 'avx512' ? [0, 1] : maskRegisters;
  code.arith('cmp', count, 2 * unit.lanes);
  branch(code, 'equal', () => loop(2));
  unit.masks(code, count, 2, r9, maskRegisters);
  code.arith('cmp', count, unit.lanes);
  branch(code, 'above', () => loop(2, masks));
  loop(1, masks);
  return label;
}

/** How far ahead of reading and writing lines of the cache are asked for, in bytes. */
const [sourceAhead, panelAhead] = [8192, 256];

function emitColumnsPacker(code: Assembler, unit: VectorUnit): Label {
  const { count, depth, source, stride, panel, step, numHigher } = packRegisters;
  code.alignTo(16);
  const label = code.bind();
  // Bytes of a row of the higher and lower tiles, and of their panels.
  const [higher, lower, higherPanel, lowerPanel] = [r9, r10, r11, r12] as const;
  const [from, to, left] = [r13, r14, r15] as const;
  const masks: readonly (number | VectorRegister)[] =
    unit.isa === 'avx512' ? [0, 1] : [unit.register(14), unit.register(15)];
  code.lea(r13, at(step, 1));
  unit.mask(code, r13, r14, masks[0]);
  unit.mask(code, step, r14, masks[1]);
  code.mov(lower, step);
  code.shift('shl', lower, 2);
  code.lea(higher, at(lower, 4));
  code.mov(higherPanel, higher);
  code.imul(higherPanel, depth);
  code.mov(lowerPanel, lower);
  code.imul(lowerPanel, depth);
  const lowest = step;
  code.mov(lowest, numHigher);
  code.imul(lowest, higherPanel);
  code.arith('add', lowest, panel);
  /** One step of k. Whole vectors are written where the next step overwrites what is too much. */
  const row = (isLast: boolean): void => {
    const panels = (mask: number | VectorRegister, bytes: GeneralRegister, panelBytes: GeneralRegister): void =>
      countDown(code, left, () => {
        unit.loadMasked(code, unit.register(0), at(from), mask);
        if (isLast) unit.storeMasked(code, at(to), unit.register(0), mask);
        else code.op('vmovupsStore', at(to), unit.register(0));
        code.prefetch('t0', at(from, sourceAhead));
        code.prefetch('t0', at(to, panelAhead));
        code.arith('add', from, bytes);
        code.arith('add', to, panelBytes);
      });
    code.mov(from, source);
    code.mov(to, panel);
    code.mov(left, numHigher);
    code.test(left, left);
    branch(code, 'notEqual', () => panels(masks[0], higher, higherPanel));
    code.mov(to, lowest);
    code.mov(left, count);
    panels(masks[1], lower, lowerPanel);
    code.arith('add', source, stride);
    code.arith('add', panel, higher);
    code.arith('add', lowest, lower);
  };
  code.arith('sub', depth, 1);
  branch(code, 'notEqual', () => countDown(code, depth, () => row(false)));
  row(true);
  code.ret();
  return label;
}

/** By row of a square of the vector's lanes, where it lies: two bases, and multiples of the stride. */
function squareRow(row: number, stride: GeneralRegister): ReturnType<typeof at> {
  const [first, second, triple, fifth, seventh] = [packRegisters.source, r10, r11, r12, r13];
  const from = row > 8 && row % 2 === 1 ? second : first;
  const steps = from === second ? row - 9 : row;
  if (steps === 0) return at(from);
  for (const [register, multiple] of [
    [stride, 1],
    [triple, 3],
    [fifth, 5],
    [seventh, 7],
  ] as const) {
    const scale = steps / multiple;
    if (scale === 1 || scale === 2 || scale === 4 || scale === 8) return at(from, 0, register, scale);
  }
  throw new Error(`no place for row ${row}`);
}

function emitTransposePacker(code: Assembler, unit: VectorUnit): Label {
  const { count, depth, source, stride, panel, step } = packRegisters;
  const { lanes } = unit;
  code.alignTo(16);
  const label = code.bind();
  code.lea(r11, at(stride, 0, stride, 2));
  code.lea(r12, at(stride, 0, stride, 4));
  code.lea(r13, at(r11, 0, stride, 4));
  code.lea(r10, at(source, 0, stride, 8));
  code.arith('add', r10, stride);
  const rows = Array.from({ length: lanes }, (_, i) => unit.register(i));
  const advance = (): void => {
    code.arith('add', source, unit.bytes);
    code.arith('add', r10, unit.bytes);
  };
  const end = code.label();
  const careful = code.label();
  const next = code.bind();
  // Whole squares, then what has fewer rows or steps.
  code.arith('cmp', depth, lanes);
  code.jumpIf('less', careful);
  code.arith('cmp', count, lanes);
  code.jumpIf('less', careful);
  rows.forEach((register, i) => code.op('vmovups', register, squareRow(i, stride)));
  for (const register of transposed(code, unit, rows)) {
    code.op('vmovupsStore', at(panel), register());
    code.arith('add', panel, step);
  }
  advance();
  code.arith('sub', depth, lanes);
  code.jumpIf('notEqual', next);
  code.ret();

  code.bind(careful);
  // rbp: how many steps of this square there are.
  code.mov(rbp, depth);
  code.movConstant(r9, lanes);
  code.arith('cmp', rbp, r9);
  code.cmov('greater', rbp, r9);
  const mask = unit.isa === 'avx512' ? 0 : unit.register(15);
  unit.masks(code, rbp, 1, r9, [unit.register(15)]);
  rows.forEach((register, i) => {
    unit.clear(code, register);
    code.arith('cmp', count, i);
    branch(code, 'above', () => unit.loadMasked(code, register, squareRow(i, stride), mask));
  });
  transposed(code, unit, rows).forEach((register, i) => {
    code.arith('cmp', rbp, i);
    code.jumpIf('belowEqual', end);
    code.op('vmovupsStore', at(panel), register());
    code.arith('add', panel, step);
  });
  code.bind(end);
  advance();
  code.arith('sub', depth, rbp);
  code.jumpIf('notEqual', next);
  code.ret();
  return label;
}

/**
 * Transposes a square of registers, from 0 on; those behind them are used too. What is returned emits the last step of
 * each column, and gives its register.
 */
function transposed(code: Assembler, unit: VectorUnit, rows: readonly VectorRegister[]): (() => VectorRegister)[] {
  const { lanes } = unit;
  const others = rows.map((_, i) => unit.register(lanes + i));
  for (let i = 0; i < lanes; i += 2) {
    code.op('vunpcklps', others[i], rows[i], rows[i + 1]);
    code.op('vunpckhps', others[i + 1], rows[i], rows[i + 1]);
  }
  // Of four rows each: in every share of 128 bits one column of those rows.
  for (let i = 0; i < lanes; i += 4) {
    for (const j of [0, 1]) {
      code.op('vunpcklpd', rows[i + 2 * j], others[i + j], others[i + j + 2]);
      code.op('vunpckhpd', rows[i + 2 * j + 1], others[i + j], others[i + j + 2]);
    }
  }
  if (unit.isa === 'avx2') {
    return rows.map((_, column) => () => {
      const from = column % 4;
      code.opWith('vperm2f128', { immediate: column < 4 ? 0x20 : 0x31 }, others[column], rows[from], rows[4 + from]);
      return others[column];
    });
  }
  for (let column = 0; column < 4; column++) {
    for (const half of [0, 1]) {
      for (const [parity, immediate] of [
        [0, 0x88],
        [1, 0xdd],
      ]) {
        const [low, high] = [rows[8 * half + column], rows[8 * half + 4 + column]];
        code.opWith('vshuff32x4', { immediate }, others[4 * column + 2 * half + parity], low, high);
      }
    }
  }
  return rows.map((_, at) => () => {
    const column = at % 4;
    const parity = (at >> 2) & 1;
    const immediate = at < 8 ? 0x88 : 0xdd;
    const [low, high] = [others[4 * column + parity], others[4 * column + 2 + parity]];
    code.opWith('vshuff32x4', { immediate }, rows[at], low, high);
    return rows[at];
  });
}
