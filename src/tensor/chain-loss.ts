import { RondoError } from '../errors.js';
import { currentBackend } from '../kernels/select.js';
import { describeShape } from '../shape.js';
import { chainLossOnDevice } from './chain-loss-on-device.js';
import {
  type ChainTruth,
  type ChainWeights,
  labelsAsTruth,
  scoresOfLater,
  stepLosses,
  stepLossGradients,
  transitionFactors,
} from './linear-chain.js';
import { requireTensors } from './operands.js';
import { operation } from './tape.js';
import { type Tensor, tensor } from './tensor.js';

/** A chain whose losses are computed: `[batch, time, labels]` scores, and those of neighbours. */
export interface ChainTensors {
  /** `[batch, time, labels]` */
  readonly scores: Tensor;
  /** `[labels, labels]`: from the row's label to the column's. */
  readonly transitions: Tensor;
  /** `[labels]` */
  readonly start: Tensor;
  /** `[labels]` */
  readonly end: Tensor;
}

/** What {@link chainLoss} is given. */
export interface ChainLossArguments extends ChainTensors {
  /** `[batch, time]`: the true labels; anything where the mask is 0. */
  readonly targets: ArrayLike<number>;
  /** `[batch * time]`: 0 where a step is padding; by default all count. */
  readonly mask?: ArrayLike<number> | undefined;
}

/**
 * `[batch, time]`: at each step `-ln P(label | labels before, scores)` of a linear-chain conditional random field, 0
 * where masked. The sum over a sequence is its negative log-likelihood, `ln Z - score(y)`; see {@link ChainWeights}. A
 * masked step is left out of the chain, wherever it stands.
 *
 * Computed in float64 on the host: K^2 multiply-adds and K exponentials a step, forwards and backwards. Where numbers are
 * read asynchronously only, by {@link chainLossOnDevice} in the device's precision.
 *
 * @throws SHAPE_MISMATCH; OUT_OF_RANGE for a target that is no label. Lafferty, McCallum and Pereira 2001.
 */
export function chainLoss({ scores, transitions, start, end, targets, mask }: ChainLossArguments): Tensor {
  requireTensors('chainLoss', [scores, transitions, start, end]);
  requireShapes(scores, { transitions, start, end }, targets, mask);
  const [batch, time, K] = scores.shape;
  const labelsOf = (steps: Int32Array): Int32Array =>
    Int32Array.from(steps, (step) => requireLabel(targets[step], step, time, K));
  if (currentBackend().readNow === undefined && batch * time > 0) {
    const steps = Array.from({ length: batch }, (_, b) => countedSteps(b, time, mask));
    return chainLossOnDevice({ scores, transitions, start, end, steps, labels: steps.map(labelsOf) });
  }
  return stepLossesOf({ scores, transitions, start, end, mask }, (steps) => labelsAsTruth(labelsOf(steps)));
}

/**
 * @internal `[batch, time]`: the losses of what is true of each sequence, with their derivative.
 *
 * @param truthOf of the steps that count, which are places in `[batch * time]`.
 */
export function stepLossesOf(
  { scores, transitions, start, end, mask }: ChainTensors & Pick<ChainLossArguments, 'mask'>,
  truthOf: (steps: Int32Array) => ChainTruth,
): Tensor {
  const [batch, time, K] = scores.shape;
  const [result] = operation([scores, transitions, start, end], () => {
    const weights = chainWeights(K, transitions, start, end);
    const factors = transitionFactors(weights);
    const values = scores.hostNumbers();
    const losses = new Float64Array(batch * time);
    const chains = Array.from({ length: batch }, (_, b) => {
      const steps = countedSteps(b, time, mask);
      const own = scoresAt(values, steps, K);
      const truth = truthOf(steps);
      const later = scoresOfLater(own, weights, factors);
      stepLosses(own, truth, weights, later).forEach((loss, t) => (losses[steps[t]] = loss));
      return { steps, scores: own, truth, later };
    });
    return {
      outputs: [tensor(losses, [batch, time])],
      backward: ([dOutput]) => {
        if (dOutput === undefined) return [];
        const dLosses = dOutput.hostNumbers();
        const dScores = new Float64Array(batch * time * K);
        const sums = { transitions: new Float64Array(K * K), start: new Float64Array(K), end: new Float64Array(K) };
        for (const { steps, scores: own, truth, later } of chains) {
          const given = Float64Array.from(steps, (step) => dLosses[step]);
          const gradients = stepLossGradients(own, truth, weights, factors, later, given, sums);
          steps.forEach((step, t) => dScores.set(gradients.subarray(t * K, (t + 1) * K), step * K));
        }
        return [
          tensor(dScores, scores.shape),
          tensor(sums.transitions, transitions.shape),
          tensor(sums.start, start.shape),
          tensor(sums.end, end.shape),
        ];
      },
    };
  });
  return result;
}

/** @internal The weights of a chain on the host. */
export function chainWeights(labels: number, transitions: Tensor, start: Tensor, end: Tensor): ChainWeights {
  const numbers = (from: Tensor): Float64Array => Float64Array.from(from.hostNumbers());
  return { labels, transitions: numbers(transitions), start: numbers(start), end: numbers(end) };
}

/** @internal The places in `[batch * time]` of the steps of sequence `b` that count. */
export function countedSteps(b: number, time: number, mask: ArrayLike<number> | undefined): Int32Array {
  const steps = new Int32Array(time);
  let count = 0;
  for (let t = 0; t < time; t++) if (mask === undefined || mask[b * time + t] !== 0) steps[count++] = b * time + t;
  return steps.subarray(0, count);
}

/** @internal Rows of K scores, in float64. */
export function scoresAt(values: ArrayLike<number>, steps: Int32Array, K: number): Float64Array {
  const own = new Float64Array(steps.length * K);
  for (let t = 0; t < steps.length; t++) for (let j = 0; j < K; j++) own[t * K + j] = values[steps[t] * K + j];
  return own;
}

function requireLabel(label: number, step: number, time: number, K: number): number {
  if (label >= 0 && label < K && Number.isInteger(label)) return label;
  throw new RondoError('OUT_OF_RANGE', {
    where: 'chainLoss',
    what: `the targets hold something that is no label, at ${describeShape([Math.floor(step / time), step % time])}.`,
    expected: `a whole number from 0 to ${K - 1}`,
    received: String(label),
    fix: `number the labels from 0, give more than ${K} scores a step, or mask the step.`,
  });
}

function requireShapes(
  scores: Tensor,
  weights: Readonly<Record<'transitions' | 'start' | 'end', Tensor>>,
  targets: ArrayLike<number>,
  mask: ArrayLike<number> | undefined,
): void {
  const fault = (what: string, expected: string, received: string): RondoError =>
    new RondoError('SHAPE_MISMATCH', {
      where: 'chainLoss',
      what,
      expected,
      received,
      fix: 'give one score for every label at every step, and one transition for every pair of labels.',
    });
  const [batch, time, K] = scores.shape;
  if (scores.shape.length !== 3 || K === 0)
    throw fault('`scores` has the wrong shape.', '[batch, time, labels]', describeShape(scores.shape));
  for (const [name, shape] of [
    ['transitions', [K, K]],
    ['start', [K]],
    ['end', [K]],
  ] as const) {
    const found = weights[name].shape;
    if (describeShape(found) !== describeShape(shape))
      throw fault(`\`${name}\` has the wrong shape.`, describeShape(shape), describeShape(found));
  }
  if (targets.length !== batch * time)
    throw fault('`targets` does not fit the scores.', `${batch} * ${time} labels`, `${targets.length}`);
  if (mask !== undefined && mask.length !== batch * time)
    throw fault('`mask` does not fit the scores.', `${batch} * ${time} entries`, `${mask.length}`);
}
