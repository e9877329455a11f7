import type { Assembler } from './assembler.js';
import {
  at,
  type GeneralRegister,
  k,
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
  rdi,
  rdx,
  rsi,
  rsp,
  type VectorRegister,
} from './registers.js';
import { branch, countDown } from './routine.js';
import { pointAtRows, rowPlace, type VectorUnit } from './vector-unit.js';

/**
 * The innermost kernels of a matrix product: a tile of c, held in registers, gains one outer product per step of k
 * (Goto and van de Geijn 2008). R rows of two vectors, or of one where the last columns fit in it.
 */
export interface TileShape {
  readonly rows: number;
  readonly columns: number;
}

/** What measured best: all accumulators that the registers have room for, besides a row of b and two numbers of a. */
export function tileShape({ isa, lanes }: VectorUnit): TileShape {
  return { rows: isa === 'avx512' ? 14 : 6, columns: 2 * lanes };
}

/** Registers that a tile is given; it changes all of them but those that are strides. */
export const tileRegisters = {
  /** Steps of k. */
  depth: rax,
  /** The first, sixth and eleventh row of a. */
  a: [rbx, r10, r11],
  strideA: rcx,
  tripleA: rdx,
  /** From one step of k to the next, in a and in b. */
  stepA: rsi,
  b: r8,
  stepB: r9,
  c: [rdi, r13, r14],
  strideC: rbp,
  tripleC: r12,
  /** Where a tile that packs b writes it. */
  panel: r15,
  /** Where the masks of columns lie (AVX2, whose tiles have no eleventh row). */
  masks: r11,
  /** What is asked for, at each step of k one line of the cache, because it is packed next; until c takes their place. */
  ahead: r13,
  stepAhead: r14,
  /** The caller's first variable. 1: adds to c. 2: not all columns of c count (AVX2). */
  flags: at(rsp, 8),
} as const;

/** How far ahead of its reading a panel is asked for, in bytes: the time that the third level of the cache takes. */
const panelAhead = 8192;

export const accumulates = 1;
export const isEdge = 2;

/** Of the registers that point at rows, those that some rows need. */
const basesOf = (bases: readonly GeneralRegister[], rows: number): readonly GeneralRegister[] =>
  bases.slice(0, Math.ceil(rows / 5));

/** Points at the sixth and the eleventh row of a, and empties all accumulators. */
export function emitTileStart(code: Assembler, unit: VectorUnit): void {
  const { rows } = tileShape(unit);
  pointAtRows(code, basesOf(tileRegisters.a, rows), tileRegisters.strideA);
  for (let i = 0; i < 2 * rows; i++) unit.clear(code, unit.register(i));
}

/**
 * Tiles of two vectors in a row that read a panel of b, of one vector, and of two that read b where it is and pack it on
 * the way; by height.
 */
export interface Tiles {
  readonly wide: readonly Label[];
  readonly narrow: readonly Label[];
  readonly packing: readonly Label[];
}

/** Emits the tiles of every height. They are called with accumulators that are empty. */
export function emitTiles(code: Assembler, unit: VectorUnit): Tiles {
  const wideEnds = emitTileEnds(code, unit, 2);
  return {
    wide: emitTilesOf(code, unit, wideEnds, { vectors: 2, packs: false }),
    narrow: emitTilesOf(code, unit, emitTileEnds(code, unit, 1), { vectors: 1, packs: false }),
    packing: emitTilesOf(code, unit, wideEnds, { vectors: 2, packs: true }),
  };
}

function emitTilesOf(
  code: Assembler,
  unit: VectorUnit,
  ends: TileEnds,
  { vectors, packs }: { vectors: 1 | 2; packs: boolean },
): Label[] {
  const { rows } = tileShape(unit);
  const { depth, a, strideA, tripleA, stepA, b, stepB, panel, ahead, stepAhead, c, strideC } = tileRegisters;
  const numAccumulators = vectors * rows;
  const ofB = Array.from({ length: vectors }, (_, j) => unit.register(numAccumulators + j));
  const spread = [0, 1].map((i) => unit.register(numAccumulators + vectors + i));
  return Array.from({ length: rows }, (_, i) => {
    const height = i + 1;
    code.alignTo(64);
    const label = code.bind();
    countDown(code, depth, () => {
      ofB.forEach((register, j) => code.op('vmovups', register, at(b, unit.bytes * j)));
      if (packs) {
        ofB.forEach((register, j) => code.op('vmovupsStore', at(panel, unit.bytes * j), register));
        code.arith('add', panel, unit.bytes * vectors);
      } else {
        // A line of the cache is two vectors of AVX2.
        for (let place = 0; place < unit.bytes * vectors; place += 64) code.prefetch('t0', at(b, place + panelAhead));
      }
      code.prefetch('t1', at(ahead));
      code.arith('add', ahead, stepAhead);
      for (let row = 0; row < height; row++) {
        code.op('vbroadcastss', spread[row % 2], rowPlace(a, strideA, tripleA, row));
        ofB.forEach((register, j) =>
          code.op('vfmadd231ps', unit.register(vectors * row + j), spread[row % 2], register),
        );
      }
      for (const base of basesOf(a, height)) code.arith('add', base, stepA);
      code.arith('add', b, stepB);
    });
    pointAtRows(code, basesOf(c, height), strideC);
    ends.finish(i);
    return label;
  });
}

/** What holds the masks of columns when a tile is written (AVX2). */
function masksOf(unit: VectorUnit, vectors: number): VectorRegister[] {
  return Array.from({ length: vectors }, (_, j) => unit.register(unit.numRegisters - 2 + j));
}

/** What ends the tile of each height. */
interface TileEnds {
  /** Emits the jump to what adds the tile of `row + 1` rows to c, or overwrites it. */
  finish(row: number): void;
}

function emitTileEnds(code: Assembler, unit: VectorUnit, vectors: 1 | 2): TileEnds {
  const { masks, flags } = tileRegisters;
  const ends = (unit.isa === 'avx512' ? [true] : [false, true]).map((isMasked) => ({
    add: emitRows(code, unit, vectors, { isMasked, adds: true }),
    store: emitRows(code, unit, vectors, { isMasked, adds: false }),
  }));
  const finish = ({ add, store }: (typeof ends)[number], row: number, kind: number): void => {
    code.arith('cmp', rax, kind);
    code.jumpIf('equal', store[row]);
    code.call(add[row]);
    code.jump(store[row]);
  };
  return {
    finish(row) {
      code.load64(rax, flags);
      if (unit.isa === 'avx2') {
        masksOf(unit, vectors).forEach((mask, j) => code.op('vmovups', mask, at(masks, 32 * j)));
        code.arith('cmp', rax, isEdge);
        branch(code, 'aboveEqual', () => finish(ends[1], row, isEdge));
      }
      finish(ends[0], row, 0);
    },
  };
}

/**
 * A function for each height, which adds c to its rows or writes them, from the last to the first. All is read before
 * anything is written, since rows that lie a multiple of 4096 bytes apart would wait for each other.
 */
function emitRows(
  code: Assembler,
  unit: VectorUnit,
  vectors: 1 | 2,
  { isMasked, adds }: { isMasked: boolean; adds: boolean },
): Label[] {
  const { rows } = tileShape(unit);
  const { c, strideC, tripleC } = tileRegisters;
  const free = unit.register(2 * rows);
  const masks: readonly (number | VectorRegister)[] = unit.isa === 'avx512' ? [0, 1] : masksOf(unit, vectors);
  const labels: Label[] = [];
  for (let row = rows - 1; row >= 0; row--) {
    labels[row] = code.bind();
    for (let j = 0; j < vectors; j++) {
      const mask = masks[j];
      const sum = unit.register(vectors * row + j);
      const place = rowPlace(c, strideC, tripleC, row, unit.bytes * j);
      if (!adds) {
        if (isMasked) unit.storeMasked(code, place, sum, mask);
        else code.op('vmovupsStore', place, sum);
      } else if (typeof mask === 'number') {
        code.opWith('vaddps', { mask: k(1 + mask), zeroing: true }, sum, sum, place);
      } else if (isMasked) {
        unit.loadMasked(code, free, place, mask);
        code.op('vaddps', sum, sum, free);
      } else code.op('vaddps', sum, sum, place);
    }
  }
  code.ret();
  return labels;
}

/**
 * A function: rcx is a height; rax, rdx and rbx become the addresses of its wide, narrow and packing tile. Changes rsi.
 */
export function emitTileFinder(code: Assembler, tiles: Tiles): Label {
  const label = code.bind();
  for (const [i] of tiles.wide.entries()) {
    code.arith('cmp', rcx, i + 1);
    for (const [register, tile] of [
      [rax, tiles.wide[i]],
      [rdx, tiles.narrow[i]],
      [rbx, tiles.packing[i]],
    ] as const) {
      code.lea(rsi, tile);
      code.cmov('equal', register, rsi);
    }
  }
  code.ret();
  return label;
}
