import { afterAll, describe, expect, it } from 'vitest';
import { asynchronousReference, synchronousReference } from '../../test/support/asynchronous.js';
import { useBackend } from '../kernels/select.js';
import { Dense } from '../layers/dense.js';
import { Flatten } from '../layers/flatten.js';
import { LSTM } from '../layers/lstm.js';
import { setSeed } from '../random.js';
import { tensor } from '../tensor/tensor.js';
import { Sequential } from './sequential.js';

const numbers = Float32Array.from({ length: 7 * 5 * 3 }, (_, i) => Math.sin(i));

describe.each([
  ['wasm', 'wasm'],
  ['a reference in float64', synchronousReference],
  ['a device that is read asynchronously only', asynchronousReference],
] as const)('predictions on %s', (_, backend) => {
  afterAll(() => void useBackend('wasm'));

  it('are the same in batches, the last of which is smaller, as at once', async () => {
    useBackend(backend);
    setSeed(3);
    const model = new Sequential([new LSTM({ units: 20, returnSequences: true }), new Dense({ units: 9 })]);
    const x = tensor(numbers, [7, 5, 3]);
    const atOnce = await (await model.predict(x)).data();
    expect(atOnce.length).toBe(7 * 5 * 9);
    for (const batchSize of [1, 3, 6]) {
      const predicted = await model.predict(x, { batchSize });
      expect(predicted.shape).toEqual([7, 5, 9]);
      expect(await predicted.data()).toEqual(atOnce);
    }
  });

  it('have numbers of their own where a model gives its input', async () => {
    useBackend(backend);
    const model = new Sequential([new Flatten()]);
    for (const batchSize of [7, 3]) {
      const given = numbers.slice();
      const predicted = await model.predict(tensor(given, [7, 5, 3]), { batchSize });
      given.fill(9);
      expect(Float32Array.from(await predicted.data())).toEqual(numbers);
    }
  });
});
