import type { Variable } from '../../tensor/variable.js';
import { variablesOf } from '../model-weights.js';
import type { Trainable } from '../trainable.js';

/** By layer, by the path of it: the variables that training changes, a shared one once. */
export function trainableByLayer(model: Pick<Trainable, 'trainableWeights' | 'namedWeights'>): Map<string, Variable[]> {
  const trainable = new Set(model.trainableWeights);
  const groups = new Map<string, Variable[]>();
  for (const [path, variable] of variablesOf(model)) {
    if (!trainable.has(variable)) continue;
    const layer = layerPath(path.slice(0, path.lastIndexOf('/')));
    groups.set(layer, [...(groups.get(layer) ?? []), variable]);
  }
  return groups;
}

/** The path of a layer that is called by it: that of the only cell of a recurrent layer is the layer's. */
export function layerPath(path: string): string {
  return path.endsWith('/cell') ? path.slice(0, -'/cell'.length) : path;
}
