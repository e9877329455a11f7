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
  type VectorRegister,
} from './registers.js';
import { countDown } from './routine.js';
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
  /** 1: adds to c. 2: not all columns of c count (AVX2). */
  flags: r15,
  /** Where the masks of columns lie (AVX2). */
  masks: r14,
} as const;

export const accumulates = 1;
export const isEdge = 2;

/** Points at the sixth and the eleventh row of a and c, and empties all accumulators. */
export function emitTileStart(code: Assembler, unit: VectorUnit): void {
  const { rows } = tileShape(unit);
  const basesOf = (bases: readonly GeneralRegister[]): readonly GeneralRegister[] =>
    bases.slice(0, Math.ceil(rows / 5));
  pointAtRows(code, basesOf(tileRegisters.a), tileRegisters.strideA);
  pointAtRows(code, basesOf(tileRegisters.c), tileRegisters.strideC);
  for (let i = 0; i < 2 * rows; i++) unit.clear(code, unit.register(i));
}

/** Tiles by vectors in a row (1 or 2) and height. */
export type Tiles = Readonly<Record<1 | 2, readonly Label[]>>;

/** Emits the tiles of every height. They are called with accumulators that are empty. */
export function emitTiles(code: Assembler, unit: VectorUnit): Tiles {
  return { 2: emitTilesOf(code, unit, 2), 1: emitTilesOf(code, unit, 1) };
}

function emitTilesOf(code: Assembler, unit: VectorUnit, vectors: 1 | 2): Label[] {
  const { rows } = tileShape(unit);
  const { depth, a, strideA, tripleA, stepA, b, stepB, flags, masks } = tileRegisters;
  const kinds = unit.isa === 'avx512' ? [0, accumulates] : [0, accumulates, isEdge, accumulates | isEdge];
  const ends = kinds.map((kind) => emitTileEnds(code, unit, vectors, kind));
  const numAccumulators = vectors * rows;
  const ofB = Array.from({ length: vectors }, (_, j) => unit.register(numAccumulators + j));
  const spread = [0, 1].map((i) => unit.register(numAccumulators + vectors + i));
  return Array.from({ length: rows }, (_, i) => {
    const height = i + 1;
    code.alignTo(64);
    const label = code.bind();
    countDown(code, depth, () => {
      ofB.forEach((register, j) => code.op('vmovups', register, at(b, unit.bytes * j)));
      for (let row = 0; row < height; row++) {
        code.op('vbroadcastss', spread[row % 2], rowPlace(a, strideA, tripleA, row));
        ofB.forEach((register, j) =>
          code.op('vfmadd231ps', unit.register(vectors * row + j), spread[row % 2], register),
        );
      }
      for (const base of a.slice(0, Math.ceil(height / 5))) code.arith('add', base, stepA);
      code.arith('add', b, stepB);
    });
    if (unit.isa === 'avx2') masksOf(unit, vectors).forEach((mask, j) => code.op('vmovups', mask, at(masks, 32 * j)));
    kinds.forEach((kind, end) => {
      if (end === kinds.length - 1) return code.jump(ends[end][i]);
      code.arith('cmp', flags, kind);
      code.jumpIf('equal', ends[end][i]);
    });
    return label;
  });
}

/** What holds the masks of columns when a tile is written (AVX2). */
function masksOf(unit: VectorUnit, vectors: number): VectorRegister[] {
  return Array.from({ length: vectors }, (_, j) => unit.register(unit.numRegisters - 2 + j));
}

/** What writes a tile of each height to c, from the last row to the first. */
function emitTileEnds(code: Assembler, unit: VectorUnit, vectors: 1 | 2, kind: number): Label[] {
  const { rows } = tileShape(unit);
  const { c, strideC, tripleC } = tileRegisters;
  const first = 2 * rows;
  const isMasked = unit.isa === 'avx512';
  const masks: readonly (number | VectorRegister)[] = isMasked ? [0, 1].slice(0, vectors) : masksOf(unit, vectors);
  const labels: Label[] = [];
  for (let row = rows - 1; row >= 0; row--) {
    labels[row] = code.bind();
    masks.forEach((mask, j) => {
      const sum = unit.register(vectors * row + j);
      const place = rowPlace(c, strideC, tripleC, row, unit.bytes * j);
      const usesMask = isMasked || (kind & isEdge) !== 0;
      if ((kind & accumulates) !== 0) {
        if (typeof mask === 'number') code.opWith('vaddps', { mask: k(1 + mask), zeroing: true }, sum, sum, place);
        else if (usesMask) {
          unit.loadMasked(code, unit.register(first), place, mask);
          code.op('vaddps', sum, sum, unit.register(first));
        } else code.op('vaddps', sum, sum, place);
      }
      if (usesMask) unit.storeMasked(code, place, sum, mask);
      else code.op('vmovupsStore', place, sum);
    });
  }
  code.ret();
  return labels;
}

/**
 * A function: rcx is a height; rax becomes the address of the tile of two vectors, rdx that of one. Changes r8.
 */
export function emitTileFinder(code: Assembler, tiles: Tiles): Label {
  const label = code.bind();
  tiles[2].forEach((_, i) => {
    code.lea(r8, tiles[2][i]);
    code.lea(r9, tiles[1][i]);
    code.arith('cmp', rcx, i + 1);
    if (i === 0) {
      code.mov(rax, r8);
      code.mov(rdx, r9);
    } else {
      code.cmov('equal', rax, r8);
      code.cmov('equal', rdx, r9);
    }
  });
  code.ret();
  return label;
}
