import type { ChainNumbers } from '../tensor/taught-chain-loss.js';
import type { Tensor } from '../tensor/tensor.js';

/** What else is counted by a mask `[batch * time]`: 0 where a step is padding. */
type Counted = ArrayLike<number> | undefined;

/** The chain whose scores `[batch, time, labels]` a tensor holds. */
export interface ChainOfScores {
  /** The losses `[batch, time]` of true labels `[batch, time]`; masked steps have none. */
  lossesOf(labels: ArrayLike<number>, mask: Counted): Tensor;
  /** The same of what another chain expects at a temperature. */
  taughtLossesOf(teacher: ChainNumbers, temperature: number, mask: Counted): Tensor;
  /** The numbers of the chain. */
  read(): Promise<ChainNumbers>;
  /** `[batch, time, labels]`: the probability of each label at each step at a temperature; 0 where masked. */
  marginalsOf(numbers: ChainNumbers, temperature: number, mask: Counted): Float64Array;
}

const chains = new WeakMap<Tensor, ChainOfScores>();

/** @internal The chain whose scores these are; undefined where no chain made them. */
export function chainOf(scores: Tensor): ChainOfScores | undefined {
  return chains.get(scores);
}

/**
 * @internal Sends along with scores what computes with them: only a program that has the layer carries its recursions.
 */
export function setChain(scores: Tensor, chain: ChainOfScores): void {
  chains.set(scores, chain);
}
