import { createRequire } from 'node:module';
import { describe, expect, it } from 'vitest';
import { messageAfter } from '../../../test/support/message-after.js';
import { normals } from '../../../test/support/random.js';
import { Activation } from '../../layers/activation.js';
import { Add } from '../../layers/add.js';
import { Attention } from '../../layers/attention.js';
import { BatchNormalization } from '../../layers/batch-normalization.js';
import { Bidirectional } from '../../layers/bidirectional.js';
import { Concatenate } from '../../layers/concatenate.js';
import { Conv1D } from '../../layers/conv-1d.js';
import { Dense } from '../../layers/dense.js';
import { Dot } from '../../layers/dot.js';
import { Dropout } from '../../layers/dropout.js';
import { Embedding } from '../../layers/embedding.js';
import { Flatten } from '../../layers/flatten.js';
import { GlobalMaxPooling1D } from '../../layers/global-max-pooling-1d.js';
import { GRU } from '../../layers/gru.js';
import type { Layer } from '../../layers/layer.js';
import { LayerNormalization } from '../../layers/layer-normalization.js';
import { LeakyReLU } from '../../layers/leaky-relu.js';
import { LSTM } from '../../layers/lstm.js';
import { Masking } from '../../layers/masking.js';
import { MaxPooling1D } from '../../layers/max-pooling-1d.js';
import { Permute } from '../../layers/permute.js';
import { PReLU } from '../../layers/prelu.js';
import type { OutputAndState } from '../../layers/recurrent-layer.js';
import { RepeatVector } from '../../layers/repeat-vector.js';
import { Reshape } from '../../layers/reshape.js';
import { RNN } from '../../layers/rnn.js';
import { SimpleRNN } from '../../layers/simple-rnn.js';
import { Softmax } from '../../layers/softmax.js';
import { SpatialDropout1D } from '../../layers/spatial-dropout-1d.js';
import { Subtract } from '../../layers/subtract.js';
import { input, type SymbolicTensor } from '../../layers/symbolic-tensor.js';
import { TimeDistributed } from '../../layers/time-distributed.js';
import { Random } from '../../random.js';
import { type Tensor, tensor } from '../../tensor/tensor.js';
import { Functional } from '../../training/graph/functional.js';
import type { Model } from '../../training/model.js';
import { Sequential } from '../../training/sequential.js';
import { readTensorFlowJs } from './read-tensorflow-js.js';
import { writeTensorFlowJs } from './write-tensorflow-js.js';

/** What is used here of TensorFlow.js, whose types are not wanted among those of the project. */
interface TfTensor {
  readonly shape: number[];
  dataSync(): ArrayLike<number>;
}
interface TensorFlow {
  tensor(data: ArrayLike<number>, shape: readonly number[]): TfTensor;
  loadLayersModel(handler: unknown): Promise<{ predict(x: TfTensor | TfTensor[]): TfTensor | TfTensor[] }>;
  io: { fromMemory(artifacts: object): unknown };
}
const require = createRequire(import.meta.url);
require('@tensorflow/tfjs-backend-cpu');
const tf = { ...require('@tensorflow/tfjs-core'), ...require('@tensorflow/tfjs-layers') } as TensorFlow;

const random = new Random(11);

/** With random weights, biases too. */
function drawn<M extends Model>(model: M): M {
  for (const [path, { variable }] of model.namedWeights('')) {
    const values = normals(variable.shape, random).dataSync();
    variable.assign(
      Float32Array.from(values, (value) => (path.endsWith('movingVariance') ? 0.5 + value * value : 0.4 * value)),
    );
  }
  return model;
}

interface Topology {
  readonly format: string;
  readonly modelTopology: object;
  readonly weightsManifest: { paths: string[]; weights: object[] }[];
}

async function openedByTensorFlow(files: ReadonlyMap<string, Uint8Array>): ReturnType<TensorFlow['loadLayersModel']> {
  const json = JSON.parse(new TextDecoder().decode(files.get('model.json'))) as Topology;
  const shards = json.weightsManifest.flatMap(({ paths }) => paths.map((path) => files.get(path)!));
  const weightData = Uint8Array.from(Buffer.concat(shards)).buffer;
  const weightSpecs = json.weightsManifest.flatMap(({ weights }) => weights);
  const { modelTopology, format } = json;
  return tf.loadLayersModel(tf.io.fromMemory({ modelTopology, format, weightSpecs, weightData }));
}

const flatOf = (result: unknown): Tensor[] =>
  Array.isArray(result)
    ? result
    : result !== null && typeof result === 'object' && 'dataSync' in result
      ? [result as Tensor]
      : (Object.values(result as object) as Tensor[]);

function expectNear(received: ArrayLike<number>, expected: ArrayLike<number>): void {
  expect(received.length).toBe(expected.length);
  expect(Math.max(...Array.from(expected, (value, i) => Math.abs(value - received[i])))).toBeLessThan(1e-5);
}

/** Opens what was written with TensorFlow.js, and again here; both give what the model gives, for two batches. */
async function expectSame(model: Model, shapes: readonly number[][], indices?: number): Promise<void> {
  drawn(model);
  const files = await writeTensorFlowJs(model);
  const theirs = await openedByTensorFlow(files);
  const { model: again, leftOver } = await readTensorFlowJs(new TextDecoder().decode(files.get('model.json')), {
    shard: async (path) => files.get(path)!,
  });
  expect(leftOver).toEqual([]);
  for (const batch of [3, 5]) {
    const given = shapes.map((shape) => {
      const all = [batch, ...shape];
      const values = normals(all, random).dataSync();
      // Padding at the end of some rows.
      return tensor(
        indices === undefined
          ? values
          : Float32Array.from(values, (value, i) =>
              i % 7 > 4 ? 0 : 1 + (Math.floor(Math.abs(value) * 99) % (indices - 1)),
            ),
        all,
      );
    });
    const forModel = (to: Model): never => {
      const names = (to as { inputNames?: readonly string[] }).inputNames ?? [];
      return (given.length === 1 ? given[0] : Object.fromEntries(given.map((value, i) => [names[i], value]))) as never;
    };
    const expected = flatOf(await model.predict(forModel(model)));
    const ours = flatOf(await again.predict(forModel(again)));
    const xs = given.map((value) => tf.tensor(Float32Array.from(value.dataSync()), value.shape));
    const received = [theirs.predict(xs.length === 1 ? xs[0] : xs)].flat();
    expected.forEach((output, i) => {
      expect(received[i].shape).toEqual([...output.shape]);
      expectNear(received[i].dataSync(), output.dataSync());
      expectNear(ours[i].dataSync(), output.dataSync());
    });
  }
}

const chains: Record<string, [layers: () => Layer<unknown>[], shape: number[], indices?: number]> = {
  'layers of LSTM, GRU and SimpleRNN': [
    () => [
      new LSTM({
        units: 5,
        returnSequences: true,
        inputShape: [null, 3],
        kernelRegularizer: 'l2',
        recurrentConstraint: 'maxNorm',
      }),
      new Dropout({ rate: 0.3 }),
      new GRU({ units: 6, resetAfter: false, returnSequences: true, goBackwards: true, useBias: false }),
      new SpatialDropout1D({ rate: 0.2 }),
      new SimpleRNN({ units: 7, activation: 'relu' }),
      new Dense({ units: 2, activation: 'softmax' }),
    ],
    [7, 3],
  ],
  'other activations of gates': [
    () => [
      new LSTM({
        units: 5,
        recurrentActivation: 'hardSigmoidTheano',
        activation: 'softsign',
        returnSequences: true,
        inputShape: [null, 3],
      }),
      new GRU({ units: 3, resetAfter: false, recurrentActivation: 'hardSigmoidTheano', activation: 'elu' }),
      new Dense({ units: 5, activation: 'mish' }),
      new Dense({ units: 3, activation: 'gelu' }),
    ],
    [5, 3],
  ],
  'words with padding, both directions': [
    () => [
      new Embedding({ inputDim: 11, outputDim: 3, maskZero: true, inputShape: [null] }),
      new Bidirectional({ layer: new LSTM({ units: 5, returnSequences: true }) }),
      new Bidirectional({ layer: new GRU({ units: 3, resetAfter: false }), mergeMode: 'mul' }),
    ],
    [7],
    11,
  ],
  'cells above each other': [
    () => [
      new RNN({
        cell: ['lstm', { cell: 'gruResetBefore', activation: 'relu' }, 'simple'],
        units: [5, 3, 6],
        returnSequences: true,
        inputShape: [null, 3],
      }),
      new Bidirectional({
        layer: new RNN({ cell: [{ cell: 'lstm', activation: 'relu' }], units: 3, returnSequences: true }),
        mergeMode: 'sum',
      }),
      new RNN({ cell: 'gruResetBefore', units: 5 }),
    ],
    [5, 3],
  ],
  'masks behind steps that are turned round': [
    () => [
      new Embedding({ inputDim: 11, outputDim: 3, maskZero: true, inputShape: [null] }),
      new LSTM({ units: 4, returnSequences: true, goBackwards: true, reverseMask: false }),
      new Dropout({ rate: 0.3 }),
      new GRU({ units: 6, resetAfter: false }),
    ],
    [7],
    11,
  ],
  'masks that nothing reads behind steps that are turned round': [
    () => [
      new Embedding({ inputDim: 11, outputDim: 3, maskZero: true, inputShape: [null] }),
      new LSTM({ units: 4, returnSequences: true, goBackwards: true }),
      new Dense({ units: 2 }),
    ],
    [7],
    11,
  ],
  'shapes and steps': [
    () => [
      new TimeDistributed({ layer: new Dense({ units: 6, activation: 'tanh' }), inputShape: [5, 3] }),
      new LayerNormalization(),
      new Permute({ dims: [2, 1] }),
      new Reshape({ targetShape: [10, 3] }),
      new Conv1D({ filters: 7, kernelSize: 3, padding: 'same' }),
      new BatchNormalization(),
      new LeakyReLU({ negativeSlope: 0.1 }),
      new MaxPooling1D({ poolSize: 2 }),
      new PReLU({ sharedAxes: [1] }),
      new Softmax(),
      new GlobalMaxPooling1D(),
      new RepeatVector({ n: 3 }),
      new Flatten(),
      new Activation({ activation: 'selu' }),
    ],
    [5, 3],
  ],
};

describe('a model for TensorFlow.js', () => {
  it.each(Object.entries(chains))('gives there what it gives here: %s', async (_, [layers, shape, indices]) => {
    await expectSame(new Sequential(layers() as Layer[]), [shape], indices);
  });

  it('may be a graph with shared layers and states that go on', async () => {
    const [source, target] = [input({ shape: [null, 3] }), input({ shape: [null, 5] })];
    const { output, states } = new LSTM({ units: 6, returnState: true, returnSequences: true }).apply(
      source,
    ) as never as OutputAndState & { output: SymbolicTensor };
    const decoder = new LSTM({ units: 6, returnSequences: true });
    const steps = decoder.apply(target, { initialState: states as never }) as SymbolicTensor;
    const shared = new Dense({ units: 7, activation: 'tanh' });
    const [a, b] = [shared.apply(steps), shared.apply(output as SymbolicTensor)] as SymbolicTensor[];
    const weighed = new Dot({ axes: [2, 2] }).apply([a, b]) as SymbolicTensor;
    const both = new Concatenate().apply([
      new Dot({ axes: [2, 1] }).apply([weighed, b]) as SymbolicTensor,
      a,
    ]) as SymbolicTensor;
    const kind = new Dense({ units: 3 }).apply(new Add().apply([both, both])) as SymbolicTensor;
    await expectSame(
      new Functional({ inputs: [source, target], outputs: { kind, state: states[0].cell as never as SymbolicTensor } }),
      [
        [5, 3],
        [7, 5],
      ],
    );
  });

  it('has its weights in shards of 4 MiB', async () => {
    const model = new Sequential([new Dense({ units: 1100, inputShape: [1100] })]);
    const files = await writeTensorFlowJs(model);
    expect([...files.keys()]).toEqual(['model.json', 'group1-shard1of2.bin', 'group1-shard2of2.bin']);
    expect(files.get('group1-shard1of2.bin')!.length).toBe(4 * 1024 * 1024);
    const theirs = await openedByTensorFlow(files);
    const x = normals([2, 1100], random);
    expectNear(
      (theirs.predict(tf.tensor(Float32Array.from(x.dataSync()), [2, 1100])) as TfTensor).dataSync(),
      (await model.predict(x)).dataSync(),
    );
  });
});

describe('what TensorFlow.js has no layer for is refused', () => {
  it('by its name, all at once', async () => {
    const model = new Sequential([
      new GRU({ name: 'after', units: 3, returnSequences: true, inputShape: [null, 3] }),
      new RNN({ name: 'minimal', cell: 'minGRU', units: 3, returnSequences: true }),
      new LSTM({ name: 'hard', units: 3, recurrentActivation: 'hardSigmoid' }),
    ]);
    const message = await messageAfter(() => writeTensorFlowJs(model));
    expect(message).toMatch(/^\[USAGE\] writeTensorFlowJs: TensorFlow\.js has no layers that compute what these do\./);
    expect(message).toContain('\n  expected: Activation, Add, AlphaDropout, Average, AveragePooling1D');
    expect(message).toContain(
      '\n  received: after (GRU): a GRU that resets after the product; that of TensorFlow.js resets before it ' +
        '(resetAfter: false); minimal (RNN): the cell minGRU; hard (LSTM): the activation "hardSigmoid"\n  fix: build',
    );
  });

  const lstm = { units: 3, returnSequences: true } as const;
  it.each<[string, Layer<unknown>[], string]>([
    ['a low rank', [new LSTM({ units: 6, recurrentRank: 2 })], 'the option recurrentRank'],
    ['a state that goes on', [new LSTM({ units: 3, stateful: true })], 'the option stateful'],
    ['zeros at masked steps', [new LSTM({ units: 3, zeroOutputForMask: true })], 'the option zeroOutputForMask'],
    ['a projection', [new LSTM({ units: 3, projectionUnits: 2 })], 'the option projectionUnits'],
    ['a cell that resets after', [new RNN({ cell: ['lstm', 'gru'], units: 3 })], 'a GRU that resets after the product'],
    [
      'two directions that differ',
      [new Bidirectional({ layer: new LSTM(lstm), backwardLayer: new SimpleRNN(lstm) })],
      'two directions that differ',
    ],
    [
      'cells above each other in both directions',
      [new Bidirectional({ layer: new RNN({ cell: ['lstm', 'simple'], units: 3 }) })],
      'several cells in each direction',
    ],
    ['causal windows', [new Conv1D({ filters: 3, kernelSize: 2, padding: 'causal' })], 'padding causal'],
    ['a model inside', [new Sequential([new Dense({ units: 3 })])], 'a model inside of a model'],
    ['an odd name', [new Dense({ units: 3, name: 'größe' })], 'the name "größe/kernel"'],
    [
      'a mask that is turned round',
      [new Masking(), new LSTM({ ...lstm, goBackwards: true }), new Dense({ units: 3 }), new LSTM({ units: 3 })],
      '(LSTM): goBackwards with a mask that later layers read, which TensorFlow.js does not turn round',
    ],
    ['a mask where none is taken', [new Masking(), new GlobalMaxPooling1D()], 'no masks in TensorFlow.js'],
  ])('%s', async (_, layers, said) => {
    const message = await messageAfter(() =>
      writeTensorFlowJs(new Sequential(layers as Layer[], { inputShape: [5, 6] })),
    );
    expect(message).toMatch(/^\[USAGE\] writeTensorFlowJs: TensorFlow\.js has no layers/);
    expect(message).toContain(said);
  });

  it('a layer of a graph', async () => {
    const x = input({ shape: [5, 3] });
    const outputs = new Subtract().apply([new Attention().apply([x, x]) as SymbolicTensor, x]) as SymbolicTensor;
    const message = await messageAfter(() => writeTensorFlowJs(new Functional({ inputs: x, outputs })));
    expect(message).toContain('attention (Attention): TensorFlow.js has no such layer; subtract (Subtract)');
  });

  it('what is no model, and one without weights', async () => {
    expect(await messageAfter(() => writeTensorFlowJs({} as never))).toContain(
      '[USAGE] writeTensorFlowJs: this is no model.',
    );
    expect(await messageAfter(() => writeTensorFlowJs(new Sequential([new Dense({ units: 3 })])))).toContain(
      'has no weights yet',
    );
  });
});
