import { describe, expect, it } from 'vitest';
import { expectClose } from '../../../test/support/close.js';
import { readVectors, type VectorTensor } from '../../../test/support/vectors.js';
import { Random } from '../../random.js';
import * as metrics from './index.js';

interface MetricVector {
  readonly metric: string;
  readonly config: Record<string, unknown>;
  readonly yTrue: VectorTensor;
  readonly yPred: VectorTensor;
  readonly sampleWeight?: VectorTensor;
  readonly trainingSeries?: VectorTensor;
  readonly expected: { readonly value: number | VectorTensor };
}

/** Keras's words where ours differ: a null average or aggregation is a list, which `perClass` and `perOutput` give. */
function metricOf({ metric, config, trainingSeries }: MetricVector): metrics.Metric {
  const { thresholds, summationMethod: _, ...others } = config;
  const options = Object.entries(others).filter(([, value]) => value !== null);
  if (thresholds !== undefined) options.push(['threshold', thresholds]);
  if (trainingSeries !== undefined) options.push(['trainingSeries', trainingSeries.data]);
  return metrics.metricNamed({ name: metric, config: Object.fromEntries(options) });
}

function valuesOf(metric: metrics.Metric, isList: boolean): number[] {
  if (!isList) return [metric.result()];
  return 'perClass' in metric
    ? (metric as metrics.ClassCountMetric).perClass()
    : (metric as metrics.R2Score).perOutput();
}

/** Rows `from` to `to` of an array. */
function rows({ shape, data }: metrics.MetricArray, from: number, to: number): metrics.MetricArray {
  const width = data.length / shape[0];
  return { shape: [to - from, ...shape.slice(1)], data: Array.from(data).slice(from * width, to * width) };
}

const vectors = readVectors<MetricVector>('metrics');
const vector = (data: number[], ...shape: number[]): metrics.MetricArray => ({
  data,
  shape: shape.length === 0 ? [data.length] : shape,
});

describe('metrics', () => {
  it('have vectors, except bits per character, which are the logarithm of the perplexity', () => {
    const covered = new Set([...vectors.map(({ metric }) => metric), 'bitsPerCharacter']);
    expect([...covered].sort()).toEqual([...metrics.metricNames].sort());
  });

  it.each(vectors.map((entry) => [entry.file, entry] as const))(
    '%s agrees with its definition, also over batches and after a reset',
    (_, entry) => {
      const metric = metricOf(entry);
      const { yTrue, yPred, sampleWeight, expected } = entry;
      const isList = typeof expected.value !== 'number';
      const wanted = typeof expected.value === 'number' ? [expected.value] : expected.value.data;
      metric.update({ yTrue, yPred, sampleWeight });
      // Keras computes AUC and mean squared errors in another order of sums.
      expectClose(valuesOf(metric, isList), wanted, 1e-12, 'one batch');
      metric.reset();
      const total = yTrue.shape[0];
      for (const [from, to] of [
        [0, 5],
        [5, 6],
        [6, total],
      ]) {
        metric.update({
          yTrue: rows(yTrue, from, to),
          yPred: rows(yPred, from, to),
          sampleWeight: sampleWeight && rows(sampleWeight, from, to),
        });
      }
      expectClose(valuesOf(metric, isList), wanted, 1e-12, 'three batches');
    },
  );

  it('leave out what is masked, whatever it holds', () => {
    const mask = vector([1, 1, 0, 1, 0, 0], 2, 3);
    const sparse = metrics.accuracy();
    sparse.update({
      yTrue: vector([0, 1, 1, 0, 9, 9], 2, 3),
      yPred: vector([0.9, 0.1, 0.2, 0.8, NaN, NaN, 0.4, 0.6, NaN, 1, 1, NaN], 2, 3, 2),
      mask,
    });
    expect(sparse.result()).toBeCloseTo(2 / 3, 14);
    const truths = [1, 0, 1, 0];
    const scores = [0.9, 0.2, 0.4, 0.7];
    const withPadding = <T>(values: readonly T[], padding: T): T[] => [
      values[0],
      values[1],
      padding,
      values[2],
      values[3],
      padding,
    ];
    for (const name of ['meanAbsoluteError', 'perplexity', 'auc', 'f1Score', 'r2Score']) {
      const [padded, whole] = [metrics.metricNamed(name), metrics.metricNamed(name)];
      const rowsOf = (score: number): number[] => (name === 'perplexity' ? [1 - score, score] : [score]);
      const width = rowsOf(0).length;
      whole.update({ yTrue: vector(truths, 2, 2), yPred: vector(scores.flatMap(rowsOf), 2, 2, width) });
      padded.update({
        yTrue: vector(withPadding(truths, 0), 2, 3),
        yPred: vector(withPadding(scores, NaN).flatMap(rowsOf), 2, 3, width),
        mask: vector(withPadding([1, 1, 1, 1], 0), 2, 3),
      });
      expect(padded.result(), name).toBeCloseTo(whole.result(), 14);
      expect(padded.result(), name).not.toBeNaN();
    }
  });

  it('multiply sample weights and masks', () => {
    const metric = metrics.meanAbsoluteError();
    metric.update({
      yTrue: vector([0, 0, 0, 0], 2, 2),
      yPred: vector([1, 2, 3, 4], 2, 2),
      sampleWeight: vector([0.5, 2]),
      mask: vector([1, 0, 1, 1], 2, 2),
    });
    expect(metric.result()).toBeCloseTo((0.5 * 1 + 2 * 7) / 4.5, 14);
  });

  it('read accuracy as the shapes suggest', () => {
    const result = (yTrue: metrics.MetricArray, yPred: metrics.MetricArray): number => {
      const metric = metrics.accuracy();
      metric.update({ yTrue, yPred });
      return metric.result();
    };
    const classScores = [0.1, 0.7, 0.2, 0.5, 0.4, 0.1, 0.2, 0.2, 0.6, 0.3, 0.4, 0.3];
    expect(result(vector([1, 0, 0, 1], 4, 1), vector([0.6, 0.4, 0.9, 0.5], 4, 1)), 'binary').toBe(0.5);
    expect(result(vector([1, 1, 2, 1]), vector(classScores, 4, 3)), 'class indices').toBe(0.75);
    expect(result(vector([1, 1, 2, 1], 4, 1), vector(classScores, 4, 3)), 'a column of class indices').toBe(0.75);
    expect(result(vector([1, 1, 2, 1], 2, 2), vector(classScores, 2, 2, 3)), 'a class index per step').toBe(0.75);
    expect(result(vector([0, 1, 0, 0, 1, 0, 0, 0, 1, 0, 1, 0], 4, 3), vector(classScores, 4, 3)), 'one-hot').toBe(0.75);
  });

  it('count a true class of equal scores among the best k', () => {
    const metric = metrics.sparseTopKCategoricalAccuracy({ k: 2 });
    metric.update({ yTrue: vector([2, 0]), yPred: vector([0.5, 0.3, 0.3, 0.1, 0.2, 0.4], 2, 3) });
    expect(metric.result()).toBe(0.5);
  });

  it('take the first of equal scores as predicted', () => {
    const metric = metrics.sparseCategoricalAccuracy();
    metric.update({ yTrue: vector([0, 1]), yPred: vector([0.4, 0.4, 0.2, 0.2, 0.4, 0.4], 2, 3) });
    expect(metric.result()).toBe(1);
  });

  it('put a score on a threshold below it', () => {
    const metric = metrics.auc({ numThresholds: 3 });
    metric.update({ yTrue: vector([1, 1, 0, 0]), yPred: vector([0.5, 0.9, 0.4, 0.6]) });
    expect(metric.result()).toBe(0.5);
  });

  it('read one column of scores as a class that is predicted above 0.5', () => {
    const metric = metrics.f1Score();
    metric.update({ yTrue: vector([1, 1, 0, 0]), yPred: vector([0.7, 0.3, 0.6, 0.2], 4, 1) });
    expect(metric.result()).toBe(0.5);
  });

  it('give F1 of class indices the value of F1 of one-hot rows', () => {
    const scores = vector(normals(24), 8, 3);
    const labels = [0, 2, 1, 1, 0, 2, 2, 1];
    const [sparse, dense] = [metrics.f1Score({ average: 'weighted' }), metrics.f1Score({ average: 'weighted' })];
    sparse.update({ yTrue: vector(labels), yPred: scores });
    dense.update({
      yTrue: vector(
        labels.flatMap((label) => [0, 1, 2].map((c) => Number(c === label))),
        8,
        3,
      ),
      yPred: scores,
    });
    expect(sparse.result()).toBe(dense.result());
    expect(sparse.result()).toBeGreaterThan(0);
  });

  it('give with many thresholds nearly the exact area', () => {
    const labels = vector(normals(400).map((x) => Number(x > 0.3)));
    const scores = vector(normals(400).map((x, i) => 1 / (1 + Math.exp(-x - labels.data[i]))));
    for (const curve of ['ROC', 'PR'] as const) {
      const [exact, coarse] = [metrics.auc({ curve }), metrics.auc({ curve, numThresholds: 20000 })];
      for (const metric of [exact, coarse]) metric.update({ yTrue: labels, yPred: scores });
      expect(exact.result()).toBeCloseTo(coarse.result(), 3);
    }
  });

  it('tell perplexity and bits per character of logits, far from where exp overflows', () => {
    const batch = { yTrue: vector([0, 2]), yPred: vector([900, 899, 0, -5, 1, 3], 2, 3) };
    const nats = (Math.log1p(Math.exp(-1)) + Math.log(Math.exp(-8) + Math.exp(-2) + 1)) / 2;
    const [perplexity, bits] = [
      metrics.perplexity({ fromLogits: true }),
      metrics.bitsPerCharacter({ fromLogits: true }),
    ];
    perplexity.update(batch);
    bits.update(batch);
    expect(perplexity.result()).toBeCloseTo(Math.exp(nats), 12);
    expect(bits.result()).toBeCloseTo(nats / Math.LN2, 12);
    const rounded = metrics.perplexity();
    rounded.update({ yTrue: vector([0]), yPred: vector([0, 1], 1, 2) });
    expect(rounded.result()).toBeCloseTo(2 ** 149, -32);
  });

  it('keep R2 exact far from zero', () => {
    const offset = 1e9;
    const truths = normals(50);
    const guesses = truths.map((t, i) => t + 0.1 * Math.sin(i));
    const [near, far] = [metrics.r2Score(), metrics.r2Score()];
    near.update({ yTrue: vector(truths, 50, 1), yPred: vector(guesses, 50, 1) });
    far.update({
      yTrue: vector(
        truths.map((t) => t + offset),
        50,
        1,
      ),
      yPred: vector(
        guesses.map((t) => t + offset),
        50,
        1,
      ),
    });
    expect(far.result()).toBeCloseTo(near.result(), 6);
  });

  it('are NaN before anything was seen', () => {
    for (const name of metrics.metricNames) {
      const metric = metrics.metricNamed(name === 'mase' ? { name, config: { scale: 1 } } : name);
      expect(metric.result(), name).toBeNaN();
    }
  });

  it('are stored and made again by name and options', () => {
    const chosen = [
      metrics.f1Score({ average: 'micro', threshold: 0.4 }),
      metrics.auc({ curve: 'PR', numThresholds: 50 }),
      metrics.mase({ trainingSeries: [1, 3, 2], seasonality: 1 }),
      metrics.sparseTopKCategoricalAccuracy({ k: 3 }),
      metrics.r2Score({ classAggregation: 'varianceWeightedAverage' }),
    ];
    for (const metric of chosen) {
      const stored: unknown = JSON.parse(JSON.stringify(metric.getConfig()));
      const again = metrics.metricNamed(stored as metrics.MetricLike);
      expect(again).not.toBe(metric);
      expect(again.getConfig()).toEqual(metric.getConfig());
    }
    expect(metrics.metricNamed('acc').name).toBe('accuracy');
  });

  it('refuse what they cannot use, and say what would do', () => {
    const two = vector([1, 0]);
    expect(() => metrics.metricNamed('accuarcy')).toThrow(/unknown metric `accuarcy`; did you mean `accuracy`/);
    expect(() => metrics.f1Score({ average: 'mean' as 'macro' })).toThrow(
      /^\[UNKNOWN_NAME\] f1Score: unknown average `mean`/,
    );
    expect(() => metrics.precision({ treshold: 1 } as object)).toThrow(/did you mean `threshold`/);
    expect(() => metrics.auc({ numThresholds: 1 })).toThrow(/^\[OUT_OF_RANGE\]/);
    expect(() => metrics.mase()).toThrow(/^\[USAGE\] mase: .*\n.*either trainingSeries or scale/);
    expect(() => metrics.mase({ trainingSeries: [4, 4, 4] })).toThrow(/^\[OUT_OF_RANGE\] mase: `scale`/);
    expect(() => metrics.meanSquaredError().update({ yTrue: two, yPred: vector([1, 2, 3, 4], 2, 2) })).toThrow(
      /^\[SHAPE_MISMATCH\] meanSquaredError: .*\n {2}expected: targets of shape \[2, 2\]/,
    );
    expect(() => metrics.meanSquaredError().update({ yTrue: two, yPred: two, mask: vector([1, 1, 1]) })).toThrow(
      /^\[SHAPE_MISMATCH\] meanSquaredError: `mask`/,
    );
  });
});

const random = new Random(5);

function normals(count: number): number[] {
  return Array.from({ length: count }, () => random.normal());
}
