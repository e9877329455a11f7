import type { Tensor } from '../tensor/tensor.js';
import { requireRunsOnce, type Variable } from '../tensor/variable.js';

/** New values of weights that no optimizer changes, such as moving statistics: what one training step computed. */
export type WeightUpdates = Map<Variable, Tensor>;

/** What the step that is being computed has given weights so far; undefined outside of one. */
let updatesOfStep: WeightUpdates | undefined;
/** How many of the layers that are running, each inside the one before, are not trainable. */
let numFrozen = 0;

/** Runs a step's forward pass of a model; what its layers give to {@link updateWeight} waits in `updates`. */
export function withUpdates<T>(updates: WeightUpdates, work: () => T): T {
  updatesOfStep = updates;
  try {
    return work();
  } finally {
    updatesOfStep = undefined;
  }
}

/** Runs a layer, and those inside it. */
export function whileRunning<T>({ trainable }: { readonly trainable: boolean }, work: () => T): T {
  if (trainable) return work();
  numFrozen++;
  try {
    return work();
  } finally {
    numFrozen--;
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
  if (updatesOfStep === undefined) weight.assign(value);
  else updatesOfStep.set(weight, value);
}

/** The value of a weight with what the step has given it so far: a layer may be applied several times. */
export function latestValue(weight: Variable): Tensor {
  return updatesOfStep?.get(weight) ?? weight;
}

/** Whether the layer that is running, or one that runs it, is not trainable. */
export function isFrozen(): boolean {
  return numFrozen > 0;
}
