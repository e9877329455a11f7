import type { Tensor } from '../../tensor/tensor.js';
import type { Variable } from '../../tensor/variable.js';

/** Copies of the weights of layers. */
export type WeightCopies = ReadonlyMap<string, readonly Tensor[]>;

export function copyWeights(groups: ReadonlyMap<string, readonly Variable[]>): WeightCopies {
  return new Map([...groups].map(([layer, variables]) => [layer, variables.map((variable) => variable.snapshot())]));
}

/**
 * By layer: `|w' - w| / |w|`, how far a step moved the weights for their size; null for weights of zeros. About 1e-3 is
 * usual; much less is slow, much more unsteady (Karpathy, "CS231n: Convolutional neural networks for visual
 * recognition", notes of Stanford University, "Ratio of weights:updates").
 */
export async function updateRatios(
  before: WeightCopies,
  groups: ReadonlyMap<string, readonly Variable[]>,
): Promise<Record<string, number | null>> {
  const ratios: Record<string, number | null> = {};
  for (const [layer, variables] of groups) ratios[layer] = await ratioOf(before.get(layer) ?? [], variables);
  return ratios;
}

async function ratioOf(before: readonly Tensor[], variables: readonly Variable[]): Promise<number | null> {
  let [change, size] = [0, 0];
  for (const [i, kept] of before.entries()) {
    const [old, now] = await Promise.all([kept.readNumbers(), variables[i].data()]);
    for (let j = 0; j < old.length; j++) {
      change += (now[j] - old[j]) ** 2;
      size += old[j] ** 2;
    }
  }
  return size === 0 ? null : Math.sqrt(change / size);
}
