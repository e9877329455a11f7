import { type FunctionBuilder, f32, i32, type ModuleBuilder, select, type Value } from './assembler.js';
import { writeKernel } from './kernel-modules.js';
import { forBlocks, forHeight, forTiles, type I32, type IntFunc, ints, placeIn, placeOf } from './matmul-loops.js';
import { writeCopyPacker, writeEdgePacker, writeStripPacker, writeTransposePacker } from './matmul-pack.js';
import { type TileFamily, type TileFunc, type TileSource, writeTile } from './matmul-tiles.js';

/**
 * The blocked matrix product around the tile kernels (Goto and van de Geijn 2008): c is computed in blocks of columns,
 * k in blocks whose b panel stays in the first-level cache, rows in blocks whose part of a stays in the second level.
 * Inside a block, one panel of b at a time meets all row tiles.
 *
 * - b is packed when the first row block needs it, a strip of panels at a time. Where there is only one row block, all
 *   strips share one place.
 * - a is packed where it is transposed; else its rows are read where they are.
 * - With `direct`, whole panels of b are read where they are (b not transposed, few rows): copying would cost more.
 * - A block's rows are cut into tiles of nearly equal height, because low tiles cannot keep the processor busy.
 */

/** Columns of a strip: a cache line of b. */
export const stripColumns = 16;

/** What `transposeA` says of a transposed a: to pack it, or to read it where it is, which is best for one strip. */
export const packTransposed = 1;
export const readTransposed = 2;

/**
 * Adds the kernels `product`, `pack_all` and `product_packed`, and what they need. The parameters of `product`, all
 * integers, strides and addresses in bytes: m n k, a strideA transposeA, b strideB transposeB, c strideC accumulate,
 * blockM blockN blockK, packedA packedB edgeTile (workspace), stripStep (bytes from one packed strip of b to the next,
 * 0 to share one place), direct.
 */
export function writeProduct(module: ModuleBuilder, family: TileFamily): void {
  const { columns } = family;
  const packBlock = writeBlockPacker(module, family.rows);
  const packStrip = writeStripPacker(module, columns, stripColumns / columns);
  const packPanel = stripColumns > columns ? writeStripPacker(module, columns, 1) : packStrip;
  const packTransposedB = writeTransposePacker(module, columns);
  const packEdge = writeEdgePacker(module, columns);
  const tilesFrom = (source: TileSource): TileFunc[] =>
    Array.from({ length: family.rows }, (_, i) => writeTile(module, family, i + 1, source));
  const tiles: Tiles = { columns: tilesFrom('columns'), rows: tilesFrom('rows') };
  const pass = writePass(module, family, tiles);
  const edgePass = writeEdgePass(module, family, tiles);

  /** (columns, k, b, strideB, transposeB, packed, direct): the panels of a strip; with `direct` only its edge. */
  const packB = module.func('pack_b', { params: ints(7) }, (f, width, k, b, strideB, transposeB, packed, direct) => {
    const panelBytes = f.let(i32.mul(k, 4 * columns));
    const isWhole = i32.and(i32.eq(width, stripColumns), i32.eqz(i32.or(transposeB, direct)));
    const strideColumn = f.let(select(strideB, i32.const(4), transposeB));
    f.if(
      isWhole,
      () => f.call(packStrip, k, b, strideB, packed),
      () =>
        forBlocks(f, width, columns, (_, panelColumns) => {
          f.if(
            i32.lt_s(panelColumns, columns),
            () => f.call(packEdge, k, panelColumns, b, select(i32.const(4), strideB, transposeB), strideColumn, packed),
            () =>
              f.if(
                transposeB,
                () => f.call(packTransposedB, k, b, strideB, packed),
                () => f.if(i32.eqz(direct), () => f.call(packPanel, k, b, strideB, packed)),
              ),
          );
          f.set(packed, i32.add(packed, panelBytes));
          f.set(b, i32.add(b, i32.mul(strideColumn, columns)));
        }),
    );
  });

  /** (columns, m, k, a, strideA, b, strideB, packed b, direct, c, strideC, accumulate, edgeTile): a strip of c. */
  const multiply = module.func(
    'multiply_strip',
    { params: ints(13) },
    (f, width, m, k, a, strideA, b, strideB, packed, direct, c, strideC, accumulate, edgeTile) => {
      const panelBytes = f.let(i32.mul(k, 4 * columns));
      forBlocks(f, width, columns, (_, panelColumns) => {
        f.if(
          i32.lt_s(panelColumns, columns),
          () => f.call(edgePass, m, k, a, strideA, packed, 4 * columns, c, strideC, accumulate, panelColumns, edgeTile),
          () =>
            f.if(
              direct,
              () => f.call(pass, m, k, a, strideA, b, strideB, c, strideC, accumulate),
              () => f.call(pass, m, k, a, strideA, packed, 4 * columns, c, strideC, accumulate),
            ),
        );
        f.set(packed, i32.add(packed, panelBytes));
        f.set(b, i32.add(b, 4 * columns));
        f.set(c, i32.add(c, 4 * columns));
      });
    },
  );

  /**
   * Where a block of a is read and how: its bytes from row to row, 0 for packed panels, or minus those from step to step
   * of k.
   */
  const blockOfA = (
    f: FunctionBuilder,
    numRows: I32,
    depth: I32,
    place: Value<'i32'>,
    strideA: I32,
    transposeA: I32,
    packedA: I32,
  ): [I32, I32] => {
    const block = f.let(place);
    const stride = f.let(strideA);
    f.if(i32.eq(transposeA, readTransposed), () => f.set(stride, i32.sub(0, strideA)));
    f.if(i32.eq(transposeA, packTransposed), () => {
      f.call(packBlock, numRows, depth, block, strideA, packedA);
      f.set(block, packedA);
      f.set(stride, 0);
    });
    return [block, stride];
  };

  /** n k, b strideB transposeB, packed, blockK: all of b, block of k after block, as `product_packed` reads it. */
  const packAll = module.func('pack_all', { params: ints(7) }, (f, n, k, b, strideB, transposeB, packed, blockK) => {
    forBlocks(f, k, blockK, (k0, depth) => {
      forBlocks(f, n, stripColumns, (column, width) => {
        f.call(packB, width, depth, f.let(placeIn(b, strideB, transposeB, k0, column)), strideB, transposeB, packed, 0);
        f.set(packed, i32.add(packed, i32.mul(panelColumns(width, columns), i32.shl(depth, 2))));
      });
    });
  });

  /**
   * m n k, a strideA transposeA, packed, c strideC accumulate, blockM blockK, packedA edgeTile (workspace): a product
   * with a b that is packed.
   */
  const packedProduct = module.func('product_packed', { params: ints(14) }, (f, ...params) => {
    const [m, n, k, a, strideA, transposeA, packed, c, strideC, accumulate] = params;
    const [blockM, blockK, packedA, edgeTile] = params.slice(10);
    forBlocks(f, k, blockK, (k0, depth) => {
      const adds = f.let(i32.or(accumulate, i32.ne(k0, 0)));
      const panel = f.local('i32');
      forBlocks(f, m, blockM, (m0, numRows) => {
        const [block, strideOfBlock] = blockOfA(
          f,
          numRows,
          depth,
          placeIn(a, strideA, transposeA, m0, k0),
          strideA,
          transposeA,
          packedA,
        );
        f.set(panel, packed);
        forBlocks(f, n, stripColumns, (column, width) => {
          const target = i32.add(placeOf(c, strideC, m0), i32.shl(column, 2));
          f.call(
            multiply,
            width,
            numRows,
            depth,
            block,
            strideOfBlock,
            0,
            0,
            panel,
            0,
            target,
            strideC,
            adds,
            edgeTile,
          );
          f.set(panel, i32.add(panel, i32.mul(panelColumns(width, columns), i32.shl(depth, 2))));
        });
      });
      f.set(packed, panel);
    });
  });

  const product = module.func('product', { params: ints(20) }, (f, ...params) => {
    const [m, n, k, a, strideA, transposeA, b, strideB, transposeB, c, strideC, accumulate] = params;
    const [blockM, blockN, blockK, packedA, packedB, edgeTile, stripStep, direct] = params.slice(12);
    forBlocks(f, n, blockN, (n0, numColumns) => {
      forBlocks(f, k, blockK, (k0, depth) => {
        const adds = f.let(i32.or(accumulate, i32.ne(k0, 0)));
        forBlocks(f, m, blockM, (m0, numRows) => {
          const [block, strideOfBlock] = blockOfA(
            f,
            numRows,
            depth,
            placeIn(a, strideA, transposeA, m0, k0),
            strideA,
            transposeA,
            packedA,
          );
          const isNew = f.let(i32.or(i32.eqz(m0), i32.eqz(stripStep)));
          const packed = f.let(packedB);
          forBlocks(f, numColumns, stripColumns, (j, width) => {
            const column = f.let(i32.add(n0, j));
            const source = f.let(placeIn(b, strideB, transposeB, k0, column));
            const target = i32.add(placeOf(c, strideC, m0), i32.shl(column, 2));
            f.if(isNew, () => f.call(packB, width, depth, source, strideB, transposeB, packed, direct));
            f.call(
              multiply,
              width,
              numRows,
              depth,
              block,
              strideOfBlock,
              source,
              strideB,
              packed,
              direct,
              target,
              strideC,
              adds,
              edgeTile,
            );
            f.set(packed, i32.add(packed, stripStep));
          });
        });
      });
    });
  });
  for (const func of [product, packAll, packedProduct]) writeKernel(module, func);
}

/** Columns of the panels that hold `width` columns: the last panel is filled up. */
function panelColumns(width: I32, columns: number) {
  return i32.mul(i32.div_u(i32.add(width, columns - 1), columns), columns);
}

/** (m, k, a, strideA, packed): the rows of a block of a transposed a, as panels, one after the other. */
function writeBlockPacker(module: ModuleBuilder, mostRows: number): IntFunc {
  const packers = Array.from({ length: mostRows }, (_, i) => writeCopyPacker(module, i + 1));
  return module.func('pack_block', { params: ints(5) }, (f, m, k, a, strideA, packed) => {
    forTiles(f, m, mostRows, (height) => {
      forHeight(f, height, mostRows, (rows) => f.call(packers[rows - 1], k, a, strideA, packed));
      f.set(a, i32.add(a, i32.shl(height, 2)));
      f.set(packed, i32.add(packed, i32.shl(i32.mul(height, k), 2)));
    });
  });
}

/** By source, tile kernels of every height. */
interface Tiles {
  readonly columns: readonly TileFunc[];
  readonly rows: readonly TileFunc[];
}

/** (m, k, a, strideA, b, strideB, c, strideC, accumulate): all row tiles of a block with one panel of b. */
function writePass(module: ModuleBuilder, family: TileFamily, tiles: Tiles): IntFunc {
  return module.func('pass', { params: ints(9) }, (f, m, k, a, strideA, b, strideB, c, strideC, accumulate) => {
    forTiles(f, m, family.rows, (height) => {
      callTile(f, tiles, height, [k, a, strideA, b, strideB, c, strideC, accumulate]);
      f.set(a, i32.add(a, bytesOfTile(height, k, strideA)));
      f.set(c, i32.add(c, i32.mul(height, strideC)));
    });
  });
}

/**
 * Tiles for the last columns where one vector holds them: a family's own would compute as many columns as ever. They
 * fit the place of an edge tile.
 */
const narrowRows = 8;
const narrowColumns = 4;

/** The same for the last columns, `width` of them: tiles are computed aside and their part is copied or added. */
function writeEdgePass(module: ModuleBuilder, family: TileFamily, tiles: Tiles): IntFunc {
  const { rows: mostRows, columns } = family;
  const copyEdge = module.func(
    'copy_edge',
    { params: ints(7) },
    (f, height, width, tile, strideTile, c, strideC, accumulate) => {
      const j = f.local('i32');
      f.loop((again) => {
        f.for(j, 0, i32.shl(width, 2), 4, () => {
          const value = f.let(f32.load(i32.add(tile, j)));
          const target = f.let(i32.add(c, j));
          f.if(accumulate, () => f.set(value, f32.add(f32.load(target), value)));
          f.storeF32(target, value);
        });
        f.set(tile, i32.add(tile, strideTile));
        f.set(c, i32.add(c, strideC));
        f.set(height, i32.sub(height, 1));
        f.brIf(again, height);
      });
    },
  );
  const narrow = Array.from({ length: narrowRows }, (_, i) =>
    writeTile(module, { ...family, name: 'narrow', columns: narrowColumns, unroll: 1 }, i + 1, 'rows'),
  );
  return module.func(
    'edge_pass',
    { params: ints(11) },
    (f, m, k, a, strideA, b, strideB, c, strideC, accumulate, width, tile) => {
      const tilesOf = (rows: number, compute: (height: I32) => void): void =>
        forTiles(f, m, rows, (height) => {
          compute(height);
          f.set(a, i32.add(a, bytesOfTile(height, k, strideA)));
          f.set(c, i32.add(c, i32.mul(height, strideC)));
        });
      const narrowTile = (height: I32, ...target: readonly [I32, I32 | number, I32 | number]): void =>
        forHeight(f, height, narrowRows, (rows) => f.call(narrow[rows - 1], k, a, strideA, b, strideB, ...target));
      const copied = (height: I32, columnsOfTile: number): void =>
        f.call(copyEdge, height, width, tile, 4 * columnsOfTile, c, strideC, accumulate);
      f.if(
        i32.and(i32.gt_s(strideA, 0), i32.le_s(width, narrowColumns)),
        () =>
          f.if(
            i32.eq(width, narrowColumns),
            () => tilesOf(narrowRows, (height) => narrowTile(height, c, strideC, accumulate)),
            () =>
              tilesOf(narrowRows, (height) => {
                narrowTile(height, tile, 4 * narrowColumns, 0);
                copied(height, narrowColumns);
              }),
          ),
        () =>
          tilesOf(mostRows, (height) => {
            callTile(f, tiles, height, [k, a, strideA, b, strideB, tile, 4 * columns, 0]);
            copied(height, columns);
          }),
      );
    },
  );
}

/** Of a tile kernel: k, a, strideA, and the others. */
type TileArguments = readonly [I32, I32, I32, I32, I32 | number, I32, I32 | number, I32 | number];

/** Calls the tile of the height; the third argument says how a is read, as `blockOfA` does. */
function callTile(f: FunctionBuilder, { columns, rows }: Tiles, height: I32, given: TileArguments): void {
  const [k, a, strideA, ...others] = given;
  const call = (tiles: readonly TileFunc[], stride: I32): void =>
    forHeight(f, height, tiles.length, (count) => f.call(tiles[count - 1], k, a, stride, ...others));
  f.if(
    i32.gt_s(strideA, 0),
    () => call(rows, strideA),
    () => call(columns, f.let(select(i32.sub(0, strideA), i32.shl(height, 2), strideA))),
  );
}

/** From one tile's place in a to the next one's. */
function bytesOfTile(height: I32, k: I32, strideA: I32): Value<'i32'> {
  const ofColumns = select(i32.const(1), k, strideA);
  return i32.mul(height, select(strideA, i32.shl(ofColumns, 2), i32.gt_s(strideA, 0)));
}
