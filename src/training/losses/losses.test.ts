import { afterAll, beforeEach, describe, expect, it } from 'vitest';
import { expectClose } from '../../../test/support/close.js';
import { readVectors, type VectorTensor } from '../../../test/support/vectors.js';
import { add, log, mul, square, sub } from '../../expression/build.js';
import { backendNames, useBackend } from '../../kernels/select.js';
import { Random } from '../../random.js';
import { mean } from '../../tensor/reduce.js';
import { valueAndGradients } from '../../tensor/tape.js';
import { type Tensor, tensor } from '../../tensor/tensor.js';
import * as losses from './index.js';

interface LossVector {
  readonly loss: string;
  readonly config: Record<string, unknown>;
  readonly yTrue: VectorTensor;
  readonly yPred: VectorTensor;
  readonly sampleWeight?: VectorTensor;
  readonly mask?: VectorTensor;
  readonly expected: { readonly value: number; readonly gradient: VectorTensor };
}

/** float64: rounding of a few dozen terms; float32: the same with 2^-24, and exp and log of 4 ulp. */
const tolerances = { reference: 1e-13, wasm: 3e-6 };
/** Keras takes log(1 - (1 - 1e-7)) of clipped probabilities, where 9 of 16 digits are lost; we clip 1 - p. */
const clippedTolerances = { reference: 1e-9, wasm: 3e-6 };

const vectors = readVectors<LossVector>('losses');
const asTensor = ({ shape, data }: VectorTensor): Tensor => tensor(data, shape);

function lossOf({ loss, config }: LossVector): losses.Loss {
  const { axis: _, ...options } = config;
  return losses.lossNamed({ name: loss, config: options });
}

describe.each(backendNames)('losses on %s', (backend) => {
  beforeEach(() => void useBackend(backend));
  afterAll(() => void useBackend('wasm'));

  it('has a vector for every loss', () => {
    // The oracle of `crf` is the sum over all label sequences, in tensor/linear-chain.test.ts.
    expect([...new Set(vectors.map(({ loss }) => loss)), 'crf'].sort()).toEqual([...losses.lossNames].sort());
  });

  it.each(vectors.map((vector) => [vector.file, vector] as const))(
    '%s agrees with Keras in value and gradient',
    (_, vector) => {
      const tolerance = (vector.file.endsWith('clipped') ? clippedTolerances : tolerances)[backend];
      const yPred = asTensor(vector.yPred);
      const weighting = {
        sampleWeight: vector.sampleWeight && asTensor(vector.sampleWeight),
        mask: vector.mask && asTensor(vector.mask),
      };
      const { value, gradients } = valueAndGradients(
        () => losses.lossValue(lossOf(vector), asTensor(vector.yTrue), yPred, weighting),
        [yPred],
      );
      expectClose([value.item()], [vector.expected.value], tolerance, 'value');
      expectClose(gradients[0].dataSync(), vector.expected.gradient.data, tolerance, 'gradient');
    },
  );

  it('gives the sparse cross-entropy the values of the categorical one on one-hot targets', () => {
    const labels = [2, 0, 4];
    const oneHot = labels.flatMap((label) => Array.from({ length: 5 }, (_, i) => Number(i === label)));
    const logits = tensor(normals(15), [3, 5]);
    const sparse = losses.sparseCategoricalCrossentropy({ fromLogits: true }).values(tensor(labels), logits).dataSync();
    const dense = losses
      .categoricalCrossentropy({ fromLogits: true })
      .values(tensor(oneHot, [3, 5]), logits)
      .dataSync();
    expectClose(sparse, dense, tolerances[backend], 'values');
  });

  it('has the true derivative at logits of exactly 0', () => {
    const logits = tensor([0, 0], [1, 2]);
    const { gradients } = valueAndGradients(
      () => losses.lossValue(losses.binaryCrossentropy({ fromLogits: true }), tensor([0, 1], [1, 2]), logits),
      [logits],
    );
    expectClose(gradients[0].dataSync(), [0.25, -0.25], 1e-7, 'gradient');
  });

  it('keeps small losses of right predictions on logits', () => {
    const value = losses
      .lossValue(losses.binaryCrossentropy({ fromLogits: true }), tensor([1], [1, 1]), tensor([30], [1, 1]))
      .item();
    expect(value / Math.exp(-30)).toBeCloseTo(1, 4);
  });

  it('gives vectors of zeros a finite cosine similarity and derivative', () => {
    const prediction = tensor([0, 0, 0], [1, 3]);
    const { value, gradients } = valueAndGradients(
      () => losses.lossValue(losses.cosineSimilarity(), tensor([1, 2, 2], [1, 3]), prediction),
      [prediction],
    );
    expect(value.item()).toBeCloseTo(0, 6);
    expect(gradients[0].dataSync().every(Number.isFinite)).toBe(true);
  });

  it('spreads the quantiles of a list over the last axis', () => {
    const targets = tensor([1, -2, 0.5, 3], [2, 2]);
    const predictions = [0, 2, 1.5, -3, -2, 0, 0.25, 1, 0.5, 4, 2.5, 3.5];
    const quantiles = [0.1, 0.5, 0.8];
    const pinball = (t: number, p: number, q: number): number => Math.max(q * (t - p), (q - 1) * (t - p));
    const perTarget = [1, -2, 0.5, 3].map((t, i) =>
      quantiles.reduce((sum, q, j) => sum + pinball(t, predictions[i * 3 + j], q) / 3, 0),
    );
    const loss = losses.quantile({ quantile: quantiles });
    expectClose(
      loss.values(targets, tensor(predictions, [2, 2, 3])).dataSync(),
      perTarget,
      1e-6,
      '[batch, time, quantiles]',
    );
    const joined = [(perTarget[0] + perTarget[1]) / 2, (perTarget[2] + perTarget[3]) / 2];
    expectClose(
      loss.values(targets, tensor(predictions, [2, 6])).dataSync(),
      joined,
      1e-6,
      '[batch, features * quantiles]',
    );
  });

  it('weighs all steps of a sample alike where weights are per sample', () => {
    const targets = tensor([0, 0, 0, 0, 0, 0], [2, 3, 1]);
    const predictions = tensor([1, 2, 3, 4, 5, 6], [2, 3, 1]);
    const value = losses
      .lossValue(losses.meanAbsoluteError(), targets, predictions, { sampleWeight: tensor([2, 0.5]) })
      .item();
    expect(value).toBeCloseTo((2 * 6 + 0.5 * 15) / 6, 5);
  });

  it('is 0 where nothing counts', () => {
    const mask = tensor([0, 0]);
    expect(
      losses.lossValue(losses.meanSquaredError(), tensor([1, 2], [2, 1]), tensor([3, 4], [2, 1]), { mask }).item(),
    ).toBe(0);
  });

  it('adds the last axis that targets or predictions lack', () => {
    const flat = tensor([1, 2, 3]);
    const column = tensor([1.5, 2, 5], [3, 1]);
    expectClose(losses.meanAbsoluteError().values(flat, column).dataSync(), [0.5, 0, 2], 1e-7, 'flat targets');
    expectClose(losses.meanAbsoluteError().values(column, flat).dataSync(), [0.5, 0, 2], 1e-7, 'flat predictions');
  });
});

describe('losses', () => {
  beforeEach(() => void useBackend('reference'));
  afterAll(() => void useBackend('wasm'));

  const probabilities = rowsThatSumToOne(normals(15).map(Math.exp));
  const cases: [losses.Loss, yTrue: Tensor, yPred: number[]][] = [
    [losses.meanSquaredError(), tensor(normals(15), [3, 5]), normals(15)],
    [losses.meanAbsoluteError(), tensor(normals(15), [3, 5]), normals(15)],
    [losses.huber({ delta: 0.6 }), tensor(normals(15), [3, 5]), normals(15)],
    [losses.logCosh(), tensor(normals(15), [3, 5]), normals(15)],
    [losses.poisson(), tensor([3, 0, 1, 2, 4, 1, 1, 0, 2, 5, 3, 1, 0, 2, 1], [3, 5]), normals(15).map(Math.exp)],
    [losses.klDivergence(), tensor(probabilities, [3, 5]), rowsThatSumToOne(normals(15).map(Math.exp))],
    [losses.cosineSimilarity(), tensor(normals(15), [3, 5]), normals(15)],
    [losses.quantile({ quantile: 0.3 }), tensor(normals(15), [3, 5]), normals(15)],
    [losses.quantile({ quantile: [0.1, 0.5, 0.9, 0.2, 0.6] }), tensor(normals(3), [3]), normals(15)],
    [
      losses.binaryCrossentropy({ labelSmoothing: 0.1 }),
      tensor(
        normals(15).map((x) => Number(x > 0)),
        [3, 5],
      ),
      probabilities,
    ],
    [
      losses.binaryCrossentropy({ fromLogits: true }),
      tensor(
        normals(15).map((x) => Number(x > 0)),
        [3, 5],
      ),
      normals(15),
    ],
    [
      losses.categoricalCrossentropy({ labelSmoothing: 0.2 }),
      tensor(probabilities, [3, 5]),
      probabilities.map((p) => 2 * p),
    ],
    [losses.categoricalCrossentropy({ fromLogits: true }), tensor(probabilities, [3, 5]), normals(15)],
    [losses.sparseCategoricalCrossentropy(), tensor([1, 4, 0]), probabilities],
    [losses.sparseCategoricalCrossentropy({ fromLogits: true }), tensor([1, 4, 0], [3, 1]), normals(15)],
    [
      losses.defineLoss({
        name: 'logSquare',
        element: (t, p, { shift }) => square(sub(log(add(t, shift)), log(add(mul(p, p), shift)))),
        options: { shift: 1.5 },
      }),
      tensor(probabilities, [3, 5]),
      normals(15),
    ],
  ];

  it.each(cases.map((entry) => [`${entry[0].name} ${JSON.stringify(entry[0].config)}`, ...entry] as const))(
    '%s: its derivative is its slope',
    (_, loss, yTrue, yPred) => {
      const evaluate = (data: number[]): number => mean(loss.values(yTrue, tensor(data, [3, 5]))).item();
      const at = tensor(yPred, [3, 5]);
      const { gradients } = valueAndGradients(() => mean(loss.values(yTrue, at)), [at]);
      const step = 1e-6;
      const moved = (place: number, by: number): number[] => yPred.map((x, i) => (i === place ? x + by : x));
      const slopes = yPred.map((_, i) => (evaluate(moved(i, step)) - evaluate(moved(i, -step))) / (2 * step));
      // Truncation: step^2 / 6 times third derivatives of up to 2 / 0.02^3 (log at the smallest probability), over 15
      // elements.
      expectClose(gradients[0].dataSync(), slopes, 1e-8, 'gradient');
    },
  );

  it('gives logits forms to the activations that fit, and equal values there', () => {
    const logits = tensor(normals(15), [3, 5]);
    const labels = tensor([1, 4, 0]);
    const loss = losses.sparseCategoricalCrossentropy();
    expect(loss.onLogits?.('sigmoid')).toBeUndefined();
    expect(losses.meanSquaredError().onLogits).toBeUndefined();
    expect(losses.sparseCategoricalCrossentropy({ fromLogits: true }).onLogits?.('softmax')).toBeUndefined();
    const softmaxed = tensor(rowsThatSumToOne([...logits.dataSync()].map(Math.exp)), [3, 5]);
    expectClose(
      loss.onLogits!('softmax')!.values(labels, logits).dataSync(),
      loss.values(labels, softmaxed).dataSync(),
      1e-6,
      'values',
    );
    expect(losses.binaryCrossentropy({ labelSmoothing: 0.1 }).onLogits!('sigmoid')!.config).toEqual({
      fromLogits: true,
      labelSmoothing: 0.1,
    });
    expect(losses.categoricalCrossentropy().onLogits!('softmax')!.config).toEqual({
      fromLogits: true,
      labelSmoothing: 0,
    });
  });

  it('are stored and made again by name and options', () => {
    for (const loss of [
      losses.huber({ delta: 0.5 }),
      losses.quantile({ quantile: [0.1, 0.9] }),
      losses.binaryCrossentropy({ labelSmoothing: 0.3 }),
    ]) {
      const stored: unknown = JSON.parse(JSON.stringify(loss.getConfig()));
      expect(losses.lossNamed(stored as losses.LossLike).getConfig()).toEqual(stored);
    }
    const custom = losses.defineLoss({ name: 'mine', element: (t, p) => sub(t, p) });
    expect(losses.lossNamed(custom)).toBe(custom);
    expect(losses.lossNamed('mse').name).toBe('meanSquaredError');
  });

  it('refuse what they cannot use, and say what would do', () => {
    const three = tensor([0, 1, 2]);
    const rows = tensor(probabilities, [3, 5]);
    const message = (work: () => unknown): string => {
      try {
        work();
      } catch (error) {
        return (error as Error).message;
      }
      return 'nothing was thrown';
    };
    expect(message(() => losses.lossNamed('categorical_crossentropy'))).toMatch(
      /^\[UNKNOWN_NAME\] loss: unknown loss `categorical_crossentropy`; did you mean `categoricalCrossentropy`/,
    );
    expect(message(() => losses.huber({ delta: 0 }))).toMatch(/^\[OUT_OF_RANGE\] huber: `delta`/);
    expect(message(() => losses.huber({ dleta: 1 } as object))).toMatch(/did you mean `delta`/);
    expect(message(() => losses.quantile({ quantile: [0.5, 1] }))).toMatch(/^\[OUT_OF_RANGE\]/);
    expect(message(() => losses.meanSquaredError().values(three, rows))).toMatch(
      /^\[SHAPE_MISMATCH\] meanSquaredError: .*\n {2}expected: targets of shape \[3, 5\]\n {2}received: \[3\]/,
    );
    expect(message(() => losses.sparseCategoricalCrossentropy().values(rows, rows))).toMatch(
      /use categoricalCrossentropy/,
    );
    expect(
      message(() => losses.lossValue(losses.meanSquaredError(), rows, rows, { sampleWeight: tensor([1, 2]) })),
    ).toMatch(/^\[SHAPE_MISMATCH\] loss: `sampleWeight`/);
    expect(message(() => losses.sparseCategoricalCrossentropy().values(tensor([0, 5, 1]), rows))).toBe(
      [
        '[OUT_OF_RANGE] sparseCategoricalCrossentropy: the targets hold something that is no class, at [1].',
        '  expected: a whole number from 0 to 4',
        '  received: 5',
        '  fix: number the classes from 0, give the last layer more than 5 units, or give padding that a mask ' +
          'leaves out any class.',
      ].join('\n'),
    );
    for (const label of [-1, 1.5, NaN])
      expect(message(() => losses.sparseCategoricalCrossentropy().values(tensor([0, label, 1]), rows))).toMatch(
        /^\[OUT_OF_RANGE\]/,
      );
  });
});

const random = new Random(11);

/** Different numbers at each call, the same in every run. */
function normals(count: number): number[] {
  return Array.from({ length: count }, () => random.normal());
}

function rowsThatSumToOne(values: number[]): number[] {
  return values.map((value, i) => value / values.slice(i - (i % 5), i - (i % 5) + 5).reduce((a, b) => a + b));
}
