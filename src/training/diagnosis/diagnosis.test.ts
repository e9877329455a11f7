import { describe, expect, it } from 'vitest';
import { Bidirectional } from '../../layers/bidirectional.js';
import { Dense } from '../../layers/dense.js';
import { Embedding } from '../../layers/embedding.js';
import { LSTM } from '../../layers/lstm.js';
import { RNN } from '../../layers/rnn.js';
import { SimpleRNN } from '../../layers/simple-rnn.js';
import { currentRandom, Random, setSeed } from '../../random.js';
import type { Layer } from '../../layers/layer.js';
import { hostWeights } from '../model-weights.js';
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
  await model.fit(drawn([batch, time, features]), drawn(perStep ? [batch, time, 1] : [batch, 1], 'targets'), { batchSize: batch, callbacks: [diagnosis] });
  return diagnosis.report();
}

const constant = (value: number) => ({ name: 'constant', config: { value } });

describe('a gradient back in time', () => {
  const linear = (weight: number, options: object = {}) => new SimpleRNN({ units: 5, activation: 'linear', recurrentInitializer: { name: 'identity', config: { gain: weight } }, name: 'simple', ...options });

  it.each([0.5, 1.5])('is %f times itself a step in a linear layer with that recurrent weight', async (weight) => {
    for (const returnSequences of [false, true]) {
      const { recurrent: [{ layer, cell, units, timeGradient }] } = await found([linear(weight, { returnSequences })], { perStep: returnSequences });
      expect([layer, cell, units]).toEqual(['simple', 'simple', 5]);
      const { norms, decay } = timeGradient!.last;
      expect(norms).toHaveLength(time);
      for (let k = 0; k < time; k++) expect(norms[k] / norms[0]).toBeCloseTo(weight ** k, 5 - Math.ceil(k * Math.log10(Math.max(1, weight))));
      expect(decay!.perStep).toBeCloseTo(weight, 5);
      expect(decay!.stepsToThousandth).toBe(weight < 1 ? 10 : null);
    }
  });
});
