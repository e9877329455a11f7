import { blockOutputs } from '../compressed-matrix.js';
import { f32x4, i32, type ModuleBuilder, v128 } from './assembler.js';
import { writeKernel } from './kernel-modules.js';
import { forBlocks, type IntFunc, ints } from './matmul-loops.js';
import { madd, type TileFamily } from './matmul-tiles.js';

/** Bytes that the last outputs of a segment take before they are copied. */
export const edgeBytes = 4 * blockOutputs;

/**
 * Adds `block_product`: (m, segments, segment, a, strideA, starts, inputs, values, c, strideC, accumulate, workspace);
 * strides in bytes. Products with a matrix whose blocks of zeros are not kept, see BlockSparseMatrix. `inputs` are bytes
 * from the beginning of a row of a.
 */
export function writeBlockProduct(module: ModuleBuilder, kind: TileFamily['madd']): void {
  const panel = writePanel(module, kind);
  const product = module.func(
    'block_product',
    { params: ints(12) },
    (f, m, segments, segment, a, strideA, starts, inputs, values, c, strideC, accumulate, edge) => {
      f.while(segments, () => {
        forBlocks(f, segment, blockOutputs, (column, outputs) => {
          const first = f.let(i32.load(starts));
          const count = f.let(i32.sub(i32.load(starts, 4), first));
          const input = f.let(i32.add(inputs, i32.shl(first, 2)));
          const value = f.let(i32.add(values, i32.mul(first, 4 * blockOutputs)));
          const source = f.let(a);
          const place = f.let(i32.add(c, i32.shl(column, 2)));
          const row = f.let(m);
          f.while(row, () => {
            f.if(
              i32.eq(outputs, blockOutputs),
              () => f.call(panel, count, source, input, value, place, accumulate),
              () => {
                f.if(accumulate, () => f.copyMemory(edge, place, i32.shl(outputs, 2)));
                f.call(panel, count, source, input, value, edge, accumulate);
                f.copyMemory(place, edge, i32.shl(outputs, 2));
              },
            );
            f.set(source, i32.add(source, strideA));
            f.set(place, i32.add(place, strideC));
            f.set(row, i32.sub(row, 1));
          });
          f.set(starts, i32.add(starts, 4));
        });
        f.set(c, i32.add(c, i32.shl(segment, 2)));
        f.set(segments, i32.sub(segments, 1));
      });
    },
  );
  writeKernel(module, product);
}

/**
 * (count, a, inputs, values, c, accumulate): sixteen outputs of one row. Blocks are taken two at a time, each with sums
 * of its own, so that one multiply-add need not wait for the one before.
 */
function writePanel(module: ModuleBuilder, kind: TileFamily['madd']): IntFunc {
  const along = Array.from({ length: blockOutputs / 4 }, (_, i) => 16 * i);
  const blockBytes = 4 * blockOutputs;
  return module.func('block_panel', { params: ints(6) }, (f, count, a, inputs, values, c, accumulate) => {
    const sums = along.map(() => f.local('v128'));
    const others = along.map(() => f.local('v128'));
    f.if(accumulate, () => {
      for (const [i, sum] of sums.entries()) f.set(sum, v128.load(c, along[i]));
    });
    const take = (block: number, into: typeof sums): void => {
      const input = f.let(v128.load32_splat(i32.add(a, i32.load(inputs, 4 * block))));
      for (const [i, sum] of into.entries())
        f.set(sum, madd(kind, v128.load(values, block * blockBytes + along[i]), input, sum));
    };
    const advance = (blocks: number): void => {
      f.set(inputs, i32.add(inputs, 4 * blocks));
      f.set(values, i32.add(values, blockBytes * blocks));
      f.set(count, i32.sub(count, blocks));
    };
    f.while(i32.ge_s(count, 2), () => {
      take(0, sums);
      take(1, others);
      advance(2);
    });
    f.if(count, () => take(0, sums));
    for (const [i, sum] of sums.entries()) f.storeV128(c, f32x4.add(sum, others[i]), along[i]);
  });
}
