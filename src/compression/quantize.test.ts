import { afterAll, describe, expect, it } from 'vitest';
import { normals } from '../../test/support/random.js';
import { defineCell } from '../cells/define-cell.js';
import { libraryCells, registerCell } from '../cells/registry.js';
import { add, mul, sub } from '../expression/build.js';
import { deserializeModel, serializeModel } from '../io/checkpoint.js';
import { useBackend } from '../kernels/select.js';
import { Bidirectional } from '../layers/bidirectional.js';
import { Dense } from '../layers/dense.js';
import { Embedding } from '../layers/embedding.js';
import { LSTM } from '../layers/lstm.js';
import { RNN } from '../layers/rnn.js';
import { TiedDense } from '../layers/tied-dense.js';
import { Random, setSeed } from '../random.js';
import { scope, tensor } from '../tensor/tensor.js';
import { Sequential } from '../training/sequential.js';
import { compressWeights } from './compress-weights.js';
import { quantize } from './quantize.js';

const ownCell = defineCell({
  name: 'ownMixtureForCompression',
  gates: ['mix', 'candidate'],
  states: ['hidden'],
  kernels: { loop: { from: 'units', to: 'units' } },
  step({ gates, states, kernels, activation, recurrentActivation }) {
    const mix = recurrentActivation(gates.mix);
    return {
      hidden: add(
        mul(mix, states.hidden),
        mul(sub(1, mix), activation(add(gates.candidate, kernels.loop(states.hidden)))),
      ),
    };
  },
});
registerCell(ownCell);

const ids = [
  [3, 1, 4, 1, 5],
  [9, 2, 6, 5, 3],
  [5, 8, 9, 7, 9],
];

afterAll(() => useBackend('wasm'));

const predictionsOf = (model: Sequential): number[] => [...scope(() => model.apply(tensor(ids))).dataSync()];

/** As far as two lists differ, relative to the second. */
function difference(received: readonly number[], expected: readonly number[]): number {
  const off = Math.sqrt(received.reduce((sum, value, i) => sum + (value - expected[i]) ** 2, 0));
  return off / Math.sqrt(expected.reduce((sum, value) => sum + value ** 2, 0));
}

describe.each([...libraryCells, ownCell])('a net of cell $name with weights of 8 bits', (cell) => {
  const made = (): Sequential => {
    setSeed(5);
    return new Sequential([
      new Embedding({ inputDim: 11, outputDim: 6, inputShape: [5] }),
      new RNN({ cell, units: 10, returnSequences: true }),
      new Dense({ units: 7 }),
    ]);
  };

  it('gives nearly the same, on both backends alike, in a stream, and from a file', async () => {
    const exact = predictionsOf(made());
    const model = await quantize(made());
    const received = predictionsOf(model as Sequential);
    expect(difference(received, exact)).toBeLessThan(0.06);
    expect(received).not.toEqual(exact);

    const stream = model.stream({ batchSize: 3 });
    const last = [0, 1, 2, 3, 4].map((t) => [...stream.step(ids.map((row) => row[t]))]).at(-1)!;
    const whole = [0, 1, 2].flatMap((row) => received.slice((row * 5 + 4) * 7, (row * 5 + 5) * 7));
    expect(difference(last, whole)).toBeLessThan(1e-6);

    const again = deserializeModel(serializeModel(model)).model as Sequential;
    expect(predictionsOf(again)).toEqual(received);
    expect([...again.namedWeights()].filter(([, { variable }]) => variable.compressed).length).toBeGreaterThan(2);

    useBackend('reference');
    const reference = predictionsOf(again);
    useBackend('wasm');
    // An activation that lies between two whole numbers may be rounded to the other one.
    expect(difference(received, reference)).toBeLessThan(0.02);
  });
});

describe('weights of 8 bits', () => {
  it('are off by half a step at most', () => {
    const layer = new Dense({ units: 9, inputShape: [13] });
    const model = new Sequential([layer]);
    const before = [...model.namedWeights()][0][1].variable.dataSync();
    compressWeights(model, 'int8');
    const { variable } = [...model.namedWeights()][0][1];
    variable.dataSync().forEach((value, i) => {
      const column = i % 9;
      const largest = Math.max(...before.filter((_, j) => j % 9 === column).map(Math.abs));
      expect(Math.abs(value - before[i])).toBeLessThanOrEqual((largest / 127 / 2) * (1 + 1e-6));
    });
  });

  it('serve as table and as tied output at once', async () => {
    setSeed(8);
    const words = new Embedding({ inputDim: 23, outputDim: 6, inputShape: [null] });
    const model = new Sequential([
      words,
      new LSTM({ units: 6, returnSequences: true }),
      new TiedDense({ embedding: words, activation: 'softmax' }),
    ]);
    const exact = predictionsOf(model);
    const small = (await quantize(model)) as Sequential;
    expect(difference(predictionsOf(small), exact)).toBeLessThan(0.01);
    small.compile({ optimizer: 'sgd', loss: 'sparseCategoricalCrossentropy' });
    model.compile({ optimizer: 'sgd', loss: 'sparseCategoricalCrossentropy' });
    const [of8bits, before] = [
      await small.evaluate(tensor(ids), tensor(ids)),
      await model.evaluate(tensor(ids), tensor(ids)),
    ];
    expect(of8bits.loss).toBeCloseTo(before.loss, 2);
    expect(of8bits.loss).not.toBe(before.loss);
  });

  it('leave the given model, excluded weights and biases as they are', async () => {
    setSeed(9);
    const model = new Sequential([
      new Bidirectional({ layer: new LSTM({ units: 5, returnSequences: true }), inputShape: [4, 3] }),
      new Dense({ units: 2, name: 'head' }),
    ]);
    const before = [...scope(() => model.apply(normals([2, 4, 3], new Random(1)))).dataSync()];
    const small = await quantize(model, { exclude: ['head'] });
    const kept = [...small.namedWeights()].filter(([, { variable }]) => variable.compressed === undefined);
    expect(kept.map(([name]) => name.split('/').slice(-2).join('/'))).toEqual([
      'cell/bias',
      'cell/bias',
      'head/kernel',
      'head/bias',
    ]);
    expect([...scope(() => model.apply(normals([2, 4, 3], new Random(1)))).dataSync()]).toEqual(before);
    expect(serializeModel(small).length).toBeLessThan(serializeModel(model).length);
  });

  it('refuse to change, and names that there are not', async () => {
    const model = new Sequential([new Dense({ units: 3, inputShape: [4] })]);
    const small = await quantize(model);
    expect(() =>
      small.setWeights(Object.fromEntries([...model.namedWeights()].map(([n, w]) => [n, w.variable]))),
    ).toThrow(/is compressed and cannot change/);
    const { variable } = [...small.namedWeights()][0][1];
    expect(() => (variable.trainable = true)).toThrow(
      '[USAGE] Variable dense/kernel: a compressed weight cannot change.',
    );
    variable.trainable = false;
    expect(small.trainableWeights).not.toContain(variable);
    await expect(quantize(model, { exclude: ['dense/kernl'] })).rejects.toThrow(/did you mean `dense\/kernel`/);
    await expect(quantize(new Sequential([new Dense({ units: 3 })]))).rejects.toThrow(/no weights yet/);
  });

  it('let gradients pass to what they multiply', async () => {
    setSeed(4);
    const model = new Sequential([
      new LSTM({ units: 5, returnSequences: true, inputShape: [4, 3] }),
      new Dense({ units: 2 }),
    ]);
    const small = (await quantize(model)) as Sequential;
    const { valueAndGradients } = await import('../tensor/tape.js');
    const ops = await import('../tensor/index.js');
    const x = normals([2, 4, 3], new Random(1));
    const gradient = (of: Sequential): number[] => [
      ...valueAndGradients(() => ops.sum(of.apply(x)), [x]).gradients[0].dataSync(),
    ];
    expect(difference(gradient(small), gradient(model))).toBeLessThan(0.05);
  });
});

describe('pruned weights as blocks', () => {
  it.each(['lstm', 'gruResetBefore', 'sLSTM'] as const)('give the same numbers as with their zeros: %s', (cell) => {
    setSeed(6);
    const units = 36;
    const model = new Sequential([
      new RNN({ cell, units, returnSequences: true, inputShape: [5, 21], ...(cell === 'sLSTM' && { heads: 2 }) }),
      new Dense({ units: 40 }),
    ]);
    for (const [, { variable, form, segment }] of model.namedWeights()) {
      if (form === undefined) continue;
      const n = variable.shape.at(-1)!;
      const width = segment ?? n;
      const numbers = variable.dataSync();
      variable.assign(
        numbers.map((value, i) => {
          const [row, column] = [Math.floor(i / n), i % n];
          const block = Math.floor((column % width) / 16) + 7 * Math.floor(column / width);
          return (row * 5 + block) % 4 === 0 ? value : 0;
        }),
      );
    }
    const x = normals([3, 5, 21], new Random(2));
    const predictions = (of: Sequential): number[] => [...scope(() => of.apply(x)).dataSync()];
    const dense = predictions(model);
    const denseBytes = serializeModel(model).length;
    expect(compressWeights(model, 'blocks')).toHaveLength(3);
    expect(difference(predictions(model), dense)).toBeLessThan(1e-6);
    const bytes = serializeModel(model);
    expect(bytes.length).toBeLessThan(0.5 * denseBytes);
    expect(predictions(deserializeModel(bytes).model as Sequential)).toEqual(predictions(model));
  });

  it('stay as they are where few blocks are zero', () => {
    const model = new Sequential([new Dense({ units: 20, inputShape: [6] })]);
    expect(compressWeights(model, 'blocks')).toEqual([]);
  });
});
