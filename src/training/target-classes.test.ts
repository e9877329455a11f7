import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { useBackend } from '../kernels/select.js';
import { Dense } from '../layers/dense.js';
import { GRU } from '../layers/gru.js';
import type { CallOptions } from '../layers/layer.js';
import type { Tensor } from '../tensor/tensor.js';
import { Model } from './model.js';
import { Sequential } from './sequential.js';

beforeAll(() => void useBackend('reference'));
afterAll(() => void useBackend('wasm'));

const x = Array.from({ length: 9 }, (_, i) => [
  [i, 1],
  [2, i],
]);
const good = [0, 1, 2, 0, 1, 2, 0, 1, 2];
const bad = good.map((label, i) => (i === 7 ? 3 : label));

async function messageOf(work: Promise<unknown>): Promise<string> {
  return work.then(
    () => 'nothing was thrown',
    (error: unknown) => (error as Error).message,
  );
}

function classifier(): Sequential {
  const model = new Sequential([
    new GRU({ units: 4, inputShape: [null, 2] }),
    new Dense({ units: 3, activation: 'softmax' }),
  ]);
  model.compile({ optimizer: 'adam', loss: 'sparseCategoricalCrossentropy' });
  return model;
}

describe('targets that are no class', () => {
  it('are refused before the first step, naming their place', async () => {
    const model = classifier();
    const before = model.getWeights();
    expect(await messageOf(model.fit(x, bad, { batchSize: 1, shuffle: false }))).toBe(
      '[OUT_OF_RANGE] Sequential.fit: the targets hold something that is no class, at [7].\n  expected: a whole ' +
        'number from 0 to 2\n  received: 3\n  fix: number the classes from 0, give the last layer more than 3 ' +
        'units, or give padding that a mask leaves out any class.',
    );
    for (const [name, weight] of Object.entries(model.getWeights()))
      expect(weight.array()).toEqual(before[name].array());
    expect(model.optimizer.batches).toBe(0);
  });

  it('are refused in validation data, in evaluate and trainOnBatch, and in each batch of a dataset', async () => {
    const model = classifier();
    expect(await messageOf(model.fit(x, good, { validationData: [x, bad] }))).toMatch(
      /Sequential.fit, validationData: .*at \[7\]/,
    );
    expect(await messageOf(model.evaluate(x, bad))).toMatch(/^\[OUT_OF_RANGE\] Sequential.evaluate/);
    expect(await messageOf(model.trainOnBatch(x, bad))).toMatch(/^\[OUT_OF_RANGE\] Sequential.trainOnBatch/);
    expect(
      await messageOf(
        model.fit([
          { x, y: good },
          { x, y: bad },
        ]),
      ),
    ).toMatch(/batch 1 of the dataset: .*at \[7\]/);
  });

  it('are found for each step of a sequence, and by output', async () => {
    class Tagger extends Model {
      code = new GRU({ units: 4, returnSequences: true });
      tag = new Dense({ units: 5, activation: 'softmax' });
      next = new Dense({ units: 2, activation: 'softmax' });
      override call(input: Tensor, options: CallOptions): Record<string, Tensor> {
        const code = this.code.apply(input, options);
        return { tag: this.tag.apply(code), next: this.next.apply(code) };
      }
    }
    const model = new Tagger();
    model.compile({ optimizer: 'adam', loss: 'sparseCategoricalCrossentropy' });
    const [tag, next] = [good.map((label) => [label, 4]), good.map((_, i) => [1, i === 5 ? -1 : 0])];
    expect(await messageOf(model.fit(x, { tag, next }))).toContain(
      'Tagger.fit: the targets of `next` hold something that is no class, at [5, 1].\n' +
        '  expected: a whole number from 0 to 1\n  received: -1',
    );
    expect(await messageOf(model.fit(x, { tag, next: tag.map(() => [0, 1]) }))).toBe('nothing was thrown');
  });
});
