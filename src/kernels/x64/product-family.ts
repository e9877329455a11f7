import type { ProductFamily } from '../product-family.js';
import type { Isa } from './processor.js';
import { mostFewRows } from './product-few-rows.js';
import { waysOfA } from './product-pass.js';
import { tileShape } from './product-tiles.js';
import { VectorUnit } from './vector-unit.js';

/**
 * Up to so many rows dot products are faster than transposing b, by the depth: short ones have ends that cost, and rows
 * of long ones leave the first level of the cache.
 */
const dotRows: Readonly<Record<Isa, readonly { readonly mostDepth: number; readonly rows: number }[]>> = {
  avx2: [
    { mostDepth: 47, rows: 3 },
    { mostDepth: 159, rows: 6 },
    { mostDepth: 1536, rows: 15 },
    { mostDepth: Infinity, rows: 10 },
  ],
  avx512: [
    { mostDepth: 47, rows: 2 },
    { mostDepth: 159, rows: 6 },
    { mostDepth: 1536, rows: 24 },
    { mostDepth: Infinity, rows: 9 },
  ],
};

/** How products are cut for the kernels of an instruction set. */
export function machineProducts(isa: Isa): ProductFamily {
  const { rows, columns } = tileShape(new VectorUnit(isa));
  return {
    rows,
    columns,
    rowsOfShard: isa === 'avx512' ? 32 : 18,
    stripColumns: columns,
    mostBlockM: 20 * rows,
    mostBlockN: 2048,
    mostBlockK: 256,
    mostDirectTiles: 1,
    mostFewRows,
    // Panels are read front to back, which the caches do faster than rows where there is some arithmetic to hide.
    fewestRowsPacked: isa === 'avx512' ? 2 : 4,
    mostDotRows: (k) => dotRows[isa].find(({ mostDepth }) => k <= mostDepth)!.rows,
    wayOfA: (transposeA, _, n) => (!transposeA ? waysOfA.rows : n > columns ? waysOfA.packColumns : waysOfA.columns),
  };
}
