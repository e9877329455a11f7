import type { Assembler } from './assembler.js';
import { emitPackers, packRegisters } from './product-pack.js';
import { emitPlaceIn, type Parts, RowsOfBlock } from './product-pass.js';
import { accumulates, emitTileFinder, emitTiles, tileShape } from './product-tiles.js';
import { at, type Label, type Memory, rax, rbp, rcx } from './registers.js';
import { branch, Routine } from './routine.js';
import type { VectorUnit } from './vector-unit.js';

/**
 * The blocked matrix product around the tile kernels, as wasm/matmul-blocks.ts describes it: c is computed in blocks of
 * columns, k in blocks, rows in blocks whose part of a stays in the second level of the cache; one panel of b at a time
 * meets all row tiles of a block.
 */

export interface BlockKernels {
  readonly product: Label;
  readonly product_packed: Label;
  readonly pack_all: Label;
}

/** Emits the kernels and what they call. */
export function emitBlocks(code: Assembler, unit: VectorUnit): BlockKernels {
  const packers = emitPackers(code, unit);
  const tiles = emitTiles(code, unit);
  const parts: Parts = { unit, shape: tileShape(unit), packers, tileFinder: emitTileFinder(code, tiles) };
  return {
    product: emitProduct(code, parts),
    product_packed: emitPackedProduct(code, parts),
    pack_all: emitPackAll(code, parts),
  };
}

/** Slots of a range of b that becomes a panel. */
interface RangeOfB {
  readonly width: Memory;
  readonly depth: Memory;
  readonly source: Memory;
  readonly stride: Memory;
  readonly transposed: Memory;
  readonly panel: Memory;
}

/** Packs up to a panel's columns of b. */
function emitPackPanel(routine: Routine, { unit, shape, packers }: Parts, range: RangeOfB): void {
  const { code } = routine;
  const { count, depth, source, stride, panel, step } = packRegisters;
  const load = (): void => {
    code.load64(depth, range.depth);
    code.load64(source, range.source);
    code.load64(stride, range.stride);
    code.load64(panel, range.panel);
    code.movConstant(step, 4 * shape.columns);
  };
  routine.if(
    range.transposed,
    () => {
      load();
      code.load64(count, range.width);
      code.movConstant(rbp, unit.lanes);
      code.arith('cmp', count, rbp);
      code.cmov('greater', count, rbp);
      code.call(packers.transpose);
      code.load64(count, range.width);
      code.arith('sub', count, unit.lanes);
      branch(code, 'greater', () => {
        load();
        code.imulConstant(rbp, stride, unit.lanes);
        code.arith('add', source, rbp);
        code.arith('add', panel, unit.bytes);
        code.call(packers.transpose);
      });
    },
    () => {
      load();
      code.load64(count, range.width);
      code.call(packers.copy);
    },
  );
}

/** adds = whether the block of k adds to c: not the first one, unless the whole product does. */
function setAdds(routine: Routine, adds: Memory, accumulate: Memory, k0: Memory): void {
  const { code } = routine;
  code.load64(rax, accumulate);
  code.arith('or', rax, k0);
  branch(code, 'notEqual', () => code.movConstant(rax, accumulates));
  code.store64(adds, rax);
}

function emitProduct(code: Assembler, parts: Parts): Label {
  const { columns } = parts.shape;
  const routine = new Routine(code, 80);
  const given = routine.arguments(
    [
      'm',
      'n',
      'k',
      'a',
      'strideA',
      'wayOfA',
      'b',
      'strideB',
      'transposeB',
      'c',
      'strideC',
      'accumulate',
      'blockM',
      'blockN',
      'blockK',
      'packedA',
      'packedB',
      'edgeTile',
      'stripStep',
      'direct',
    ],
    ['a', 'b', 'c', 'packedA', 'packedB'],
  );
  const blocks = new RowsOfBlock(routine, parts);
  const [adds, isNew, packed, source, target, step] = Array.from({ length: 6 }, () => routine.slot());
  const [isDirect, b, stepB, ahead, packs, next] = Array.from({ length: 6 }, () => routine.slot());
  // Bytes from one column of op(b) to the next.
  code.movConstant(rcx, 4);
  routine.if(given.transposeB, () => code.load64(rcx, given.strideB));
  code.imulConstant(rcx, rcx, columns);
  code.store64(step, rcx);
  routine.forBlocks(given.n, given.blockN, (n0, numColumns) => {
    routine.forBlocks(given.k, given.blockK, (k0, depth) => {
      setAdds(routine, adds, given.accumulate, k0);
      routine.forBlocks(given.m, given.blockM, (m0, numRows) => {
        blocks.cutRows(numRows);
        blocks.findBlockOfA(
          { base: given.a, stride: given.strideA, way: given.wayOfA, packed: given.packedA },
          m0,
          k0,
          depth,
        );
        emitNextBlock(routine, { k0, depth, n0, next, ...given });
        // What is packed stays for the next block of rows, unless all panels share one place.
        code.movConstant(rcx, 0);
        code.load64(rax, m0);
        code.test(rax, rax);
        branch(code, 'equal', () => code.movConstant(rcx, 1));
        code.load64(rax, given.stripStep);
        code.test(rax, rax);
        branch(code, 'equal', () => code.movConstant(rcx, 1));
        code.store64(isNew, rcx);
        routine.set(packed, given.packedB);
        emitPlaceIn(routine, { base: given.b, stride: given.strideB, transposed: given.transposeB }, k0, n0);
        code.store64(source, rax);
        emitTarget(routine, target, given, m0, n0);
        routine.forBlocks(numColumns, columns, (j, width) => {
          // Whole panels may be read where they are.
          code.movConstant(rcx, 0);
          code.load64(rax, width);
          code.arith('cmp', rax, columns);
          branch(code, 'equal', () => code.load64(rcx, given.direct));
          code.store64(isDirect, rcx);
          routine.set(packs, 0);
          routine.if(
            isDirect,
            () => {
              routine.set(b, source);
              routine.set(stepB, given.strideB);
            },
            () => {
              routine.if(isNew, () => {
                // Tiles pack whole panels of rows.
                code.load64(rcx, width);
                code.load64(rax, given.transposeB);
                code.arith('sub', rcx, columns);
                code.arith('or', rax, rcx);
                branch(
                  code,
                  'equal',
                  () => routine.set(packs, 1),
                  () =>
                    emitPackPanel(routine, parts, {
                      width,
                      depth,
                      source,
                      stride: given.strideB,
                      transposed: given.transposeB,
                      panel: packed,
                    }),
                );
              });
              routine.set(b, packed);
              routine.set(stepB, 4 * columns);
            },
          );
          emitAhead(routine, {
            ahead,
            next,
            start: j,
            width,
            total: numColumns,
            transposed: given.transposeB,
            isDirect,
            isNew,
            source,
            columns,
          });
          blocks.pass({
            width,
            depth,
            b,
            stepB,
            c: target,
            strideC: given.strideC,
            adds,
            packs: { here: packs, source, stride: given.strideB },
            ahead: { place: ahead, stride: given.strideB },
          });
          routine.add(source, step);
          routine.add(packed, given.stripStep);
          routine.add(target, 4 * columns);
        });
      });
    });
  });
  routine.end();
  return routine.label;
}

/** next = where the first panel of the next block of k lies in b, stored in rows; 0 behind the last block. */
function emitNextBlock(
  routine: Routine,
  given: Readonly<Record<'k' | 'k0' | 'depth' | 'n0' | 'next' | 'b' | 'strideB', Memory>>,
): void {
  const { code } = routine;
  routine.set(given.next, 0);
  code.load64(rcx, given.k0);
  code.arith('add', rcx, given.depth);
  code.arith('cmp', rcx, given.k);
  branch(code, 'notEqual', () => {
    code.imul(rcx, given.strideB);
    code.arith('add', rcx, given.b);
    code.load64(rax, given.n0);
    code.lea(rax, at(rcx, 0, rax, 4));
    code.store64(given.next, rax);
  });
}

/** ahead = where the panel lies in b that is packed next, or 0 where it is not packed from rows. */
function emitAhead(
  routine: Routine,
  given: Readonly<
    Record<'ahead' | 'next' | 'start' | 'width' | 'total' | 'transposed' | 'isDirect' | 'isNew' | 'source', Memory>
  > & { columns: number },
): void {
  const { code } = routine;
  const end = code.label();
  code.movConstant(rcx, 0);
  code.load64(rax, given.transposed);
  code.arith('or', rax, given.isDirect);
  code.jumpIf('notEqual', end);
  routine.if(given.isNew, () => {
    code.load64(rcx, given.source);
    code.arith('add', rcx, 4 * given.columns);
    code.load64(rax, given.start);
    code.arith('add', rax, given.width);
    code.arith('cmp', rax, given.total);
    branch(code, 'equal', () => code.load64(rcx, given.next));
  });
  code.bind(end);
  code.store64(given.ahead, rcx);
}

/** target = where the element of c at (row, column) is. */
function emitTarget(
  routine: Routine,
  target: Memory,
  { c, strideC }: Readonly<Record<'c' | 'strideC', Memory>>,
  row: Memory,
  column: Memory | undefined,
): void {
  const { code } = routine;
  code.load64(rax, row);
  code.imul(rax, strideC);
  code.arith('add', rax, c);
  if (column !== undefined) {
    code.load64(rcx, column);
    code.lea(rax, at(rax, 0, rcx, 4));
  }
  code.store64(target, rax);
}

function emitPackedProduct(code: Assembler, parts: Parts): Label {
  const { columns } = parts.shape;
  const routine = new Routine(code, 80);
  const given = routine.arguments(
    ['m', 'n', 'k', 'a', 'strideA', 'wayOfA', 'packed', 'c', 'strideC', 'accumulate', 'blockM', 'blockK', 'packedA'],
    ['a', 'packed', 'c', 'packedA'],
  );
  const blocks = new RowsOfBlock(routine, parts);
  const [adds, panel, target, stepB] = Array.from({ length: 4 }, () => routine.slot());
  routine.set(stepB, 4 * columns);
  routine.forBlocks(given.k, given.blockK, (k0, depth) => {
    setAdds(routine, adds, given.accumulate, k0);
    routine.forBlocks(given.m, given.blockM, (m0, numRows) => {
      blocks.cutRows(numRows);
      blocks.findBlockOfA(
        { base: given.a, stride: given.strideA, way: given.wayOfA, packed: given.packedA },
        m0,
        k0,
        depth,
      );
      routine.set(panel, given.packed);
      emitTarget(routine, target, given, m0, undefined);
      routine.forBlocks(given.n, columns, (_, width) => {
        blocks.pass({ width, depth, b: panel, stepB, c: target, strideC: given.strideC, adds });
        addPanel(routine, panel, depth, columns);
        routine.add(target, 4 * columns);
      });
    });
    routine.set(given.packed, panel);
  });
  routine.end();
  return routine.label;
}

/** panel += its bytes. */
function addPanel(routine: Routine, panel: Memory, depth: Memory, columns: number): void {
  routine.code.load64(rcx, depth);
  routine.code.imulConstant(rcx, rcx, 4 * columns);
  routine.add(panel, rcx);
}

/** All of b, block of k after block, panel after panel. */
function emitPackAll(code: Assembler, parts: Parts): Label {
  const { columns } = parts.shape;
  const routine = new Routine(code, 40);
  const given = routine.arguments(['n', 'k', 'b', 'strideB', 'transposeB', 'packed', 'blockK'], ['b', 'packed']);
  const source = routine.slot();
  routine.forBlocks(given.k, given.blockK, (k0, depth) => {
    routine.forBlocks(given.n, columns, (column, width) => {
      emitPlaceIn(routine, { base: given.b, stride: given.strideB, transposed: given.transposeB }, k0, column);
      code.store64(source, rax);
      emitPackPanel(routine, parts, {
        width,
        depth,
        source,
        stride: given.strideB,
        transposed: given.transposeB,
        panel: given.packed,
      });
      addPanel(routine, given.packed, depth, columns);
    });
  });
  routine.end();
  return routine.label;
}
