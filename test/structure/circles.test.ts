import { describe, expect, it } from 'vitest';
import { importsOf, typescriptIn } from '../support/imports.js';

/** Groups of nodes that all reach each other: Tarjan 1972, "Depth-first search and linear graph algorithms". */
function stronglyConnected<Node>(nodes: Iterable<Node>, next: (node: Node) => readonly Node[]): Node[][] {
  const order = new Map<Node, number>();
  const lowest = new Map<Node, number>();
  const open: Node[] = [];
  const groups: Node[][] = [];
  const visit = (node: Node): number => {
    const place = order.size;
    order.set(node, place);
    lowest.set(node, place);
    open.push(node);
    for (const target of next(node)) {
      const reached = order.has(target) ? (open.includes(target) ? order.get(target)! : place) : visit(target);
      lowest.set(node, Math.min(lowest.get(node)!, reached));
    }
    if (lowest.get(node) === place) groups.push(open.splice(open.indexOf(node)));
    return lowest.get(node)!;
  };
  for (const node of nodes) if (!order.has(node)) visit(node);
  return groups;
}

/** Groups of more than one. */
function circles(graph: Readonly<Record<string, readonly string[]>>): string[][] {
  return stronglyConnected(Object.keys(graph), (file) => graph[file] ?? [])
    .filter((group) => group.length > 1)
    .map((group) => group.sort());
}

describe('imports', () => {
  it('are seen to run in a circle where they do', () => {
    expect(circles({ a: ['b'], b: ['c', 'd'], c: ['a'], d: ['e'], e: ['d'], f: ['a'] })).toEqual([
      ['d', 'e'],
      ['a', 'b', 'c'],
    ]);
    expect(circles({ a: ['b', 'c'], b: ['c'], c: [] })).toEqual([]);
  });

  it('run in no circle, those of types neither', () => {
    const files = ['src', 'cli', 'bench', 'examples', 'test'].flatMap(typescriptIn);
    const graph = Object.fromEntries(
      files.map((file) => [file, importsOf(file).flatMap(({ target, bare }) => (bare ? [] : [target]))]),
    );
    expect(files.length).toBeGreaterThan(900);
    expect(circles(graph)).toEqual([]);
  });
});
