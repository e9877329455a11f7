import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { expectClose } from '../../../test/support/close.js';
import { messageAfter } from '../../../test/support/message-after.js';
import { useBackend } from '../../kernels/select.js';
import { Concatenate } from '../../layers/concatenate.js';
import { Dense } from '../../layers/dense.js';
import { Dropout } from '../../layers/dropout.js';
import { Embedding } from '../../layers/embedding.js';
import { GRU } from '../../layers/gru.js';
import { type CallOptions, type Json, Layer, type OpenShape } from '../../layers/layer.js';
import { LSTM } from '../../layers/lstm.js';
import { maskOf, setMask } from '../../layers/mask.js';
import { Masking } from '../../layers/masking.js';
import { input, type SymbolicTensor } from '../../layers/symbolic-tensor.js';
import { TiedDense } from '../../layers/tied-dense.js';
import { Random, setSeed } from '../../random.js';
import * as ops from '../../tensor/index.js';
import { valueAndGradients } from '../../tensor/tape.js';
import { type Tensor, tensor } from '../../tensor/tensor.js';
import { Model } from '../model.js';
import { Sequential } from '../sequential.js';
import { Functional } from './functional.js';

beforeAll(() => void useBackend('reference'));
afterAll(() => void useBackend('wasm'));

const random = new Random(5);
const drawn = (shape: readonly number[]): Tensor =>
  tensor(
    Float64Array.from({ length: shape.reduce((a, b) => a * b, 1) }, () => random.normal()),
    shape,
  );
const [source, target] = [drawn([9, 5, 7]), drawn([9, 3])];
const value = drawn([9, 1]);
const kind = Array.from({ length: 9 }, (_, i) => i % 3);

/** Layers of a model of two inputs and two outputs, with dropout so that random streams count. */
const parts = () => ({
  encoder: new LSTM({ units: 4, dropout: 0.3 }),
  merge: new Concatenate(),
  value: new Dense({ units: 1 }),
  kind: new Dense({ units: 3, activation: 'softmax' }),
});

class Written extends Model<Readonly<Record<string, Tensor>>> {
  override readonly inputNames = ['source', 'target'];
  layers = parts();
  encoder = this.layers.encoder;
  merge = this.layers.merge;
  value = this.layers.value;
  kind = this.layers.kind;

  override call([first, second]: readonly Tensor[], options: CallOptions): Readonly<Record<string, Tensor>> {
    const merged = this.merge.apply([this.encoder.apply(first, options), second]);
    return { value: this.value.apply(merged), kind: this.kind.apply(merged) };
  }
}

function drawnGraph() {
  const { encoder, merge, value: number, kind: classes } = parts();
  const inputs = { source: input({ shape: [null, 7] }), target: input({ shape: [3] }) };
  const merged = merge.apply([encoder.apply(inputs.source), inputs.target]);
  return new Functional({ inputs, outputs: { value: number.apply(merged), kind: classes.apply(merged) } });
}

const howTrained = {
  optimizer: 'adam',
  loss: { value: 'meanSquaredError', kind: 'sparseCategoricalCrossentropy' },
  lossWeights: { kind: 0.5 },
  metrics: { kind: ['accuracy'] },
} as const;

describe('a Functional', () => {
  it('that is a chain has the weights, history and predictions of a Sequential, bit for bit', async () => {
    const chain = () => [
      new LSTM({ units: 4, returnSequences: true, dropout: 0.2 }),
      new GRU({ units: 3 }),
      new Dense({ units: 3, activation: 'softmax' }),
    ];
    const results = [];
    for (const isGraph of [false, true]) {
      setSeed(7);
      const layers: readonly Layer[] = chain();
      const x = input({ shape: [null, 7] });
      const model = isGraph
        ? new Functional({
            inputs: x,
            outputs: layers.reduce((before: SymbolicTensor, layer) => layer.apply(before), x),
          })
        : new Sequential(layers, { inputShape: [null, 7] });
      model.compile({ optimizer: 'adam', loss: 'sparseCategoricalCrossentropy', metrics: ['accuracy'] });
      const { metrics } = await model.fit(source, kind, { epochs: 3, batchSize: 4, validationSplit: 0.2 });
      results.push({
        metrics,
        predicted: [...(await (model as Model<Tensor>).predict(source)).dataSync()],
        weights: Object.entries(model.getWeights())
          .filter(([, { size }]) => size > 0)
          .map(([name, weight]) => [name, [...weight.dataSync()]]),
      });
    }
    expect(results[1]).toEqual(results[0]);
    expect(results[0].metrics.loss).toHaveLength(3);
  });

  it('gives a loss its last layer without the activation, so that far scores are not rounded to 0 and 1', async () => {
    const x = input({ shape: [1] });
    const model = new Functional({
      inputs: x,
      outputs: new Dense({ units: 1, activation: 'sigmoid', kernelInitializer: 'ones' }).apply(x),
    });
    model.compile({ optimizer: 'sgd', loss: 'binaryCrossentropy' });
    expect((await model.evaluate([[300]], [[0]])).loss).toBe(300);
    expect((await model.predict([[300]])).array()).toEqual([[1]]);
  });

  it('has outputs that other layers read', async () => {
    const x = input({ shape: [3] });
    const first = new Dense({ units: 2, activation: 'softmax' }).apply(x);
    const second = new Dense({ units: 1 }).apply(first);
    const [one, two] = new Functional({ inputs: x, outputs: [first, second] }).layers.slice(1) as Dense[];
    const results = await new Functional({ inputs: x, outputs: { first, second } }).predict(target);
    expect([...results.first.dataSync()]).toEqual([...one.apply(target).dataSync()]);
    expect([...results.second.dataSync()]).toEqual([...two.apply(one.apply(target)).dataSync()]);
  });

  it('gives the head of its last layer as a layer of another model', async () => {
    const [x, y] = [input({ shape: [1] }), input({ shape: [1] })];
    const inner = new Functional({
      inputs: x,
      outputs: new Dense({ units: 1, activation: 'sigmoid', kernelInitializer: 'ones' }).apply(x),
    });
    for (const model of [new Functional({ inputs: y, outputs: inner.apply(y) }), new Sequential([inner])]) {
      model.compile({ optimizer: 'sgd', loss: 'binaryCrossentropy' });
      expect((await model.evaluate([[300]], [[0]])).loss).toBe(300);
    }
  });

  it('of two inputs and outputs trains as a model whose call does the same', async () => {
    const results = [];
    for (const make of [() => new Written(), drawnGraph]) {
      setSeed(3);
      const model: Model<Readonly<Record<string, Tensor>>> = make();
      model.compile(howTrained);
      const { metrics } = await model.fit(
        { target, source },
        { kind: tensor(kind), value },
        { epochs: 3, batchSize: 4 },
      );
      const predicted = await model.predict({ source, target });
      results.push({
        metrics,
        evaluated: await model.evaluate({ source, target }, { value, kind: tensor(kind) }),
        predicted: Object.entries(predicted).map(([name, { shape, dataSync }]) => [
          name,
          shape,
          dataSync !== undefined,
        ]),
        numbers: [...Object.values(predicted), ...Object.values(model.getWeights())].map((output) => output.dataSync()),
      });
    }
    // A graph computes its losses from logits, a `call` from what it returns: they differ in rounding.
    const [written, drawn] = results.map(({ metrics, evaluated, numbers }) => [
      ...Object.values(metrics).flat(),
      ...Object.values(evaluated),
      ...numbers.flatMap((values) => [...values]),
    ]);
    expectClose(drawn, written, 1e-13, 'losses, outputs and weights');
    expect(results[1].predicted).toEqual(results[0].predicted);
    expect(Object.keys(results[0].evaluated)).toEqual(['loss', 'valueLoss', 'kindLoss', 'kindAccuracy']);
  });

  it('takes and returns lists, and names the inputs of a list after their layers', async () => {
    const [a, b] = [input({ shape: [3], name: 'left' }), input({ shape: [3], name: 'right' })];
    const model = new Functional({ inputs: [a, b], outputs: [new Dense({ units: 2 }).apply(a), b] });
    const [first, second] = await model.predict([target, target]);
    expect([first.shape, [...second.dataSync()]]).toEqual([[9, 2], [...target.dataSync()]]);
    expect((await model.predict({ right: target, left: target })).map(({ shape }) => shape)).toEqual([
      [9, 2],
      [9, 3],
    ]);
    expect(model.inputNames).toEqual(['left', 'right']);
  });

  it('has one set of weights for a layer that is applied twice, and the sum of both gradients', () => {
    const [a, b] = [input({ shape: [3] }), input({ shape: [3] })];
    const shared = new Dense({ units: 2, activation: 'tanh' });
    const model = new Functional({
      inputs: [a, b],
      outputs: new Concatenate().apply([a, b].map((x) => shared.apply(x))),
    });
    expect(model.countParams()).toBe(8);
    const [first, second] = [drawn([4, 3]), drawn([4, 3])];
    const gradients = (work: () => Tensor): number[] =>
      valueAndGradients(() => ops.sum(ops.square(work())), model.weights).gradients.flatMap((one) => [
        ...one.dataSync(),
      ]);
    const both = gradients(() => model.apply([first, second]));
    const [one, other] = [first, second].map((x) => gradients(() => shared.apply(x)));
    both.forEach((sum, i) => expect(sum).toBeCloseTo(one[i] + other[i], 12));
    expect(model.summary()).toBe(
      [
        `Functional ${model.name}`,
        'layer                      output shape  parameters  connected to',
        '-------------------------------------------------------------------',
        'inputLayer (InputLayer)    [any, 3]               0',
        'inputLayer1 (InputLayer)   [any, 3]               0',
        'dense (Dense)              [any, 2]               8  inputLayer',
        'dense#2 (Dense)            [any, 2]          shared  inputLayer1',
        'concatenate (Concatenate)  [any, 4]               0  dense, dense#2',
        '-------------------------------------------------------------------',
        'parameters: 8 (trainable 8, frozen 0)',
      ].join('\n'),
    );
  });

  it('is a layer of another graph, with its own names', async () => {
    const inside = input({ shape: [null, 7] });
    const encoder = new Functional({ inputs: inside, outputs: new GRU({ units: 4 }).apply(inside), name: 'encoder' });
    const [a, b] = [input({ shape: [null, 7] }), input({ shape: [null, 7] })];
    const model = new Functional({
      inputs: { a, b },
      outputs: new Concatenate().apply([encoder.apply(a), encoder.apply(b)]),
    });
    expect(Object.keys(model.getWeights())).toEqual([
      'encoder/gru/cell/kernel',
      'encoder/gru/cell/recurrentKernel',
      'encoder/gru/cell/bias',
    ]);
    const both = await model.predict({ a: source, b: source });
    const alone = [...(await encoder.predict(source)).dataSync()];
    expect([...ops.slice(both, 1, 0, 4).dataSync()]).toEqual(alone);
    expect([...ops.slice(both, 1, 4).dataSync()]).toEqual(alone);
  });

  it('gives its memory back', () => {
    const model = drawnGraph();
    const [weight] = model.weights;
    model.dispose();
    expect(() => weight.dataSync()).toThrow(/used after dispose/);
  });

  it('finds tied layers', () => {
    const words = new Embedding({ inputDim: 11, outputDim: 4 });
    const x = input({ shape: [null] });
    const code = new LSTM({ units: 4, returnSequences: true }).apply(words.apply(x));
    const model = new Functional({ inputs: x, outputs: new TiedDense({ embedding: words }).apply(code) });
    expect(model.computeOutputShape([null, 5])).toEqual([null, 5, 11]);
    expect(Object.keys(model.getWeights()).filter((name) => name.startsWith('embedding'))).toHaveLength(1);
  });
});

/** Returns its input itself, with the mask of every other step. */
class HalfMask extends Layer {
  override readonly className = 'HalfMask';
  constructor() {
    super('HalfMask', {}, []);
  }
  override build(): void {}
  override call(x: Tensor | readonly Tensor[], { mask: _ }: CallOptions): Tensor {
    setMask(
      x as Tensor,
      Uint8Array.from({ length: 10 }, (_, i) => i % 2),
    );
    return x as Tensor;
  }
  override computeOutputShape(shape: OpenShape): OpenShape {
    return shape;
  }
  override getConfig(): Record<string, Json | undefined> {
    return this.baseConfig();
  }
}

describe('masks in a graph', () => {
  const numbers = tensor([
    [
      [1, 2],
      [0, 0],
      [3, 4],
      [0, 0],
      [0, 0],
    ],
    [
      [5, 6],
      [7, 8],
      [0, 0],
      [9, 1],
      [2, 3],
    ],
  ]);
  const hidden = [1, 0, 1, 0, 0, 1, 1, 0, 1, 1];

  it('go along each edge: what one branch hides, the other reads', () => {
    const x = input({ shape: [null, 2] });
    const sums = new Dense({ units: 1, kernelInitializer: 'ones' });
    const model = new Functional({ inputs: x, outputs: [sums.apply(new Masking().apply(x)), sums.apply(x)] });
    const [masked, plain] = model.apply(numbers);
    expect([...maskOf(masked)!]).toEqual(hidden);
    expect(maskOf(plain)).toBeUndefined();
  });

  it('that a layer gives its very input are not those of others that read it', () => {
    for (const isFirst of [true, false]) {
      const x = input({ shape: [null, 2] });
      const [half, plain] = [new HalfMask(), new Dense({ units: 1 })];
      const outputs = isFirst ? [half.apply(x), plain.apply(x)] : [plain.apply(x), half.apply(x)];
      const results = new Functional({ inputs: x, outputs }).apply(ops.add(numbers, 0));
      const [own, other] = isFirst ? results : [...results].reverse();
      expect([...maskOf(own)!]).toEqual([0, 1, 0, 1, 0, 1, 0, 1, 0, 1]);
      expect(maskOf(other)).toBeUndefined();
    }
  });

  it('reach the loss, so that padding does not count', async () => {
    const x = input({ shape: [null, 2] });
    const model = new Functional({ inputs: x, outputs: new Dense({ units: 1 }).apply(new Masking().apply(x)) });
    model.compile({ optimizer: 'sgd', loss: 'meanSquaredError' });
    const y = (there: number) =>
      tensor(
        Float64Array.from(hidden, (counts, i) => (counts ? i : there)),
        [2, 5, 1],
      );
    expect(await model.evaluate(numbers, y(99))).toEqual(await model.evaluate(numbers, y(-1)));
  });
});

describe('what a graph refuses', () => {
  it('says which layer cannot take what from which', async () => {
    const x = input({ shape: [null, 7], name: 'text' });
    const code = new LSTM({ units: 4, name: 'reader' }).apply(x);
    expect(await messageAfter(() => new GRU({ units: 3 }).apply(code))).toBe(
      '[SHAPE_MISMATCH] the layer `GRU` (GRU): the input has the wrong shape.\n' +
        '  expected: [batch, time, features]\n' +
        '  received: [any, 4] from `reader`\n' +
        '  fix: a recurrent layer reads sequences: give it [batch, time, features], for example from an Embedding or a ' +
        'layer with returnSequences: true.',
    );
    expect(await messageAfter(() => new Dense({ units: 3 }).apply([x, code]))).toBe(
      '[SHAPE_MISMATCH] the layer `Dense` (Dense): the layer takes one tensor.\n' +
        '  expected: one tensor\n' +
        '  received: [any, any, 7] from `text`, [any, 4] from `reader`\n' +
        '  fix: merge them first, with Concatenate or Add; a class of your own that takes several says takesSeveral.',
    );
    expect(await messageAfter(() => new Concatenate({ axis: 1, name: 'join' }).apply([x, code]))).toMatch(
      /`join` \(Concatenate\): inputs .* differ in another axis.\n {2}expected: the axes of \[any, any, 7\] but for axis 1/,
    );
    const shared = new Dense({ units: 2, name: 'shared' });
    const outputs = [shared.apply(code), shared.apply(x)];
    expect(await messageAfter(() => new Functional({ inputs: x, outputs }))).toMatch(
      /`shared` \(Dense\): the input has the wrong shape.*\n {2}expected: .*4.*\n {2}received: \[any, any, 7\] from `text`/,
    );
  });

  it('says which input is missing, unused, given twice or none', async () => {
    const [a, b] = [input({ shape: [3], name: 'a' }), input({ shape: [3], name: 'b' })];
    const both = new Concatenate().apply([a, b]);
    const messageOf = (inputs: never, outputs: never) => messageAfter(() => new Functional({ inputs, outputs }));
    expect(await messageOf({ a } as never, both as never)).toMatch(
      /from an input `b` that is not among .*\n.*\n {2}received: a\n/,
    );
    expect(await messageOf([a, b] as never, new Dense({ units: 1 }).apply(a) as never)).toMatch(/from the input `b`/);
    expect(await messageOf([a, a] as never, a as never)).toMatch(/an input is given twice/);
    expect(await messageOf(target as never, both as never)).toMatch(
      /`inputs` holds something other.*\n.*\n {2}received: shape: an array/,
    );
    expect(await messageOf({ a: [3] } as never, both as never)).toMatch(/received: a: an array/);
    expect(await messageOf(a as never, [] as never)).toMatch(/`outputs` holds something other/);
  });

  it('refuses options and numbers beside symbolic tensors', async () => {
    const x = input({ shape: [3] });
    const dense = new Dense({ units: 1 });
    expect(await messageAfter(() => dense.apply(x as never, { training: true }))).toMatch(/has no option `training`/);
    expect(await messageAfter(() => new Concatenate().apply([x, target] as never))).toMatch(
      /only some of the inputs are symbolic.*\n.*\n {2}received: input 1: a Tensor/,
    );
  });

  it('refuses data of another number, name or shape before weights change', async () => {
    const model = drawnGraph();
    model.compile(howTrained);
    const y = { value, kind: tensor(kind) };
    await expect(model.fit(source, y)).rejects.toThrow(/another number of arrays than the model takes/);
    await expect(model.fit({ source, other: target }, y)).rejects.toThrow(/expected: { source, target }/);
    await expect(model.fit({ source: target, target }, y)).rejects.toThrow(/InputLayer.*wrong shape/);
    expect(() => model.apply([source])).toThrow(/expected: 2: source, target\n {2}received: 1/);
  });
});

it('draws dropout from the stream of the model, not from those of others', async () => {
  const losses = [];
  for (const others of [0, 2]) {
    setSeed(9);
    const x = input({ shape: [3] });
    const model = new Functional({
      inputs: x,
      outputs: new Dense({ units: 1 }).apply(new Dropout({ rate: 0.5 }).apply(x)),
    });
    model.compile({ optimizer: 'sgd', loss: 'mse' });
    vi.spyOn(console, 'warn');
    for (let other = 0; other < others; other++) new Sequential([new Dense({ units: 3 })], { inputShape: [2] });
    losses.push((await model.fit(target, value, { epochs: 2 })).metrics.loss);
  }
  expect(losses[1]).toEqual(losses[0]);
});
