import { blockInputs, int8BlockOutputs } from '../compressed-matrix.js';
import { i32, i32x4, type ModuleBuilder, type Value } from './assembler.js';
import { dots, storeScaled } from './int8-dots.js';
import { roundedRowBytes, roundingBytes, rowsAtOnce, writeRoundRow } from './int8-rows.js';
import { writeKernel } from './kernel-modules.js';
import { forBlocks, type IntFunc, ints } from './matmul-loops.js';

/** Bytes that the last outputs of a segment take before they are copied. */
const edgeBytes = 4 * int8BlockOutputs;

/** Bytes of one block. */
const blockBytes = int8BlockOutputs * blockInputs;

/**
 * Adds `int8_block_product`: (m, k, segments, segment, a, strideA, starts, inputs, values, scales, sums, c, strideC, accumulate,
 * workspace); strides in bytes. The products of `int8_product`, to the bit, with weights whose blocks of zeros are not kept: a block is
 * 8 outputs at four inputs, `[8][4]`. `starts` counts blocks by panel of outputs, `inputs` are bytes from the beginning of a rounded row.
 *
 * @param relaxed whether the host has the relaxed dot product
 */
export function writeInt8BlockProduct(module: ModuleBuilder, relaxed: boolean): void {
  const round = writeRoundRow(module);
  const panel = writePanel(module, relaxed);
  const product = module.func(
    'int8_block_product',
    { params: ints(15) },
    (f, m, k, segments, segment, a, strideA, starts, inputs, values, scales, sums, c, strideC, accumulate, edge) => {
      const rowBytes = f.let(roundedRowBytes(i32.shr_u(i32.add(k, 3), 2)));
      const rounded = f.let(i32.add(edge, edgeBytes));
      forBlocks(f, m, rowsAtOnce, (firstRow, rows) => {
        const row = f.local('i32');
        f.for(row, 0, rows, 1, () =>
          f.call(
            round,
            k,
            i32.add(a, i32.mul(i32.add(firstRow, row), strideA)),
            i32.add(rounded, i32.mul(row, rowBytes)),
          ),
        );
        const [start, scale, sum, left] = [f.let(starts), f.let(scales), f.let(sums), f.let(segments)];
        const target = f.let(i32.add(c, i32.mul(firstRow, strideC)));
        f.while(left, () => {
          forBlocks(f, segment, int8BlockOutputs, (column, outputs) => {
            const first = f.let(i32.load(start));
            const count = f.let(i32.sub(i32.load(start, 4), first));
            const input = f.let(i32.add(inputs, i32.shl(first, 2)));
            const value = f.let(i32.add(values, i32.mul(first, blockBytes)));
            const place = f.let(i32.add(target, i32.shl(column, 2)));
            const source = f.let(rounded);
            f.set(row, rows);
            f.while(row, () => {
              f.if(
                i32.eq(outputs, int8BlockOutputs),
                () => f.call(panel, count, source, input, value, scale, sum, place, accumulate),
                () => {
                  f.if(accumulate, () => f.copyMemory(edge, place, i32.shl(outputs, 2)));
                  f.call(panel, count, source, input, value, scale, sum, edge, accumulate);
                  f.copyMemory(place, edge, i32.shl(outputs, 2));
                },
              );
              f.set(source, i32.add(source, rowBytes));
              f.set(place, i32.add(place, strideC));
              f.set(row, i32.sub(row, 1));
            });
            f.set(start, i32.add(start, 4));
            f.set(scale, i32.add(scale, 4 * int8BlockOutputs));
            f.set(sum, i32.add(sum, 4 * int8BlockOutputs));
          });
          f.set(target, i32.add(target, i32.shl(segment, 2)));
          f.set(left, i32.sub(left, 1));
        });
      });
    },
  );
  writeKernel(module, product);
}

/**
 * (count, row, inputs, values, scales, sums, c, accumulate): eight outputs of one rounded row. Blocks are taken four at a time, each with
 * sums of its own, so that one dot product need not wait for the one before.
 */
function writePanel(module: ModuleBuilder, relaxed: boolean): IntFunc {
  const chains = 4;
  return module.func(
    'int8_block_panel',
    { params: ints(8) },
    (f, count, row, inputs, values, scales, sums, c, accumulate) => {
      const bytes = f.let(i32.add(row, roundingBytes));
      const products = Array.from({ length: chains }, () => dots(f, relaxed, int8BlockOutputs / 4));
      const take = (block: number): void =>
        products[block].take(i32.add(bytes, i32.load(inputs, 4 * block)), values, 0, block * blockBytes);
      const advance = (blocks: number): void => {
        f.set(inputs, i32.add(inputs, 4 * blocks));
        f.set(values, i32.add(values, blockBytes * blocks));
        f.set(count, i32.sub(count, blocks));
      };
      f.while(i32.ge_s(count, chains), () => {
        for (let block = 0; block < chains; block++) take(block);
        advance(chains);
      });
      f.while(count, () => {
        take(0);
        advance(1);
      });
      const [first, ...others] = products.map((each) => each.totals());
      const totals = first.map((total, i) =>
        f.let(others.reduce<Value<'v128'>>((sum, other) => i32x4.add(sum, other[i]), total)),
      );
      storeScaled(f, totals, { row, scales, sums, c, accumulate });
    },
  );
}
