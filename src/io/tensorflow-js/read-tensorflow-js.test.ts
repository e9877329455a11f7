import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { damagedJson } from '../../../test/support/damaged-files.js';
import { messageAfter } from '../../../test/support/message-after.js';
import { RondoError } from '../../errors.js';
import { Random } from '../../random.js';
import { tensor } from '../../tensor/tensor.js';
import { load } from '../load-and-save.js';
import { readTensorFlowJs, type TensorFlowJsModel } from './read-tensorflow-js.js';
import { loadTensorFlowJs, saveTensorFlowJs } from './tensorflow-js-files.js';

interface Numbers {
  readonly shape: number[];
  readonly data: number[];
}
interface Case {
  readonly json: Record<string, unknown>;
  readonly files: Record<string, string>;
  readonly runs: { inputs: Numbers[]; outputs: Numbers[] }[];
}
const { cases } = JSON.parse(
  readFileSync(new URL('../../../test/vectors/tensorflow-js/models.json', import.meta.url), 'utf8'),
) as { cases: Record<string, Case> };

const read = ({ json, files }: Case): Promise<TensorFlowJsModel> =>
  readTensorFlowJs(structuredClone(json), {
    shard: async (path) => Uint8Array.from(Buffer.from(files[path], 'base64')),
  });

/** The outputs of a model for inputs in its order. */
async function outputsOf({ model }: TensorFlowJsModel, inputs: Numbers[]): Promise<Numbers[]> {
  const given = inputs.map(({ shape, data }) => tensor(data, shape));
  const names = (model as { inputNames?: readonly string[] }).inputNames ?? [];
  const x = given.length === 1 ? given[0] : Object.fromEntries(given.map((value, i) => [names[i], value]));
  const result = (await model.predict(x as never)) as unknown;
  return [result].flat().map((output) => {
    const { shape, dataSync } = output as { shape: number[]; dataSync(): ArrayLike<number> };
    return { shape, data: Array.from(dataSync.call(output)) };
  });
}

describe('a layers model of TensorFlow.js', () => {
  it.each(Object.entries(cases))('computes what TensorFlow.js computes: %s', async (_, entry) => {
    const loaded = await read(entry);
    expect(loaded.leftOver).toEqual([]);
    for (const { inputs, outputs } of entry.runs) {
      const received = await outputsOf(loaded, inputs);
      expect(received.map(({ shape }) => shape)).toEqual(outputs.map(({ shape }) => shape));
      received.forEach(({ data }, i) => {
        const worst = Math.max(...data.map((value, j) => Math.abs(value - outputs[i].data[j])));
        expect(worst).toBeLessThan(1e-5);
      });
    }
  });
});

const good = (): { json: Record<string, never>; files: Record<string, string> } =>
  structuredClone(cases['lstm layers, sigmoid, backwards in time']) as never;
type Weights = { name: string; shape: unknown; dtype: unknown; quantization?: unknown; group?: string }[];
const groupOf = (json: Record<string, unknown>): { paths: unknown[]; weights: Weights } =>
  (json.weightsManifest as never[])[0];

describe('what is around a model', () => {
  it('is said: matched weights, what is left over, what is not taken', async () => {
    const { json, files } = good();
    const { weights, paths } = groupOf(json);
    weights.push(
      { name: 'training/Adam/m', shape: [2], dtype: 'float32', group: 'optimizer' },
      { name: 'other', shape: [], dtype: 'int32' },
    );
    paths.push('more.bin');
    files['more.bin'] = Buffer.alloc(12).toString('base64');
    const { matched, leftOver, notes } = await read({
      json: { ...json, trainingConfig: { loss: 'mse' } },
      files,
      runs: [],
    });
    expect(matched[0]).toEqual({
      source: 'lstm_LSTM2',
      kind: 'LSTM',
      layers: ['lstm_LSTM2'],
      tensors: ['lstm_LSTM2/kernel', 'lstm_LSTM2/recurrent_kernel', 'lstm_LSTM2/bias'],
    });
    expect(leftOver).toEqual(['other', 'training/Adam/m']);
    expect(notes).toEqual(['the optimizer, losses and metrics are not taken over: compile the model']);
  });

  it('may be what tensorflowjs_converter writes: model_config, and names of cells', async () => {
    const { json, files } = good();
    const wrapped = { ...json, modelTopology: { keras_version: '2.15.0', model_config: json.modelTopology } };
    for (const weight of groupOf(wrapped).weights)
      weight.name = `sequential/${weight.name.replace('/', '/lstm_cell/')}`;
    const { model } = await read({ json: wrapped, files, runs: [] });
    const expected = await read(cases['lstm layers, sigmoid, backwards in time']);
    const { inputs } = cases['lstm layers, sigmoid, backwards in time'].runs[0];
    expect(await outputsOf({ model } as TensorFlowJsModel, inputs)).toEqual(await outputsOf(expected, inputs));
  });

  it('says where masked steps differ', async () => {
    const { notes } = await read(cases['both directions, masked']);
    expect(notes.join()).toContain('a Bidirectional with returnSequences gives zeros at masked steps');
  });

  it('is a hard sigmoid of gates where nothing is said', async () => {
    const { json, files } = good();
    const { layers } = (json.modelTopology as { config: { layers: { config: Record<string, unknown> }[] } }).config;
    delete layers[0].config.recurrent_activation;
    const { model } = await read({ json, files, runs: [] });
    expect(model.getConfig()).toMatchObject({ layers: [{ config: { recurrentActivation: 'hardSigmoidTheano' } }, {}] });
  });
});

describe('what is no layers model is refused', () => {
  it('a graph model, saying what to do', async () => {
    const graph = { format: 'graph-model', modelTopology: { node: [], library: {} }, weightsManifest: [] };
    expect(
      await messageAfter(() => readTensorFlowJs(graph, { shard: async () => new Uint8Array(0) })),
    ).toMatchInlineSnapshot(`
      "[FILE_FORMAT] model.json: this is a graph model: operations of TensorFlow, and no layers.
        expected: a layers model (\`"format": "layers-model"\`)
        received: \`"format": "graph-model"\`
        fix: convert its Keras model with --output_format=tfjs_layers_model, or export it to ONNX for readOnnx."
    `);
  });

  it.each<[string, (json: Record<string, never>, files: Record<string, string>) => void, string]>([
    [
      'a path out of the folder',
      (json) => void (groupOf(json).paths[0] = '../secret.bin'),
      'weightsManifest[0].paths[0]',
    ],
    ['an address', (json) => void (groupOf(json).paths[0] = 'https://example.org/x'), 'weightsManifest[0].paths[0]'],
    ['an absolute path', (json) => void (groupOf(json).paths[0] = '/etc/passwd'), 'weightsManifest[0].paths[0]'],
    ['an encoded path', (json) => void (groupOf(json).paths[0] = '%2e%2e/x'), 'weightsManifest[0].paths[0]'],
    ['one file twice', (json) => void groupOf(json).paths.push(groupOf(json).paths[0]), 'names a file twice'],
    ['texts', (json) => void (groupOf(json).weights[0].dtype = 'string'), 'float32, int32 or bool'],
    ['numbers of two parts', (json) => void (groupOf(json).weights[0].dtype = 'complex64'), 'float32, int32 or bool'],
    ['a shape of the whole memory', (json) => void (groupOf(json).weights[0].shape = [1e8, 1e8]), 'a shape that fits'],
    ['more than there is', (json) => void (groupOf(json).weights[0].shape = [1000, 20]), 'do not have the size'],
    ['a shard cut short', (_, files) => void (files['group1-shard1of3.bin'] = ''), 'do not have the size'],
    ['another shape', (json) => void (groupOf(json).weights[0].shape = [20, 3]), 'another shape than its layer'],
    ['a weight of no layer', (json) => void (groupOf(json).weights[0].name = 'x'), 'lacks a weight'],
    [
      'a weight twice',
      (json) => void (groupOf(json).weights[0].name = groupOf(json).weights[1].name),
      'names a weight twice',
    ],
    [
      'fewer bits of an unknown kind',
      (json) => void (groupOf(json).weights[0].quantization = { dtype: 'int4' }),
      'uint8, uint16 or float16',
    ],
    [
      'fewer bits without a scale',
      (json) => void (groupOf(json).weights[0].quantization = { dtype: 'uint8', min: 0 }),
      'numbers as `scale`',
    ],
    [
      'a scale that overflows',
      (json) => void (groupOf(json).weights[0].quantization = { dtype: 'uint8', min: 0, scale: 1e38 }),
      'numbers as `scale`',
    ],
    [
      'another format',
      (json) => void Object.assign(json, { format: 'saved-model' }),
      'the format of the model is not known',
    ],
    ['no weights', (json) => void delete json.weightsManifest, 'names no weights'],
    [
      'more layers than weights',
      (json) =>
        void ((
          json.modelTopology as never as { config: { layers: { config: Record<string, unknown> }[] } }
        ).config.layers[0].config.units = 1e7),
      'weights',
    ],
  ])('%s', async (_, damage, said) => {
    const { json, files } = good();
    damage(json, files);
    const message = await messageAfter(() => read({ json, files, runs: [] }));
    expect(message).toMatch(/^\[FILE_FORMAT\] model\.json/);
    expect(message).toContain(said);
  });

  it('a normalised axis that is not the last one', async () => {
    const { json, files } = structuredClone(cases['each step alone, flattened']) as never as ReturnType<typeof good>;
    const text = JSON.stringify(json).replace('"axis":[2]', '"axis":[1]');
    expect(await messageAfter(() => read({ json: JSON.parse(text), files, runs: [] }))).toContain(
      'another axis than the last one',
    );
  });

  it('what is given in its place', async () => {
    expect(await messageAfter(() => readTensorFlowJs(5, { shard: async () => new Uint8Array(0) }))).toContain(
      '[USAGE]',
    );
    expect(await messageAfter(() => readTensorFlowJs({}, {} as never))).toContain('`shard` is no function');
    expect(await messageAfter(() => readTensorFlowJs('{', { shard: async () => new Uint8Array(0) }))).toContain(
      'is not JSON',
    );
    expect(await messageAfter(() => readTensorFlowJs('{}', { shard: async () => new Uint8Array(0) }))).toContain(
      'no model of TensorFlow.js',
    );
    expect(await messageAfter(() => readTensorFlowJs(good().json, { shard: async () => 'x' as never }))).toContain(
      'gave no bytes',
    );
  });

  it('2,000 damaged files end in nothing but coded errors', async () => {
    const random = new Random(5, 'damage');
    const names = [
      'lstm layers, sigmoid, backwards in time',
      'both directions, masked',
      'two inputs and two outputs',
      'words with padding, uint16',
      'stacked cells',
    ];
    const made = names.flatMap((name) =>
      [...damagedJson(cases[name].json, 0.13, random)].map((each) => ({ ...each, files: cases[name].files })),
    );
    expect(made.length).toBeGreaterThan(2000);
    let refused = 0;
    for (const { change, text, files } of made) {
      try {
        const shard = async (path: string): Promise<Uint8Array> =>
          Uint8Array.from(Buffer.from(Object.hasOwn(files, path) ? files[path] : '', 'base64'));
        const { model } = await readTensorFlowJs(text, { shard });
        model.dispose();
      } catch (error) {
        expect(error, `${change}: ${String(error)}`).toBeInstanceOf(RondoError);
        expect((error as RondoError).code, String(error)).not.toBe('INTERNAL');
        refused++;
      }
    }
    expect(refused).toBeGreaterThan(500);
  });
});

const folder = mkdtempSync(join(tmpdir(), 'rondo-tensorflow-js-'));
afterAll(() => rmSync(folder, { recursive: true }));

describe('a folder of a layers model', () => {
  it('is written and read again, by its own functions and by those of every format', async () => {
    const { model } = await read(cases['gru with its defaults']);
    expect(await saveTensorFlowJs(model, join(folder, 'deep/gru'))).toEqual([
      join(folder, 'deep/gru/model.json'),
      join(folder, 'deep/gru/group1-shard1of1.bin'),
    ]);
    const loaded = await loadTensorFlowJs(join(folder, 'deep/gru/model.json'));
    const { format, model: other, matched } = await load(join(folder, 'deep/gru/model.json'));
    expect([format, matched.length]).toEqual(['tensorflowjs', 1]);
    const { inputs } = cases['gru with its defaults'].runs[0];
    const expected = await outputsOf({ model } as TensorFlowJsModel, inputs);
    expect(await outputsOf(loaded, inputs)).toEqual(expected);
    expect(await outputsOf({ model: other } as TensorFlowJsModel, inputs)).toEqual(expected);
    rmSync(join(folder, 'deep/gru/group1-shard1of1.bin'));
    expect(await messageAfter(() => loadTensorFlowJs(join(folder, 'deep/gru/model.json')))).toMatch(/^\[FILE_ACCESS\]/);
  });
});
