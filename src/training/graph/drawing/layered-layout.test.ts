import fc from 'fast-check';
import { expect, it } from 'vitest';
import { type LayoutBox, type LayoutEdge, layeredLayout } from './layered-layout.js';

const box = (width = 60, height = 40): LayoutBox => ({ width, height });

/** Boxes of any sizes, each read by some of those behind it. */
const graphs = fc
  .array(
    fc.record({
      width: fc.integer({ min: 20, max: 300 }),
      height: fc.integer({ min: 20, max: 120 }),
      reads: fc.array(fc.nat(), { maxLength: 3 }),
    }),
    { minLength: 1, maxLength: 14 },
  )
  .map((given) => ({
    boxes: given.map(({ width, height }) => box(2 * width, height)),
    edges: given.flatMap(({ reads }, to): LayoutEdge[] =>
      to === 0 ? [] : [...new Set(reads.map((read) => read % to))].map((from) => ({ from, to })),
    ),
  }));

it('keeps boxes apart and inside of the drawing, each below what it reads, and is the same each time', () => {
  fc.assert(
    fc.property(graphs, ({ boxes, edges }) => {
      const layout = layeredLayout(boxes, edges);
      expect(layeredLayout(boxes, edges)).toEqual(layout);
      const placed = layout.boxes.map(({ x, y }, i) => ({ x, y, right: x + boxes[i].width, end: y + boxes[i].height }));
      placed.forEach((one, i) => {
        expect(one.x).toBeGreaterThanOrEqual(0);
        expect(one.right).toBeLessThanOrEqual(layout.width);
        expect(one.end).toBeLessThanOrEqual(layout.height);
        for (const other of placed.slice(0, i)) {
          const isApart =
            one.right + 20 < other.x || other.right + 20 < one.x || one.end < other.y || other.end < one.y;
          expect(isApart, `${JSON.stringify(one)} ${JSON.stringify(other)}`).toBe(true);
        }
      });
      edges.forEach(({ from, to }, i) => {
        const [first, last] = [layout.edges[i][0], layout.edges[i].at(-1)!];
        expect(placed[to].y).toBeGreaterThan(placed[from].end);
        expect([first.y, last.y]).toEqual([placed[from].end, placed[to].y]);
        for (const [{ x }, at] of [
          [first, placed[from]],
          [last, placed[to]],
        ] as const)
          expect(x > at.x && x < at.right).toBe(true);
      });
    }),
    { numRuns: 300, seed: 5 },
  );
});

it('lets long edges pass beside boxes', () => {
  const layout = layeredLayout(
    [box(), box(200), box(200), box()],
    [
      { from: 0, to: 1 },
      { from: 1, to: 2 },
      { from: 2, to: 3 },
      { from: 0, to: 3 },
    ],
  );
  const [, first, second] = layout.boxes;
  for (const { x } of layout.edges[3].slice(1, -1))
    expect(x < first.x || x > Math.max(first.x, second.x) + 200).toBe(true);
  expect(layout.edges[3]).toHaveLength(6);
});

it('puts chains straight below each other, and unties two that are crossed', () => {
  const chain = layeredLayout(
    [box(60), box(100), box(20)],
    [
      { from: 0, to: 1 },
      { from: 1, to: 2 },
    ],
  );
  expect(chain.boxes.map(({ x }, i) => x + [30, 50, 10][i])).toEqual([50, 50, 50]);
  const crossed = layeredLayout(
    [box(), box(), box(), box()],
    [
      { from: 0, to: 3 },
      { from: 1, to: 2 },
    ],
  );
  const [a, b, c, d] = crossed.boxes.map(({ x }) => x);
  expect([a, b]).toEqual([d, c]);
});
