import { requireNumber } from '../errors.js';
import { constantTensor } from '../tensor/accumulate.js';
import { gather } from '../tensor/gather.js';
import * as ops from '../tensor/index.js';
import { operation } from '../tensor/tape.js';
import { aliasTensor, type Tensor } from '../tensor/tensor.js';
import { requireSequence } from './input-axes.js';
import { type CallOptions, type Json, Layer, type LayerOptions, type OpenShape, singleInput } from './layer.js';
import type { Mask } from './mask.js';
import type { Stepper } from './stepper.js';

export interface ActivationPenaltyOptions extends LayerOptions {
  /** Weight of the mean square of the values. Default 0. */
  size?: number | undefined;
  /** Weight of the mean square of the change from each step to the next. Default 0. */
  change?: number | undefined;
}

/**
 * Passes a sequence `[batch, time, features]` on and, in training, adds to the gradients those of
 * `size mean(h_t^2) + change mean((h_t - h_(t+1))^2)`. The reported loss does not contain it, so that it stays
 * comparable. After dropout, `size` is activation regularisation; before it, `change` is temporal activation
 * regularisation. Merity, McCann and Socher 2017, "Revisiting activation regularization for language RNNs", eq. 1 and
 * 2, with squares of the norms. The means are over steps that count; a change is that to the next step that counts.
 *
 * @throws OUT_OF_RANGE, SHAPE_MISMATCH
 */
export class ActivationPenalty extends Layer {
  readonly className = 'ActivationPenalty';
  protected override readonly passesMask = true;
  readonly size: number;
  readonly change: number;

  constructor(options: ActivationPenaltyOptions = {}) {
    super('ActivationPenalty', options, ['size', 'change']);
    this.size = options.size ?? 0;
    this.change = options.change ?? 0;
    for (const name of ['size', 'change'] as const)
      requireNumber('ActivationPenalty', name, this[name], 'a number of at least 0', (value) => value >= 0);
  }

  override build(): void {}

  override computeOutputShape(inputShape: OpenShape): OpenShape {
    requireSequence(this, inputShape, null);
    return inputShape;
  }

  override call(inputs: Tensor | readonly Tensor[], { training = false, mask }: CallOptions): Tensor {
    const input = singleInput(this.name, inputs);
    this.computeOutputShape(input.shape);
    const penalty = training ? this.#penalty(input, mask) : undefined;
    if (penalty === undefined) return input;
    const [output] = operation([input, penalty], () => ({
      outputs: [aliasTensor(input, input.shape)],
      // The penalty's gradient is 1, whatever the loss makes of the output.
      backward: ([dOutput]) => [dOutput, constantTensor([], 1)],
    }));
    return output;
  }

  override stepper(): Stepper {
    return { states: new Map(), step: (input) => input, isIdentity: true };
  }

  override getConfig(): Record<string, Json | undefined> {
    return { ...this.baseConfig(), size: this.size, change: this.change };
  }

  #penalty(input: Tensor, mask: Mask | undefined): Tensor | undefined {
    const { values, changes } = mask === undefined ? everyStep(input) : countedSteps(input, mask);
    const parts: Tensor[] = [];
    if (this.size > 0 && values.size > 0) parts.push(ops.mul(ops.mean(ops.square(values)), this.size));
    const [from, to] = this.change > 0 ? changes() : [];
    if (from?.size > 0) parts.push(ops.mul(ops.mean(ops.square(ops.sub(from, to))), this.change));
    return parts.length === 2 ? ops.add(parts[0], parts[1]) : parts[0];
  }
}

/** Steps, and each step beside the next one of its sequence. */
interface Steps {
  readonly values: Tensor;
  changes(): readonly Tensor[];
}

function everyStep(input: Tensor): Steps {
  const time = input.shape[1];
  return {
    values: input,
    changes: () => (time === 1 ? [] : [ops.slice(input, 1, 0, time - 1), ops.slice(input, 1, 1, time)]),
  };
}

function countedSteps(input: Tensor, mask: Mask): Steps {
  const [, time, features] = input.shape;
  const rows: number[] = [];
  mask.forEach((counts, row) => void (counts === 1 && rows.push(row)));
  const pick = (places: readonly number[]): Tensor =>
    gather(input, [places.length, features], features, Int32Array.from(places));
  const follows = (i: number): boolean => i >= 1 && Math.floor(rows[i] / time) === Math.floor(rows[i - 1] / time);
  return {
    values: pick(rows),
    changes: () => [pick(rows.filter((_, i) => follows(i + 1))), pick(rows.filter((_, i) => follows(i)))],
  };
}
