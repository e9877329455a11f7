import { RondoError, requireKind } from '../errors.js';
import * as ops from '../tensor/index.js';
import type { Tensor } from '../tensor/tensor.js';
import { titleOf } from './input-axes.js';
import {
  type CallOptions,
  describeOpenShape,
  type Json,
  Layer,
  type LayerOptions,
  type OpenShape,
  singleInput,
} from './layer.js';
import { bothMasks, type Mask, resampledMask } from './mask.js';
import { lazyHead, type OutputHead } from './output-head.js';

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

  override withSublayers(inside: ReadonlyMap<string, Layer<unknown>>): Layer {
    return new TimeDistributed({ ...this.getConfig(), layer: inside.get('layer') as Layer });
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

  override call(inputs: Tensor | readonly Tensor[], options: CallOptions): Tensor {
    return this.callHead(inputs, options).values();
  }

  override callHead(inputs: Tensor | readonly Tensor[], options: CallOptions): OutputHead {
    const { batch, time, steps, inside, outputMask } = this.#split(inputs, options);
    const head = this.layer.applyHead(steps, inside);
    const shape = [batch, time, ...head.shape.slice(1)];
    return lazyHead({
      ...head,
      shape,
      mask: bothMasks(head.mask, outputMask),
      values: () => ops.reshape(head.values(), shape),
      logits: () => ops.reshape(head.logits(), shape),
    });
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
