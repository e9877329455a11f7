import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { expectClose } from '../../test/support/close.js';
import { backendNames, useBackend } from '../kernels/select.js';
import { Activation } from '../layers/activation.js';
import { AdaptiveSoftmax } from '../layers/adaptive-softmax.js';
import { Dense } from '../layers/dense.js';
import { Embedding } from '../layers/embedding.js';
import type { CallOptions, Layer } from '../layers/layer.js';
import { LSTM } from '../layers/lstm.js';
import type { OutputHead } from '../layers/output-head.js';
import { SampledSoftmax } from '../layers/sampled-softmax.js';
import { input } from '../layers/symbolic-tensor.js';
import { TimeDistributed } from '../layers/time-distributed.js';
import { Random, setSeed } from '../random.js';
import type { Tensor } from '../tensor/tensor.js';
import type { GivenLoss } from './compiled.js';
import { Functional } from './graph/functional.js';
import { sparseCategoricalCrossentropy } from './losses/index.js';
import { type MetricLike, perplexity } from './metrics/index.js';
import { Model } from './model.js';
import { Sequential } from './sequential.js';

beforeEach(() => void useBackend('reference'));
afterEach(() => {
  vi.restoreAllMocks();
  useBackend('wasm');
});

const [rows, timesteps, units, classes] = [10, 5, 7, 11];

interface Case {
  readonly last: () => Layer;
  readonly loss: GivenLoss;
  readonly metrics: () => readonly MetricLike[];
  readonly maskZero?: boolean;
  readonly returnSequences?: boolean;
}

const logits = sparseCategoricalCrossentropy({ fromLogits: true });
const softmax = (): Layer => new Dense({ units: classes, activation: 'softmax' });
const cases: Record<string, Case> = {
  'Dense with softmax': {
    last: softmax,
    loss: 'sparseCategoricalCrossentropy',
    metrics: () => ['accuracy', 'perplexity', 'bitsPerCharacter', 'sparseCategoricalAccuracy'],
  },
  'Dense with softmax, masked': {
    last: softmax,
    loss: 'sparseCategoricalCrossentropy',
    metrics: () => ['accuracy', 'perplexity'],
    maskZero: true,
  },
  'Dense with softmax, masked, of smoothed labels': {
    last: softmax,
    loss: sparseCategoricalCrossentropy({ labelSmoothing: 0.2 }),
    metrics: () => ['accuracy', 'perplexity'],
    maskZero: true,
  },
  'Dense without bias, of smoothed labels from logits': {
    last: () => new Dense({ units: classes, useBias: false }),
    loss: sparseCategoricalCrossentropy({ fromLogits: true, labelSmoothing: 0.2 }),
    metrics: () => [perplexity({ fromLogits: true })],
  },
  'Dense without bias, from logits': {
    last: () => new Dense({ units: classes, useBias: false }),
    loss: logits,
    metrics: () => ['accuracy', perplexity({ fromLogits: true })],
  },
  'TimeDistributed Dense, masked': {
    last: () => new TimeDistributed({ layer: softmax() }),
    loss: 'sparseCategoricalCrossentropy',
    metrics: () => ['accuracy'],
    maskZero: true,
  },
  'one label a sequence': {
    last: softmax,
    loss: 'sparseCategoricalCrossentropy',
    metrics: () => ['accuracy'],
    returnSequences: false,
  },
};

function modelOf(
  { last, loss, metrics, maskZero, returnSequences = true }: Case,
  extra: readonly MetricLike[],
): Sequential {
  setSeed(3);
  const model = new Sequential([
    new Embedding({ inputDim: classes, outputDim: 4, maskZero, inputShape: [timesteps] }),
    new LSTM({ units, returnSequences }),
    last(),
  ]);
  model.compile({ optimizer: 'adam', loss, metrics: metrics(), weightedMetrics: [...metrics(), ...extra] });
  return model;
}

function data(returnSequences: boolean): { x: Tensor | number[][]; y: number[][] | number[]; sampleWeight: number[] } {
  const random = new Random(5);
  const x = Array.from({ length: rows }, (_, row) =>
    Array.from({ length: timesteps }, (_, step) => (step < row % timesteps ? 1 + random.integer(classes - 1) : 0)),
  );
  const label = (): number => random.integer(classes);
  const y = returnSequences ? x.map((sequence) => sequence.map(label)) : x.map(label);
  return { x, y, sampleWeight: x.map(() => random.uniform() + 0.25) };
}

/** Trains, evaluates and predicts. `extra` holds a metric that needs the predictions, or nothing. */
async function trained(
  given: Case,
  extra: readonly MetricLike[],
  weighted: boolean,
): Promise<{ logs: Record<string, number>; weights: Record<string, Tensor>; predictions: Tensor }> {
  const model = modelOf(given, extra);
  const { x, y, sampleWeight } = data(given.returnSequences ?? true);
  const weights = weighted ? { sampleWeight } : {};
  const history = await model.fit(x, y, {
    epochs: 3,
    batchSize: 4,
    ...weights,
    ...(weighted && { classWeight: { 3: 2, 7: 0.5 } }),
  });
  const evaluated = await model.evaluate(x, y, weights);
  const logs: Record<string, number> = {};
  for (const [name, values] of Object.entries(history.metrics)) logs[name] = values.at(-1)!;
  for (const [name, value] of Object.entries(evaluated)) logs[`evaluated ${name}`] = value;
  return { logs, weights: model.getWeights(), predictions: await model.predict(x) };
}

/** Sees each time that a Dense layer scores labels. */
function spyOnScores(): ReturnType<typeof vi.fn> {
  const spy = vi.fn();
  const callHead = Dense.prototype.callHead;
  vi.spyOn(Dense.prototype, 'callHead').mockImplementation(function (this: Dense, ...given) {
    const head = callHead.apply(this, given);
    const { score } = head;
    return score === undefined ? head : { ...head, score: (...asked) => (spy(), score(...asked)) };
  });
  return spy;
}

const needsPredictions: readonly MetricLike[] = ['sparseTopKCategoricalAccuracy'];
/** Adam divides by the root of tiny squares: rounding of 1e-16 may grow a thousandfold. */
const tolerances = { reference: 1e-12, wasm: 2e-4 };

describe('a fused softmax', () => {
  for (const backend of backendNames) {
    for (const [name, given] of Object.entries(cases)) {
      it.each([false, true])(
        `trains, evaluates and predicts as the one that is stored: ${name} on ${backend}, weighted: %s`,
        async (weighted) => {
          useBackend(backend);
          const spy = spyOnScores();
          const stored = await trained(given, needsPredictions, weighted);
          expect(spy).not.toHaveBeenCalled();
          const fused = await trained(given, [], weighted);
          expect(spy).toHaveBeenCalledTimes(3 * 3 + 1);
          for (const [log, value] of Object.entries(fused.logs))
            expectClose([value], [stored.logs[log]], tolerances[backend], log);
          for (const [weight, values] of Object.entries(fused.weights))
            expectClose(values.dataSync(), stored.weights[weight].dataSync(), tolerances[backend], weight);
          expectClose(fused.predictions.dataSync(), stored.predictions.dataSync(), tolerances[backend], 'predictions');
        },
      );
    }
  }

  it.each<[string, () => Layer, GivenLoss, MetricLike[]]>([
    ['the loss takes logits, the output is probabilities', softmax, logits, []],
    [
      'a metric takes logits, the output is probabilities',
      softmax,
      'sparseCategoricalCrossentropy',
      [perplexity({ fromLogits: true })],
    ],
    [
      'the output is sigmoids',
      () => new Dense({ units: classes, activation: 'sigmoid' }),
      'sparseCategoricalCrossentropy',
      [],
    ],
    [
      'the softmax is a layer of its own',
      () => new Activation({ activation: 'softmax' }),
      'sparseCategoricalCrossentropy',
      [],
    ],
    ['the loss is a function', softmax, (t, p) => logits.values(t, p), []],
  ])('is computed where %s', async (_, last, loss, metrics) => {
    const spy = spyOnScores();
    const model = new Sequential([new LSTM({ units: classes, inputShape: [null, 1] }), last()]);
    model.compile({ optimizer: 'sgd', loss, metrics });
    await model.fit(
      [
        [[1], [2]],
        [[3], [4]],
      ],
      [1, 2],
    );
    expect(spy).not.toHaveBeenCalled();
  });

  it('can be used by a model with a call method', async () => {
    class Tagger extends Model<Tensor> {
      readonly embedding = new Embedding({ inputDim: classes, outputDim: 4 });
      readonly recurrent = new LSTM({ units, returnSequences: true });
      readonly head = new Dense({ units: classes, activation: 'softmax' });
      override call(x: Tensor, options: CallOptions): Tensor {
        return this.callHead(x, options).values();
      }
      override callHead(x: Tensor, options: CallOptions): OutputHead {
        return this.head.applyHead(this.recurrent.apply(this.embedding.apply(x), options) as Tensor);
      }
    }
    const scores = spyOnScores();
    const { x, y } = data(true);
    const losses = [];
    for (const extra of [needsPredictions, []]) {
      setSeed(8);
      const model = new Tagger();
      model.compile({ optimizer: 'sgd', loss: 'sparseCategoricalCrossentropy', metrics: ['accuracy', ...extra] });
      const { metrics } = await model.fit(x, y, { epochs: 2, batchSize: 5 });
      losses.push([...metrics.loss, ...metrics.accuracy]);
    }
    expect(scores).toHaveBeenCalledTimes(4);
    expectClose(losses[1], losses[0], 1e-13, 'loss and accuracy by epoch');
  });

  it('scores each of several outputs, and those beside it by their values', async () => {
    const scores = spyOnScores();
    const { x, y } = data(true);
    const logs: Record<string, number>[] = [];
    for (const extra of [needsPredictions, []]) {
      setSeed(6);
      const tokens = input({ shape: [timesteps] });
      const code = new LSTM({ units, returnSequences: true }).apply(
        new Embedding({ inputDim: classes, outputDim: 4 }).apply(tokens),
      );
      const model = new Functional({
        inputs: tokens,
        outputs: { word: softmax().apply(code), length: new Dense({ units: 1, activation: 'sigmoid' }).apply(code) },
      });
      model.compile({
        optimizer: 'sgd',
        loss: { word: 'sparseCategoricalCrossentropy', length: 'binaryCrossentropy' },
        metrics: { word: ['accuracy', ...extra], length: ['binaryAccuracy'] },
      });
      const targets = { word: y, length: (y as number[][]).map((row) => row.map((label) => [label % 2])) };
      await model.fit(x, targets, { epochs: 2, batchSize: 5 });
      logs.push(await model.evaluate(x, targets));
    }
    expect(scores).toHaveBeenCalledTimes(2 * 2 + 1);
    for (const name of ['loss', 'wordLoss', 'lengthLoss', 'wordAccuracy', 'lengthBinaryAccuracy'])
      expectClose([logs[1][name]], [logs[0][name]], 1e-13, name);
  });

  it('trains on smoothed labels, and reports validation and perplexity without', async () => {
    const { x, y } = data(true);
    const logsOf = async (labelSmoothing: number): Promise<Readonly<Record<string, readonly number[]>>> => {
      const loss = sparseCategoricalCrossentropy({ labelSmoothing });
      const model = modelOf({ ...cases['Dense with softmax'], loss, metrics: () => ['perplexity'] }, []);
      // The first step's batch is all there is: its loss is that of the weights that both begin with.
      model.optimizer.learningRate = 0;
      return (await model.fit(x, y, { batchSize: rows, validationData: [x, y] })).metrics;
    };
    const [plain, smoothed] = [await logsOf(0), await logsOf(0.3)];
    expect(Math.abs(smoothed.loss[0] - plain.loss[0])).toBeGreaterThan(1e-9);
    expect([smoothed.valLoss, smoothed.perplexity]).toEqual([plain.valLoss, plain.perplexity]);
    expectClose([Math.log(smoothed.perplexity[0])], smoothed.valLoss, 1e-12, 'perplexity and loss of validation');
  });

  it.each<[string, Layer]>([
    ['SampledSoftmax', new SampledSoftmax({ units: classes, numSampled: 3 })],
    ['AdaptiveSoftmax', new AdaptiveSoftmax({ units: classes, cutoffs: [4] })],
  ])('refuses smoothed labels where not all classes are computed: %s', async (_, layer) => {
    const { x, y } = data(true);
    const loss = sparseCategoricalCrossentropy({ labelSmoothing: 0.1 });
    const model = modelOf({ last: () => layer, loss, metrics: () => [] }, []);
    await expect(model.fit(x, y)).rejects.toThrow('without the probabilities of all classes');
  });

  it('names the target that is no class', async () => {
    const model = modelOf(cases['Dense with softmax'], []);
    const { x, y } = data(true);
    (y as number[][])[0][2] = classes;
    await expect(model.fit(x, y, { shuffle: false })).rejects.toThrow(
      `[OUT_OF_RANGE] Sequential.fit: the targets hold something that is no class, at [0, 2].`,
    );
    await expect(model.evaluate(x, [[1, 2]])).rejects.toThrow('SHAPE_MISMATCH');
  });
});
