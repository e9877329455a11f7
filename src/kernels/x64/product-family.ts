import type { ProductFamily } from '../product-family.js';
import type { Isa } from './processor.js';
import { mostFewRows } from './product-few-rows.js';
import { waysOfA } from './product-pass.js';
import { tileShape } from './product-tiles.js';
import { VectorUnit } from './vector-unit.js';

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
    mostDotRows: () => 8,
    wayOfA: (transposeA, _, n) => (!transposeA ? waysOfA.rows : n > columns ? waysOfA.packColumns : waysOfA.columns),
  };
}
