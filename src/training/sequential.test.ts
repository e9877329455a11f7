import { beforeAll, describe, expect, it } from 'vitest';
import { useBackend } from '../kernels/select.js';
import { Dense } from '../layers/dense.js';
import { LSTM } from '../layers/lstm.js';
import { setSeed } from '../random.js';
import { Sequential } from './sequential.js';

beforeAll(() => void useBackend('reference'));

describe('a Sequential', () => {
  it('learns', async () => {
    setSeed(3);
    const model = new Sequential([new LSTM({ units: 5 }), new Dense({ units: 1 })]);
    model.compile({ optimizer: 'adam', loss: 'meanSquaredError', metrics: ['mae'] });
    const x = Array.from({ length: 33 }, (_, i) => Array.from({ length: 4 }, (_, t) => [Math.sin(i * t), Math.cos(i + t)]));
    const y = x.map((row) => [row[3][0] + row[2][1]]);
    const history = await model.fit(x, y, { epochs: 5, batchSize: 8, validationSplit: 0.25, verbose: console.log });
    console.log(model.summary(), history);
    console.log(await model.evaluate(x, y), (await model.predict(x)).shape);
    expect(history.metrics.loss[4]).toBeLessThan(history.metrics.loss[0]);
  });
});
