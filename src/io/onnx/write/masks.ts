import { RondoError } from '../../../errors.js';
import type { GraphWriter } from './graph-writer.js';
import type { LayerCall, StepMask } from './layer-writer.js';

/** `[batch, time]`, of a layer that knows masks of steps alone. @throws USAGE for a mask of other axes */
export function stepsOf({ layer, name }: LayerCall, mask: StepMask | undefined): string | undefined {
  if (mask === undefined || mask.rank === 2) return mask?.value;
  throw new RondoError('USAGE', {
    where: 'writeOnnx',
    what: `the mask that \`${name}\` (${layer.className}) gets has other axes than batch and time.`,
    expected: 'a mask [batch, time]',
    received: `a mask of ${mask.rank} axes`,
    fix: 'end the mask before this layer, or export a model that ends before it.',
  });
}

/** A mask with axes of size 1 behind its own, so that it goes with a value of so many axes. */
export function widened(graph: GraphWriter, { value, rank }: StepMask, axes: number): string {
  const behind = Array.from({ length: axes - rank }, (_, i) => rank + i);
  return behind.length === 0 ? value : graph.add('Unsqueeze', [value, graph.integers(...behind)]);
}

/** The value with zeros, or another number, where steps do not count, whatever stood there. */
export function cleared(
  graph: GraphWriter,
  value: string,
  axes: number,
  mask: StepMask | undefined,
  instead = 0,
): string {
  return mask === undefined ? value : graph.add('Where', [widened(graph, mask, axes), value, graph.number(instead)]);
}

/** Steps that both let count; the finer mask's where they differ. */
export function bothMasks(graph: GraphWriter, a: StepMask | undefined, b: StepMask | undefined): StepMask | undefined {
  if (a === undefined || b === undefined || a.value === b.value) return a ?? b;
  const rank = Math.max(a.rank, b.rank);
  return {
    value: graph.add(
      'And',
      [a, b].map((mask) => widened(graph, mask, rank)),
    ),
    rank,
  };
}
