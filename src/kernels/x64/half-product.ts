import type { HalfType } from '../../rounding.js';
import { halfPanelOutputs } from '../compressed-matrix.js';
import type { Assembler } from './assembler.js';
import { HalfTiles, halfTileRegisters, mostHalfRows } from './half-tiles.js';
import type { Isa } from './processor.js';
import { at, type Label, type Memory, rax, rcx, rdx, rsi } from './registers.js';
import { branch, Routine } from './routine.js';
import { pointAtRows, type VectorUnit } from './vector-unit.js';

/** By the rows of a product, from one on, how many panels are read at once, so that enough sums are in flight. */
const panelsAtOnce: Readonly<Record<Isa, readonly number[]>> = { avx2: [2], avx512: [4, 2, 2, 2] };

/**
 * Adds the kernel of products `c = a w + (accumulate ? c : 0)` with weights of 16 bits, which become single-precision
 * numbers in registers: half as much is read where a matrix does not fit the cache. Panels of 32 outputs are
 * `[panels][K][32]`, the last of a segment filled up with zeros; in a step, the words of `bfloat16` lie in pairs of outputs
 * i and i + 16. Every element is one sum along K, whatever the rows.
 */
export function emitHalfProduct(code: Assembler, unit: VectorUnit, type: HalfType): Label {
  const tiles = new HalfTiles(code, unit, type);
  const most = mostHalfRows[unit.isa];
  const heights = Array.from({ length: most }, (_, i) => tiles.emit(i + 1, 1));
  const wideTiles = panelsAtOnce[unit.isa].map((panels, i) => ({
    rows: i + 1,
    panels,
    tile: tiles.emit(i + 1, panels),
  }));

  const routine = new Routine(code, 32);
  const given = routine.arguments(
    ['m', 'k', 'segments', 'segment', 'a', 'strideA', 'weights', 'c', 'strideC', 'accumulate'],
    ['a', 'weights', 'c'],
  );
  code.load64(rax, given.accumulate);
  code.store64(routine.first, rax);
  const slots = (): Memory => routine.slot();
  const [panelBytes, width, callee, low, numHigher, count] = Array.from({ length: 6 }, slots);
  const [lowTile, highTile, a, c, rowsC, left, higher, height] = Array.from({ length: 8 }, slots);
  code.load64(rax, given.k);
  code.shift('shl', rax, 6);
  code.store64(panelBytes, rax);
  joinSegments(routine, given);

  // Tiles of nearly equal height.
  routine.cut(given.m, most, { count, low, numHigher });
  for (const [i, tile] of heights.entries()) {
    code.arith('cmp', rax, i + 1);
    branch(code, 'equal', () => {
      code.lea(rcx, tile);
      code.store64(lowTile, rcx);
      code.lea(rcx, heights[Math.min(i + 1, most - 1)]);
      code.store64(highTile, rcx);
    });
  }

  const registers = halfTileRegisters;
  /** Calls a tile; its first row is given by `placeA` and `placeC`, how many columns count by rcx. */
  const call = (tile: Label | Memory, placeA: Memory, placeC: Memory): void => {
    tiles.prepareMasks(rcx, rax);
    code.load64(registers.depth, given.k);
    code.load64(registers.a[0], placeA);
    code.load64(registers.strideA, given.strideA);
    code.lea(registers.tripleA, at(registers.strideA, 0, registers.strideA, 2));
    pointAtRows(code, registers.a.slice(0, Math.ceil(most / 5)), registers.strideA);
    code.load64(registers.weights, given.weights);
    code.load64(registers.panelBytes, panelBytes);
    code.load64(registers.c[0], placeC);
    code.load64(registers.strideC, given.strideC);
    code.lea(registers.tripleC, at(registers.strideC, 0, registers.strideC, 2));
    code.call(tile);
  };
  /** Moves on by panels of the segment. */
  const advance = (panels: number): void => {
    code.load64(rcx, panelBytes);
    code.imulConstant(rcx, rcx, panels);
    routine.add(given.weights, rcx);
    routine.add(c, 4 * halfPanelOutputs * panels);
    routine.add(width, -halfPanelOutputs * panels);
  };

  routine.set(c, given.c);
  const nextSegment = code.bind();
  routine.set(width, given.segment);
  const [nextPanel, segmentDone] = [code.label(), code.label()];
  code.bind(nextPanel);
  code.load64(rcx, width);
  code.arith('cmp', rcx, 0);
  code.jumpIf('lessEqual', segmentDone);
  for (const { rows, panels, tile } of wideTiles) {
    const narrow = code.label();
    code.load64(rax, given.m);
    code.arith('cmp', rax, rows);
    code.jumpIf('notEqual', narrow);
    code.arith('cmp', rcx, panels * halfPanelOutputs);
    code.jumpIf('less', narrow);
    code.movConstant(rcx, halfPanelOutputs);
    call(tile, given.a, c);
    advance(panels);
    code.jump(nextPanel);
    code.bind(narrow);
  }
  routine.set(a, given.a);
  routine.set(rowsC, c);
  routine.set(left, count);
  routine.set(higher, numHigher);
  const nextRows = code.bind();
  code.load64(rdx, low);
  code.load64(rsi, lowTile);
  routine.if(higher, () => {
    code.arith('add', rdx, 1);
    code.load64(rsi, highTile);
    routine.add(higher, -1);
  });
  code.store64(height, rdx);
  code.store64(callee, rsi);
  code.load64(rcx, width);
  code.movConstant(rax, halfPanelOutputs);
  code.arith('cmp', rcx, rax);
  code.cmov('greater', rcx, rax);
  call(callee, a, rowsC);
  for (const [place, stride] of [
    [a, given.strideA],
    [rowsC, given.strideC],
  ]) {
    code.load64(rax, height);
    code.imul(rax, stride);
    code.arith('add', rax, place);
    code.store64(place, rax);
  }
  routine.add(left, -1);
  code.jumpIf('notEqual', nextRows);
  advance(1);
  code.jump(nextPanel);

  code.bind(segmentDone);
  // c is behind the last whole panel: the outputs that it went too far are negative by now.
  code.load64(rcx, width);
  code.shift('shl', rcx, 2);
  routine.add(c, rcx);
  routine.add(given.segments, -1);
  code.jumpIf('notEqual', nextSegment);
  routine.end();
  return routine.label;
}

/** Segments of whole panels are one long segment. */
function joinSegments(routine: Routine, { segment, segments }: { segment: Memory; segments: Memory }): void {
  const { code } = routine;
  code.load64(rax, segment);
  code.arith('and', rax, halfPanelOutputs - 1);
  branch(code, 'equal', () => {
    code.load64(rax, segment);
    code.imul(rax, segments);
    code.store64(segment, rax);
    routine.set(segments, 1);
  });
}
