import { RondoError } from '../errors.js';
import type { FinalActivation, LayerWeight } from '../layers/layer.js';
import { maskOf } from '../layers/mask.js';
import { describeShape, type Shape, sizeOf } from '../shape.js';
import { activate } from '../tensor/arithmetic.js';
import * as ops from '../tensor/index.js';
import { withoutTape } from '../tensor/tape.js';
import type { Tensor } from '../tensor/tensor.js';
import type { Batch } from './batch.js';
import type { OutputTraining } from './compiled.js';
import type { HostArray } from './host-data.js';
import { type Loss, lossValue, logitsForm } from './losses/index.js';
import type { MetricBatch } from './metrics/index.js';
import type { Model } from './model.js';
import { hostTensor } from './rows.js';
import { type ClassWeight, classWeights, multiplied } from './sample-weights.js';

/** What a batch's loss was computed from. */
export interface BatchLoss {
  /** One number: the weighted losses of all outputs and the penalties of regularized weights. */
  readonly total: Tensor;
  /** By output, before the loss weights. */
  readonly byOutput: readonly Tensor[];
  /** What metrics of an output see; to be asked for in the scope of the loss. */
  metricBatch(output: number, isWeighted: boolean): MetricBatch;
}

/** How a model's loss is computed; made once per run. */
export class BatchLossFunction {
  private readonly finalActivation: FinalActivation | undefined;
  private readonly losses: readonly Loss[];
  private readonly regularized: readonly LayerWeight[];

  constructor(
    private readonly model: Model,
    private readonly outputs: readonly OutputTraining[],
    private readonly classWeight: ClassWeight | undefined,
  ) {
    const { finalActivation } = model;
    const onLogits = outputs.length === 1 && finalActivation !== undefined ? logitsForm(outputs[0].loss, finalActivation) : undefined;
    this.finalActivation = onLogits === undefined ? undefined : finalActivation;
    this.losses = onLogits === undefined ? outputs.map(({ loss }) => loss) : [onLogits];
    const trainable = new Set(model.trainableWeights);
    this.regularized = [...model.namedWeights()].map(([, weight]) => weight).filter(({ variable, regularizer }) => regularizer !== undefined && trainable.has(variable));
  }

  /** The loss of a batch, differentiable by the weights. Needs an open scope. @throws SHAPE_MISMATCH */
  compute(batch: Batch, training: boolean): BatchLoss {
    const { model, outputs, finalActivation } = this;
    const computed = model.forward(batch.inputs.map(hostTensor), { training }, finalActivation !== undefined).tensors;
    requireOutputs(model, computed, outputs);
    const parts = computed.map((output, i) => {
      const target = batch.targets[i];
      const byClass = this.classWeight && classWeights(this.classWeight, target, output.shape);
      const weights = multiplied(batch.sampleWeights[i], byClass);
      const mask = outputMask(output);
      const loss = lossValue(this.losses[i], hostTensor(target), output, { sampleWeight: weights && hostTensor(weights), mask: mask && hostTensor(mask) });
      return { output, target, weights, mask, loss };
    });
    const weighted = parts.map(({ loss }, i) => (outputs[i].lossWeight === 1 ? loss : ops.mul(loss, outputs[i].lossWeight)));
    const penalties = this.regularized.map(({ variable, regularizer }) => regularizer!.penalty(variable));
    const predictions = new Map<number, HostArray>();
    const predictionOf = (i: number): HostArray => {
      let found = predictions.get(i);
      if (found === undefined) {
        const { output } = parts[i];
        const values = finalActivation === undefined ? output : withoutTape(() => activate(finalActivation, output));
        found = { data: values.dataSync(), shape: values.shape };
        predictions.set(i, found);
      }
      return found;
    };
    return {
      total: [...weighted, ...penalties].reduce((sum, part) => ops.add(sum, part)),
      byOutput: parts.map(({ loss }) => loss),
      metricBatch: (i, isWeighted) => ({ yTrue: parts[i].target, yPred: predictionOf(i), mask: parts[i].mask, sampleWeight: isWeighted ? parts[i].weights : undefined }),
    };
  }
}

/** The mask that travels with an output, shaped like its leading axes. */
function outputMask(output: Tensor): HostArray | undefined {
  const mask = maskOf(output);
  if (mask === undefined) return undefined;
  const shape: number[] = [];
  for (let axis = 0; axis < output.shape.length && sizeOf(shape) !== mask.length; axis++) shape.push(output.shape[axis]);
  return { data: mask, shape: axesOf(mask.length, shape, output.shape) };
}

function axesOf(size: number, shape: Shape, output: Shape): Shape {
  if (sizeOf(shape) === size) return shape;
  throw new RondoError('INTERNAL', { where: 'loss', what: 'the mask of an output does not fit it.', expected: `the leading axes of ${describeShape(output)}`, received: `${size} entries` });
}

function requireOutputs(model: Model, computed: readonly Tensor[], outputs: readonly OutputTraining[]): void {
  if (computed.length === outputs.length) return;
  throw new RondoError('USAGE', { where: model.className, what: 'the model returns another number of outputs than before.', expected: String(outputs.length), received: String(computed.length), fix: 'return the same outputs for every batch.' });
}

