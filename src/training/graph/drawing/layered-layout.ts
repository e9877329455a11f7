import { maximumOf, minimumOf } from '../../../extremes.js';

/** A box to be placed. */
export interface LayoutBox {
  readonly width: number;
  readonly height: number;
}

/** A line from the box of one place in the list to that of another, which stands below. */
export interface LayoutEdge {
  readonly from: number;
  readonly to: number;
}

export interface Point {
  readonly x: number;
  readonly y: number;
}

export interface Layout {
  readonly width: number;
  readonly height: number;
  /** The upper left corner of each box. */
  readonly boxes: readonly Point[];
  /** Of each edge: where it leaves its box, passes between others, and ends. */
  readonly edges: readonly (readonly Point[])[];
}

/** What stands in a layer: a box, or the place where an edge passes. */
interface Item {
  readonly box: LayoutBox;
  readonly layer: number;
  readonly above: Item[];
  readonly below: Item[];
  x: number;
}

const gap = { x: 28, y: 38 };
const passage: LayoutBox = { width: 10, height: 0 };

/**
 * Boxes in layers, each below those it reads (Sugiyama, Tagawa and Toda 1981): layers by the longest way, an order in each
 * that crosses few edges (means of neighbours, to and fro), then places near the means of their neighbours. The same
 * boxes and edges give the same layout.
 */
export function layeredLayout(boxes: readonly LayoutBox[], edges: readonly LayoutEdge[]): Layout {
  const layerOf = layersOf(boxes.length, edges);
  const items: Item[] = boxes.map((box, i) => ({ box, layer: layerOf[i], above: [], below: [], x: 0 }));
  const ways = edges.map(({ from, to }) => {
    const between = Array.from({ length: layerOf[to] - layerOf[from] - 1 }, (_, i): Item => {
      return { box: passage, layer: layerOf[from] + 1 + i, above: [], below: [], x: 0 };
    });
    const way = [items[from], ...between, items[to]];
    way.slice(1).forEach((item, i) => {
      item.above.push(way[i]);
      way[i].below.push(item);
    });
    return way;
  });
  const layers: Item[][] = Array.from({ length: maximumOf(layerOf) + 1 }, () => []);
  for (const item of new Set([...items, ...ways.flat()])) layers[item.layer].push(item);
  const ordered = withFewCrossings(layers);
  place(ordered);
  straighten(ordered);
  const left = minimumOf(ordered.flat().map(({ x, box }) => x - box.width / 2));
  const heights = ordered.map((layer) => maximumOf(layer.map(({ box }) => box.height)));
  const tops = heights.map((_, i) => heights.slice(0, i).reduce((sum, height) => sum + height + gap.y, 0));
  const center = (item: Item): number => Math.round(item.x - left);
  const corner = (item: Item): Point => ({
    x: Math.round(center(item) - item.box.width / 2),
    y: Math.round(tops[item.layer] + (heights[item.layer] - item.box.height) / 2),
  });
  return {
    width: maximumOf(ordered.flat().map((item) => center(item) + Math.ceil(item.box.width / 2))),
    height: tops[tops.length - 1] + heights[heights.length - 1],
    boxes: items.map(corner),
    edges: ways.map((way) =>
      way.flatMap((item, i): Point[] => {
        if (i > 0 && i < way.length - 1) {
          const [x, y] = [center(item), tops[item.layer]];
          return [
            { x, y },
            { x, y: y + heights[item.layer] },
          ];
        }
        const isStart = i === 0;
        const beside = isStart ? item.below : item.above;
        const place = isStart ? way[1] : way[way.length - 2];
        return [{ x: port(item, beside, place, center), y: corner(item).y + (isStart ? item.box.height : 0) }];
      }),
    ),
  };
}

/** Where an edge meets a box: side by side in the order of what they come from. */
function port(item: Item, beside: readonly Item[], other: Item, center: (item: Item) => number): number {
  const sorted = [...beside].sort((a, b) => a.x - b.x);
  const step = Math.min(18, (item.box.width - 24) / Math.max(1, sorted.length - 1));
  return Math.round(center(item) + (sorted.indexOf(other) - (sorted.length - 1) / 2) * step);
}

/** The longest way from a box that reads nothing; such a box stands right above what reads it. */
function layersOf(count: number, edges: readonly LayoutEdge[]): readonly number[] {
  const layer = new Array<number>(count).fill(0);
  // An edge goes from an earlier box to a later one, so one pass in the order of its end suffices.
  for (const { from, to } of [...edges].sort((a, b) => a.to - b.to)) layer[to] = Math.max(layer[to], layer[from] + 1);
  const reads = new Set(edges.map(({ to }) => to));
  return layer.map((own, i) => {
    const below = edges.filter(({ from }) => from === i).map(({ to }) => layer[to]);
    return reads.has(i) || below.length === 0 ? own : minimumOf(below) - 1;
  });
}

function meanPlace(items: readonly Item[], place: ReadonlyMap<Item, number>, own: number): number {
  return items.length === 0 ? own : items.reduce((sum, item) => sum + place.get(item)!, 0) / items.length;
}

function withFewCrossings(given: readonly (readonly Item[])[]): readonly (readonly Item[])[] {
  let layers = given.map((layer) => [...layer]);
  let best = layers;
  let fewest = Number.POSITIVE_INFINITY;
  for (let sweep = 0; sweep < 8; sweep++) {
    const crossings = numCrossings(layers);
    if (crossings < fewest) [best, fewest] = [layers, crossings];
    const goesDown = sweep % 2 === 0;
    layers = layers.map((layer) => [...layer]);
    for (const i of layers.keys()) {
      const at = goesDown ? i : layers.length - 1 - i;
      const beside = layers[goesDown ? at - 1 : at + 1] ?? [];
      const place = new Map(beside.map((item, order) => [item, order]));
      const mean = new Map(
        layers[at].map((item, order) => [item, meanPlace(goesDown ? item.above : item.below, place, order)]),
      );
      layers[at].sort((a, b) => mean.get(a)! - mean.get(b)!);
    }
  }
  return best;
}

function numCrossings(layers: readonly (readonly Item[])[]): number {
  return layers.slice(1).reduce((sum, layer, i) => {
    const place = new Map(layers[i].map((item, order) => [item, order]));
    const ends = layer.flatMap((item) => item.above.map((other) => place.get(other)!).sort((a, b) => a - b));
    return sum + ends.reduce((more, end, at) => more + ends.slice(0, at).filter((before) => before > end).length, 0);
  }, 0);
}

/** Moves the items of each layer to the means of their neighbours, as far as they have room beside each other. */
function place(layers: readonly (readonly Item[])[]): void {
  for (const layer of layers)
    layer.forEach((item, i) => {
      item.x = i === 0 ? 0 : layer[i - 1].x + distance(layer[i - 1], item);
    });
  for (let sweep = 0; sweep < 60; sweep++)
    for (const i of layers.keys()) {
      const layer = layers[sweep % 2 === 0 ? i : layers.length - 1 - i];
      spread(
        layer,
        layer.map((item) => {
          const beside = [
            ...item.above.map((above) => [above.x, pull(above, item)]),
            ...item.below.map((below) => [below.x, pull(item, below)]),
          ];
          const all = beside.reduce((sum, [, own]) => sum + own, 0);
          return all === 0 ? item.x : beside.reduce((sum, [x, own]) => sum + x * own, 0) / all;
        }),
      );
    }
}

/** Puts the items of each chain below each other, where all of them have room. */
function straighten(layers: readonly (readonly Item[])[]): void {
  for (const first of layers.flat()) {
    if (first.above.length === 1 && pull(first.above[0], first) > 1) continue;
    const chain = [first];
    for (
      let [below] = first.below;
      below !== undefined && pull(chain[chain.length - 1], below) > 1;
      [below] = below.below
    )
      chain.push(below);
    const room = chain.map((item) => {
      const layer = layers[item.layer];
      const [left, right] = [-1, 1].map((side) => layer[layer.indexOf(item) + side]);
      return {
        from: left === undefined ? Number.NEGATIVE_INFINITY : left.x + distance(left, item),
        to: right === undefined ? Number.POSITIVE_INFINITY : right.x - distance(item, right),
      };
    });
    const [from, to] = [maximumOf(room.map((one) => one.from)), minimumOf(room.map((one) => one.to))];
    const mean = chain.reduce((sum, { x }) => sum + x, 0) / chain.length;
    if (from <= to) for (const item of chain) item.x = Math.min(to, Math.max(from, mean));
  }
}

/** How strongly an edge keeps its ends below each other: more in a chain, which is to be straight. */
function pull(above: Item, below: Item): number {
  return above.below.length === 1 && below.above.length === 1 ? 8 : 1;
}

function distance(left: Item, right: Item): number {
  return (left.box.width + right.box.width) / 2 + gap.x;
}

/** The places nearest to the wanted ones, by squares, in the same order and far enough apart: neighbours that would meet
 * move together (isotonic regression by pooling, Barlow et al. 1972). */
function spread(layer: readonly Item[], wanted: readonly number[]): void {
  let offset = 0;
  const blocks: { sum: number; items: { item: Item; offset: number }[] }[] = [];
  layer.forEach((item, i) => {
    offset += i === 0 ? 0 : distance(layer[i - 1], item);
    let block = { sum: wanted[i] - offset, items: [{ item, offset }] };
    for (
      let last = blocks.at(-1);
      last !== undefined && last.sum / last.items.length > block.sum / block.items.length;
      last = blocks.at(-1)
    ) {
      blocks.pop();
      block = { sum: last.sum + block.sum, items: [...last.items, ...block.items] };
    }
    blocks.push(block);
  });
  for (const { sum, items } of blocks) for (const { item, offset } of items) item.x = sum / items.length + offset;
}
