import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { messageAfter } from '../../test/support/message-after.js';
import { bytesField, integerField, onnxBytes, textField } from '../../test/support/onnx-writer.js';
import { Bidirectional } from '../layers/bidirectional.js';
import { Dense } from '../layers/dense.js';
import { LSTM } from '../layers/lstm.js';
import { RNN } from '../layers/rnn.js';
import { SimpleRNN } from '../layers/simple-rnn.js';
import { setSeed } from '../random.js';
import { tensor } from '../tensor/tensor.js';
import { Model } from '../training/model.js';
import { Sequential } from '../training/sequential.js';
import { brainLSTM } from './brain/brain-lstm.js';
import { load, readBeside, save } from './load-and-save.js';
import { modelEndings, modelFormatOf, readModel, writeModel } from './model-formats.js';
import { OnnxModel } from './onnx/onnx-model.js';

const folder = mkdtempSync(join(tmpdir(), 'rondo-formats-'));
const at = (name: string): string => join(folder, name);
afterAll(() => rmSync(folder, { recursive: true }));

const model = new Sequential([new LSTM({ units: 5, inputShape: [null, 3] }), new Dense({ units: 2 })]);
const x = tensor([
  [
    [1, -2, 3],
    [0.5, 0.25, -1],
  ],
]);

describe('a model of any format', () => {
  it('is written by its ending or as it is told, and read by what it holds', async () => {
    const expected = await (await model.predict(x)).data();
    expect(await save(model, at('own.safetensors'), { preprocessing: { classes: ['a'] } })).toEqual({
      notes: [],
      paths: [at('own.safetensors')],
    });
    const own = await load(at('own.safetensors'));
    expect([own.format, own.preprocessing]).toEqual(['rondo', { classes: ['a'] }]);

    const { notes } = await save(model, at('torch.safetensors'), { format: 'pytorch', preprocessing: { classes: [] } });
    expect(notes).toEqual(['what turns raw data into inputs is left out: PyTorch has no place for it']);
    const torch = await load(at('torch.safetensors'), { returnSequences: false });
    expect([torch.format, torch.matched.map(({ source, kind }) => [source, kind])]).toEqual([
      'pytorch',
      [
        [model.layers[0].name, 'LSTM'],
        [model.layers[1].name, 'Linear'],
      ],
    ]);
    for (const { model: read } of [own, torch]) {
      if (!(read instanceof Model)) throw new Error('no model');
      const output = await read.predict(x);
      expect(output).toHaveProperty('shape', [1, 2]);
      expect(await (output as typeof x).data()).toEqual(expected);
    }
  });

  it('says that states do not go on in a file of ONNX', async () => {
    const inner = new Bidirectional({ layer: new LSTM({ name: 'both', units: 3, stateful: true }) });
    const { notes } = await writeModel(new Sequential([inner], { inputShape: [null, 3] }), 'm.onnx');
    expect(notes).toEqual([expect.stringMatching(/^each run of the file begins with zeros.* \(both, .*states: true/)]);
    expect((await writeModel(model, 'm.onnx')).notes).toEqual([]);
  });

  it('may lie beside another one that is written in several files', async () => {
    const [first, second] = [1, 2].map((seed) => {
      setSeed(seed);
      return new Sequential([new Dense({ units: 2, inputShape: [3] })]);
    });
    await save(first, at('first.json'));
    const { paths } = await save(second, at('second.json'));
    expect(paths).toEqual([at('second.json'), at('second-group1-shard1of1.bin')]);
    const row = tensor([[1, -2, 3]]);
    const read = await load(at('first.json'));
    expect(await (await (read.model as typeof first).predict(row)).data()).toEqual(
      await (await first.predict(row)).data(),
    );
  });

  it('of ONNX has its weights in other files, and what looks wrong in it as notes', async () => {
    const gru = {
      operator: 'GRU',
      inputs: ['x', 'W', 'R', 'B'],
      outputs: ['y'],
      attributes: { hidden_size: 1 },
    };
    const numbers = (...shape: number[]) => ({ shape, data: Array(shape.reduce((a, b) => a * b, 1)).fill(0.5) });
    const graph = {
      nodes: [gru],
      constants: { W: numbers(1, 3, 2), R: numbers(1, 3, 1), B: numbers(1, 6) },
      inputs: [{ name: 'x', shape: ['time', 'batch', 2] }],
      outputs: [{ name: 'y', shape: ['time', 1, 'batch', 1] }],
    };
    writeFileSync(at('gru.onnx'), onnxBytes(graph));
    expect((await load(at('gru.onnx'))).notes).toEqual([expect.stringContaining('linear_before_reset is 0')]);

    const place = ['location', 'two.data'].map((text, i) => textField(i + 1, text));
    const entry = bytesField(13, Buffer.concat(place));
    const two = Buffer.concat([integerField(1, 2), integerField(2, 1), textField(8, 'W'), entry]);
    const output = Buffer.concat([textField(1, 'W'), bytesField(2, bytesField(1, integerField(1, 1)))]);
    writeFileSync(at('two.onnx'), bytesField(7, Buffer.concat([bytesField(5, two), bytesField(12, output)])));
    writeFileSync(at('two.data'), new Uint8Array(Float32Array.of(2, 3).buffer));
    const { model: read } = await load(at('two.onnx'));
    expect(read instanceof OnnxModel && read.apply({}).W.array()).toEqual([2, 3]);
    expect(await messageAfter(() => readModel(readFileSync(at('two.onnx')), 'two.onnx'))).toContain('sibling');
  });

  it('that is none, or that cannot be written, is said', async () => {
    const text = new TextEncoder().encode('x,y\n1,2\n');
    expect(await messageAfter(() => readModel(text, 'table.csv'))).toMatch(
      /^\[FILE_FORMAT\] table\.csv: this is no model that is read; it looks like a text file/,
    );
    expect(await messageAfter(() => readModel(text, 'x.onnx', { layers: [] }))).toMatch(/^\[UNKNOWN_NAME\].*ONNX/);
    expect(await messageAfter(() => readModel(text, 'x.bin', { format: 'torch' as 'pytorch' }))).toMatch(
      /^\[UNKNOWN_NAME\] readModel: unknown format `torch`/,
    );
    expect(await messageAfter(() => writeModel(model, 'x.pth'))).toContain('the ending says no format that is written');
    expect(await messageAfter(() => writeModel(model, 'x.pth', { format: 'pytorch' }))).toContain(
      'PyTorch has no file of this ending',
    );
    expect(await messageAfter(() => readModel({} as never, 'x.onnx'))).toMatch(/^\[USAGE\]/);
    expect(modelEndings('read').get('.pth')).toBe('PyTorch');
    expect(modelEndings('write').has('.pth')).toBe(false);
    expect(modelFormatOf(new Uint8Array(readFileSync(at('own.safetensors'))), 'renamed.pt')).toBe('rondo');
  });
});

describe('a file beside a model', () => {
  it('is read from inside of the folder alone, links followed', async () => {
    mkdirSync(at('models/shards'), { recursive: true });
    writeFileSync(at('models/shards/one.bin'), 'one');
    writeFileSync(at('secret'), 'secret');
    symlinkSync(at('secret'), at('models/link.bin'));
    symlinkSync(at('models/shards/one.bin'), at('models/inside.bin'));
    const model = at('models/model.json');
    expect(new TextDecoder().decode(await readBeside(model, 'shards/one.bin'))).toBe('one');
    expect(new TextDecoder().decode(await readBeside(model, 'inside.bin'))).toBe('one');
    for (const name of ['../secret', at('secret'), 'link.bin', 'shards/../../secret', '..\\secret', '', '.', 'a\0b'])
      expect(await messageAfter(() => readBeside(model, name)), name).toMatch(
        /^\[FILE_FORMAT\].*outside of its folder/s,
      );
    expect(await messageAfter(() => readBeside(model, 'two.bin'))).toMatch(/^\[FILE_ACCESS\]/);
  });
});

describe('what users give', () => {
  it('opens again what was made of a net of brain.js', async () => {
    const net = new Sequential([new RNN({ cell: brainLSTM, units: 3, inputShape: [null, 3] })]);
    await save(net, at('brain.safetensors'));
    expect((await load(at('brain.safetensors'))).model).toBeInstanceOf(Sequential);
  });

  it('says what to do with folders and files that hold no model', async () => {
    for (const [name, file] of [
      ['saved', 'saved_model.pb'],
      ['web', 'model.json'],
    ]) {
      mkdirSync(at(name));
      writeFileSync(join(at(name), file), '{}');
    }
    expect(await messageAfter(() => load(at('saved')))).toMatch(/FILE_ACCESS.*folder[^]*SavedModel[^]*tf2onnx/);
    expect(await messageAfter(() => load(at('web')))).toContain(join(at('web'), 'model.json'));
    writeFileSync(at('net.json'), '{"module": "keras", "class_name": "Sequential", "config": {}}');
    expect(await messageAfter(() => load(at('net.json')))).toMatch(/FILE_FORMAT.*Keras model, and no weights/);
  });

  it('says that it takes an nn.RNN for one of tanh', async () => {
    const net = new Sequential([new SimpleRNN({ name: 'rnn', units: 3, inputShape: [null, 2] })]);
    await save(net, at('rnn.safetensors'), { format: 'pytorch' });
    expect((await load(at('rnn.safetensors'))).notes).toEqual([expect.stringMatching(/`rnn`.*tanh/)]);
    expect((await load(at('rnn.safetensors'), { layers: ['rnn'] })).notes).toEqual([]);
  });
});
