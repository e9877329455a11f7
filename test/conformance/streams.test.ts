import { afterAll, describe, expect, it } from 'vitest';
import { libraryCells } from '../../src/cells/registry.js';
import { backendNames, useBackend } from '../../src/kernels/select.js';
import { createWasmBackend } from '../../src/kernels/wasm/backend.js';
import { BatchNormalization } from '../../src/layers/batch-normalization.js';
import { Dense } from '../../src/layers/dense.js';
import { Dropout } from '../../src/layers/dropout.js';
import { Embedding } from '../../src/layers/embedding.js';
import { Input } from '../../src/layers/input-layer.js';
import { LayerNormalization } from '../../src/layers/layer-normalization.js';
import { RNN } from '../../src/layers/rnn.js';
import { TimeDistributed } from '../../src/layers/time-distributed.js';
import { Random } from '../../src/random.js';
import { type Tensor, tensor } from '../../src/tensor/tensor.js';
import { Sequential } from '../../src/training/sequential.js';
import { normals, randomise } from '../support/random.js';
import { threadedBackend } from '../support/threads.js';
import { unusualCells } from '../support/unusual-cells.js';

const [TIME, FEATURES, UNITS] = [6, 7, 5];

const cells = [...libraryCells, ...unusualCells];
const pairs = backendNames.flatMap((backend) => cells.map((cell) => [cell.name, backend, cell] as const));

/** What the model gives for each step of `[batch, TIME, ...]`, one call a step with the state carried by its layers. */
function bySteps(model: Sequential, input: Tensor): number[][] {
  const [batch, time, ...rest] = input.shape;
  const width = rest.reduce((size, axis) => size * axis, 1);
  model.resetStates();
  return Array.from({ length: time }, (_, t) => [
    ...model.apply(tensor(stepOf(input, t), [batch, 1, width].slice(0, input.shape.length))).dataSync(),
  ]);
}

function stepOf(input: Tensor, t: number): Float64Array {
  const [batch, time] = input.shape;
  const width = input.size / batch / time;
  const values = input.dataSync();
  return Float64Array.from(
    { length: batch * width },
    (_, i) => values[(Math.floor(i / width) * time + t) * width + (i % width)],
  );
}

describe.each(pairs)('a stream of %s on %s', (_, backend, cell) => {
  afterAll(() => void useBackend('wasm'));

  it.each([1, 3, 5])('gives the same numbers as stateful layers, for %i sequences', (batchSize) => {
    useBackend(backend);
    const model = new Sequential([
      Input({ shape: [null, FEATURES] }),
      new RNN({ cell, units: UNITS, stateful: true, returnSequences: true }),
      new Dropout({ rate: 0.5 }),
      new LayerNormalization(),
      new BatchNormalization(),
      new RNN({ cell: [cell, 'gru'], units: [3, UNITS], stateful: true, returnSequences: true }),
      new TimeDistributed({ layer: new Dense({ units: 3, activation: 'softmax' }) }),
      new RNN({ cell, units: 4, stateful: true }),
      new Dense({ units: 2, activation: 'tanh' }),
    ]);
    randomise(model, new Random(41, cell.name));
    const input = normals([batchSize, TIME, FEATURES], new Random(43));
    const expected = bySteps(model, input);
    const stream = model.stream({ batchSize });
    for (const pass of ['first', 'second'] as const) {
      stream.reset();
      for (let t = 0; t < TIME; t++)
        expect([...stream.step(stepOf(input, t))], `${pass} pass, step ${t}`).toEqual(expected[t]);
    }
    expect(new Set(expected.map(([first]) => first)).size).toBe(TIME);
  });
});

describe.each(backendNames)('a stream of indices on %s', (backend) => {
  afterAll(() => void useBackend('wasm'));

  it('gives the same numbers as stateful layers', () => {
    useBackend(backend);
    const model = new Sequential([
      new Embedding({ inputDim: 9, outputDim: 3, inputShape: [null] }),
      new RNN({ cell: 'lstm', units: UNITS, stateful: true, returnSequences: true }),
      new Dense({ units: 9 }),
    ]);
    randomise(model, new Random(47));
    const tokens = [3, 0, 8, 8, 1];
    const expected = bySteps(model, tensor(Int32Array.from(tokens), [1, tokens.length]));
    const stream = model.stream();
    tokens.forEach((token, t) => expect([...stream.step(token)]).toEqual(expected[t]));
  });
});

describe('threads change no bit of a stream', () => {
  afterAll(() => void useBackend('wasm'));

  it.each(['lstm', 'gruResetBefore', 'minGRU', 'peepholeLSTM'] as const)('of %s', async (cell) => {
    const input = normals([1, TIME, 67], new Random(53));
    const weights = new Random(59);
    const make = (): Sequential =>
      new Sequential([
        new RNN({ cell, units: 523, inputShape: [null, 67], returnSequences: true }),
        new Dense({ units: 131 }),
      ]);
    useBackend(createWasmBackend({ threads: 1 }));
    const model = make();
    randomise(model, weights, 0.1);
    const values = model.getWeights();
    const outputs = (of: Sequential): number[][] => {
      const stream = of.stream();
      return Array.from({ length: TIME }, (_, t) => [...stream.step(stepOf(input, t))]);
    };
    const alone = outputs(model);
    const threaded = await threadedBackend(2);
    useBackend(threaded);
    const other = make();
    other.setWeights(values);
    expect(outputs(other)).toEqual(alone);
    threaded.threads.resize(1);
  });
});
