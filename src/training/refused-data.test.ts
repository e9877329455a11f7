import { afterEach, describe, expect, it } from 'vitest';
import type { ActivationName } from '../expression/activations.js';
import { useBackend } from '../kernels/select.js';
import { Dense } from '../layers/dense.js';
import { LSTM } from '../layers/lstm.js';
import type { LossLike, LossName } from './losses/index.js';
import * as losses from './losses/index.js';
import { Sequential } from './sequential.js';

const x = Array.from({ length: 5 }, (_, row) => Array.from({ length: 7 }, (_, t) => [0.1 * row, 0.2 * t]));

const model = (loss: LossLike, units: number, activation: ActivationName): Sequential => {
  const made = new Sequential([new LSTM({ units: 3 }), new Dense({ units, activation })], { inputShape: [null, 2] });
  made.compile({ optimizer: 'adam', loss });
  return made;
};
const messageOf = (work: Promise<unknown>): Promise<string> =>
  work.then(
    () => 'nothing was thrown',
    (error: unknown) => (error as Error).message,
  );

afterEach(() => void useBackend('wasm'));

describe('targets that a loss has no meaning for', () => {
  const column = (...values: number[]) => values.map((value) => [value]);
  const oneHot = (...labels: number[]) => labels.map((label) => [0, 1, 2].map((place) => (place === label ? 1 : 0)));

  it.each<[LossName, number, ActivationName, number[][], RegExp]>([
    [
      'binaryCrossentropy',
      1,
      'sigmoid',
      column(0, 1, 1, 2, 0),
      /OUT_OF_RANGE.*at \[3, 0\].\n.*from 0 to 1.*\n.*received: 2\n/,
    ],
    ['binaryCrossentropy', 1, 'sigmoid', column(0, -1, 1, 1, 0), /OUT_OF_RANGE.*at \[1, 0\].\n.*\n.*received: -1\n/],
    [
      'categoricalCrossentropy',
      3,
      'softmax',
      [...oneHot(0, 1, 2, 0), [1, 1, 0]],
      /OUT_OF_RANGE.*no distribution over the classes, at \[4\].*\n.*\n.*sum is 2\n.*binaryCrossentropy/,
    ],
    [
      'categoricalCrossentropy',
      3,
      'softmax',
      [...oneHot(0, 1, 2, 0), [1.5, -0.5, 0]],
      /OUT_OF_RANGE.*at \[4, 0\].*\n.*\n.*received: 1.5/,
    ],
    [
      'categoricalCrossentropy',
      3,
      'softmax',
      column(0, 1, 2, 0, 1),
      /SHAPE_MISMATCH.*no rows over the 3 classes.*\n.*\n.*\n.*sparseCategoricalCrossentropy/,
    ],
    [
      'categoricalCrossentropy',
      1,
      'softmax',
      column(0, 1, 1, 0, 1),
      /SHAPE_MISMATCH.*softmax over one class is always 1.*\n.*\n.*\n.*sigmoid/,
    ],
    ['poisson', 1, 'softplus', column(3, 0, 12, 5, -2), /OUT_OF_RANGE.*at \[4, 0\].\n.*counts.*\n.*received: -2\n/],
    [
      'klDivergence',
      3,
      'softmax',
      [...oneHot(0, 1, 2, 0), [0, 4, 0]],
      /OUT_OF_RANGE.*at \[4, 1\].*\n.*\n.*received: 4\n/,
    ],
  ])('%s of %i %s are refused before the first step', async (loss, units, activation, y, message) => {
    const made = model(loss, units, activation);
    expect(await messageOf(made.fit(x, y, { batchSize: 1, shuffle: false }))).toMatch(message);
    expect(await messageOf(made.evaluate(x, y))).toMatch(message);
    expect(made.optimizer.batches).toBe(0);
  });

  it.each<[LossName, number, ActivationName, number[][]]>([
    ['binaryCrossentropy', 1, 'sigmoid', column(0, 1, 0.3, 1 + 1e-7, 0)],
    ['categoricalCrossentropy', 3, 'softmax', [...oneHot(0, 1, 2), [0.2, 0.301, 0.5], [0, 0, 0]]],
    ['poisson', 1, 'softplus', column(3, 0, 12, 0.5, 2)],
  ])('%s of %i %s are taken where they mean something', async (loss, units, activation, y) => {
    expect(await messageOf(model(loss, units, activation).fit(x, y))).toBe('nothing was thrown');
  });
});

describe('what trains to nothing', () => {
  const y = [[0], [1], [1], [0], [1]];
  const bothSigns = x.map((steps, row) => steps.map((step) => step.map((value) => (row % 2 === 0 ? value : -value))));

  it.each<[string, LossLike, number, ActivationName, object, RegExp]>([
    [
      'a softmax over one unit',
      'meanSquaredError',
      1,
      'softmax',
      {},
      /SHAPE_MISMATCH.*softmax over one class is always 1[\s\S]*sigmoid/,
    ],
    [
      'logits for probabilities of two classes',
      'binaryCrossentropy',
      1,
      'linear',
      {},
      /OUT_OF_RANGE.*`binaryCrossentropy` is given a prediction[\s\S]*'sigmoid'[\s\S]*fromLogits: true/,
    ],
    [
      'logits for probabilities of classes',
      'sparseCategoricalCrossentropy',
      4,
      'linear',
      {},
      /OUT_OF_RANGE.*`sparseCategoricalCrossentropy` is given[\s\S]*'softmax'/,
    ],
    [
      'labels of one class',
      'sparseCategoricalCrossentropy',
      1,
      'softmax',
      {},
      /SHAPE_MISMATCH.*softmax over one class/,
    ],
    [
      'a text as weights',
      'binaryCrossentropy',
      1,
      'sigmoid',
      { classWeight: 'balanced' },
      /USAGE.*fit.classWeight: the options are not given as one object[\s\S]*"balanced"/,
    ],
    [
      'a weight of a class that two do not have',
      'binaryCrossentropy',
      1,
      'sigmoid',
      { classWeight: { 0: 1, 2: 5 } },
      /OUT_OF_RANGE.*classWeight[\s\S]*0 to 1\n.*received: 2\n/,
    ],
    [
      'a weight of a class that four do not have',
      'sparseCategoricalCrossentropy',
      4,
      'softmax',
      { classWeight: { 4: 5 } },
      /OUT_OF_RANGE.*classWeight[\s\S]*0 to 3\n.*received: 4\n/,
    ],
  ])('%s is refused before the first step', async (_, loss, units, activation, options, message) => {
    const made = model(loss, units, activation);
    expect(await messageOf(made.fit(bothSigns, y, options))).toMatch(message);
    expect(made.optimizer.batches).toBe(0);
  });

  it('what the data in memory show is refused before callbacks hear of a training', async () => {
    const heard: string[] = [];
    const callbacks = [{ onTrainBegin: () => void heard.push('onTrainBegin') }];
    for (const [units, activation, classWeight] of [
      [1, 'softmax', undefined],
      [4, 'softmax', { 4: 5 }],
      [4, 'softmax', { 1: -1 }],
      [4, 'softmax', null],
    ] as const) {
      const made = model('sparseCategoricalCrossentropy', units, activation);
      const labels = y.map(() => [0]);
      expect(await messageOf(made.fit(x, labels, { callbacks, classWeight: classWeight as never }))).toMatch(
        /^\[(SHAPE_MISMATCH|OUT_OF_RANGE|USAGE)\] Sequential.fit/,
      );
    }
    expect(heard).toEqual([]);
  });

  it.each<[LossLike, number, ActivationName, object]>([
    [losses.binaryCrossentropy({ fromLogits: true }), 1, 'linear', {}],
    ['categoricalCrossentropy', 2, 'softplus', {}],
    ['meanSquaredError', 1, 'linear', { classWeight: { 1: 2, 7: 3 } }],
    ['sparseCategoricalCrossentropy', 4, 'softmax', { classWeight: { 3: 2 } }],
  ])('%o of %i %s is trained', async (loss, units, activation, options) => {
    expect(
      await messageOf(
        model(loss, units, activation).fit(x, units === 2 ? y.map(([label]) => [label, 1 - label]) : y, options),
      ),
    ).toBe('nothing was thrown');
  });
});

describe('numbers that float32 cannot hold', () => {
  const huge = x.map((steps, row) => steps.map(([a, b], t) => (row === 2 && t === 4 ? [a, 1e39] : [a, b])));

  it('are refused by predict, fit and evaluate, with their place', async () => {
    const made = model('meanSquaredError', 1, 'linear');
    const message =
      /\[NOT_FINITE\] Sequential.*: row 2 of `x` holds 1e\+39, at \[2, 4, 1\], which is infinite in float32/;
    expect(await messageOf(made.predict(huge))).toMatch(message);
    expect(
      await messageOf(
        made.fit(
          huge,
          x.map(() => [0]),
        ),
      ),
    ).toMatch(message);
    expect(
      await messageOf(
        made.evaluate(
          x,
          x.map((_, row) => [row === 3 ? -1e300 : 0]),
        ),
      ),
    ).toMatch(/row 3 of `y` holds -1e\+300/);
    expect(await messageOf(made.predict(x.map((steps) => steps.map(() => [3.4e38, -3.4e38]))))).toBe(
      'nothing was thrown',
    );
  });

  it('are numbers to a backend of double precision', async () => {
    useBackend('reference');
    expect(await messageOf(model('meanSquaredError', 1, 'linear').predict(huge))).toBe('nothing was thrown');
  });

  it('and NaN are refused by a stream, whose state stays', () => {
    const stream = model('meanSquaredError', 1, 'linear').stream();
    stream.step([0.1, 0.2]);
    const before = stream.getState();
    for (const bad of [NaN, -Infinity, 1e39])
      expect(() => stream.step([0.3, bad])).toThrow(
        /\[NOT_FINITE\] ModelStream.step: the input holds .*, at 1; the state is that of before/,
      );
    expect(stream.getState()).toEqual(before);
    expect(Number.isFinite(stream.step([0.3, 0.4])[0])).toBe(true);
  });
});
