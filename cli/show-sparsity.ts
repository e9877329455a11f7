import type { SparsityReport } from '../src/index.js';
import { percent, shortNumber, textTable, withSeparators } from './text-table.js';

/** What is left of each gate of the layers that were pruned, and of all of them. */
export function sparsityText({ gates, layers }: SparsityReport): string {
  const pruned = layers.filter(({ sparsity }) => sparsity > 0);
  const names = new Set(pruned.map(({ layer }) => layer));
  const sum = (count: 'numKept' | 'numWeights'): number => pruned.reduce((total, layer) => total + layer[count], 0);
  const rows = gates
    .filter(({ layer }) => names.has(layer))
    .map(({ layer, weight, gate, numKept, numWeights, sparsity, norm }) => [
      layer,
      weight,
      gate ?? '',
      withSeparators(numKept),
      withSeparators(numWeights),
      percent(sparsity),
      shortNumber(norm),
    ]);
  const kept = `pruned: ${withSeparators(sum('numKept'))} of ${withSeparators(sum('numWeights'))} weights are left`;
  return `${kept}\n${textTable(['layer', 'weights', 'gate', 'left', 'of', 'sparsity', 'norm'], rows)}`;
}
