import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { messageAfter } from '../../../test/support/message-after.js';
import { normals } from '../../../test/support/random.js';
import { deserializeModel, serializeModel } from '../../io/checkpoint.js';
import { useBackend } from '../../kernels/select.js';
import { Add } from '../../layers/add.js';
import { Bidirectional } from '../../layers/bidirectional.js';
import { Concatenate } from '../../layers/concatenate.js';
import { Dense } from '../../layers/dense.js';
import { GRU } from '../../layers/gru.js';
import { type Json, Layer, type OpenShape } from '../../layers/layer.js';
import { LSTM } from '../../layers/lstm.js';
import { maskOf } from '../../layers/mask.js';
import { Masking } from '../../layers/masking.js';
import { RNN } from '../../layers/rnn.js';
import { input } from '../../layers/symbolic-tensor.js';
import { Random } from '../../random.js';
import * as ops from '../../tensor/index.js';
import { valueAndGradients } from '../../tensor/tape.js';
import { type Tensor, tensor } from '../../tensor/tensor.js';
import { Model } from '../model.js';
import { Functional } from './functional.js';

beforeAll(() => void useBackend('reference'));
afterAll(() => void useBackend('wasm'));

const x = normals([3, 5, 7], new Random(2));
const numbersOf = (tensors: readonly Tensor[]): number[][] => tensors.map((one) => [...one.dataSync()]);

/** Values and gradients of the same sum of squares. */
function trained(model: Model, work: () => readonly Tensor[]): number[][] {
  const { value, gradients } = valueAndGradients(
    () => work().reduce((sum, one, i) => ops.add(sum, ops.mul(ops.sum(ops.square(one)), i + 1)), tensor(0)),
    model.weights,
  );
  return numbersOf([value, ...gradients]);
}

function loaded<Output extends Model>(model: Output): Output {
  return deserializeModel(serializeModel(model)).model as unknown as Output;
}

describe('layers that give several tensors in a graph', () => {
  it('are a Bidirectional whose states begin another', () => {
    const text = input({ shape: [null, 7] });
    const inner = new LSTM({ units: 4, returnState: true });
    const first = new Bidirectional({ layer: inner });
    const second = new Bidirectional({ layer: new LSTM({ units: 4, returnSequences: true }) });
    const read = first.apply(text);
    const { forward, backward } = read;
    const again = second.apply(text, { initialState: { forward, backward } });
    const model = new Functional({
      inputs: text,
      outputs: { end: read.output, again, cell: backward[0].cell },
    });
    const graph = trained(model, () => Object.values(model.apply(x)));
    const written = trained(model, () => {
      const { output, forward, backward } = first.apply(x);
      return [output, second.apply(x, { initialState: { forward, backward } }), backward[0].cell];
    });
    expect(graph).toEqual(written);
    expect(model.summary()).toContain('bidirectional/forward/0/cell, bidirectional/backward/0/hidden');
    const { end } = loaded(model).apply(x);
    expect([...end.dataSync()]).toEqual([...model.apply(x).end.dataSync()]);
    expect(loaded(model).summary()).toBe(model.summary());
  });

  it('are the states of both directions, side by side the states of a decoder', () => {
    const [source, target] = [input({ shape: [null, 7] }), input({ shape: [null, 3] })];
    const inner = new LSTM({ units: 4, returnState: true });
    const { forward, backward } = new Bidirectional({ layer: inner }).apply(source);
    const both = (state: 'hidden' | 'cell') => new Concatenate().apply([forward[0][state], backward[0][state]]);
    const decoder = new LSTM({ units: 8, returnSequences: true });
    const decoded = decoder.apply(target, { initialState: { hidden: both('hidden'), cell: both('cell') } });
    const model = new Functional({ inputs: { source, target }, outputs: decoded });
    const y = normals([3, 4, 3], new Random(3));
    const reader = model.layers.find((layer) => layer instanceof Bidirectional) as Bidirectional<'concat', true>;
    const written = () => {
      const states = reader.apply(x);
      const side = (state: string) => ops.concatenate([states.forward[0][state], states.backward[0][state]], -1);
      return [decoder.apply(y, { initialState: { hidden: side('hidden'), cell: side('cell') } })];
    };
    expect(trained(model, () => [model.apply([x, y])])).toEqual(trained(model, written));
  });

  it('are both directions apart, of widths of their own', () => {
    const text = input({ shape: [null, 7] });
    const both = new Bidirectional({
      layer: new GRU({ units: 4, returnSequences: true }),
      backwardLayer: new GRU({ units: 3, returnSequences: true }),
      mergeMode: 'none',
    });
    const [forward, backward] = both.apply(new Masking().apply(text));
    expect([forward.shape, backward.shape]).toEqual([
      [null, null, 4],
      [null, null, 3],
    ]);
    const model = new Functional({ inputs: text, outputs: [new Dense({ units: 2 }).apply(backward), forward] });
    const restored = loaded(model);
    expect(numbersOf(restored.apply(x))).toEqual(numbersOf(model.apply(x)));
    const [dense, alone] = model.apply(x);
    const apart = both.apply(x);
    expect([...alone.dataSync()]).toEqual([...apart[0].dataSync()]);
    expect(dense.shape).toEqual([3, 5, 2]);
  });

  it('are models, in a list or by name, inside each other', async () => {
    const inside = input({ shape: [null, 7] });
    const states = new LSTM({ units: 3, returnSequences: true }).apply(new Masking().apply(inside));
    const pair = new Functional({ inputs: inside, outputs: { states, plain: inside }, name: 'pair' });
    const [a, b] = [input({ shape: [null, 7] }), input({ shape: [null, 7] })];
    const listed = new Functional({
      inputs: [a, b],
      outputs: [pair.apply(a).states, new Add().apply([pair.apply(b).plain, a])],
      name: 'listed',
    });
    const text = input({ shape: [null, 7] });
    const [first, second] = listed.apply([text, text]);
    const model = new Functional({ inputs: text, outputs: new Concatenate().apply([first, second]) });

    const masked = ops.mul(x, tensor([[[1], [0], [1], [1], [0]]], [1, 5, 1]));
    const [one, two] = listed.apply([masked, masked]);
    expect(maskOf(one)).toEqual(maskOf(pair.apply(masked).states));
    expect(maskOf(two)).toBeUndefined();
    expect(numbersOf([two])).toEqual(numbersOf([ops.add(masked, masked)]));
    expect(numbersOf([model.apply(masked)])).toEqual(numbersOf([new Concatenate().apply([one, two])]));
    expect(Object.keys(model.getWeights())[0]).toBe('listed/pair/lstm/cell/kernel');
    const config = JSON.parse(JSON.stringify(model.getConfig())) as { nodes: object[] };
    expect(config.nodes.at(-1)).toEqual({
      name: 'concatenate',
      layer: 'concatenate',
      inputs: ['listed/0', 'listed/1'],
    });
    const restored = loaded(model);
    expect(restored.summary()).toBe(model.summary());
    expect(numbersOf([restored.apply(masked)])).toEqual(numbersOf([model.apply(masked)]));
    expect(model.summary()).toMatch(
      /listed \(Functional\) +\[any, any, 3\], \[any, any, 7\] +132 {2}inputLayer, inputLayer\n/,
    );
  });

  it('are classes that say so, also by name', async () => {
    const text = input({ shape: [null, 6] });
    const { left, rest } = new Cut().apply(text);
    expect([left.shape, rest[0].shape]).toEqual([
      [null, null, 2],
      [null, null, 4],
    ]);
    const model = new Functional({ inputs: text, outputs: new Concatenate().apply([rest[0], left]) });
    expect(model.apply(tensor([[[1, 2, 3, 4, 5, 6]]])).array()).toEqual([[[3, 4, 5, 6, 1, 2]]]);
    expect(model.getConfig().nodes).toContainEqual({
      name: 'concatenate',
      layer: 'concatenate',
      inputs: ['cut/rest/0', 'cut/left'],
    });
    const wrong = new Functional({ inputs: text, outputs: new Cut(true).apply(text).left });
    expect(await messageAfter(() => wrong.apply(tensor([[[1, 2, 3, 4, 5, 6]]])))).toMatch(
      /`cut` \(Cut\): it returns other tensors than its shapes say.\n {2}expected: left, rest\/0\n {2}received: one tensor\n/,
    );
  });

  it('are named where a single tensor is needed', async () => {
    const text = input({ shape: [null, 7] });
    const code = new LSTM({ units: 4, returnState: true }).apply(text);
    expect(await messageAfter(() => new Functional({ inputs: text, outputs: code as never }))).toMatch(
      /`outputs` holds something other.*\n.*\n {2}received: states: an array/,
    );
    expect(await messageAfter(() => new Dense({ units: 2 }).apply(code as never))).toMatch(
      /a layer is applied to tensors/,
    );
    const pair = new Functional({ inputs: text, outputs: [text, code.output] });
    expect(await messageAfter(() => pair.computeOutputShape([null, 5, 7]))).toMatch(
      /a model with several outputs.*no single shape[\s\S]*in a graph/,
    );
    const both = pair.apply(input({ shape: [null, 7] }));
    expect(await messageAfter(() => new Dense({ units: 2 }).apply(both))).toMatch(/the layer takes one tensor/);
  });

  it('train as those of a model whose call does the same', async () => {
    class Written extends Model<Readonly<Record<string, Tensor>>> {
      encoder = new RNN({ cell: ['gru', 'lstm'], units: [4, 3], returnState: true });
      value = new Dense({ units: 1 });
      kind = new Dense({ units: 3, activation: 'softmax' });
      override call(given: Tensor): Readonly<Record<string, Tensor>> {
        const { output, states } = this.encoder.apply(given);
        return { value: this.value.apply(states[0].hidden), kind: this.kind.apply(output) };
      }
    }
    const inside = input({ shape: [null, 7] });
    const { output, states } = new RNN({ cell: ['gru', 'lstm'], units: [4, 3], returnState: true }).apply(inside);
    const pair = new Functional({ inputs: inside, outputs: { output, low: states[0].hidden } });
    const text = input({ shape: [null, 7] });
    const code = pair.apply(text);
    const value = new Dense({ units: 1 }).apply(code.low);
    const kind = new Dense({ units: 3, activation: 'softmax' }).apply(code.output);
    const graph = new Functional({ inputs: text, outputs: { value, kind } });
    const written = new Written();
    await written.predict(x);
    written.weights.forEach((weight, i) => weight.assign(graph.weights[i].dataSync()));
    const y = { value: normals([3, 1], new Random(6)), kind: tensor([2, 0, 1]) };
    const losses = [];
    for (const model of [written, graph] as readonly Model<Readonly<Record<string, Tensor>>>[]) {
      model.compile({ optimizer: 'adam', loss: { value: 'mse', kind: 'sparseCategoricalCrossentropy' } });
      losses.push((await model.fit(x, y, { epochs: 3, shuffle: false })).metrics);
    }
    expect(losses[1]).toEqual(losses[0]);
    expect(losses[0].kindLoss[2]).not.toBe(losses[0].kindLoss[0]);
  });
});

/** The first two features, and the others in a list. */
class Cut extends Layer<Readonly<{ left: Tensor; rest: readonly Tensor[] }>> {
  override readonly className = 'Cut';
  constructor(readonly isWrong = false) {
    super('Cut', {}, []);
  }
  override build(): void {}
  override call(given: Tensor | readonly Tensor[]): Readonly<{ left: Tensor; rest: readonly Tensor[] }> {
    if (this.isWrong) return given as never;
    const one = given as Tensor;
    return { left: ops.slice(one, 2, 0, 2), rest: [ops.slice(one, 2, 2)] };
  }
  override computeOutputShape([batch, time]: OpenShape): OpenShape {
    return [batch, time, 2];
  }
  override computeOutputShapes(shape: OpenShape): { left: OpenShape; rest: OpenShape[] } {
    return { left: this.computeOutputShape(shape), rest: [[shape[0], shape[1], shape[2]! - 2]] };
  }
  override getConfig(): Record<string, Json | undefined> {
    return this.baseConfig();
  }
}
