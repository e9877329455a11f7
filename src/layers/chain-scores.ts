import type { Tensor } from '../tensor/tensor.js';

/** The losses `[batch, time]` of true labels `[batch, time]` under a chain; masked steps have none. */
export type LossesOfLabels = (labels: ArrayLike<number>, mask: ArrayLike<number> | undefined) => Tensor;

const chains = new WeakMap<Tensor, LossesOfLabels>();

/**
 * @internal What computes the losses of labels under the chain whose scores these are; undefined where no chain made
 * them.
 */
export function chainLossesOf(scores: Tensor): LossesOfLabels | undefined {
  return chains.get(scores);
}

/**
 * @internal Sends along with scores what computes losses from them: only a program that has the layer carries its
 * recursions.
 */
export function setChainLosses(scores: Tensor, losses: LossesOfLabels): void {
  chains.set(scores, losses);
}
