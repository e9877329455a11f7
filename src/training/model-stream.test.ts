import { afterEach, describe, expect, it } from 'vitest';
import { randomise } from '../../test/support/random.js';
import { RondoError } from '../errors.js';
import { currentBackend, useBackend } from '../kernels/select.js';
import { createWasmBackend } from '../kernels/wasm/backend.js';
import { Bidirectional } from '../layers/bidirectional.js';
import { Conv1D } from '../layers/conv-1d.js';
import { Dense } from '../layers/dense.js';
import { Embedding } from '../layers/embedding.js';
import { Flatten } from '../layers/flatten.js';
import type { Layer } from '../layers/layer.js';
import { Layer as AnyLayer, type OpenShape } from '../layers/layer.js';
import { LSTM } from '../layers/lstm.js';
import { Random } from '../random.js';
import * as ops from '../tensor/index.js';
import { type Tensor, tensor } from '../tensor/tensor.js';
import { Model } from './model.js';
import { Sequential } from './sequential.js';

const [FEATURES, UNITS] = [3, 5];
const signal = Array.from({ length: 12 }, (_, i) => [Math.sin(i), Math.cos(2 * i), i / 7]);

function small(): Sequential {
  const model = new Sequential([new LSTM({ units: UNITS, inputShape: [null, FEATURES] }), new Dense({ units: 2 })]);
  randomise(model, new Random(3));
  return model;
}

function messageOf(action: () => unknown): string {
  try {
    action();
  } catch (error) {
    expect(error).toBeInstanceOf(RondoError);
    return (error as Error).message;
  }
  throw new Error('nothing was thrown');
}

/** What the model says of the signal up to each step. */
const wholeOutputs = (model: Sequential): number[][] =>
  signal.map((_, t) => [...model.apply(tensor([signal.slice(0, t + 1)])).dataSync()]);

function expectNear(actual: ArrayLike<number>, expected: readonly number[]): void {
  expected.forEach((value, i) => expect(actual[i]).toBeCloseTo(value, 5));
}

afterEach(() => void useBackend('wasm'));

describe('a stream', () => {
  it('says at each step what the model says of the sequence so far, though no layer is stateful', () => {
    const model = small();
    const stream = model.stream();
    wholeOutputs(model).forEach((expected, t) => expectNear(stream.step(signal[t]), expected));
    expect(stream.inputShape).toEqual([1, FEATURES]);
  });

  it('has a state of its own, which can be read, set and cleared', () => {
    const model = small();
    const [first, second] = [model.stream(), model.stream()];
    const expected = wholeOutputs(model);
    for (const step of signal.slice(0, 5)) first.step(step);
    expectNear(second.step(signal[0]), expected[0]);
    const state = first.getState();
    expect([...state.keys()]).toEqual(['lstm/state/hidden', 'lstm/state/cell']);
    second.setState(state);
    expectNear(second.step(signal[5]), expected[5]);
    expectNear(first.step(signal[5]), expected[5]);
    first.reset();
    expectNear(first.step(signal[0]), expected[0]);
    expect(
      messageOf(() => first.setState(new Map([['lstm/state/hidden', new Float32Array(UNITS)]]))),
    ).toMatchInlineSnapshot(`
      "[SHAPE_MISMATCH] ModelStream.setState: the state does not fit the model and batchSize.
        expected: lstm/state/cell (5), lstm/state/hidden (5)
        received: lstm/state/hidden (5)
        fix: give what getState() of a stream of such a model gave."
    `);
  });

  it('computes with the weights as they are, whatever trains or moves them', async () => {
    const model = small();
    const stream = model.stream();
    model.compile({ optimizer: 'sgd', loss: 'meanSquaredError' });
    const before = [...stream.step(signal[0])];
    await model.trainOnBatch(tensor([signal]), tensor([[5, -5]]));
    stream.reset();
    const after = [...stream.step(signal[0])];
    expect(after).not.toEqual(before);
    expectNear(after, wholeOutputs(model)[0]);
    for (const backend of ['reference', createWasmBackend({ threads: 1 }), 'wasm'] as const) {
      useBackend(backend);
      stream.reset();
      expectNear(stream.step(signal[0]), after);
      expectNear(stream.step(signal[1]), wholeOutputs(model)[1]);
    }
    useBackend('reference');
    model.apply(tensor([signal]));
    randomise(model, new Random(7));
    useBackend('wasm');
    stream.reset();
    expectNear(stream.step(signal[0]), wholeOutputs(model)[0]);
  });

  it('returns the same array at every step, and takes no memory', () => {
    const model = small();
    const stream = model.stream();
    const output = stream.step(signal[0]);
    const { persistentBytes, temporaryBytes } = currentBackend().memory();
    for (let i = 0; i < 3000; i++) expect(stream.step(signal[i % signal.length])).toBe(output);
    expect(currentBackend().memory()).toMatchObject({ persistentBytes, temporaryBytes });
    useBackend('reference');
    stream.step(signal[0]);
    useBackend('wasm');
    stream.step(signal[0]);
    expect(currentBackend().memory()).toMatchObject({ persistentBytes, temporaryBytes });
  });

  it('takes a layer of a user that says it works step by step', () => {
    class Doubled extends AnyLayer {
      readonly className = 'Doubled';
      protected override readonly isPointwiseInTime = true;
      readonly #looks: boolean;
      constructor(looks: boolean) {
        super('Doubled', {}, []);
        this.#looks = looks;
      }
      override build(): void {}
      override computeOutputShape(shape: OpenShape): OpenShape {
        return shape;
      }
      override getConfig(): Record<string, never> {
        return {};
      }
      override call(x: Tensor): Tensor {
        return ops.mul(x, this.#looks ? x.dataSync().length : 2);
      }
    }
    const plain = small();
    const doubled = (looks: boolean): Sequential => new Sequential([...plain.layers, new Doubled(looks)]);
    expectNear(
      doubled(false).stream().step(signal[0]),
      wholeOutputs(plain)[0].map((value) => 2 * value),
    );
    expect(messageOf(() => doubled(true).stream())).toMatchInlineSnapshot(`
      "[USAGE] wasm backend: a step that is recorded reads its numbers back.
        expected: operations on tensors alone
        fix: compute with \`ops\`, or leave \`isPointwiseInTime\` of the layer false."
    `);
    expectNear(plain.stream().step(signal[0]), wholeOutputs(plain)[0]);
  });

  it('refuses layers that need more than a step, and names them', () => {
    const refusal = (...layers: Layer[]): string =>
      messageOf(() => new Sequential(layers, { inputShape: [4, FEATURES] }).stream());
    expect(refusal(new Bidirectional({ layer: new LSTM({ units: 2 }) }))).toMatchInlineSnapshot(`
      "[USAGE] Bidirectional bidirectional: the layer cannot be run one time step at a time.
        expected: recurrent layers that read forwards, and layers that treat every step by itself
        received: Bidirectional
        fix: apply the model to whole sequences, or leave this layer out of it."
    `);
    expect(refusal(new LSTM({ units: 2, goBackwards: true, name: 'back' }))).toMatch(
      /^\[USAGE\] LSTM back: .*\n.*\n.*goBackwards: true/,
    );
    expect(refusal(new Conv1D({ filters: 2, kernelSize: 2 }))).toMatch(/^\[USAGE\] Conv1D/);
    expect(refusal(new LSTM({ units: 2, returnSequences: true }), new Flatten())).toMatch(/^\[USAGE\] Flatten/);
    expect(refusal(new Dense({ units: 2 }), new Embedding({ inputDim: 3, outputDim: 2, name: 'words' }))).toMatch(
      /^\[USAGE\] Sequential, layer `words` \(Embedding\)/,
    );
  });

  it('refuses what it cannot take', () => {
    const model = small();
    expect(messageOf(() => model.stream().step([1, 2]))).toMatchInlineSnapshot(`
      "[SHAPE_MISMATCH] ModelStream.step: the input has the wrong size.
        expected: 3 numbers for [1, 3]
        received: 2 numbers
        fix: give one step of every sequence."
    `);
    expect(messageOf(() => model.stream({ batchsize: 2 } as object))).toMatch(/^\[UNKNOWN_NAME\]/);
    expect(messageOf(() => model.stream({ batchSize: 0 }))).toMatch(/^\[OUT_OF_RANGE\]/);
    expect(messageOf(() => new Sequential([new LSTM({ units: 2 })]).stream())).toMatch(
      /^\[USAGE\] Sequential\.stream: the model has no weights yet/,
    );
    class Own extends Model {
      override call(x: Tensor): Tensor {
        return x;
      }
    }
    expect(messageOf(() => new Own().stream())).toMatch(/^\[USAGE\]/);
    const words = new Sequential([
      new Embedding({ inputDim: 4, outputDim: 2, maskZero: true, inputShape: [null] }),
      new LSTM({ units: 2 }),
    ]).stream();
    words.step(3);
    const state = words.getState();
    expect(messageOf(() => words.step(4))).toMatch(/^\[OUT_OF_RANGE\] Embedding.*index 4 at \[0, 0\]/);
    expect(messageOf(() => words.step(0))).toMatch(/^\[OUT_OF_RANGE\] Embedding.*padding/);
    expect(words.getState()).toEqual(state);
  });
});
