import type { OutputHead } from '../../layers/output-head.js';
import * as ops from '../../tensor/index.js';
import type { SoftTargets } from '../../tensor/soft-targets.js';
import { type Tensor, tensor } from '../../tensor/tensor.js';
import type { Taught } from '../batch.js';
import { EPSILON, type Loss } from '../losses/loss.js';
import { coefficients, type Weighting } from '../losses/value.js';

/** What a batch is held against beside its targets. */
export class TaughtBatch implements Taught {
  readonly softTargets: SoftTargets;

  constructor(softTargets: SoftTargets) {
    this.softTargets = softTargets;
  }

  lossWith(ofLabels: Tensor, head: OutputHead, loss: Loss, weighting: Weighting): Tensor {
    const { softTargets } = this;
    const losses = softTargets.softLosses('distill', logitsOf(head, loss));
    const { each } = coefficients(losses.shape, weighting);
    return ops.add(ops.mul(ofLabels, 1 - softTargets.alpha), ops.sum(ops.mul(losses, tensor(each, losses.shape))));
  }
}

/** What goes into the softmax of an output; its logarithm, which differs by a number a row, where that is not to be had. */
function logitsOf(head: OutputHead, { config }: Loss): Tensor {
  return head.activation !== undefined || config.fromLogits === true
    ? head.logits()
    : ops.log(ops.add(head.values(), EPSILON));
}
