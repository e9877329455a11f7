import { type Packers, packRegisters } from './product-pack.js';
import { emitTileStart, isEdge, type TileShape, tileRegisters } from './product-tiles.js';
import { at, type Label, type Memory, rax, rbx, rcx, rdx } from './registers.js';
import { branch, countDown, type Routine } from './routine.js';
import type { VectorUnit } from './vector-unit.js';

/** Where a block of a is and how its tiles read it. */
interface BlockOfA {
  readonly place: Memory;
  /** From row to row. */
  readonly stride: Memory;
  /** From one step of k to the next; 0: as many numbers as the tile has rows. */
  readonly step: Memory;
  /** From one row of a tile to where that row of the next tile would be, in place of rows: bytes for each row. */
  readonly advance: Memory;
}

/** Tiles of nearly equal height for the rows of a block. */
interface TilesOfBlock {
  readonly count: Memory;
  readonly low: Memory;
  readonly numHigher: Memory;
  /** Addresses of wide, narrow and packing tiles: the low ones and the high ones. */
  readonly lowTiles: readonly Memory[];
  readonly highTiles: readonly Memory[];
}

/** What products are made of. */
export interface Parts {
  readonly unit: VectorUnit;
  readonly shape: TileShape;
  readonly packers: Packers;
  readonly tileFinder: Label;
}

/** rax = the address of the element at (row, column) of op(matrix). Changes rcx and rdx. */
export function emitPlaceIn(
  routine: Routine,
  { base, stride, transposed }: { base: Memory; stride: Memory; transposed: Memory },
  row: Memory,
  column: Memory,
): void {
  const { code } = routine;
  code.load64(rcx, row);
  code.load64(rdx, column);
  routine.if(transposed, () => {
    code.load64(rcx, column);
    code.load64(rdx, row);
  });
  code.imul(rcx, stride);
  code.load64(rax, base);
  code.arith('add', rax, rcx);
  code.lea(rax, at(rax, 0, rdx, 4));
}

/** How a is read: rows where they are, or a transposed a packed or where it is. */
export const waysOfA = { rows: 0, packColumns: 1, columns: 2 } as const;

/** The rows of a block of c: their tiles, where they read a, and their pass over a panel of b. */
export class RowsOfBlock {
  readonly routine: Routine;
  readonly parts: Parts;
  readonly blockOfA: BlockOfA;
  readonly tiles: TilesOfBlock;
  readonly #callee: Memory;
  readonly #height: Memory;

  constructor(routine: Routine, parts: Parts) {
    this.routine = routine;
    this.parts = parts;
    const slot = (): Memory => routine.slot();
    this.blockOfA = { place: slot(), stride: slot(), step: slot(), advance: slot() };
    const three = (): Memory[] => [slot(), slot(), slot()];
    this.tiles = { count: slot(), low: slot(), numHigher: slot(), lowTiles: three(), highTiles: three() };
    this.#callee = slot();
    this.#height = slot();
  }

  /** Cuts `total` rows into the fewest tiles, their heights differing by one at most, and finds their kernels. */
  cutRows(total: Memory): void {
    const { routine, parts, tiles } = this;
    const { code } = routine;
    const { rows } = parts.shape;
    routine.cut(total, rows, tiles);
    code.mov(rcx, rax);
    for (const addresses of [tiles.lowTiles, tiles.highTiles]) {
      code.call(parts.tileFinder);
      [rax, rdx, rbx].forEach((register, i) => code.store64(addresses[i], register));
      code.arith('add', rcx, 1);
    }
  }

  /** Points at a block of a, which is packed where `way` says so. */
  findBlockOfA(
    a: { base: Memory; stride: Memory; way: Memory; packed: Memory },
    m0: Memory,
    k0: Memory,
    depth: Memory,
  ): void {
    const { routine, blockOfA } = this;
    const { code } = routine;
    const { rows, columns } = waysOfA;
    emitPlaceIn(routine, { base: a.base, stride: a.stride, transposed: a.way }, m0, k0);
    code.store64(blockOfA.place, rax);
    const otherwise = code.label();
    const end = code.label();
    code.load64(rcx, a.way);
    code.load64(rax, a.stride);
    code.arith('cmp', rcx, rows);
    branch(code, 'equal', () => {
      code.store64(blockOfA.stride, rax);
      code.store64(blockOfA.advance, rax);
      routine.set(blockOfA.step, 4);
      code.jump(end);
    });
    code.arith('cmp', rcx, columns);
    code.jumpIf('notEqual', otherwise);
    code.store64(blockOfA.step, rax);
    routine.set(blockOfA.stride, 4);
    routine.set(blockOfA.advance, 4);
    code.jump(end);
    code.bind(otherwise);
    this.#packBlock(a, depth);
    code.load64(rax, depth);
    code.shift('shl', rax, 2);
    code.store64(blockOfA.advance, rax);
    routine.set(blockOfA.stride, 4);
    routine.set(blockOfA.step, 0);
    routine.set(blockOfA.place, a.packed);
    code.bind(end);
  }

  /** Packs a block of a transposed a. */
  #packBlock(a: { stride: Memory; packed: Memory }, depth: Memory): void {
    const { routine, blockOfA, parts, tiles } = this;
    const { code } = routine;
    const { count, source, stride, panel, step, numHigher } = packRegisters;
    code.load64(packRegisters.depth, depth);
    code.load64(source, blockOfA.place);
    code.load64(stride, a.stride);
    code.load64(panel, a.packed);
    code.load64(step, tiles.low);
    code.load64(numHigher, tiles.numHigher);
    code.load64(count, tiles.count);
    code.arith('sub', count, numHigher);
    code.call(parts.packers.columns);
  }

  /** Runs `body` for each tile of the block, whose height is in a variable. */
  #forTiles(body: () => void): void {
    const { routine, tiles } = this;
    const { code } = routine;
    const [left, higher] = [routine.slot(), routine.slot()];
    routine.set(left, tiles.count);
    routine.set(higher, tiles.numHigher);
    const again = code.bind();
    code.load64(rax, higher);
    code.load64(rcx, tiles.low);
    code.test(rax, rax);
    branch(code, 'notEqual', () => {
      code.arith('add', rcx, 1);
      code.arith('sub', rax, 1);
      code.store64(higher, rax);
    });
    code.store64(this.#height, rcx);
    body();
    routine.add(left, -1);
    code.jumpIf('notEqual', again);
  }

  /** All row tiles of the block with one panel of b; b, its step and c are variables, and `adds` whether to add to c. */
  pass(given: {
    width: Memory;
    depth: Memory;
    b: Memory;
    stepB: Memory;
    c: Memory;
    strideC: Memory;
    adds: Memory;
    /** Where `here` is not 0, b is where `source` says and the first tile packs it. */
    packs?: { here: Memory; source: Memory; stride: Memory };
    /** What is packed next, of which every row of a panel is asked for; 0 where there is none. */
    ahead?: { place: Memory; stride: Memory };
  }): void {
    const { routine, tiles, parts, blockOfA } = this;
    const { unit, shape } = parts;
    const { code } = routine;
    const [placeA, placeC, masks] = [routine.slot(), routine.slot(), routine.slot()];
    const [low, high] = [routine.slot(), routine.slot()];
    const [ahead, linesAhead] = [routine.slot(), routine.slot()];
    const [b, stepB] = given.packs === undefined ? [given.b, given.stepB] : [routine.slot(), routine.slot()];
    code.load64(rcx, given.width);
    code.load64(rdx, given.adds);
    if (unit.isa === 'avx512') unit.masks(code, rcx, 2, rax);
    else {
      unit.maskPlace(code, rcx, rax, 2);
      code.store64(masks, rax);
      code.arith('cmp', rcx, shape.columns);
      branch(code, 'notEqual', () => code.arith('or', rdx, isEdge));
    }
    code.store64(routine.first, rdx);
    const [wide, narrow, packing] = [0, 1, 2];
    const choose = (kind: number): void => {
      routine.set(low, tiles.lowTiles[kind]);
      routine.set(high, tiles.highTiles[kind]);
    };
    choose(wide);
    code.arith('cmp', rcx, unit.lanes);
    branch(code, 'lessEqual', () => choose(narrow));
    const { packs } = given;
    if (packs !== undefined) {
      routine.set(b, given.b);
      routine.set(stepB, given.stepB);
      routine.if(packs.here, () => {
        choose(packing);
        routine.set(b, packs.source);
        routine.set(stepB, packs.stride);
      });
    }
    routine.set(placeA, blockOfA.place);
    routine.set(placeC, given.c);
    if (given.ahead !== undefined) {
      routine.set(ahead, given.ahead.place);
      routine.set(linesAhead, (4 * shape.columns) / 64);
    }
    this.#forTiles(() => {
      const registers = tileRegisters;
      code.load64(registers.c[0], placeC);
      code.load64(registers.strideC, given.strideC);
      // rcx is the height here.
      code.mov(rdx, rcx);
      code.mov(rax, registers.c[0]);
      countDown(code, rdx, () => {
        for (let line = 0; line < 4 * shape.columns; line += 64) code.prefetch('t1', at(rax, line));
        code.arith('add', rax, registers.strideC);
      });
      code.load64(rax, low);
      code.load64(rdx, high);
      code.arith('cmp', rcx, tiles.low);
      code.cmov('notEqual', rax, rdx);
      code.store64(this.#callee, rax);
      code.load64(registers.stepA, blockOfA.step);
      code.test(registers.stepA, registers.stepA);
      branch(code, 'equal', () => {
        code.mov(registers.stepA, rcx);
        code.shift('shl', registers.stepA, 2);
      });
      code.load64(registers.strideA, blockOfA.stride);
      code.lea(registers.tripleA, at(registers.strideA, 0, registers.strideA, 2));
      code.lea(registers.tripleC, at(registers.strideC, 0, registers.strideC, 2));
      code.load64(registers.a[0], placeA);
      code.load64(registers.b, b);
      code.load64(registers.stepB, stepB);
      code.load64(registers.panel, given.b);
      // Each of the first tiles asks for one line of every row; the others for what they have.
      code.mov(registers.ahead, registers.b);
      code.movConstant(registers.stepAhead, 0);
      if (given.ahead !== undefined) {
        const { place, stride } = given.ahead;
        const none = code.label();
        for (const needed of [linesAhead, place]) {
          code.load64(rax, needed);
          code.test(rax, rax);
          code.jumpIf('equal', none);
        }
        routine.add(linesAhead, -1);
        code.load64(registers.ahead, ahead);
        code.load64(registers.stepAhead, stride);
        code.lea(rax, at(registers.ahead, 64));
        code.store64(ahead, rax);
        code.bind(none);
      }
      code.load64(registers.depth, given.depth);
      emitTileStart(code, unit);
      if (unit.isa === 'avx2') code.load64(registers.masks, masks);
      code.call(this.#callee);
      if (packs !== undefined) {
        routine.if(packs.here, () => {
          choose(wide);
          routine.set(b, given.b);
          routine.set(stepB, given.stepB);
        });
      }
      code.load64(rcx, this.#height);
      code.mov(rax, rcx);
      code.imul(rax, blockOfA.advance);
      code.arith('add', rax, placeA);
      code.store64(placeA, rax);
      code.imul(rcx, given.strideC);
      code.arith('add', rcx, placeC);
      code.store64(placeC, rcx);
    });
  }
}
