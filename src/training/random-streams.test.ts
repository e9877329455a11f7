import { describe, expect, it } from 'vitest';
import { Dense } from '../layers/dense.js';
import { Dropout } from '../layers/dropout.js';
import { GRU } from '../layers/gru.js';
import type { CallOptions } from '../layers/layer.js';
import { SampledSoftmax } from '../layers/sampled-softmax.js';
import { Random, setSeed } from '../random.js';
import * as ops from '../tensor/index.js';
import { valueAndGradients } from '../tensor/tape.js';
import { type Tensor, tensor } from '../tensor/tensor.js';
import type { Callback } from './callbacks/callback.js';
import type { FitOptions } from './fit-options.js';
import { Model } from './model.js';
import { Sequential } from './sequential.js';

const random = new Random(11);
const x = Array.from({ length: 13 }, () =>
  Array.from({ length: 5 }, () => [random.normal(), random.normal(), random.normal()]),
);
const y = x.map((steps) => [steps[0][1] - steps[3][2]]);
const labels = x.map((steps) => (steps[0][0] > 0 ? 1 : 0));

const regressor = (): Sequential => {
  const model = new Sequential(
    [new GRU({ units: 4, recurrentDropout: 0.2 }), new Dropout({ rate: 0.3 }), new Dense({ units: 1 })],
    { inputShape: [null, 3] },
  );
  model.compile({ optimizer: 'adam', loss: 'meanSquaredError' });
  return model;
};

class Classes extends Model<Tensor> {
  code = new GRU({ units: 6, dropout: 0.4 });
  scores = new SampledSoftmax({ units: 9, numSampled: 4 });

  override call(input: Tensor, options: CallOptions): Tensor {
    return this.scores.apply(this.code.apply(input, options), options);
  }
}

const classifier = (): Classes => {
  const model = new Classes();
  model.compile({ optimizer: 'adam', loss: 'sparseCategoricalCrossentropy' });
  return model;
};

const options: FitOptions = { epochs: 3, batchSize: 4 };
/** Lets whatever else is waiting run between two steps. */
const pause: Callback = { onBatchEnd: () => new Promise((done) => setTimeout(done, 0)) };
const bits = (model: Model): unknown =>
  Object.fromEntries(Object.entries(model.getWeights()).map(([name, weight]) => [name, weight.dataSync()]));

describe('random streams', () => {
  it('of trainings at the same time are those of trainings one after the other', async () => {
    setSeed(5);
    const [a, b] = [regressor(), classifier()];
    const alone = [
      await a.fit(x, y, { ...options, callbacks: [pause] }),
      await b.fit(x, labels, { ...options, callbacks: [pause] }),
    ];
    setSeed(5);
    const [c, d] = [regressor(), classifier()];
    const together = await Promise.all([
      c.fit(x, y, { ...options, callbacks: [pause] }),
      d.fit(x, labels, { ...options, callbacks: [pause] }),
    ]);
    expect(together).toEqual(alone);
    expect([bits(c), bits(d)]).toEqual([bits(a), bits(b)]);
  });

  it('of single steps by turns are those of steps one after the other', async () => {
    const losses = async (byTurns: boolean): Promise<number[][]> => {
      setSeed(7);
      const [a, b] = [regressor(), classifier()];
      const found: number[][] = [[], []];
      const first = async () => void found[0].push((await a.trainOnBatch(x, y)).loss);
      const second = async () => void found[1].push((await b.trainOnBatch(x, labels)).loss);
      for (const step of byTurns ? [first, second, first, second] : [second, second, first, first]) await step();
      return found;
    };
    expect(await losses(true)).toEqual(await losses(false));
  });

  it('do not change by other layers, models and trainings', async () => {
    setSeed(5);
    const undisturbed = regressor();
    const history = await undisturbed.fit(x, y, options);
    setSeed(5);
    new Dense({ units: 3 }).apply(tensor([[1, 2]]));
    const model = regressor();
    const other = classifier();
    await other.fit(x, labels, options);
    const disturb: Callback = { onBatchEnd: () => void new GRU({ units: 2 }).apply(tensor([[[1, 2]]])) };
    expect(await model.fit(x, y, { ...options, callbacks: [disturb] })).toEqual(history);
    expect(bits(model)).toEqual(bits(undisturbed));
  });

  it('differ between models, between calls of fit and between seeds', async () => {
    setSeed(5);
    const [a, b] = [regressor(), regressor()];
    expect(bits(a)).not.toEqual(bits(b));
    b.setWeights(a.getWeights());
    const start = a.getWeights();
    const first = await a.fit(x, y, options);
    expect(await b.fit(x, y, options)).not.toEqual(first);
    a.setWeights(start);
    a.compile({ optimizer: 'adam', loss: 'meanSquaredError' });
    expect(await a.fit(x, y, options)).not.toEqual(first);
    setSeed(6);
    expect(bits(regressor())).not.toEqual(bits(a));
  });

  it('are taken anew by models that were made before the seed was set', async () => {
    const model = regressor();
    const start = model.getWeights();
    const trained = async (seed: number) => {
      model.setWeights(start);
      model.compile({ optimizer: 'adam', loss: 'meanSquaredError' });
      setSeed(seed);
      return model.fit(x, y, options);
    };
    const first = await trained(3);
    expect(await trained(4)).not.toEqual(first);
    expect(await trained(3)).toEqual(first);
  });

  it('give a model inside a checkpoint the same dropout in its second run', () => {
    const model = new Sequential([new Dropout({ rate: 0.5 }), new Dense({ units: 2, useBias: false })], {
      inputShape: [7],
    });
    const input = tensor(
      Array.from({ length: 3 }, (_, row) => Array.from({ length: 7 }, (_, column) => 1 + row + 0.1 * column)),
    );
    const loss = () => ops.sum(ops.checkpoint((value) => model.apply(value, { training: true }), [input]));
    const [kernel] = model.trainableWeights;
    const {
      value,
      gradients: [dKernel],
    } = valueAndGradients(loss, [kernel]);
    // The loss is linear in the kernel, so the two agree only where the same inputs were dropped.
    const along = ops.sum(ops.mul(kernel, dKernel)).item();
    expect(along).toBeCloseTo(value.item(), 5);
  });
});
