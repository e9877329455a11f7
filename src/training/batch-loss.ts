import { RondoError } from '../errors.js';
import type { FinalActivation, LayerWeight } from '../layers/layer.js';
import { type Mask, maskOf } from '../layers/mask.js';
import { describeShape, type Shape, sizeOf } from '../shape.js';
import { activate } from '../tensor/arithmetic.js';
import * as ops from '../tensor/index.js';
import { withoutTape } from '../tensor/tape.js';
import type { Tensor } from '../tensor/tensor.js';
import type { Batch } from './batch.js';
import type { NamedMetric, OutputTraining } from './compiled.js';
import type { HostArray } from './host-data.js';
import { type LateReads, type Reading, readsLate } from './late-reads.js';
import { type Loss, logitsForm } from './losses/index.js';
import { coefficients, countedLoss } from './losses/value.js';
import type { DeviceBatch } from './metrics/metric.js';
import type { Model } from './model.js';
import { hostTensor } from './rows.js';
import { type ClassWeight, classWeights, multiplied } from './sample-weights.js';

/** What a batch's loss was computed from. */
export interface BatchLoss {
  /** One number: the weighted losses of all outputs and the penalties of regularized weights. */
  readonly total: Tensor;
  /** By output, before the loss weights. */
  readonly byOutput: readonly Tensor[];
  /** By output: of how many values its loss is the mean. */
  readonly counts: readonly number[];
  /** What shows the batch to metrics of an output. In the scope of the loss. */
  readingsFor(metrics: readonly NamedMetric[], output: number): readonly Reading[];
}

/** How a model's loss is computed; made once per run. */
export class BatchLossFunction {
  readonly #finalActivation: FinalActivation | undefined;
  readonly #losses: readonly Loss[];
  readonly #regularized: readonly LayerWeight[];
  readonly #scoring: Scoring | undefined;
  readonly #classWeights: readonly (ClassWeight | undefined)[];
  #hasRun = false;

  readonly #model: Model;
  readonly #outputs: readonly OutputTraining[];

  /** @param byClass for each output; empty where classes count alike. */
  constructor(model: Model, outputs: readonly OutputTraining[], byClass: readonly (ClassWeight | undefined)[] = []) {
    this.#model = model;
    this.#outputs = outputs;
    this.#classWeights = byClass;
    const { finalActivation } = model;
    const onLogits =
      outputs.length === 1 && finalActivation !== undefined ? logitsForm(outputs[0].loss, finalActivation) : undefined;
    this.#finalActivation = onLogits === undefined ? undefined : finalActivation;
    this.#losses = onLogits === undefined ? outputs.map(({ loss }) => loss) : [onLogits];
    this.#scoring = scoringOf(model, outputs);
    const trainable = new Set(model.trainableWeights);
    this.#regularized = [...model.namedWeights()]
      .map(([, weight]) => weight)
      .filter(({ variable, regularizer }) => regularizer !== undefined && trainable.has(variable));
  }

  /**
   * The loss of a batch, differentiable by the weights. Needs an open scope.
   *
   * @param reads where the first predictions of a training are looked at.
   * @throws SHAPE_MISMATCH
   */
  compute(given: Batch, training: boolean, reads: LateReads): BatchLoss {
    const batch = readsLate() ? keptBatch(given) : given;
    const model = this.#model;
    const outputs = this.#outputs;
    const finalActivation = this.#finalActivation;
    const scoring = this.#scoring;
    if (scoring !== undefined) return this.#scored(scoring, batch, training);
    const computed = model.forward(batch.inputs.map(hostTensor), { training }, finalActivation !== undefined).tensors;
    requireOutputs(model, computed, outputs);
    const parts = computed.map((output, i) => {
      const target = batch.targets[i];
      const { weights, mask } = this.#weighting(batch, i, output.shape, maskOf(output));
      const weighting = { sampleWeight: weights && hostTensor(weights), mask: mask && hostTensor(mask) };
      const { requirePredictions } = this.#losses[i];
      if (training && !this.#hasRun && requirePredictions !== undefined)
        reads.read([output], ([predictions]) => requirePredictions(predictions, model.className));
      const { value: loss, count } = countedLoss(this.#losses[i], hostTensor(target), output, weighting);
      return { output, target, weights, mask, loss, count };
    });
    this.#hasRun ||= training;
    const losses = parts.map(({ loss }) => loss);
    return {
      total: this.#totalOf(losses),
      byOutput: losses,
      counts: parts.map(({ count }) => count),
      readingsFor: (metrics, i) => {
        const { output, target, mask, weights } = parts[i];
        const yPred = finalActivation === undefined ? output : withoutTape(() => activate(finalActivation, output));
        return readingsOf(metrics, yPred, (isWeighted) => ({
          yTrue: target,
          mask,
          sampleWeight: isWeighted ? weights : undefined,
        }));
      },
    };
  }

  /** The same where nothing looks at the predictions but at what they say of the labels. */
  #scored({ labelsOf, predicted }: Scoring, batch: Batch, training: boolean): BatchLoss {
    const fused = this.#model.forwardFused(batch.inputs.map(hostTensor), { training });
    const { weights, mask } = this.#weighting(batch, 0, fused.shape, fused.mask);
    const leading = fused.shape.slice(0, -1);
    const labels = labelsOf(hostTensor(batch.targets[0]), fused.shape);
    const { each, count } = coefficients(leading, {
      sampleWeight: weights && hostTensor(weights),
      mask: mask && hostTensor(mask),
    });
    const options = { weights: each, predicted };
    const scores = fused.score(labels, options);
    const { exact } = fused;
    // At once: metrics are updated after the weights are.
    const seen =
      exact === undefined || this.#outputs[0].metrics.length === 0
        ? scores
        : withoutTape(() => exact.score(labels, options));
    return {
      total: this.#totalOf([scores.total]),
      byOutput: [scores.total],
      counts: [count],
      readingsFor: (metrics) =>
        metrics.map(({ metric, isWeighted }) => ({
          tensors: [seen.losses, ...(seen.predicted === undefined ? [] : [seen.predicted])],
          use: ([losses, predicted]) =>
            metric.scored!.update({
              shape: leading,
              labels,
              losses,
              predicted,
              mask,
              sampleWeight: isWeighted ? weights : undefined,
            }),
        })),
    };
  }

  #weighting(
    batch: Batch,
    output: number,
    shape: Shape,
    mask: Mask | undefined,
  ): { weights: HostArray | undefined; mask: HostArray | undefined } {
    const given = this.#classWeights[output];
    const byClass = given && classWeights(given, batch.targets[output], shape);
    return { weights: multiplied(batch.sampleWeights[output], byClass), mask: mask && outputMask(mask, shape) };
  }

  #totalOf(losses: readonly Tensor[]): Tensor {
    const weighted = losses.map((loss, i) =>
      this.#outputs[i].lossWeight === 1 ? loss : ops.mul(loss, this.#outputs[i].lossWeight),
    );
    const penalties = this.#regularized.map(({ variable, regularizer }) => regularizer!.penalty(variable));
    return [...weighted, ...penalties].reduce((sum, part) => ops.add(sum, part));
  }
}

/** How the labels of a model's one output are scored without its predictions. */
interface Scoring {
  readonly labelsOf: NonNullable<ReturnType<NonNullable<Loss['labelsFor']>>>;
  /** Whether a metric needs the likeliest classes. */
  readonly predicted: boolean;
}

/** Undefined where the model, the loss or a metric needs predictions. */
function scoringOf(model: Model, outputs: readonly OutputTraining[]): Scoring | undefined {
  if (outputs.length !== 1 || !model.fusesSoftmax) return undefined;
  const [{ loss, metrics }] = outputs;
  const { finalActivation } = model;
  const labelsOf = loss.labelsFor?.(finalActivation);
  const isScored = metrics.every(
    ({ metric: { scored } }) =>
      scored !== undefined &&
      (scored.fromLogits === undefined || scored.fromLogits === (finalActivation === undefined)),
  );
  return labelsOf && isScored
    ? { labelsOf, predicted: metrics.some(({ metric }) => metric.scored!.needsPredicted) }
    : undefined;
}

/** One number of each metric that adds up on the device, and the predictions for all others. */
function readingsOf(
  metrics: readonly NamedMetric[],
  yPred: Tensor,
  batchFor: (isWeighted: boolean) => Omit<DeviceBatch, 'yPred'>,
): Reading[] {
  return metrics.map(({ metric, isWeighted }) => {
    const batch = batchFor(isWeighted);
    const sum = readsLate() ? metric.sumOnDevice?.({ ...batch, yPred }) : undefined;
    if (sum !== undefined) return { tensors: [sum.total], use: ([[total]]) => metric.addSum!(total, sum.weight) };
    return {
      tensors: [yPred, ...(metric.alsoReads?.() ?? [])],
      use: ([data, ...alsoRead]) => metric.update({ ...batch, yPred: { data, shape: yPred.shape }, alsoRead }),
    };
  });
}

/** The mask that travels with an output, shaped like its leading axes. */
function outputMask(mask: Mask, output: Shape): HostArray {
  const shape: number[] = [];
  for (let axis = 0; axis < output.length && sizeOf(shape) !== mask.length; axis++) shape.push(output[axis]);
  return { data: mask, shape: axesOf(mask.length, shape, output) };
}

function axesOf(size: number, shape: Shape, output: Shape): Shape {
  if (sizeOf(shape) === size) return shape;
  throw new RondoError('INTERNAL', {
    where: 'loss',
    what: 'the mask of an output does not fit it.',
    expected: `the leading axes of ${describeShape(output)}`,
    received: `${size} entries`,
  });
}

/** What metrics are shown later, when the next batch lies where this one did. */
function keptBatch({ inputs, targets, sampleWeights, numRows }: Batch): Batch {
  const kept = ({ data, shape }: HostArray): HostArray => ({ data: data.slice(), shape });
  return { inputs, targets: targets.map(kept), sampleWeights: sampleWeights.map((one) => one && kept(one)), numRows };
}

function requireOutputs(model: Model, computed: readonly Tensor[], outputs: readonly OutputTraining[]): void {
  if (computed.length === outputs.length) return;
  throw new RondoError('USAGE', {
    where: model.className,
    what: 'the model returns another number of outputs than before.',
    expected: String(outputs.length),
    received: String(computed.length),
    fix: 'return the same outputs for every batch.',
  });
}
