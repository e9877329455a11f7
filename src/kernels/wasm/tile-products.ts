import type { ProductFamily, ProductKernel } from '../product-family.js';
import type { ModuleBuilder } from './assembler.js';
import { type KernelModules, LazyKernels } from './kernel-modules.js';
import { packTransposed, readTransposed, stripColumns, writeProduct } from './matmul-blocks.js';
import { mostFewRows, writeDotRows, writeFewRows } from './matmul-rows.js';
import type { TileFamily } from './matmul-tiles.js';

/**
 * The family of tiles of WebAssembly. A packed block of a takes at most 128 KiB, a packed panel of b 8 to 16 KiB, a block
 * of b 2 MiB.
 */
export function tileProducts({ rows, columns }: TileFamily): ProductFamily {
  return {
    rows,
    columns,
    rowsOfShard: 16,
    stripColumns,
    mostBlockM: 128,
    mostBlockN: 2048,
    mostBlockK: 256,
    mostDirectTiles: 3,
    mostFewRows,
    fewestRowsPacked: mostFewRows + 1,
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
