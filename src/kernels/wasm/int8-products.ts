import { i32, type ModuleBuilder } from './assembler.js';
import { dots, storeScaled } from './int8-dots.js';
import { roundedRowBytes, roundingBytes, rowsAtOnce, writeRoundRow } from './int8-rows.js';
import { writeKernel } from './kernel-modules.js';
import { forBlocks, type IntFunc, ints } from './matmul-loops.js';

/**
 * Products with 8-bit weights. A row of a is rounded to whole numbers of 7 bits (`a = scale (q - zero)`), sums are whole,
 * and become floats at the end: `scale scales[j] (sum(q w[j]) - zero sum(w[j]))`.
 *
 * A panel holds {@link panelOutputs} outputs, four inputs at a time: `[K / 4][outputs][4]`, padded with zeros. Behind
 * all panels' weights lie their scales, and the sums of their weights.
 */
export const panelOutputs = 32;

/** Bytes that the last outputs of a segment take before they are copied. */
const edgeBytes = 4 * panelOutputs;

/**
 * Adds `int8_product`: (m, k, segments, segment, a, strideA, weights, scales, sums, c, strideC, accumulate, workspace);
 * strides in bytes. It multiplies whole segments from the first on.
 *
 * @param relaxed whether the host has the relaxed dot product
 */
export function writeInt8Product(module: ModuleBuilder, relaxed: boolean): void {
  const round = writeRoundRow(module);
  const panel = writePanel(module, relaxed);
  const product = module.func(
    'int8_product',
    { params: ints(13) },
    (f, m, k, segments, segment, a, strideA, weights, scales, sums, c, strideC, accumulate, workspace) => {
      const quads = f.let(i32.shr_u(i32.add(k, 3), 2));
      const rowBytes = f.let(roundedRowBytes(quads));
      const panelBytes = f.let(i32.mul(quads, 4 * panelOutputs));
      const edge = f.let(workspace);
      const rounded = f.let(i32.add(workspace, edgeBytes));
      forBlocks(f, m, rowsAtOnce, (first, rows) => {
        const row = f.local('i32');
        f.for(row, 0, rows, 1, () =>
          f.call(round, k, i32.add(a, i32.mul(i32.add(first, row), strideA)), i32.add(rounded, i32.mul(row, rowBytes))),
        );
        const [w, scale, sum] = [f.let(weights), f.let(scales), f.let(sums)];
        const left = f.let(segments);
        const target = f.let(i32.add(c, i32.mul(first, strideC)));
        f.while(left, () => {
          forBlocks(f, segment, panelOutputs, (column, outputs) => {
            const place = f.let(i32.add(target, i32.shl(column, 2)));
            const source = f.let(rounded);
            f.set(row, rows);
            f.while(row, () => {
              f.if(
                i32.eq(outputs, panelOutputs),
                () => f.call(panel, quads, source, w, scale, sum, place, accumulate),
                () => {
                  // The last outputs of a segment go through memory of their own.
                  f.if(accumulate, () => f.copyMemory(edge, place, i32.shl(outputs, 2)));
                  f.call(panel, quads, source, w, scale, sum, edge, accumulate);
                  f.copyMemory(place, edge, i32.shl(outputs, 2));
                },
              );
              f.set(source, i32.add(source, rowBytes));
              f.set(place, i32.add(place, strideC));
              f.set(row, i32.sub(row, 1));
            });
            f.set(w, i32.add(w, panelBytes));
            f.set(scale, i32.add(scale, 4 * panelOutputs));
            f.set(sum, i32.add(sum, 4 * panelOutputs));
          });
          f.set(target, i32.add(target, i32.shl(segment, 2)));
          f.set(left, i32.sub(left, 1));
        });
      });
    },
  );
  writeKernel(module, product);
}

/** (quads, row, weights, scales, sums, c, accumulate): the outputs of one panel for one rounded row. */
function writePanel(module: ModuleBuilder, relaxed: boolean): IntFunc {
  return module.func('int8_panel', { params: ints(7) }, (f, quads, row, weights, scales, sums, c, accumulate) => {
    const bytes = f.let(i32.add(row, roundingBytes));
    const products = dots(f, relaxed, panelOutputs / 4);
    f.while(quads, () => {
      products.take(bytes, weights);
      f.set(bytes, i32.add(bytes, 4));
      f.set(weights, i32.add(weights, 4 * panelOutputs));
      f.set(quads, i32.sub(quads, 1));
    });
    storeScaled(f, products.totals(), { row, scales, sums, c, accumulate });
  });
}
