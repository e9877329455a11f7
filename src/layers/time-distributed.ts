import { RondoError, requireKind } from '../errors.js';
import * as ops from '../tensor/index.js';
import type { Tensor } from '../tensor/tensor.js';
import type { FusedSoftmax } from './fused-softmax.js';
import { titleOf } from './input-axes.js';
import {
  type CallOptions,
  describeOpenShape,
  type FinalActivation,
  type Json,
  Layer,
  type LayerOptions,
  type OpenShape,
  singleInput,
} from './layer.js';
import { bothMasks, type Mask, maskOf, resampledMask, setMask } from './mask.js';

export interface TimeDistributedOptions extends LayerOptions {
  /** Applied to every step, with the same weights. */
  layer: Layer;
}

/**
 * Applies a layer to every step of `[batch, time, ...]`, as if the steps were a larger batch.
 *
 * A mask of steps goes on with the output, together with the one that the layer makes. A mask of what lies inside the
 * steps (the words of sentences) is given to the layer; a step then counts where anything inside it counts.
 *
 * @throws SHAPE_MISMATCH
 */
export class TimeDistributed extends Layer {
  readonly className = 'TimeDistributed';
  protected override readonly isPointwiseInTime = true;
  readonly layer: Layer;

  constructor(options: TimeDistributedOptions) {
    super('TimeDistributed', options, ['layer']);
    this.layer = options.layer;
    requireKind(this.layer instanceof Layer, options.layer, {
      where: 'TimeDistributed',
      what: '`layer` is no layer.',
      fix: 'give the layer to apply to every step: new TimeDistributed({ layer: new Dense({ units: 5 }) }).',
    });
  }

  override get sublayers(): ReadonlyMap<string, Layer<unknown>> {
    return new Map([['layer', this.layer]]);
  }

  override computeOutputShape(inputShape: OpenShape): OpenShape {
    const [batch, time, ...inside] = inputShape;
    if (time === undefined) {
      throw new RondoError('SHAPE_MISMATCH', {
        where: titleOf(this),
        what: 'the input has the wrong shape.',
        expected: '[batch, time, ...]',
        received: describeOpenShape(inputShape),
        fix: 'give the layer sequences.',
      });
    }
    return [batch, time, ...this.layer.computeOutputShape([batch, ...inside]).slice(1)];
  }

  override build([batch, , ...inside]: OpenShape): void {
    this.layer.ensureBuilt([batch, ...inside]);
  }

  override get finalActivation(): FinalActivation | undefined {
    return this.layer.finalActivation;
  }

  override call(inputs: Tensor | readonly Tensor[], options: CallOptions): Tensor {
    return this.#eachStep(inputs, options, (steps, inside) => this.layer.apply(steps, inside));
  }

  override callLogits(inputs: Tensor | readonly Tensor[], options: CallOptions): Tensor {
    return this.#eachStep(inputs, options, (steps, inside) => this.layer.applyLogits(steps, inside));
  }

  override get fusesSoftmax(): boolean {
    return this.layer.fusesSoftmax;
  }

  override callFused(inputs: Tensor | readonly Tensor[], options: CallOptions): FusedSoftmax {
    const { batch, time, steps, inside, outputMask } = this.#split(inputs, options);
    const fused = this.layer.applyFused(steps, inside);
    return {
      ...fused,
      shape: [batch, time, ...fused.shape.slice(1)],
      mask: bothMasks(fused.mask, outputMask),
    };
  }

  #eachStep(
    inputs: Tensor | readonly Tensor[],
    options: CallOptions,
    apply: (steps: Tensor, options: CallOptions) => Tensor,
  ): Tensor {
    const { batch, time, steps, inside, outputMask } = this.#split(inputs, options);
    const applied = apply(steps, inside);
    const output = ops.reshape(applied, [batch, time, ...applied.shape.slice(1)]);
    setMask(output, bothMasks(maskOf(applied), outputMask));
    return output;
  }

  /** The steps as a larger batch, and the mask of the output where the layer gives none. */
  #split(
    inputs: Tensor | readonly Tensor[],
    { training, mask }: CallOptions,
  ): { batch: number; time: number; steps: Tensor; inside: CallOptions; outputMask: Mask | undefined } {
    const input = singleInput(this.name, inputs);
    this.computeOutputShape(input.shape);
    const [batch, time, ...axes] = input.shape;
    const numSteps = batch * time;
    const insideMask = mask !== undefined && mask.length > numSteps ? mask : undefined;
    const outputMask = insideMask === undefined ? mask : resampledMask(insideMask, numSteps);
    return {
      batch,
      time,
      steps: ops.reshape(input, [numSteps, ...axes]),
      inside: { training, mask: insideMask },
      outputMask,
    };
  }

  override getConfig(): Record<string, Json | undefined> {
    return {
      ...this.baseConfig(),
      layer: { className: this.layer.className, config: this.layer.getConfig() as { [key: string]: Json } },
    };
  }
}
