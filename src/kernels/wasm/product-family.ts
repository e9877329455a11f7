import type { ModuleBuilder } from './assembler.js';
import { type KernelModules, LazyKernels } from './kernel-modules.js';
import { packTransposed, readTransposed, stripColumns, writeProduct } from './matmul-blocks.js';
import { mostFewRows, writeDotRows, writeFewRows } from './matmul-rows.js';
import type { TileFamily } from './matmul-tiles.js';

/** The kernels that products are made of. */
export type ProductKernel = 'product' | 'product_packed' | 'pack_all' | 'few_rows' | 'dot_rows';

/** What a family of kernels asks of the calls: how products are cut and which kernel takes which. */
export interface ProductFamily {
  /** Rows and columns of a tile. */
  readonly rows: number;
  readonly columns: number;
  /** Products are cut between so many columns; a multiple of `columns`. */
  readonly stripColumns: number;
  /** Block sizes. */
  readonly mostBlockM: number;
  readonly mostBlockN: number;
  readonly mostBlockK: number;
  /** Up to so many row tiles a b stored `[k, n]` is read where it is. */
  readonly mostDirectTiles: number;
  /** Up to so many rows `few_rows` takes a b stored `[k, n]`. */
  readonly mostFewRows: number;
  /** Up to so many rows `dot_rows` takes a b stored `[n, k]`. */
  mostDotRows(k: number): number;
  /** How the kernels read a: 0, row after row; other numbers as they define them. */
  wayOfA(transposeA: boolean, strideA: number, n: number): number;
}

/**
 * The family of tiles of WebAssembly. A packed block of a takes at most 128 KiB, a packed panel of b 8 to 16 KiB, a block
 * of b 2 MiB.
 */
export function tileProducts({ rows, columns }: TileFamily): ProductFamily {
  return {
    rows,
    columns,
    stripColumns,
    mostBlockM: 128,
    mostBlockN: 2048,
    mostBlockK: 256,
    mostDirectTiles: 3,
    mostFewRows,
    // The ends of short dot products cost.
    mostDotRows: (k) => (k < 128 ? 8 : 16),
    wayOfA: (transposeA, _, n) => (!transposeA ? 0 : n > stripColumns ? packTransposed : readTransposed),
  };
}

/** Its kernels. */
export function tileKernels(modules: KernelModules, family: TileFamily): LazyKernels<ProductKernel> {
  const writeBlocks = (module: ModuleBuilder): void => writeProduct(module, family);
  return new LazyKernels(modules, {
    product: writeBlocks,
    product_packed: writeBlocks,
    pack_all: writeBlocks,
    few_rows: (module) => writeFewRows(module, family.madd),
    dot_rows: (module) => writeDotRows(module, family.madd),
  });
}
