import { RondoError } from '../errors.js';
import type { LayerWeight } from '../layers/layer.js';
import type { Mask } from '../layers/mask.js';
import type { OutputHead } from '../layers/output-head.js';
import { describeShape, type Shape, sizeOf } from '../shape.js';
import * as ops from '../tensor/index.js';
import { withoutTape } from '../tensor/tape.js';
import type { Tensor } from '../tensor/tensor.js';
import type { Batch, Taught } from './batch.js';
import type { NamedMetric, OutputTraining } from './compiled.js';
import type { HostArray } from './host-data.js';
import { type LateReads, type Reading, readsLate } from './late-reads.js';
import type { Loss } from './losses/index.js';
import { requireSeveralClasses } from './losses/target-checks.js';
import { coefficients, countedLoss } from './losses/value.js';
import type { DeviceBatch } from './metrics/metric.js';
import { hostTensor } from './rows.js';
import { type ClassWeight, classWeights, multiplied } from './sample-weights.js';
import type { Trainable } from './trainable.js';

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

/** How an output's loss is computed: the best form that its loss, its metrics and the model understand. */
interface LossForm {
  readonly loss: Loss;
  readonly fromLogits: boolean;
  /** Given where labels are scored, and the output itself is never computed. */
  readonly labelsOf?: NonNullable<Loss['labelsOf']> | undefined;
  readonly hasMetrics: boolean;
  /** Whether a metric needs the likeliest classes. */
  readonly predicted: boolean;
}

function lossFormOf(head: OutputHead, { loss: given, metrics }: OutputTraining, training: boolean): LossForm {
  const loss = training ? given : (given.inEvaluation ?? given);
  const onLogits = head.activation === undefined ? loss : loss.onLogits?.(head.activation);
  const canScore =
    head.score !== undefined &&
    head.shape.at(-1)! > 1 &&
    metrics.every(
      ({ metric: { scored } }) =>
        scored !== undefined &&
        (scored.fromLogits === undefined || scored.fromLogits === (head.activation === undefined)),
    );
  return {
    loss: onLogits ?? loss,
    fromLogits: onLogits !== undefined,
    labelsOf: canScore ? onLogits?.labelsOf : undefined,
    hasMetrics: metrics.length > 0,
    predicted: metrics.some(({ metric }) => metric.scored?.needsPredicted),
  };
}

/** The loss of one output of a batch, and what shows the batch to its metrics. */
interface OutputLoss {
  readonly loss: Tensor;
  readonly count: number;
  readingsFor(metrics: readonly NamedMetric[]): Reading[];
}

/** What an output is held against. */
interface Truth {
  readonly target: HostArray;
  readonly weights: HostArray | undefined;
  readonly mask: HostArray | undefined;
  readonly taught: Taught | undefined;
}

/** How a model's loss is computed; made once per run. */
export class BatchLossFunction {
  readonly #regularized: readonly LayerWeight[];
  /** By output. */
  readonly #forms: Readonly<Record<'training' | 'evaluation', LossForm[]>> = { training: [], evaluation: [] };
  readonly #classWeights: readonly (ClassWeight | undefined)[];
  #hasRun = false;

  readonly #model: Trainable;
  readonly #outputs: readonly OutputTraining[];

  /** @param byClass for each output; empty where classes count alike. */
  constructor(
    model: Trainable,
    outputs: readonly OutputTraining[],
    byClass: readonly (ClassWeight | undefined)[] = [],
  ) {
    this.#model = model;
    this.#outputs = outputs;
    this.#classWeights = byClass;
    const trainable = new Set(model.trainableWeights);
    this.#regularized = [...model.namedWeights()]
      .map(([, weight]) => weight)
      .filter(({ variable, regularizer }) => regularizer !== undefined && trainable.has(variable));
  }

  /**
   * The loss of a batch, differentiable by the weights. Needs an open scope.
   *
   * @param reads where the first predictions of a training are looked at.
   * @throws SHAPE_MISMATCH, also for a softmax over one class
   */
  compute(given: Batch, training: boolean, reads: LateReads): BatchLoss {
    const batch = readsLate() ? keptBatch(given) : given;
    const { heads } = this.#model.runBatch(batch.inputs.map(hostTensor), { training });
    requireOutputs(this.#model, heads, this.#outputs);
    const isFirst = training && !this.#hasRun;
    const parts = heads.map((head, i): OutputLoss => {
      // An output that does not depend on the weights.
      if (isFirst && head.activation === 'softmax')
        requireSeveralClasses(head, head.shape.at(-1)!, { where: this.#model.className, name: 'predictions' });
      const truth = {
        target: batch.targets[i],
        taught: training ? batch.taught : undefined,
        ...this.#weighting(batch, i, head),
      };
      const forms = training ? this.#forms.training : this.#forms.evaluation;
      const form = (forms[i] ??= lossFormOf(head, this.#outputs[i], training));
      const { labelsOf } = form;
      if (labelsOf !== undefined) return this.#scored(head, truth, { ...form, labelsOf });
      return this.#computed(head, truth, form, isFirst ? reads : undefined);
    });
    this.#hasRun ||= training;
    const losses = parts.map(({ loss }) => loss);
    return {
      total: this.#totalOf(losses),
      byOutput: losses,
      counts: parts.map(({ count }) => count),
      readingsFor: (metrics, i) => parts[i].readingsFor(metrics),
    };
  }

  /** @param reads where the predictions are looked at once. */
  #computed(
    head: OutputHead,
    { target, weights, mask, taught }: Truth,
    { loss: lossOf, fromLogits }: LossForm,
    reads: LateReads | undefined,
  ): OutputLoss {
    const output = fromLogits ? head.logits() : head.values();
    const { requirePredictions } = lossOf;
    if (requirePredictions !== undefined)
      reads?.read([output], ([predictions]) => requirePredictions(predictions, this.#model.className));
    const weighting = { sampleWeight: weights && hostTensor(weights), mask: mask && hostTensor(mask) };
    const { value, count } = countedLoss(lossOf, hostTensor(target), output, weighting);
    return {
      loss: taught?.lossWith(value, head, lossOf, weighting) ?? value,
      count,
      readingsFor: (metrics) =>
        readingsOf(metrics, head, (isWeighted) => ({
          yTrue: target,
          mask,
          sampleWeight: isWeighted ? weights : undefined,
        })),
    };
  }

  /** The same where nothing looks at the predictions but at what they say of the labels. */
  #scored(
    { shape, score, exactScore }: OutputHead,
    { target, weights, mask, taught }: Truth,
    { loss, labelsOf, hasMetrics, predicted }: LossForm & { readonly labelsOf: NonNullable<Loss['labelsOf']> },
  ): OutputLoss {
    const leading = shape.slice(0, -1);
    const labels = labelsOf(hostTensor(target), shape);
    const { each, count } = coefficients(leading, {
      sampleWeight: weights && hostTensor(weights),
      mask: mask && hostTensor(mask),
    });
    const options = { weights: each, predicted };
    const scores = score!(labels, {
      ...options,
      labelSmoothing: loss.labelSmoothing,
      softTargets: taught?.softTargets,
    });
    // At once: metrics are updated after the weights are.
    const seen = exactScore === undefined || !hasMetrics ? scores : withoutTape(() => exactScore(labels, options));
    return {
      loss: scores.total,
      count,
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

  #weighting(batch: Batch, output: number, { shape, mask }: OutputHead): Omit<Truth, 'target' | 'taught'> {
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

/** One number of each metric that adds up on the device, and the predictions for all others. */
function readingsOf(
  metrics: readonly NamedMetric[],
  head: OutputHead,
  batchFor: (isWeighted: boolean) => Omit<DeviceBatch, 'yPred'>,
): Reading[] {
  return metrics.map(({ metric, isWeighted }) => {
    const batch = batchFor(isWeighted);
    const yPred = withoutTape(() => head.values());
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
function keptBatch({ targets, sampleWeights, ...others }: Batch): Batch {
  const kept = ({ data, shape }: HostArray): HostArray => ({ data: data.slice(), shape });
  return { ...others, targets: targets.map(kept), sampleWeights: sampleWeights.map((one) => one && kept(one)) };
}

function requireOutputs(model: Trainable, computed: readonly OutputHead[], outputs: readonly OutputTraining[]): void {
  if (computed.length === outputs.length) return;
  throw new RondoError('USAGE', {
    where: model.className,
    what: 'the model returns another number of outputs than before.',
    expected: String(outputs.length),
    received: String(computed.length),
    fix: 'return the same outputs for every batch.',
  });
}
