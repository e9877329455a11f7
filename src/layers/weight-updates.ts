import { requireRunsOnce, type Tensor, type Variable } from '../tensor/tensor.js';
import type { Layer } from './layer.js';

/** New values of weights that no optimizer changes, such as moving statistics: what one training step computed. */
export type WeightUpdates = Map<Variable, Tensor>;

/** What has layers inside, and whether they train. */
type Around = Pick<Layer<unknown>, 'trainable' | 'sublayers'>;

/** The step that is being computed, if any. */
let step: { readonly model: Around; readonly updates: WeightUpdates } | undefined;

/** Runs a step's forward pass of a model; what its layers give to {@link updateWeight} waits in `updates`. */
export function withUpdates<T>(model: Around, updates: WeightUpdates, work: () => T): T {
  step = { model, updates };
  try {
    return work();
  } finally {
    step = undefined;
  }
}

/**
 * Gives a weight that no optimizer changes a new value: at the end of a training step, unless that is refused because
 * something was not finite; at once outside of one.
 *
 * @throws USAGE in work that may run twice
 */
export function updateWeight(weight: Variable, value: Tensor): void {
  requireRunsOnce(weight);
  if (step === undefined) weight.assign(value);
  else step.updates.set(weight, value);
}

/** The value of a weight with what the step has given it so far: a layer may be applied several times. */
export function latestValue(weight: Variable): Tensor {
  return step?.updates.get(weight) ?? weight;
}

/** Whether a layer, or a layer around it in the model that is being trained, is not trainable. */
export function isFrozen(layer: Layer<unknown>): boolean {
  return !layer.trainable || (step !== undefined && isInFrozen(step.model, layer));
}

function isInFrozen(around: Around, layer: Layer<unknown>, isFrozenHere = !around.trainable): boolean {
  for (const inside of around.sublayers.values())
    if (inside === layer ? isFrozenHere : isInFrozen(inside, layer, isFrozenHere || !inside.trainable)) return true;
  return false;
}
