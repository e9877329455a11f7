import { describe, expect, it } from 'vitest';
import { Dense } from '../layers/dense.js';
import type { CallOptions } from '../layers/layer.js';
import { LSTM } from '../layers/lstm.js';
import { Masking } from '../layers/masking.js';
import { l2 } from '../layers/regularizers.js';
import { Random, setSeed } from '../random.js';
import type { Tensor } from '../tensor/tensor.js';
import { tensor } from '../tensor/tensor.js';
import { Model } from './model.js';
import { sgd } from './optimizers/index.js';
import { Sequential } from './sequential.js';

const [rows, time, features] = [13, 9, 2];
const random = new Random(4);
/** The first step of some rows is all that counts, of others all nine; their targets differ much. */
const lengths = Array.from({ length: rows }, (_, row) => (row % 3 === 0 ? time : 1 + (row % 2)));
const x = lengths.map((length) =>
  Array.from({ length: time }, (_, t) =>
    Array.from({ length: features }, () => (t < length ? 1 + random.uniform() : 0)),
  ),
);
const y = lengths.map((length) => Array.from({ length: time }, () => [length === time ? 0.5 : 5]));
const sampleWeight = lengths.map((_, row) => 0.5 + row);

const stepwise = (options: { gradientAccumulationSteps?: number; stateful?: boolean } = {}): Sequential => {
  setSeed(3);
  const layers = [
    new Masking(),
    new LSTM({ units: 3, returnSequences: true }),
    new Dense({ units: 1, kernelRegularizer: l2({ l2: 0.03 }) }),
  ];
  const model = new Sequential(layers, { inputShape: [time, features] });
  model.compile({
    optimizer: sgd({ learningRate: 0.1, ...options }),
    loss: 'meanSquaredError',
    metrics: ['meanAbsoluteError'],
  });
  return model;
};

class TwoHeads extends Model<Readonly<Record<string, Tensor>>> {
  mask = new Masking();
  code = new LSTM({ units: 3, returnSequences: true });
  step = new Dense({ units: 1, kernelRegularizer: l2({ l2: 0.03 }) });
  last = new LSTM({ units: 1 });

  override call(input: Tensor, options: CallOptions): Readonly<Record<string, Tensor>> {
    const code = this.code.apply(this.mask.apply(input), options);
    return { step: this.step.apply(code), last: this.last.apply(code, options) as Tensor };
  }
}

describe('a loss of several batches', () => {
  it.each([1, 3, 4])('is that of all rows at once, in batches of %i', async (batchSize) => {
    const model = stepwise();
    const whole = await model.evaluate(x, y, { batchSize: rows, sampleWeight });
    const parts = await model.evaluate(x, y, { batchSize, sampleWeight });
    expect(parts.loss).toBeCloseTo(whole.loss, 5);
    expect(parts.meanAbsoluteError).toBeCloseTo(whole.meanAbsoluteError, 5);
  });

  it('is that of all rows at once with several outputs, of which one counts steps and one rows', async () => {
    const model = new TwoHeads();
    model.compile({ optimizer: 'adam', loss: 'meanSquaredError', lossWeights: { step: 0.7, last: 1.3 } });
    const targets = { step: tensor(y), last: tensor(y.map(([first]) => first)) };
    const whole = await model.evaluate(tensor(x), targets, { batchSize: rows });
    const parts = await model.evaluate(tensor(x), targets, { batchSize: 3 });
    for (const name of Object.keys(whole)) expect(parts[name], name).toBeCloseTo(whole[name], 5);
    expect(whole.loss).toBeGreaterThan(0.7 * whole.stepLoss + 1.3 * whole.lastLoss);
  });

  it('reaches callbacks, and the logs of training', async () => {
    const model = stepwise();
    const whole = await model.evaluate(x, y, { batchSize: rows });
    model.optimizer.learningRate = 1e-9;
    const { metrics } = await model.fit(x, y, { batchSize: 3, shuffle: false, validationData: [x, y] });
    expect(metrics.loss[0]).toBeCloseTo(whole.loss, 5);
    expect(metrics.valLoss[0]).toBeCloseTo(whole.loss, 5);
  });

  it('is NaN where nothing counts', async () => {
    const { loss } = await stepwise().evaluate(
      x.map((steps) => steps.map(() => [0, 0])),
      y,
    );
    expect(loss).toBeNaN();
  });
});

describe('accumulated gradients', () => {
  const weightsAfter = async (model: Sequential, batchSize: number): Promise<number[]> => {
    await model.fit(x.slice(0, 12), y.slice(0, 12), {
      batchSize,
      shuffle: false,
      sampleWeight: sampleWeight.slice(0, 12),
    });
    return model.weights.flatMap((weight) => [...weight.dataSync()]);
  };

  it('of four batches update as the one large batch does, whatever is padding in them', async () => {
    const whole = await weightsAfter(stepwise(), 12);
    const parts = await weightsAfter(stepwise({ gradientAccumulationSteps: 4 }), 3);
    parts.forEach((value, i) => expect(value).toBeCloseTo(whole[i], 6));
  });

  it('count on where training is interrupted between two of them', async () => {
    const [whole, resumed] = [stepwise({ gradientAccumulationSteps: 2 }), stepwise({ gradientAccumulationSteps: 2 })];
    const batch = (from: number) => [x.slice(from, from + 3), y.slice(from, from + 3)] as const;
    await whole.trainOnBatch(...batch(0));
    const saved = whole.optimizer.getState();
    expect(saved.accumulatedCount).toBe(lengths[0] + lengths[1] + lengths[2]);
    resumed.optimizer.build(resumed.trainableWeights);
    const sums = whole.optimizer.stateVariables();
    resumed.optimizer.stateVariables().forEach((sum, i) => sum.assign(sums[i].dataSync()));
    resumed.optimizer.setState(structuredClone(saved));
    for (const model of [whole, resumed]) await model.trainOnBatch(...batch(3));
    expect(resumed.weights.map((weight) => weight.dataSync())).toEqual(
      whole.weights.map((weight) => weight.dataSync()),
    );
    expect(resumed.optimizer.getState().accumulatedCount).toBeUndefined();
  });
});
