import { describe, expect, it } from 'vitest';
import { damagedFiles } from '../../test/support/damaged-files.js';
import { messageAfter } from '../../test/support/message-after.js';
import { RondoError } from '../errors.js';
import { AdditiveAttention } from '../layers/additive-attention.js';
import { Attention } from '../layers/attention.js';
import { BatchNormalization } from '../layers/batch-normalization.js';
import { Bidirectional } from '../layers/bidirectional.js';
import { Concatenate } from '../layers/concatenate.js';
import { Conv1D } from '../layers/conv-1d.js';
import { Conv2D } from '../layers/conv-2d.js';
import { Dense } from '../layers/dense.js';
import { Embedding } from '../layers/embedding.js';
import { GlobalAveragePooling2D } from '../layers/global-average-pooling-2d.js';
import { GroupNormalization } from '../layers/group-normalization.js';
import { GRU } from '../layers/gru.js';
import { type Layer, type OpenShape, singleInput } from '../layers/layer.js';
import { LayerNormalization } from '../layers/layer-normalization.js';
import { LSTM } from '../layers/lstm.js';
import { MaxPooling2D } from '../layers/max-pooling-2d.js';
import { MultiHeadAttention } from '../layers/multi-head-attention.js';
import { RepeatVector } from '../layers/repeat-vector.js';
import { Reshape } from '../layers/reshape.js';
import { RNN } from '../layers/rnn.js';
import { input } from '../layers/symbolic-tensor.js';
import { TiedDense } from '../layers/tied-dense.js';
import { TimeDistributed } from '../layers/time-distributed.js';
import { Random } from '../random.js';
import * as ops from '../tensor/index.js';
import type { Tensor } from '../tensor/tensor.js';
import { type Callback, CSVLogger, EarlyStopping, ReduceLROnPlateau } from '../training/callbacks/index.js';
import { Functional } from '../training/graph/functional.js';
import { registerLayer } from '../training/layer-registry.js';
import { Model } from '../training/model.js';
import { Sequential } from '../training/sequential.js';
import type { TrainingSnapshot } from '../training/snapshot.js';
import { deserializeModel, loadWeights, serializeModel } from './checkpoint.js';
import { metadataKey } from './checkpoint-metadata.js';
import { checksumKey } from './file-checksum.js';
import { decodeSafetensors, encodeSafetensors } from './safetensors.js';

const layered = (layers: readonly Layer[], inputShape: readonly (number | null)[]): Uint8Array => {
  const model = new Sequential(layers, { inputShape });
  model.compile({ optimizer: 'adam', loss: 'mse', metrics: ['mae'] });
  return serializeModel(model, { includeOptimizer: true });
};
const recurrent = [
  new Bidirectional({ layer: new LSTM({ units: 5, returnSequences: true, dropout: 0.1 }) }),
  new Conv1D({ filters: 4, kernelSize: 3, kernelRegularizer: 'l1' }),
  new RNN({ cell: ['gru', { cell: 'peepholeLSTM', units: 6, useBias: false }], units: 3, returnSequences: true }),
  new TimeDistributed({ layer: new Dense({ units: 3 }) }),
  new GroupNormalization({ groups: 3, axis: -1 }),
  new GRU({ units: 4, zoneout: { hidden: 0.1 } }),
  new LayerNormalization(),
  new BatchNormalization({ momentum: 0.9 }),
  new RepeatVector({ n: 2 }),
  new Reshape({ targetShape: [4, -1] }),
];
const attention = [
  new MultiHeadAttention({ numHeads: 2, keyDim: 3, outputShape: [6], slidingWindow: 4 }),
  new Attention({ useScale: true, scoreMode: 'concat' }),
  new AdditiveAttention({ dropout: 0.1 }),
];
const grids = [
  new Conv2D({ filters: 6, kernelSize: [3, 2], groups: 2, padding: 'same' }),
  new MaxPooling2D({ poolSize: [2, 3] }),
  new GlobalAveragePooling2D(),
];
const words = [new Embedding({ inputDim: 11, outputDim: 6, name: 'table' }), new TiedDense({ embedding: 'table' })];

/** A layer twice, another graph inside, two named outputs. */
const graph = (): Uint8Array => {
  const [first, second, code] = [input({ shape: [9, 7] }), input({ shape: [null, 7] }), input({ shape: [10] })];
  const encoder = new GRU({ units: 5, returnState: true });
  const head = new Functional({ inputs: code, outputs: new Dense({ units: 3 }).apply(code) });
  const read = encoder.apply(first);
  const both = new Concatenate().apply([read.output, encoder.apply(second, { initialState: read.states }).output]);
  const model = new Functional({
    inputs: { first, second },
    outputs: { head: head.apply(both), value: new Dense({ units: 1 }).apply(both) },
  });
  model.compile({ optimizer: 'adam', loss: { head: 'mse', value: 'mae' } });
  return serializeModel(model, { includeOptimizer: true });
};

/** A file whose description is edited as text. */
function described(good: Uint8Array, edit: (text: string) => string): Uint8Array {
  const { tensors, metadata } = decodeSafetensors(good, 'good');
  return encodeSafetensors(tensors, { [metadataKey]: edit(metadata[metadataKey]) });
}

describe('a damaged description', () => {
  it.each([
    ['recurrent layers', layered(recurrent, [9, 7])],
    ['layers that attend', layered(attention, [9, 7])],
    ['layers of images', layered(grids, [5, 7, 2])],
    ['tied layers', layered(words, [9])],
    ['a graph', graph()],
  ])('of %s is a coded fault, or still a model', (_, good) => {
    for (const { change, bytes } of damagedFiles(good, 0.06)) {
      try {
        deserializeModel(bytes, 'm.safetensors');
      } catch (error) {
        expect(error, change).toBeInstanceOf(RondoError);
        expect(['FILE_FORMAT', 'FILE_VERSION', 'UNKNOWN_NAME'], `${change}: ${String(error)}`).toContain(
          (error as RondoError).code,
        );
      }
    }
  });

  it('that is nested millions of levels deep is refused, in the description and in the header', async () => {
    const deep = `${'['.repeat(2_000_000)}${']'.repeat(2_000_000)}`;
    const good = layered(words, [9]);
    expect(
      await messageAfter(() =>
        deserializeModel(
          described(good, (text) => text.replace('"preprocessing":null', `"preprocessing":${deep}`)),
          'm',
        ),
      ),
    ).toMatchInlineSnapshot(`
      "[FILE_FORMAT] m: the description of the model is nested too deeply.
        expected: at most 128 levels
        received: more than 128 levels
        fix: use an intact file from a source that you trust."
    `);
    const header = new TextEncoder().encode(`{"a":${deep}}`);
    const bytes = new Uint8Array(8 + header.length);
    new DataView(bytes.buffer).setBigUint64(0, BigInt(header.length), true);
    bytes.set(header, 8);
    expect(await messageAfter(() => decodeSafetensors(bytes, 'm'))).toMatch(
      /^\[FILE_FORMAT\] m: the header is nested too deeply/,
    );
  });

  it('with brackets and quotes inside of texts is read', async () => {
    const preprocessing = { text: `${'['.repeat(300)}\\"${'{"'.repeat(300)}` };
    const bytes = serializeModel(new Sequential([new Dense({ units: 1, inputShape: [2] })]), { preprocessing });
    expect(deserializeModel(bytes).preprocessing).toEqual(preprocessing);
  });
});

describe('sizes that a file only claims', () => {
  it('of weights are refused before memory is taken', async () => {
    const wide = described(layered(words, [9]), (text) => text.replace('"outputDim":6', '"outputDim":100000000'));
    expect(await messageAfter(() => deserializeModel(wide, 'm'))).toMatchInlineSnapshot(`
      "[FILE_FORMAT] m: what the file describes cannot be made. table/embeddings: the description asks for more weights than the file holds.
        expected: at most 77 values
        received: 1100000000 values, [11, 100000000]
        fix: use an intact copy of the file."
    `);
  });

  it('of inputs cost nothing where shapes alone make the weights', async () => {
    const good = layered([new LSTM({ units: 3 })], [5, 4]);
    const long = described(good, (text) => text.replaceAll('[5,4]', '[1000000000000,4]'));
    expect(deserializeModel(long).model.inputSampleShapes).toEqual([[1e12, 4]]);
  });

  it('of inputs are refused where a model with a call of its own would be run on them', async () => {
    class WithCall extends Model<Tensor> {
      override readonly className = 'WithCall';
      readonly dense = new Dense({ units: 2 });
      override get sublayers(): ReadonlyMap<string, Layer<unknown>> {
        return new Map([['dense', this.dense]]);
      }
      override call(inputs: Tensor | readonly Tensor[]): Tensor {
        return this.dense.apply(singleInput('WithCall', inputs));
      }
      override computeOutputShape(inputShape: OpenShape): OpenShape {
        return this.dense.computeOutputShape(inputShape);
      }
    }
    registerLayer('WithCall', () => new WithCall());
    const model = new WithCall();
    model.buildOn([], () => [ops.zeros([1, 5, 3])]);
    const good = serializeModel(model);
    expect(deserializeModel(good).model.countParams()).toBe(8);
    const long = described(good, (text) => text.replaceAll('[5,3]', '[500000000,3]'));
    expect(await messageAfter(() => deserializeModel(long, 'm'))).toMatch(
      /^\[FILE_FORMAT\] m: what the file describes cannot be made. WithCall: the description names inputs too large/,
    );
  });
});

describe('the checksum of a file', () => {
  const good = layered(words, [9]);

  it('finds a changed weight and a changed description', async () => {
    const { tensors, metadata } = decodeSafetensors(good, 'good');
    const table = tensors.get('table/embeddings')!;
    const flipped = Float32Array.from(table.data as Float32Array);
    flipped[3] = -flipped[3];
    const bytes = encodeSafetensors(new Map([...tensors, ['table/embeddings', { ...table, data: flipped }]]), metadata);
    expect(() => deserializeModel(bytes, 'm')).toThrow('[FILE_FORMAT] m: the content is not what was saved.');
    const target = new Sequential(words.slice(0, 1), { inputShape: [9] });
    expect(() => loadWeights(target, bytes, 'm')).toThrow('the content is not what was saved');
    const other = encodeSafetensors(tensors, {
      ...metadata,
      [metadataKey]: metadata[metadataKey].replace('"mae"', '"mse"'),
    });
    expect(() => deserializeModel(other, 'm')).toThrow('the content is not what was saved');
  });

  it('is not asked of older files', async () => {
    const { tensors, metadata } = decodeSafetensors(good, 'good');
    expect(metadata[checksumKey]).toMatch(/^crc32c:[0-9a-f]{8}$/);
    expect(
      deserializeModel(encodeSafetensors(tensors, { [metadataKey]: metadata[metadataKey] })).model.countParams(),
    ).toBe(77);
  });
});

describe('a damaged checkpoint', () => {
  const x = Array.from({ length: 12 }, (_, i) => [[i / 10], [0.5], [i / 7]]);
  const y = x.map(([first]) => [first[0] * 2]);
  const callbacks = (): Callback[] => [
    new EarlyStopping({ monitor: 'loss', patience: 3, restoreBestWeights: true }),
    new ReduceLROnPlateau({ monitor: 'loss' }),
    new CSVLogger(() => undefined),
  ];

  it('is a coded fault when training goes on from it, or training goes on', async () => {
    const model = new Sequential([new LSTM({ units: 3, inputShape: [3, 1] }), new Dense({ units: 1 })]);
    model.compile({ optimizer: 'adam', loss: 'mse', metrics: ['mae'] });
    let checkpoint = new Uint8Array();
    const save = (_: Model, training: TrainingSnapshot): void => {
      if (training.values.epoch < 2) checkpoint = new Uint8Array(serializeModel(model, { training }));
    };
    await model.fit(x, y, { epochs: 3, batchSize: 5, callbacks: callbacks(), checkpoint: { everySteps: 2, save } });
    let numRefused = 0;
    for (const { change, bytes } of damagedFiles(checkpoint, 0.15, new Random(4))) {
      if (!change.startsWith('/training')) continue;
      try {
        const { model: loaded, training } = deserializeModel(bytes, 'm.safetensors');
        await loaded.fit(x, y, { epochs: 2, batchSize: 5, callbacks: callbacks(), resumeFrom: training });
      } catch (error) {
        expect(error, change).toBeInstanceOf(RondoError);
        expect((error as RondoError).code, change).not.toBe('INTERNAL');
        numRefused += 1;
      }
    }
    expect(numRefused).toBeGreaterThan(50);
  });
});
