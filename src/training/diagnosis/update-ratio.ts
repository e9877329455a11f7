import type { FlatArray, Variable } from '../../tensor/tensor.js';

/** Copies of the weights of layers. */
export type WeightCopies = ReadonlyMap<string, readonly FlatArray[]>;

export function copyWeights(groups: ReadonlyMap<string, readonly Variable[]>): WeightCopies {
  return new Map([...groups].map(([layer, variables]) => [layer, variables.map((variable) => variable.dataSync())]));
}

/**
 * By layer: `|w' - w| / |w|`, how far a step moved the weights for their size; null for weights of zeros. About 1e-3 is
 * usual; much less is slow, much more unsteady (Karpathy, "CS231n: Convolutional neural networks for visual
 * recognition", notes of Stanford University, "Ratio of weights:updates").
 */
export function updateRatios(
  before: WeightCopies,
  groups: ReadonlyMap<string, readonly Variable[]>,
): Record<string, number | null> {
  return Object.fromEntries(
    [...groups].map(([layer, variables]) => [layer, ratioOf(before.get(layer) ?? [], variables)]),
  );
}

function ratioOf(before: readonly FlatArray[], variables: readonly Variable[]): number | null {
  let [change, size] = [0, 0];
  before.forEach((old, i) => {
    const now = variables[i].dataSync();
    for (let j = 0; j < old.length; j++) {
      change += (now[j] - old[j]) ** 2;
      size += old[j] ** 2;
    }
  });
  return size === 0 ? null : Math.sqrt(change / size);
}
