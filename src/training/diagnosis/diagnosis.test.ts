import { describe, expect, it } from 'vitest';
import { hostWeights } from '../../../test/support/host-weights.js';
import { libraryCells } from '../../cells/registry.js';
import { Bidirectional } from '../../layers/bidirectional.js';
import { Dense } from '../../layers/dense.js';
import { Embedding } from '../../layers/embedding.js';
import type { Layer } from '../../layers/layer.js';
import { LSTM } from '../../layers/lstm.js';
import { RNN } from '../../layers/rnn.js';
import { SimpleRNN } from '../../layers/simple-rnn.js';
import { Random, setSeed } from '../../random.js';
import { sgd } from '../optimizers/index.js';
import { Sequential } from '../sequential.js';
import { Diagnosis } from './index.js';

const [batch, time, features] = [3, 11, 7];

function drawn(shape: readonly number[], label = 'data'): { data: Float32Array; shape: readonly number[] } {
  const random = new Random(5, label);
  return { data: Float32Array.from({ length: shape.reduce((a, b) => a * b) }, () => random.normal()), shape };
}

/** What is found in one epoch of one step with a learning rate of (almost) 0. */
async function found(layers: Layer[], { perStep = false } = {}) {
  setSeed(3);
  const model = new Sequential([...layers, new Dense({ units: 1 })]);
  model.compile({ optimizer: sgd({ learningRate: 1e-20 }), loss: 'mse' });
  const diagnosis = new Diagnosis();
  await model.fit(drawn([batch, time, features]), drawn(perStep ? [batch, time, 1] : [batch, 1], 'targets'), {
    batchSize: batch,
    callbacks: [diagnosis],
  });
  return diagnosis.report();
}

const constant = (value: number) => ({ name: 'constant', config: { value } });

describe('a gradient back in time', () => {
  const linear = (weight: number, options: object = {}) =>
    new SimpleRNN({
      units: 5,
      activation: 'linear',
      recurrentInitializer: { name: 'identity', config: { gain: weight } },
      name: 'simple',
      ...options,
    });

  it.each([0.5, 1.5])('is %f times itself a step in a linear layer with that recurrent weight', async (weight) => {
    for (const returnSequences of [false, true]) {
      const {
        recurrent: [{ layer, cell, units, timeGradient }],
      } = await found([linear(weight, { returnSequences })], { perStep: returnSequences });
      expect([layer, cell, units]).toEqual(['simple', 'simple', 5]);
      const { norms, decay } = timeGradient!.last;
      expect(norms).toHaveLength(time);
      for (let k = 0; k < time; k++)
        expect(norms[k] / norms[0]).toBeCloseTo(weight ** k, 5 - Math.ceil(k * Math.log10(Math.max(1, weight))));
      expect(decay!.perStep).toBeCloseTo(weight, 5);
      expect(decay!.stepsToThousandth).toBe(weight < 1 ? 10 : null);
    }
  });

  it('hardly decays in an LSTM whose forget gate is open', async () => {
    const decay = async (bias: number) => {
      const values = new Float64Array(20).fill(0).fill(bias, 5, 10);
      const layer = new LSTM({
        units: 5,
        unitForgetBias: false,
        recurrentInitializer: constant(0),
        biasInitializer: { name: 'given', getConfig: () => ({ name: 'given', config: {} }), values: () => values },
      });
      return (await found([layer])).recurrent[0].timeGradient!.last.decay!;
    };
    // The input gate is sigmoid(W x): from step to step the norm varies by a factor that does not grow with distance.
    const [open, shut] = [await decay(10), await decay(-10)];
    expect(open.stepsToThousandth).toBe(null);
    expect(open.perStep).toBeGreaterThan(0.9);
    expect(shut.stepsToThousandth).toBe(1);
  });

  it('is followed from the end that the layer reads last, and through padding as if it were not there', async () => {
    const { recurrent } = await found(
      [new Bidirectional({ layer: linear(0.5, { returnSequences: true, name: undefined }) })],
      { perStep: true },
    );
    expect(recurrent.map(({ layer }) => layer)).toEqual(['bidirectional/forward', 'bidirectional/backward']);
    for (const { timeGradient } of recurrent) expect(timeGradient!.last.decay!.perStep).toBeCloseTo(0.5, 5);
    const model = new Sequential([
      new Embedding({ inputDim: 9, outputDim: 7, maskZero: true }),
      new Bidirectional({ layer: linear(0.5) }),
      new Dense({ units: 1 }),
    ]);
    model.compile({ optimizer: sgd({ learningRate: 1e-20 }), loss: 'mse' });
    const diagnosis = new Diagnosis();
    await model.fit(
      [
        [3, 1, 4, 1, 5, 0, 0],
        [2, 7, 1, 8, 2, 8, 0],
        [3, 1, 4, 1, 5, 0, 0],
      ],
      [[1], [0], [2]],
      { callbacks: [diagnosis] },
    );
    for (const { timeGradient } of diagnosis.report().recurrent) {
      expect(timeGradient!.last.norms).toHaveLength(5);
      timeGradient!.last.norms.forEach((norm, k, norms) => expect(norm / norms[0]).toBeCloseTo(0.5 ** k, 5));
    }
  });
});

describe('gates and units', () => {
  it('that are saturated are reported', async () => {
    const {
      recurrent: [{ gates, units }],
      advice,
    } = await found([new LSTM({ units: 5, unitForgetBias: false, biasInitializer: constant(30) })]);
    expect(gates.map(({ name, high, low, numStuck }) => [name, high, low, numStuck])).toEqual(
      ['input', 'forget', 'candidate', 'output', 'cell'].map((name) => [
        name,
        name === 'cell' ? (time - 1) / time : 1,
        0,
        name === 'cell' ? 0 : units,
      ]),
    );
    expect(
      advice
        .filter(({ about }) => about === 'saturation')
        .map(({ text }) => text.match(/values of (.*?) of lstm/)?.[1]),
    ).toEqual(['the input gate', 'the candidate', 'the output gate', 'tanh(cell)']);
  });

  it('that forget all the time are reported', async () => {
    const { advice } = await found([new LSTM({ units: 5, unitForgetBias: false, biasInitializer: constant(-30) })]);
    expect(advice.map(({ about }) => about)).toContain('forgetting');
  });

  it('that are dead are reported', async () => {
    const bias = {
      name: 'given',
      getConfig: () => ({ name: 'given', config: {} }),
      values: () => Float64Array.of(-99, 0, 0, 0, -99),
    };
    const {
      recurrent: [{ gates, numDead }],
      advice,
    } = await found([new SimpleRNN({ units: 5, activation: 'relu', biasInitializer: bias })]);
    expect([gates[0].activation, gates[0].numStuck, numDead]).toEqual(['relu', 2, 2]);
    expect(advice.find(({ about }) => about === 'deadUnits')!.text).toContain('2 of 5 units');
  });

  it('are measured in every cell of the library', async () => {
    for (const { name } of libraryCells) {
      const {
        recurrent: [{ cell, gates, numDead }],
      } = await found([new RNN({ cell: name, units: 5, returnSequences: true })], { perStep: true });
      expect(cell).toBe(name);
      expect(gates.length).toBeGreaterThan(0);
      for (const { mean, low, high } of gates)
        expect([mean, low, high ?? 0].every((value) => Number.isFinite(value) && Math.abs(value) <= 5)).toBe(true);
      expect(numDead).toBeLessThan(5);
    }
  });
});

describe('gradients and updates of weights', () => {
  it('are those of plain gradient descent', async () => {
    const model = new Sequential([new Dense({ units: 1, useBias: false, kernelInitializer: constant(2) })]);
    model.compile({ optimizer: sgd({ learningRate: 0.1 }), loss: 'mse' });
    const diagnosis = new Diagnosis();
    await model.fit([[1], [1]], [[0], [0]], { batchSize: 1, epochs: 1, callbacks: [diagnosis] });
    // w = 2, then 2 (1 - 0.2) and 2 (1 - 0.2)^2: each step takes 0.2 of the weight; after the second, dL/dw = 2 w.
    const {
      steps,
      layers: [{ layer, gradientNorms, updateRatios, medianUpdateRatio, lastUpdateRatio }],
      clipNorm,
      loss,
    } = diagnosis.report();
    expect([steps, layer, clipNorm, loss.length]).toEqual([[2], 'dense', null, 1]);
    for (const ratio of [updateRatios[0], medianUpdateRatio, lastUpdateRatio]) expect(ratio).toBeCloseTo(0.2, 6);
    expect(gradientNorms[0]).toBeCloseTo(2 * 2 * 0.8 ** 2, 5);
  });
});

describe('a run that is diagnosed', () => {
  const run = async (callbacks: readonly Diagnosis[]) => {
    setSeed(8);
    const model = new Sequential([
      new LSTM({
        units: 5,
        returnSequences: true,
        stateful: true,
        dropout: 0.3,
        recurrentDropout: 0.2,
        inputShape: [time, features],
      }),
      new Bidirectional({ layer: new SimpleRNN({ units: 3, returnSequences: true, recomputeSteps: 4 }) }),
      new Dense({ units: 1 }),
    ]);
    model.compile({ optimizer: 'adam', loss: 'mse' });
    const { metrics } = await model.fit(drawn([4 * batch, time, features]), drawn([4 * batch, time, 1], 'targets'), {
      batchSize: batch,
      epochs: 4,
      callbacks,
      validationData: [drawn([batch, time, features]), drawn([batch, time, 1])],
    });
    const states = [...model.layers[0].carriedStates()].map(([, state]) => state.dataSync());
    return { weights: hostWeights(model), metrics, states, random: model.random.state };
  };

  it('ends with the same bits', async () => {
    const diagnosis = new Diagnosis({ everySteps: 3, maxSamples: 4 });
    expect(await run([diagnosis])).toEqual(await run([]));
    const { steps, recurrent, loss, valLoss } = diagnosis.report();
    // 2 3 6 9 10, of which every second is kept; then 12, and the end.
    expect(steps).toEqual([2, 10, 16]);
    expect([recurrent.length, loss.length, valLoss.length]).toEqual([3, 4, 4]);
    expect(JSON.parse(JSON.stringify(diagnosis.report()))).toEqual(diagnosis.report());
  });

  it('goes on from what was measured before it was interrupted', () => {
    const first = new Diagnosis();
    first.onEpochEnd(0, { loss: 3 }, { epochs: 9 } as never);
    const second = new Diagnosis();
    second.setState(JSON.parse(JSON.stringify(first.getState())));
    expect(second.report().loss).toEqual([3]);
  });

  it('refuses options that make no sense', () => {
    expect(() => new Diagnosis({ everySteps: 0 })).toThrow('OUT_OF_RANGE');
    expect(() => new Diagnosis({ maxSamples: 3 })).toThrow('OUT_OF_RANGE');
    expect(() => new Diagnosis({ steps: 3 } as never)).toThrow('UNKNOWN_NAME');
  });
});
