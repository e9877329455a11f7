import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { expectDerivative, messageOf } from '../../test/support/central-differences.js';
import { expectClose } from '../../test/support/close.js';
import { normals } from '../../test/support/random.js';
import { logSumExp } from '../exponential.js';
import { useBackend } from '../kernels/select.js';
import { Random } from '../random.js';
import { bestLabels, type ChainConstraints, labelMarginals } from './chain-decoding.js';
import { chainLoss } from './chain-loss.js';
import * as ops from './index.js';
import {
  type ChainWeights,
  labelsAsTruth,
  logPartition,
  scoresOfLater,
  stepLosses,
  transitionFactors,
} from './linear-chain.js';
import { valueAndGradients } from './tape.js';
import type { Tensor } from './tensor.js';

beforeEach(() => void useBackend('reference'));
afterEach(() => void useBackend('wasm'));

const drawn = (count: number, random: Random, scale: number): Float64Array =>
  Float64Array.from({ length: count }, () => scale * random.normal());

function drawnChain(n: number, K: number, random: Random, scale = 2): { scores: Float64Array; weights: ChainWeights } {
  return {
    scores: drawn(n * K, random, scale),
    weights: {
      labels: K,
      transitions: drawn(K * K, random, scale),
      start: drawn(K, random, scale),
      end: drawn(K, random, scale),
    },
  };
}

/** Every sequence of n labels, with its score. */
function allSequences(
  n: number,
  scores: Float64Array,
  { labels: K, transitions, start, end }: ChainWeights,
): { labels: number[]; score: number }[] {
  let sequences: number[][] = [[]];
  for (let t = 0; t < n; t++)
    sequences = sequences.flatMap((sequence) => Array.from({ length: K }, (_, j) => [...sequence, j]));
  return sequences.map((labels) => ({
    labels,
    score: labels.reduce(
      (sum, label, t) =>
        sum + scores[t * K + label] + (t === 0 ? start[label] : transitions[labels[t - 1] * K + label]),
      n === 0 ? 0 : end[labels[n - 1]],
    ),
  }));
}

function isAllowed(labels: readonly number[], { start, end, next }: ChainConstraints): boolean {
  return (
    start[labels[0]] &&
    end[labels[labels.length - 1]] &&
    labels.every((label, t) => t === 0 || next[labels[t - 1]][label])
  );
}

const sizes = fc.record({
  n: fc.integer({ min: 1, max: 5 }),
  K: fc.integer({ min: 1, max: 4 }),
  seed: fc.nat(),
  scale: fc.constantFrom(0.1, 2, 100),
});
const runs = { seed: 71, numRuns: 120 };

describe('a linear chain', () => {
  it('has the partition of all its sequences, and their best, by enumeration', () => {
    fc.assert(
      fc.property(sizes, ({ n, K, seed, scale }) => {
        const { scores, weights } = drawnChain(n, K, new Random(seed), scale);
        const all = allSequences(n, scores, weights);
        expectClose([logPartition(scores, weights)], [logSumExp(all.map(({ score }) => score))], 1e-12, 'ln Z');
        const best = all.reduce((a, b) => (b.score > a.score ? b : a));
        expect([...bestLabels(scores, weights).labels]).toEqual(best.labels);
        expectClose([bestLabels(scores, weights).score], [best.score], 1e-12, 'score');
      }),
      runs,
    );
  });

  it('has marginals that are those of the sequences that are allowed', () => {
    fc.assert(
      fc.property(sizes, fc.boolean(), ({ n, K, seed, scale }, isConstrained) => {
        const random = new Random(seed);
        const { scores, weights } = drawnChain(n, K, random, scale);
        const allowed = (): boolean => random.uniform() < 0.6;
        const constraints = isConstrained
          ? {
              start: Array.from({ length: K }, allowed),
              end: Array.from({ length: K }, allowed),
              next: Array.from({ length: K }, () => Array.from({ length: K }, allowed)),
            }
          : undefined;
        const all = allSequences(n, scores, weights).filter(
          ({ labels }) => constraints === undefined || isAllowed(labels, constraints),
        );
        if (all.length === 0) {
          expect(messageOf(() => labelMarginals(scores, weights, constraints))).toMatch(
            /^\[OUT_OF_RANGE\] .*allow no sequence/,
          );
          expect(messageOf(() => bestLabels(scores, weights, constraints))).toMatch(
            /^\[OUT_OF_RANGE\] .*allow no sequence/,
          );
          return;
        }
        const logZ = logSumExp(all.map(({ score }) => score));
        const expected = new Float64Array(n * K);
        for (const { labels, score } of all)
          labels.forEach((label, t) => (expected[t * K + label] += Math.exp(score - logZ)));
        expectClose(labelMarginals(scores, weights, constraints), expected, 1e-11, 'marginals');
        const best = all.reduce((a, b) => (b.score > a.score ? b : a));
        expect([...bestLabels(scores, weights, constraints).labels]).toEqual(best.labels);
      }),
      runs,
    );
  });

  it('loses at each step what the label costs after those before it', () => {
    const [n, K] = [4, 3];
    const { scores, weights } = drawnChain(n, K, new Random(5));
    const all = allSequences(n, scores, weights);
    const labels = [2, 0, 0, 1];
    const mass = (length: number): number =>
      logSumExp(
        all
          .filter((sequence) => labels.slice(0, length).every((label, t) => sequence.labels[t] === label))
          .map(({ score }) => score),
      );
    const losses = stepLosses(
      scores,
      labelsAsTruth(labels),
      weights,
      scoresOfLater(scores, weights, transitionFactors(weights)),
    );
    expectClose(
      losses,
      labels.map((_, t) => mass(t) - mass(t + 1)),
      1e-12,
      'losses',
    );
  });

  it('neither overflows nor loses digits where scores are far apart', () => {
    const { scores, weights } = drawnChain(5, 4, new Random(9), 500);
    const shifted = scores.map((score) => score + 1e5);
    expectClose([logPartition(shifted, weights)], [logPartition(scores, weights) + 5e5], 1e-12, 'shifted');
    const far = {
      ...weights,
      transitions: weights.transitions.map((value, at) => (at % 5 === 0 ? value : value - 3000)),
    };
    expectClose(
      [logPartition(scores, far)],
      [logSumExp(allSequences(5, scores, far).map(({ score }) => score))],
      1e-12,
      'far',
    );
  });

  it('keep sums that are too small for a product of powers', () => {
    // The best way on is e^1000 times as unlikely as the best transition and the best score together.
    const far: ChainWeights = {
      labels: 2,
      transitions: Float64Array.of(0, -1000, 0, 0),
      start: Float64Array.of(0, -5000),
      end: Float64Array.of(0, 0),
    };
    expectClose([logPartition(Float64Array.of(0, 0, -1000, 0), far)], [Math.log(2) - 1000], 1e-12, 'ln Z');
  });

  it('of no steps has no labels and the loss 0', () => {
    const { weights } = drawnChain(0, 3, new Random(1));
    expect(bestLabels(new Float64Array(0), weights).labels).toHaveLength(0);
    expect(labelMarginals(new Float64Array(0), weights)).toHaveLength(0);
    expect(logPartition(new Float64Array(0), weights)).toBe(0);
  });

  it('of ten thousand steps stays exact', () => {
    const n = 10_000;
    const { scores, weights } = drawnChain(n, 3, new Random(3));
    const { labels, score } = bestLabels(scores, weights);
    expect(labels).toHaveLength(n);
    expect(score).toBeLessThanOrEqual(logPartition(scores, weights));
    const marginals = labelMarginals(scores, weights);
    for (const t of [0, 4999, n - 1])
      expectClose([marginals[3 * t] + marginals[3 * t + 1] + marginals[3 * t + 2]], [1], 1e-9, `step ${t}`);
  });
});

describe('the loss of linear chains', () => {
  const [B, T, K] = [3, 5, 4];
  const mask = Uint8Array.from([1, 1, 1, 1, 1, 1, 1, 1, 0, 0, 0, 1, 0, 1, 1]);
  const targets = [0, 3, 1, 1, 2, 2, 2, 0, 99, -1, 7, 1, NaN, 3, 0];
  const drawnInputs = (scale = 1): Tensor[] => [
    normals([B, T, K], new Random(11), scale),
    normals([K, K], new Random(12), scale),
    normals([K], new Random(13), scale),
    normals([K], new Random(14), scale),
  ];
  const lossOf = ([scores, transitions, start, end]: readonly Tensor[], own = mask): Tensor =>
    chainLoss({ scores, transitions, start, end, targets, mask: own });

  it('sums to the negative log-likelihood of each sequence, padding anywhere left out', () => {
    const inputs = drawnInputs();
    const losses = lossOf(inputs).dataSync();
    const [scores, transitions, start, end] = inputs.map((input) => Float64Array.from(input.dataSync()));
    for (let b = 0; b < B; b++) {
      const steps = Array.from({ length: T }, (_, t) => b * T + t).filter((step) => mask[step] === 1);
      const own = Float64Array.from(steps.flatMap((step) => [...scores.subarray(step * K, (step + 1) * K)]));
      const all = allSequences(steps.length, own, { labels: K, transitions, start, end });
      const truth = all.find(({ labels }) => labels.every((label, t) => label === targets[steps[t]]))!;
      const total = steps.reduce((sum, step) => sum + losses[step], 0);
      expectClose([total], [logSumExp(all.map(({ score }) => score)) - truth.score], 1e-12, `sequence ${b}`);
    }
    mask.forEach((counts, step) => counts === 0 && expect(losses[step]).toBe(0));
  });

  it.each([1, 30])('has the derivative of central differences, scores of scale %d', (scale) => {
    expectDerivative((inputs) => lossOf(inputs), drawnInputs(scale), 'chain loss', 1e-7);
  });

  it('has as derivative by the scores the marginals minus the truth', () => {
    const inputs = drawnInputs();
    const { gradients } = valueAndGradients(() => ops.sum(lossOf(inputs)), inputs);
    const [, transitions, start, end] = inputs.map((input) => Float64Array.from(input.dataSync()));
    const marginals = labelMarginals(Float64Array.from(inputs[0].dataSync().subarray(0, T * K)), {
      labels: K,
      transitions,
      start,
      end,
    });
    for (let t = 0; t < T; t++) marginals[t * K + targets[t]] -= 1;
    expectClose(gradients[0].dataSync().subarray(0, T * K), marginals, 1e-12, 'marginals');
  });

  it('is the same on wasm within float32', () => {
    const reference = lossOf(drawnInputs()).dataSync();
    const gradients = valueAndGradients(() => ops.sum(lossOf(drawnInputs())), []).value.item();
    useBackend('wasm');
    expectClose(lossOf(drawnInputs()).dataSync(), reference, 1e-5, 'wasm');
    expectClose(
      [valueAndGradients(() => ops.sum(lossOf(drawnInputs())), []).value.item()],
      [gradients],
      1e-5,
      'wasm sum',
    );
  });

  it('refuses shapes and labels that do not fit', () => {
    const [scores, transitions, start, end] = drawnInputs();
    expect(messageOf(() => chainLoss({ scores, transitions: start, start, end, targets, mask }))).toMatch(
      /^\[SHAPE_MISMATCH\] chainLoss: `transitions`/,
    );
    expect(messageOf(() => chainLoss({ scores: transitions, transitions, start, end, targets, mask }))).toMatch(
      /^\[SHAPE_MISMATCH\] chainLoss: `scores`/,
    );
    expect(messageOf(() => chainLoss({ scores, transitions, start, end, targets: [1], mask }))).toMatch(
      /^\[SHAPE_MISMATCH\] chainLoss: `targets`/,
    );
    expect(messageOf(() => chainLoss({ scores, transitions, start, end, targets, mask: new Uint8Array(2) }))).toMatch(
      /^\[SHAPE_MISMATCH\] chainLoss: `mask`/,
    );
    expect(messageOf(() => chainLoss({ scores, transitions, start, end, targets }))).toMatch(
      /^\[OUT_OF_RANGE\] chainLoss: the targets hold something that is no label, at \[1, 3\]/,
    );
  });
});
