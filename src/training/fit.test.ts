import { afterAll, beforeEach, describe, expect, it } from 'vitest';
import { expectClose } from '../../test/support/close.js';
import { RondoError } from '../errors.js';
import { useBackend } from '../kernels/select.js';
import { createWasmBackend } from '../kernels/wasm/backend.js';
import { Dense } from '../layers/dense.js';
import { Embedding } from '../layers/embedding.js';
import { GRU } from '../layers/gru.js';
import { LSTM } from '../layers/lstm.js';
import { SimpleRNN } from '../layers/simple-rnn.js';
import { Random, setSeed } from '../random.js';
import * as ops from '../tensor/index.js';
import type { Tensor } from '../tensor/tensor.js';
import type { Progress } from './callbacks/callback.js';
import type { Dataset } from './dataset.js';
import type { FitOptions } from './fit-options.js';
import { sgd } from './optimizers/index.js';
import { Sequential } from './sequential.js';

// Before each, so that a test that fails on another backend leaves the next ones theirs.
beforeEach(() => void useBackend('reference'));
afterAll(() => void useBackend('wasm'));

const random = new Random(21);
const rows = 11;
const x = Array.from({ length: rows }, () =>
  Array.from({ length: 5 }, () => [random.normal(), random.normal(), random.normal()]),
);
const y = x.map((steps) => [steps[0][1] - steps[3][2]]);
const labels = x.map((steps) => (steps[2][0] > 0.4 ? 2 : steps[2][0] < -0.4 ? 0 : 1));

const regression = (seed = 1): Sequential => {
  setSeed(seed);
  const model = new Sequential([new GRU({ units: 4, inputShape: [null, 3] }), new Dense({ units: 1 })]);
  model.compile({ optimizer: 'adam', loss: 'meanSquaredError', metrics: ['mae'] });
  return model;
};
const classifier = (seed = 1): Sequential => {
  setSeed(seed);
  const model = new Sequential([
    new LSTM({ units: 4, inputShape: [null, 3] }),
    new Dense({ units: 3, activation: 'softmax' }),
  ]);
  model.compile({
    optimizer: 'adam',
    loss: 'sparseCategoricalCrossentropy',
    metrics: ['accuracy'],
    weightedMetrics: ['accuracy'],
  });
  return model;
};
const weightsOf = (model: Sequential): number[] =>
  Object.values(model.getWeights()).flatMap((weight) => [...weight.dataSync()]);
const mean = (values: readonly number[]): number => values.reduce((a, b) => a + b, 0) / values.length;

async function messageOf(work: Promise<unknown>): Promise<string> {
  return work.then(
    () => 'nothing was thrown',
    (error: unknown) => (error instanceof RondoError ? error.message : String(error)),
  );
}

describe('fit', () => {
  it('learns to add two marked numbers', async () => {
    useBackend('wasm');
    setSeed(3);
    const draw = new Random(8);
    const steps = 8;
    const samples = Array.from({ length: 600 }, () => {
      const marks = [draw.integer(steps / 2), steps / 2 + draw.integer(steps / 2)];
      return Array.from({ length: steps }, (_, t) => [draw.uniform(), marks.includes(t) ? 1 : 0]);
    });
    const sums = samples.map((sample) => [sample.reduce((sum, [value, mark]) => sum + value * mark, 0)]);
    const model = new Sequential([new LSTM({ units: 16 }), new Dense({ units: 1 })]);
    model.compile({ optimizer: { name: 'adam', config: { learningRate: 0.01 } }, loss: 'mse' });
    const { metrics } = await model.fit(samples, sums, { epochs: 40, batchSize: 32, validationSplit: 0.2 });
    // Always answering 1 has a mean squared error of 1/6.
    expect(metrics.valLoss.at(-1)).toBeLessThan(0.01);
  });

  it('keeps the last partial batch and weighs the loss of each batch by its rows', async () => {
    const model = regression();
    model.compile({ optimizer: { name: 'sgd', config: { learningRate: 0 } }, loss: 'mse', metrics: ['mae'] });
    const seen: Progress[] = [];
    const { metrics } = await model.fit(x, y, {
      batchSize: 4,
      callbacks: [{ onBatchEnd: (progress) => void seen.push(progress) }],
    });
    const predicted = (await model.predict(x)).dataSync();
    const errors = y.map(([truth], i) => truth - predicted[i]);
    expect(seen.map(({ batch }) => batch)).toEqual([0, 1, 2]);
    expect(seen[0]).toMatchObject({ epoch: 0, epochs: 1, numBatches: 3 });
    expect(metrics.loss[0]).toBeCloseTo(mean(errors.map((error) => error * error)), 12);
    expect(metrics.mae[0]).toBeCloseTo(mean(errors.map(Math.abs)), 12);
    expect(await model.evaluate(x, y, { batchSize: 3 })).toEqual({
      loss: expect.closeTo(metrics.loss[0], 12),
      mae: expect.closeTo(metrics.mae[0], 12),
    });
  });

  it('validates on the last rows, from before shuffling', async () => {
    const model = regression();
    model.compile({ optimizer: { name: 'sgd', config: { learningRate: 0 } }, loss: 'mse' });
    const { metrics } = await model.fit(x, y, { validationSplit: 0.3 });
    expect(metrics.valLoss[0]).toBeCloseTo((await model.evaluate(x.slice(7), y.slice(7))).loss, 12);
    expect(metrics.loss[0]).toBeCloseTo((await model.evaluate(x.slice(0, 7), y.slice(0, 7))).loss, 12);
  });

  it('repeats exactly with the same seed, and not with another order', async () => {
    const run = async (shuffle: boolean): Promise<number[]> => {
      const model = regression(5);
      await model.fit(x, y, { epochs: 3, batchSize: 4, shuffle });
      return weightsOf(model);
    };
    expect(await run(true)).toEqual(await run(true));
    expect(await run(true)).not.toEqual(await run(false));
  });

  it('writes a line an epoch where it is told to, and nothing else', async () => {
    const lines: string[] = [];
    await regression().fit(x, y, { epochs: 2, validationData: [x, y], verbose: (line) => void lines.push(line) });
    expect(lines).toHaveLength(2);
    expect(lines[1]).toMatch(
      /^epoch 2\/2: loss [\d.]+, mae [\d.]+, valLoss [\d.]+, valMae [\d.]+ \(\d+\.\d s, \d+ samples\/s\)$/,
    );
  });

  it('adds what regularizers say to the loss, in training and evaluation, and applies constraints after each step', async () => {
    setSeed(2);
    const model = new Sequential([
      new Dense({
        units: 2,
        inputShape: [3],
        kernelRegularizer: { name: 'l2', config: { l2: 0.5 } },
        kernelConstraint: 'nonNeg',
      }),
    ]);
    model.compile({ optimizer: 'sgd', loss: 'mse' });
    const flat = x.map((steps) => steps[0]);
    const targets = flat.map(([a, b]) => [a, -b]);
    const predicted = (await model.predict(flat)).dataSync();
    const error = mean(targets.flat().map((target, i) => (target - predicted[i]) ** 2));
    const penalty =
      0.5 *
      weightsOf(model)
        .slice(0, 6)
        .reduce((sum, value) => sum + value * value, 0);
    expect((await model.evaluate(flat, targets)).loss).toBeCloseTo(error + penalty, 12);
    expect((await model.trainOnBatch(flat, targets)).loss).toBeCloseTo(error + penalty, 12);
    expect(Math.min(...model.getWeights()['dense/kernel'].dataSync())).toBeGreaterThanOrEqual(0);
  });

  it('ends with averaged weights where the optimizer keeps averages', async () => {
    const model = regression();
    model.compile({
      optimizer: { name: 'sgd', config: { learningRate: 0.1, useEMA: true, emaMomentum: 0.5 } },
      loss: 'mse',
    });
    await model.fit(x, y, { epochs: 2 });
    expect(weightsOf(model)).toEqual(
      model.optimizer
        .stateVariables()
        .filter(({ name }) => name.includes('/average/'))
        .flatMap((variable) => [...variable.dataSync()]),
    );
  });

  it('holds no more memory after a thousand steps than after ten', async () => {
    // A backend of its own: on a shared one, variables that earlier tests dropped may be collected meanwhile.
    const backend = useBackend(createWasmBackend());
    const model = classifier();
    await model.fit(x, labels, { epochs: 10 });
    const { persistentBytes, temporaryBytes } = backend.memory();
    await model.fit(x, labels, { epochs: 1000 });
    expect(backend.memory()).toMatchObject({ persistentBytes, temporaryBytes });
    expect(temporaryBytes).toBe(0);
  });

  it('leaves frozen layers as they are', async () => {
    const model = regression();
    model.layers[0].trainable = false;
    const before = model.getWeights();
    await model.fit(x, y, { epochs: 2 });
    const after = model.getWeights();
    expect(after['gru/cell/kernel'].dataSync()).toEqual(before['gru/cell/kernel'].dataSync());
    expect(after['dense/kernel'].dataSync()).not.toEqual(before['dense/kernel'].dataSync());
  });

  it('refuses a model that is not compiled, or is being trained', async () => {
    expect(await messageOf(new Sequential([new Dense({ units: 1 })]).fit([[1]], [[1]]))).toMatch(
      /^\[USAGE\] Sequential.fit: the model is not compiled/,
    );
    const model = regression();
    const first = model.fit(x, y, { epochs: 3 });
    expect(await messageOf(model.fit(x, y))).toMatch(/being trained already/);
    await first;
  });

  it('refuses options that are unknown, impossible or without effect', async () => {
    const model = regression();
    expect(await messageOf(model.fit(x, y, { epoch: 3 } as object))).toMatch(
      /unknown option `epoch`; did you mean `epochs`/,
    );
    expect(await messageOf(model.fit(x, y, { validationSplit: 1 }))).toMatch(/OUT_OF_RANGE/);
    expect(await messageOf(model.fit(x.slice(0, 1), y.slice(0, 1), { validationSplit: 0.1 }))).toMatch(
      /received: 0 and 1 of 1 rows/,
    );
    expect(await messageOf(model.fit(x, y, { validationSplit: 0.5, validationData: [x, y] }))).toMatch(
      /cannot be given together/,
    );
    expect(await messageOf(model.fit([{ x, y }], { batchSize: 3 } as object))).toMatch(/unknown option `batchSize`/);
  });
});

describe('sample and class weights', () => {
  const weights = labels.map((_, i) => 0.25 * i);

  it('multiply the loss of each row, and the divisor stays the number of rows', async () => {
    const model = classifier();
    const probabilities = (await model.predict(x)).dataSync();
    const own = labels.map((label, i) => -Math.log(probabilities[3 * i + label]));
    const right = labels.map((label, i) =>
      Number(Math.max(...probabilities.subarray(3 * i, 3 * i + 3)) === probabilities[3 * i + label]),
    );
    const expected = mean(own.map((loss, i) => loss * weights[i]));
    const evaluated = await model.evaluate(x, labels, { sampleWeight: weights });
    expect(evaluated.loss).toBeCloseTo(expected, 12);
    expect(evaluated.accuracy).toBeCloseTo(mean(right), 12);
    expect(evaluated.accuracy1).toBeCloseTo(
      right.reduce((sum, value, i) => sum + value * weights[i], 0) / weights.reduce((a, b) => a + b),
      12,
    );

    const classWeight = { 0: 3, 2: 0.5 };
    const byClass = labels.map((label) => [3, 1, 0.5][label]);
    const both = mean(own.map((loss, i) => loss * weights[i] * byClass[i]));
    expect((await model.trainOnBatch(x, labels, { sampleWeight: weights, classWeight })).loss).toBeCloseTo(both, 12);
  });

  it('give the same with one-hot targets, and steer training', async () => {
    const oneHot = labels.map((label) => [0, 1, 2].map((i) => Number(i === label)));
    const sparse = classifier();
    const categorical = classifier();
    categorical.compile({ optimizer: 'adam', loss: 'categoricalCrossentropy' });
    const options = { epochs: 2, batchSize: 4, shuffle: false, classWeight: { 1: 4 } };
    await sparse.fit(x, labels, options);
    await categorical.fit(x, oneHot, options);
    expectClose(weightsOf(sparse), weightsOf(categorical), 1e-13, 'weights');
    const plain = classifier();
    await plain.fit(x, labels, { ...options, classWeight: undefined });
    expect(weightsOf(plain)).not.toEqual(weightsOf(sparse));
  });

  it('of a sample hold for each of its steps, beside the weights of their classes', async () => {
    setSeed(6);
    const model = new Sequential([
      new SimpleRNN({ units: 3, activation: 'softmax', returnSequences: true, inputShape: [null, 3] }),
    ]);
    model.compile({ optimizer: 'sgd', loss: 'sparseCategoricalCrossentropy' });
    const stepLabels = x.map((steps, b) => steps.map((_, t) => (b + 2 * t) % 3));
    const probabilities = (await model.predict(x)).dataSync();
    const own = stepLabels.flatMap((classes, b) =>
      classes.map((label, t) => -Math.log(probabilities[(b * 5 + t) * 3 + label]) * weights[b] * [3, 1, 0.5][label]),
    );
    const options = { sampleWeight: weights, classWeight: { 0: 3, 2: 0.5 } };
    expect((await model.trainOnBatch(x, stepLabels, options)).loss).toBeCloseTo(mean(own), 12);
  });

  it('can be given for each step', async () => {
    setSeed(6);
    const model = new Sequential([new SimpleRNN({ units: 3, returnSequences: true, inputShape: [null, 3] })]);
    model.compile({ optimizer: 'sgd', loss: 'mae' });
    const targets = x.map((steps) => steps.map(([a]) => [a, 0, 1]));
    const stepWeights = x.map((_, b) => [0, 1, 2, 3, b]);
    const predicted = (await model.predict(x)).dataSync();
    const errors = targets.flatMap((steps, b) =>
      steps.map(
        (target, t) =>
          stepWeights[b][t] * mean(target.map((value, i) => Math.abs(value - predicted[(b * 5 + t) * 3 + i]))),
      ),
    );
    expect((await model.evaluate(x, targets, { sampleWeight: stepWeights })).loss).toBeCloseTo(mean(errors), 12);
  });
});

describe('a final softmax or sigmoid', () => {
  it('is left out of the loss: the same as a loss on logits, also where probabilities round to 0', async () => {
    const make = (activation: 'softmax' | 'linear', scale: number): Sequential => {
      setSeed(4);
      const model = new Sequential([
        new LSTM({ units: 4, inputShape: [null, 3] }),
        new Dense({ units: 3, activation }),
      ]);
      const fromLogits = activation === 'linear';
      model.compile({
        optimizer: 'sgd',
        loss: { name: 'sparseCategoricalCrossentropy', config: { fromLogits } },
        metrics: [{ name: 'perplexity', config: { fromLogits } }],
      });
      const weights = model.getWeights();
      model.setWeights({
        ...weights,
        'dense/kernel': { data: weights['dense/kernel'].dataSync().map((value) => value * scale), shape: [4, 3] },
      });
      return model;
    };
    for (const scale of [1, 3000]) {
      const [ending, linear] = [make('softmax', scale), make('linear', scale)];
      const losses = await Promise.all([ending, linear].map((model) => model.trainOnBatch(x, labels)));
      expect(losses[0].loss).toBe(losses[1].loss);
      expect(weightsOf(ending)).toEqual(weightsOf(linear));
      if (scale > 1) expect(losses[0].loss).toBeGreaterThan(50);
    }
  });
});

describe('data that cannot be trained on', () => {
  it.each([NaN, Infinity])('with %s are refused before a weight changes, naming the row', async (value) => {
    const model = regression();
    const before = weightsOf(model);
    const broken = structuredClone(x);
    broken[7][2][1] = value;
    expect(await messageOf(model.fit(broken, y))).toBe(
      `[NOT_FINITE] Sequential.fit: row 7 of \`x\` holds ${value}, at [7, 2, 1].\n  expected: finite numbers\n  ` +
        `received: ${value}\n  fix: remove the row, or fill the gap with a number before training.`,
    );
    expect(
      await messageOf(
        model.fit(
          x,
          y.map((row, i) => (i === 3 ? [value] : row)),
        ),
      ),
    ).toMatch(/row 3 of `y`/);
    expect(await messageOf(model.fit(x, y, { validationData: [broken, y] }))).toMatch(
      /Sequential.fit, validationData: row 7 of `x`/,
    );
    expect(weightsOf(model)).toEqual(before);
    expect(
      await messageOf(
        model.fit([
          { x, y },
          { x: broken, y },
        ]),
      ),
    ).toMatch(/Sequential.fit, batch 1 of the dataset: row 7 of `x`/);
  });

  it('have the wrong shape, or are no numbers', async () => {
    const model = regression();
    expect(
      await messageOf(
        model.fit(
          x.map((steps) => steps.map((step) => [...step, 1])),
          y,
        ),
      ),
    ).toMatch(/expected: \[batch, time, features = 3\]\n {2}received: \[any, 5, 4\]/);
    expect(await messageOf(model.fit(x, y.slice(1)))).toMatch(
      /`y` has another number of rows than `x`.\n {2}expected: 11 rows, as in `x` \[11, 5, 3\]\n {2}received: \[10, 1\]/,
    );
    expect(
      await messageOf(
        model.fit(
          x,
          x.map(() => [1, 2]),
        ),
      ),
    ).toMatch(/the targets do not fit the predictions/);
    expect(await messageOf(model.fit([x[0], x[1].slice(1)], y.slice(0, 2)))).toMatch(/ragged/);
    expect(await messageOf(model.fit([['a']] as unknown as number[][], y))).toMatch(
      /^\[DATA_FORMAT\].*`x` holds something other than numbers/,
    );
    expect(await messageOf(model.fit([], []))).toMatch(/SHAPE_MISMATCH/);
    expect(await messageOf(model.fit({ data: new Float32Array(10), shape: [11, 5, 3] }, y))).toMatch(/product is 10/);
  });
});

describe('rows in batches', () => {
  /** The rows that each step of an epoch saw, one number a row, as the first number of its first step. */
  const seenBy = async (seed: number, options: FitOptions): Promise<string[]> => {
    const model = regression();
    const seen: string[] = [];
    const numbered = x.map((steps, row) => [[row, 0, 0], ...steps.slice(1)]);
    // The loss sees the targets, which are numbers of the rows here; the learning rate of 0 keeps the model as it is.
    model.compile({
      optimizer: { name: 'sgd', config: { learningRate: 0 } },
      loss: (yTrue, yPred) => {
        seen.push(Array.from(yTrue.dataSync()).join(' '));
        return ops.mean(ops.square(ops.sub(yTrue, yPred)), -1);
      },
    });
    setSeed(seed);
    await model.fit(
      numbered,
      numbered.map((_, row) => [row]),
      { batchSize: 4, ...options },
    );
    return seen;
  };
  const inOrder = ['0 1 2 3', '4 5 6 7', '8 9 10'];
  const rowsOf = (batches: readonly string[]): number[] => batches.flatMap((batch) => batch.split(' ').map(Number));

  it('come in an order of their own in each epoch, which follows from the seed', async () => {
    const first = await seenBy(5, { epochs: 2 });
    expect(first).toHaveLength(6);
    for (const epoch of [first.slice(0, 3), first.slice(3)]) {
      expect(rowsOf(epoch).sort((a, b) => a - b)).toEqual(x.map((_, row) => row));
      expect(epoch).not.toEqual(inOrder);
    }
    expect(first.slice(0, 3)).not.toEqual(first.slice(3));
    expect(await seenBy(5, { epochs: 2 })).toEqual(first);
    expect(await seenBy(6, { epochs: 2 })).not.toEqual(first);
  });

  it('stay in their order where they are not shuffled, and the last of them are for validation alone', async () => {
    expect(await seenBy(5, { shuffle: false })).toEqual(inOrder);
    const batches = await seenBy(5, { validationSplit: 0.3 });
    expect(rowsOf(batches.slice(0, 2)).sort((a, b) => a - b)).toEqual([0, 1, 2, 3, 4, 5, 6]);
    expect(rowsOf(batches.slice(2))).toEqual([7, 8, 9, 10]);
  });
});

describe('the logs of an epoch', () => {
  it('are of that epoch alone', async () => {
    const model = regression();
    model.compile({ optimizer: { name: 'sgd', config: { learningRate: 0 } }, loss: 'mse', metrics: ['mae'] });
    const targets = [0, 9].map((shift) => y.map(([value]) => [value + shift]));
    let epoch = 0;
    const { metrics } = await model.fit(() => [{ x, y: targets[epoch++] }], { epochs: 2 });
    for (const [i, own] of targets.entries()) {
      const { loss, mae } = await model.evaluate(x, own);
      expect([metrics.loss[i], metrics.mae[i]]).toEqual([expect.closeTo(loss, 10), expect.closeTo(mae, 10)]);
    }
  });
});

describe('class weights', () => {
  it('count in the loss of training and not in that of validation', async () => {
    const model = classifier();
    model.compile({ optimizer: { name: 'sgd', config: { learningRate: 0 } }, loss: 'sparseCategoricalCrossentropy' });
    const targets = labels.map((label) => [label]);
    const { loss: plain } = await model.evaluate(x, targets);
    const classWeight = { 0: 5, 1: 0.25, 2: 3 };
    const { metrics } = await model.fit(x, targets, { classWeight, validationData: [x, targets] });
    expect(metrics.valLoss[0]).toBeCloseTo(plain, 12);
    expect(Math.abs(metrics.loss[0] - plain)).toBeGreaterThan(0.01);
    const perRow = await Promise.all(x.map(async (row, i) => (await model.evaluate([row], [targets[i]])).loss));
    const counts = labels.map((label) => classWeight[label as 0 | 1 | 2]);
    const weighted = perRow.map((loss, i) => loss * counts[i]).reduce((a, b) => a + b);
    // Keras divides by the number of rows and not by the sum of weights; either is a mean that the weights have turned.
    const possible = [weighted / x.length, weighted / counts.reduce((a, b) => a + b)];
    expect(
      possible.some((value) => Math.abs(value - metrics.loss[0]) < 1e-10),
      `${metrics.loss[0]}`,
    ).toBe(true);
  });
});

describe('a loss or gradient that is not finite', () => {
  // The derivative of the square root at 0 is 0 / 0: a row of zeros is predicted exactly, because there is no bias.
  const distance = (yTrue: Tensor, yPred: Tensor): Tensor => ops.sqrt(ops.sum(ops.square(ops.sub(yTrue, yPred)), -1));
  const model = (): Sequential => {
    setSeed(3);
    const made = new Sequential([
      new Dense({ units: 2, useBias: false, inputShape: [2] }),
      new Dense({ units: 1, useBias: false }),
    ]);
    made.compile({ optimizer: 'sgd', loss: distance });
    return made;
  };
  const inputs = [
    [1, 2],
    [3, 4],
    [0, 0],
    [5, 6],
  ];

  it('ends training with the last good weights, naming step, weights and last finite loss', async () => {
    const [failing, reference] = [model(), model()];
    const message = await messageOf(failing.fit(inputs, [[1], [1], [0], [1]], { batchSize: 1, shuffle: false }));
    const losses = [await reference.trainOnBatch([[1, 2]], [[1]]), await reference.trainOnBatch([[3, 4]], [[1]])];
    expect(message).toBe(
      '[NOT_FINITE] Sequential.fit: a gradient is not finite at step 3; the step was not taken.\n  expected: a ' +
        'finite loss and finite gradients\n  received: gradients that are not finite: `dense/kernel`, ' +
        `\`dense1/kernel\`; last finite loss: ${losses[1].loss}\n  fix: lower the learning rate, give the ` +
        'optimizer `globalClipNorm: 1`, or scale the data.',
    );
    expect(weightsOf(failing)).toEqual(weightsOf(reference));
    expect(failing.optimizer.batches).toBe(2);
  });

  it('does not advise the clipping that there is', async () => {
    const made = model();
    made.compile({ optimizer: sgd({ globalClipNorm: 1 }), loss: distance });
    expect(await messageOf(made.fit(inputs, [[1], [1], [0], [1]], { batchSize: 1 }))).toContain(
      'fix: lower the learning rate, or scale the data.',
    );
  });

  it('is noticed in the loss too', async () => {
    const made = model();
    made.compile({ optimizer: 'sgd', loss: (_, yPred) => ops.log(ops.sub(ops.sum(yPred, -1), ops.sum(yPred, -1))) });
    const before = weightsOf(made);
    expect(await messageOf(made.trainOnBatch(inputs, inputs))).toMatch(
      /the loss is -Infinity at step 1;.*\n.*\n.*last finite loss: none/,
    );
    expect(weightsOf(made)).toEqual(before);
  });

  it('leaves no carried states behind, which may not be finite either', async () => {
    const made = new Sequential([new GRU({ units: 2, stateful: true }), new Dense({ units: 1 })]);
    const isLeft = (): boolean => made.layers.some((layer) => layer.carriedStates().size > 0);
    made.compile({ optimizer: 'sgd', loss: 'mse' });
    await made.trainOnBatch(x, y);
    expect(isLeft()).toBe(true);
    made.compile({ optimizer: 'sgd', loss: (_, yPred) => ops.log(ops.neg(ops.square(ops.sum(yPred, -1)))) });
    expect(await messageOf(made.trainOnBatch(x, y))).toMatch(/the loss is NaN/);
    expect(isLeft()).toBe(false);
  });
});

describe('an abort signal', () => {
  it('ends fit after the current step with the history so far and the weights of that step', async () => {
    const controller = new AbortController();
    const options = { epochs: 5, batchSize: 4 };
    const model = regression();
    const ended: string[] = [];
    const history = await model.fit(x, y, {
      ...options,
      signal: controller.signal,
      callbacks: [
        {
          onBatchEnd: ({ epoch, batch }) => void (epoch === 1 && batch === 1 && controller.abort()),
          onTrainEnd: (reason) => void ended.push(reason),
        },
      ],
    });
    expect(history).toMatchObject({ stopReason: 'aborted', epochs: [0] });
    expect(ended).toEqual(['aborted']);
    let steps = 0;
    const reference = regression();
    await reference.fit(x, y, {
      ...options,
      callbacks: [{ onBatchEnd: (_, context) => void (++steps === 5 && context.stopTraining()) }],
    });
    expect(weightsOf(model)).toEqual(weightsOf(reference));
  });

  it('that is aborted before changes nothing; evaluate and predict throw ABORTED', async () => {
    const signal = AbortSignal.abort('stopped');
    const model = regression();
    const before = weightsOf(model);
    expect(await model.fit(x, y, { signal })).toMatchObject({ stopReason: 'aborted', epochs: [] });
    expect(weightsOf(model)).toEqual(before);
    expect(await messageOf(model.predict(x, { signal }))).toBe(
      '[ABORTED] Sequential.predict: it was stopped before it was done.\n  received: stopped\n  fix: start it ' +
        'again for a result.',
    );
    expect(await messageOf(model.evaluate(x, y, { signal }))).toMatch(/^\[ABORTED\]/);
  });

  it('gets its turn although steps never wait', async () => {
    const model = regression();
    const history = await model.fit(x, y, { epochs: 1_000_000, signal: AbortSignal.timeout(150) });
    expect(history.stopReason).toBe('aborted');
  });
});

describe('a dataset', () => {
  const batches = [0, 4, 8].map((start) => ({ x: x.slice(start, start + 4), y: y.slice(start, start + 4) }));
  const forms: [string, Dataset][] = [
    ['a list of batches', batches],
    [
      'a function to a generator',
      function* () {
        yield* batches;
      },
    ],
    [
      'a function to an async generator',
      async function* () {
        for (const batch of batches) yield Promise.resolve(batch);
      },
    ],
    ['an iterable object', { [Symbol.iterator]: () => batches[Symbol.iterator]() }],
  ];

  it.each(forms)('as %s trains, evaluates and validates like arrays', async (_, dataset) => {
    const [byBatch, byArray] = [regression(), regression()];
    const history = await byBatch.fit(dataset, { epochs: 3, validationData: dataset });
    const expected = await byArray.fit(x, y, { epochs: 3, batchSize: 4, shuffle: false, validationData: [x, y] });
    expect(weightsOf(byBatch)).toEqual(weightsOf(byArray));
    expect(history.metrics).toEqual(expected.metrics);
    expect(await byBatch.evaluate(dataset)).toEqual(await byArray.evaluate(x, y, { batchSize: 4 }));
  });

  it('that lasts for one epoch only is noticed', async () => {
    const once = (function* () {
      yield* batches;
    })();
    expect(await messageOf(regression().fit(once, { epochs: 2 }))).toMatch(
      /no batches in epoch 1.\n.*\n.*give a function/,
    );
  });

  it('gets the epoch and a generator seeded for it', async () => {
    const drawn: [number, number][] = [];
    const dataset: Dataset = (epoch, own) => {
      drawn.push([epoch, own.uint32()]);
      return batches;
    };
    await regression(7).fit(dataset, { epochs: 2 });
    await regression(7).fit(dataset, { epochs: 2 });
    expect(drawn.slice(2)).toEqual(drawn.slice(0, 2));
    expect(drawn[0][1]).not.toBe(drawn[1][1]);
  });

  it('of inputs alone is predicted batch by batch', async () => {
    const model = regression();
    const parts: number[] = [];
    const stream = async function* (): AsyncGenerator<number[][][]> {
      for (const batch of batches) yield Promise.resolve(batch.x);
    };
    for await (const part of model.predict(stream())) parts.push(...part.dataSync());
    expect(parts).toEqual([...(await model.predict(x)).dataSync()]);
  });
});

describe('the forms of data', () => {
  it('give the same: nested arrays, typed arrays with a shape, tensors', async () => {
    const model = regression();
    const flat = { data: Float64Array.from(x.flat(2)), shape: [rows, 5, 3] };
    const expected = [...(await model.predict(x)).dataSync()];
    expect([...(await model.predict(flat)).dataSync()]).toEqual(expected);
    expect([...(await model.predict(ops.mul(ops.ones([rows, 5, 3]), 1))).dataSync()]).toHaveLength(rows);
    expect((await model.predict(x, { batchSize: 2 })).shape).toEqual([rows, 1]);
    expect([...(await model.predict(x, { batchSize: 2 })).dataSync()]).toEqual(expected);
  });

  it('of token indices keep their type when rows are shuffled', async () => {
    setSeed(2);
    const model = new Sequential([
      new Embedding({ inputDim: 70_001, outputDim: 2 }),
      new GRU({ units: 2 }),
      new Dense({ units: 1 }),
    ]);
    model.compile({ optimizer: 'sgd', loss: 'mse' });
    await model.fit({ data: Int32Array.from({ length: 12 }, (_, i) => 70_000 - i), shape: [4, 3] }, [1, 2, 3, 4], {
      batchSize: 3,
    });
    expect(model.isBuilt).toBe(true);
  });
});
