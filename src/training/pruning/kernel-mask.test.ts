import { describe, expect, it } from 'vitest';
import { Random } from '../../random.js';
import { Variable } from '../../tensor/variable.js';
import { type BlockChoice, type BlockShape, kernelMask } from './kernel-mask.js';
import type { PrunableKernel } from './prunable-kernels.js';

const draw = new Random(7);

function kernelOf(rows: number, width: number, { heads = 1, numGates = 3 } = {}): PrunableKernel {
  const shape = heads === 1 ? [rows, numGates * width] : [heads, rows, numGates * width];
  const values = Array.from({ length: heads * rows * numGates * width }, () => draw.normal());
  const gates = ['update', 'reset', 'candidate'].slice(0, numGates);
  const isSquare = rows === width;
  const variable = new Variable(shape, values, 'recurrentKernel');
  return { layer: 'gru', weight: 'recurrentKernel', variable, heads, rows, gates, width, isSquare };
}

function choiceOf(sparsity: number, block: BlockShape, others: Partial<BlockChoice> = {}): BlockChoice {
  return { block, sparsityOf: () => sparsity, balanced: true, keepDiagonal: false, ...others };
}

/** By gate, panel and block of inputs: whether it is kept; fails where a block is neither. */
function keptBlocks(mask: Float32Array, kernel: PrunableKernel, [outputs, inputs]: BlockShape): boolean[][] {
  const { heads, rows, gates, width } = kernel;
  const panels: boolean[][] = [];
  for (let head = 0; head < heads; head++)
    for (let gate = 0; gate < gates.length; gate++)
      for (let first = 0; first < width; first += outputs) {
        const panel: boolean[] = [];
        for (let row = 0; row < rows; row += inputs) {
          const found = new Set<number>();
          for (let r = row; r < Math.min(rows, row + inputs); r++)
            for (let c = first; c < Math.min(width, first + outputs); c++)
              found.add(mask[(head * rows + r) * gates.length * width + gate * width + c]);
          expect(found.size).toBe(1);
          panel.push(found.has(1));
        }
        panels.push(panel);
      }
  return panels;
}

const count = (panel: readonly boolean[]): number => panel.filter((kept) => kept).length;

describe('a pruned kernel', () => {
  const cases: [BlockShape, number, number, number][] = [
    // rows, width, kept blocks of each panel at 70 %
    [[16, 1], 23, 37, 7],
    [[8, 4], 27, 19, 2],
    [[1, 1], 23, 5, 7],
    [[3, 5], 23, 7, 2],
  ];

  it.each(cases)('in blocks %j keeps equally many of each panel, narrow ones too', (block, rows, width, kept) => {
    const kernel = kernelOf(rows, width);
    const mask = kernelMask(kernel.variable.dataSync(), kernel, choiceOf(0.7, block), undefined);
    const panels = keptBlocks(mask, kernel, block);
    expect(panels).toHaveLength(3 * Math.ceil(width / block[0]));
    expect(new Set(panels.map(count))).toEqual(new Set([kept]));
  });

  it('keeps the blocks whose mean square is largest', () => {
    const kernel = kernelOf(3, 5, { numGates: 1 });
    const values = kernel.variable.dataSync().fill(0.1);
    // Panels of columns 0 to 3 and of column 4 alone.
    values.set([0.2, 0.2, 0.2, 0.2], 5);
    values[14] = 0.15;
    const mask = kernelMask(values, kernel, choiceOf(0.66, [4, 1]), undefined);
    expect([...mask]).toEqual([0, 0, 0, 0, 0, 1, 1, 1, 1, 0, 0, 0, 0, 0, 1]);
  });

  it('compares all blocks of a gate where panels need not be balanced, also smaller ones', () => {
    const kernel = kernelOf(3, 5, { numGates: 1 });
    const values = kernel.variable.dataSync().fill(0.1);
    // A block of one value with the largest mean, and a smaller sum of squares than the others.
    values[4] = 0.15;
    const mask = kernelMask(values, kernel, choiceOf(0.8, [4, 1], { balanced: false }), undefined);
    expect([...mask.keys()].filter((i) => mask[i] === 1)).toEqual([4]);
  });

  it('keeps what each gate is to keep', () => {
    const kernel = kernelOf(23, 37);
    const sparsityOf = (gate: string | null): number => (gate === 'candidate' ? 0.4 : 0.9);
    const mask = kernelMask(kernel.variable.dataSync(), kernel, choiceOf(0, [16, 1], { sparsityOf }), undefined);
    const counts = keptBlocks(mask, kernel, [16, 1]).map(count);
    expect(counts).toEqual([2, 2, 2, 2, 2, 2, 14, 14, 14]);
  });

  it('never takes back what is pruned, though it be large', () => {
    const kernel = kernelOf(23, 37);
    const values = kernel.variable.dataSync();
    const half = kernelMask(values, kernel, choiceOf(0.5, [16, 1]), undefined);
    const changed = values.map((value, i) => (half[i] === 0 ? 100 : value));
    const later = kernelMask(changed, kernel, choiceOf(0.8, [16, 1]), half);
    later.forEach((kept, i) => expect(kept).toBeLessThanOrEqual(half[i]));
    expect(new Set(keptBlocks(later, kernel, [16, 1]).map(count))).toEqual(new Set([5]));
    // Less sparsity than there is prunes nothing more.
    expect(kernelMask(changed, kernel, choiceOf(0.1, [16, 1]), half)).toEqual(half);
  });

  it.each<[BlockShape, boolean]>([
    [[16, 1], true],
    [[8, 4], true],
    [[1, 1], true],
    [[16, 1], false],
  ])('in blocks %j keeps its diagonal where asked, balanced %s', (block, balanced) => {
    const kernel = kernelOf(37, 37);
    const values = kernel.variable.dataSync();
    for (let gate = 0; gate < 3; gate++) for (let i = 0; i < 37; i++) values[i * 111 + gate * 37 + i] = 1e-6;
    const small = values.map((value) => value * 1e-3);
    for (const given of [values, small]) {
      const mask = kernelMask(given, kernel, choiceOf(0.9, block, { keepDiagonal: true, balanced }), undefined);
      for (let gate = 0; gate < 3; gate++) for (let i = 0; i < 37; i++) expect(mask[i * 111 + gate * 37 + i]).toBe(1);
      if (balanced) expect(new Set(keptBlocks(mask, kernel, block).map(count)).size).toBe(1);
    }
    const without = kernelMask(values, kernel, choiceOf(0.9, [1, 1]), undefined);
    expect(without[0]).toBe(0);
  });

  it('has a diagonal for each head', () => {
    const kernel = kernelOf(7, 7, { heads: 2 });
    const mask = kernelMask(
      kernel.variable.dataSync(),
      kernel,
      choiceOf(0.9, [1, 1], { keepDiagonal: true }),
      undefined,
    );
    expect(mask.reduce((sum, kept) => sum + kept)).toBe(2 * 3 * 7);
    for (let head = 0; head < 2; head++) for (let i = 0; i < 7; i++) expect(mask[(head * 7 + i) * 21 + 14 + i]).toBe(1);
  });

  it('keeps a block of each panel, however little is asked for', () => {
    const kernel = kernelOf(3, 37);
    const mask = kernelMask(kernel.variable.dataSync(), kernel, choiceOf(0.99, [16, 1]), undefined);
    expect(new Set(keptBlocks(mask, kernel, [16, 1]).map(count))).toEqual(new Set([1]));
  });
});
