import type { Layer } from '../../src/layers/layer.js';
import type { HostArray } from '../../src/training/host-data.js';
import { variablesOf } from '../../src/training/model-weights.js';

/** A copy of all weights, at once. */
export function hostWeights(model: Layer<unknown>): Record<string, HostArray> {
  return Object.fromEntries(
    [...variablesOf(model)].map(([name, variable]) => [name, { data: variable.dataSync(), shape: variable.shape }]),
  );
}
