import { describe, expect, it } from 'vitest';
import { Random } from '../../random.js';
import type { DatasetBatch } from '../../training/dataset.js';
import type { ShapedNumbers } from '../../training/host-data.js';
import { TextBatches } from './text-batches.js';

const rows = Array.from({ length: 413 }, (_, i) => new Int32Array(1 + ((i * 37) % 29)).fill(i + 2));
const classes = Int32Array.from(rows, (_, i) => i % 3);
const classWeights = Float32Array.of(1, 2, 3);
const batchesOf = (padding: 'pre' | 'post' = 'post') =>
  new TextBatches(rows, classes, { numClasses: 3, batchSize: 8, padding, unknownId: 1, classWeights });

/** The row numbers of a batch, and how much of it is padding. */
function contents({ x }: DatasetBatch): { ids: number[]; padded: number; size: number } {
  const { data, shape } = x as ShapedNumbers;
  const ids = Array.from(
    { length: shape[0] },
    (_, row) => Math.max(...Array.from(data).slice(row * shape[1], (row + 1) * shape[1])) - 2,
  );
  return { ids, padded: Array.from(data).filter((id) => id === 0).length, size: data.length };
}

describe('batches of texts', () => {
  it('hold every text once an epoch, with its class and weight, in an order that the seed decides', () => {
    const all = [...batchesOf().shuffled(new Random(1), 0)];
    expect(all).toHaveLength(batchesOf().length);
    expect(all.flatMap((batch) => contents(batch).ids).sort((a, b) => a - b)).toEqual([...rows.keys()]);
    for (const { x, y, sampleWeight } of all) {
      const { ids } = contents({ x, y });
      ids.forEach((id, i) => {
        expect(Array.from((y as ShapedNumbers).data).slice(3 * i, 3 * i + 3)).toEqual(
          [0, 1, 2].map((k) => (k === id % 3 ? 1 : 0)),
        );
        expect((sampleWeight as Float32Array)[i]).toBe(1 + (id % 3));
      });
    }
    const order = (seed: number): number[] =>
      [...batchesOf().shuffled(new Random(seed), 0)].flatMap((batch) => contents(batch).ids);
    expect(order(1)).toEqual(order(1));
    expect(order(1)).not.toEqual(order(2));
  });

  it('put texts of similar length together', () => {
    const shares = [...batchesOf().shuffled(new Random(1), 0)].map(contents);
    const padded = shares.reduce((sum, { padded }) => sum + padded, 0);
    expect(padded / shares.reduce((sum, { size }) => sum + size, 0)).toBeLessThan(0.1);
  });

  it('drop tokens and never padding', () => {
    const dropped = [...batchesOf('pre').shuffled(new Random(1), 0.3)];
    let [unknown, total] = [0, 0];
    for (const { x } of dropped) {
      const { data, shape } = x as ShapedNumbers;
      for (let row = 0; row < shape[0]; row++) {
        const ids = Array.from(data).slice(row * shape[1], (row + 1) * shape[1]);
        const start = ids.findIndex((id) => id !== 0);
        expect(ids.slice(start)).not.toContain(0);
        total += ids.length - start;
        unknown += ids.filter((id) => id === 1).length;
      }
    }
    expect(unknown / total).toBeCloseTo(0.3, 1);
    expect(total).toBe(rows.reduce((sum, { length }) => sum + length, 0));
  });
});
