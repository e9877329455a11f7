import { describe, expect, it } from 'vitest';
import { messageAfter } from '../../test/support/message-after.js';
import { Dense } from '../layers/dense.js';
import { LSTM } from '../layers/lstm.js';
import { zeros } from '../tensor/index.js';
import { Sequential } from './sequential.js';

/** As a program without types gives it. */
const untyped = (value: unknown): never => value as never;

const model = new Sequential([new LSTM({ units: 3 }), new Dense({ units: 1 })], { inputShape: [null, 2] });
model.compile({ optimizer: 'adam', loss: 'meanSquaredError' });
const x = zeros([5, 7, 2]);
const y = zeros([5, 1]);
const dataset = [{ x, y }];

describe('options that are of no use', () => {
  it.each<[string, object, RegExp]>([
    ['a signal that is none', { signal: 'x' }, /USAGE.*fit: `signal` is no AbortSignal/],
    ['a controller in the place of its signal', { signal: new AbortController() }, /received: a AbortController/],
    ['null as a signal', { signal: null }, /`signal` is no AbortSignal/],
    ['shuffle as a text', { shuffle: 'yes' }, /USAGE.*`shuffle` is neither true nor false/],
    ['nothing to resume from', { resumeFrom: {} }, /USAGE.*`resumeFrom` is no snapshot/],
    ['null to resume from', { resumeFrom: null }, /USAGE.*`resumeFrom` is no snapshot/],
  ])('fit refuses %s', async (_, options, message) => {
    expect(await messageAfter(() => model.fit(x, y, options))).toMatch(message);
  });

  it('evaluate and predict refuse a signal that is none', async () => {
    const options = untyped({ signal: 'x' });
    expect(await messageAfter(() => model.evaluate(x, y, options))).toMatch(/evaluate: `signal` is no AbortSignal/);
    expect(await messageAfter(() => model.predict(x, options))).toMatch(/predict: `signal` is no AbortSignal/);
  });

  it('are refused where they come third, after a dataset', async () => {
    const given: [never, never, never] = [untyped(dataset), untyped(undefined), untyped({ epochs: 5 })];
    expect(await messageAfter(() => model.fit(...given))).toMatch(/USAGE.*\n {2}fix: write fit\(dataset, options\)/);
    expect(await messageAfter(() => model.evaluate(...given))).toMatch(/fix: write evaluate\(dataset, options\)/);
    expect((await model.fit(dataset, { epochs: 2 })).epochs).toEqual([0, 1]);
  });
});
