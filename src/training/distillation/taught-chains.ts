import { chainOf } from '../../layers/chain-scores.js';
import { maskOf } from '../../layers/mask.js';
import type { OutputHead } from '../../layers/output-head.js';
import * as ops from '../../tensor/index.js';
import type { ChainNumbers } from '../../tensor/taught-chain-loss.js';
import { type Tensor, tensor } from '../../tensor/tensor.js';
import type { Taught } from '../batch.js';
import type { Loss } from '../losses/loss.js';
import { coefficients, type Weighting } from '../losses/value.js';

/** What a batch of label sequences is held against beside its labels: the sequences that a teacher expects. */
export class TaughtChains implements Taught {
  readonly #teacher: ChainNumbers;
  readonly #temperature: number;
  readonly #alpha: number;

  constructor(teacher: ChainNumbers, { temperature, alpha }: { temperature: number; alpha: number }) {
    this.#teacher = teacher;
    this.#temperature = temperature;
    this.#alpha = alpha;
  }

  lossWith(ofLabels: Tensor, head: OutputHead, _: Loss, weighting: Weighting): Tensor {
    const [temperature, alpha] = [this.#temperature, this.#alpha];
    const scores = head.values();
    // The loss `crf` has asked for it.
    const losses = chainOf(scores)!.taughtLossesOf(this.#teacher, temperature, maskOf(scores));
    const { each } = coefficients(losses.shape, weighting);
    const ofTeacher = ops.sum(ops.mul(losses, tensor(each, losses.shape)));
    return ops.add(ops.mul(ofLabels, 1 - alpha), ops.mul(ofTeacher, alpha * temperature ** 2));
  }
}
