import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { inflateSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { LSTM, type Model, quantize, Sequential, serializeModel } from '../../src/index.js';
import { readOnnx } from '../../src/io/onnx/onnx-model.js';
import { decodeSafetensors } from '../../src/io/safetensors.js';
import { type Ended, expectFault, rondo } from '../support/rondo.js';

const folder = mkdtempSync(join(tmpdir(), 'rondo-convert-'));
const run = (...args: string[]): Ended => rondo(folder, args);
const read = (name: string) => decodeSafetensors(new Uint8Array(readFileSync(join(folder, name))), name);
beforeAll(() => {
  const vectors = JSON.parse(readFileSync(new URL('../vectors/pytorch/models.json', import.meta.url), 'utf8')) as {
    models: { name: string; file: string }[];
  };
  const { chains } = JSON.parse(readFileSync(new URL('../vectors/pytorch/chains.json', import.meta.url), 'utf8')) as {
    chains: { name: string; file: string; layers: unknown }[];
  };
  const { file: flattened, layers } = chains.find(({ name }) => name === 'convolution, flattened')!;
  writeFileSync(join(folder, 'conv.pt'), inflateSync(Buffer.from(flattened, 'base64')));
  writeFileSync(join(folder, 'conv.json'), JSON.stringify(layers));
  for (const { name, file } of vectors.models) writeFileSync(join(folder, `${name}.pt`), Buffer.from(file, 'base64'));
});
afterAll(() => rmSync(folder, { recursive: true }));

describe('rondo convert', () => {
  it('makes a model of a PyTorch file, a state dict of the model, and arrays of both', () => {
    const ended = run('convert', 'chain.pt', 'chain.safetensors');
    expect(ended).toMatchObject({ code: 0, stderr: '' });
    expect(ended.stdout).toMatch(
      /words +Embedding +words +1\nlstm +LSTM +lstm +8\nnorm +LayerNorm +norm +2\nhead +Linear +head +2\n/,
    );
    expect(ended.stdout).toMatch(/\nwrote chain\.safetensors\n$/);
    expect(run('convert', 'chain.safetensors', 'back.safetensors', '--json')).toMatchObject({ code: 0, stderr: '' });
    const { tensors, metadata } = read('back.safetensors');
    expect(metadata).toEqual({ format: 'pt' });
    expect(tensors.get('lstm.weight_hr_l0')).toBeUndefined();
    expect(tensors.get('lstm.weight_ih_l0_reverse')?.shape).toEqual([20, 6]);
    expect(run('convert', 'back.safetensors', 'arrays.npz')).toMatchObject({ code: 0, stderr: '' });
    expect(run('convert', 'arrays.npz', 'again.safetensors')).toMatchObject({ code: 0, stderr: '' });
    expect(read('again.safetensors').tensors.get('head.weight')).toEqual(tensors.get('head.weight'));
    expect(run('convert', 'chain.safetensors', 'chain.onnx')).toMatchObject({ code: 0, stderr: '' });
    expect(readOnnx(new Uint8Array(readFileSync(join(folder, 'chain.onnx')))).layers.size).toBeGreaterThan(0);
  });

  it('overwrites no file that lies beside OUT without --force', () => {
    mkdirSync(join(folder, 'web'));
    const shard = join(folder, 'web', 'group1-shard1of1.bin');
    writeFileSync(shard, 'mine');
    const to = ['convert', 'plain.safetensors', 'web/model.json'];
    expect(run('convert', 'conv.pt', 'plain.safetensors', '--layers', 'conv.json', '--timesteps', '7').code).toBe(0);
    expect(run(...to).stderr).toContain('web/group1-shard1of1.bin exists already.');
    expect([readFileSync(shard, 'utf8'), existsSync(join(folder, 'web', 'model.json'))]).toEqual(['mine', false]);
    expect(run(...to, '--force')).toMatchObject({ code: 0, stderr: '' });
    expect(readFileSync(shard).length).toBeGreaterThan(100);
  });

  it('writes weights alone for Keras', () => {
    const ended = run('convert', 'plain.safetensors', 'plain.weights.h5');
    expect(ended).toMatchObject({ code: 0 });
    expect(ended.stderr).toContain('the file holds weights alone');
  });

  it('says what is no model', () => {
    writeFileSync(join(folder, 'saved_model.pb'), Uint8Array.of(8, 1, 18, 16, 1, 2));
    writeFileSync(join(folder, 'array.npy'), Uint8Array.of(0x93, 0x4e, 0x55, 0x4d, 0x50, 0x59, 1, 0));
    expect(run('inspect', 'saved_model.pb').stderr).toContain('turn it into ONNX with tf2onnx');
    expect(run('inspect', 'array.npy').stderr).toMatch(/it looks like a NumPy .npy array[^]*rondo run MODEL ARRAYS/);
  });

  it('takes what a state dict leaves open from a JSON file', () => {
    const made = run('convert', 'conv.pt', 'conv.safetensors', '--layers', 'conv.json', '--timesteps', '7');
    expect(made).toMatchObject({ code: 0, stderr: '' });
    expect(made.stdout).toMatch(/conv +Conv1d +conv +2\nhead +Linear +head +2\n/);
    expect(run('convert', 'conv.pt', 'conv.json', '--layers', 'conv.json', '--force')).toMatchObject({ code: 2 });
    writeFileSync(join(folder, 'bad.json'), '["conv", ]');
    expect(run('convert', 'conv.pt', 'bad.safetensors', '--layers', 'bad.json').stderr).toMatch(
      /bad\.json: the list of modules is not JSON[^]*fix: correct the JSON: names in double quotes/,
    );
    writeFileSync(join(folder, 'bad.json'), '["conv", 3]');
    expect(run('convert', 'conv.pt', 'bad.safetensors', '--layers', 'bad.json')).toMatchObject({
      code: 1,
      stderr: expect.stringContaining('bad.json, entry 2') as string,
    });
  });

  it('writes LSTMs of 8 bits as the operator of ONNX Runtime where that is asked for', async () => {
    const model = new Sequential([new LSTM({ units: 9 })], { inputShape: [null, 4] });
    writeFileSync(join(folder, 'whole.safetensors'), serializeModel(model as Model));
    writeFileSync(join(folder, 'int8.safetensors'), serializeModel(await quantize(model as Model)));
    const flag = '--dynamic-quantize-lstm';
    expect(run('convert', 'int8.safetensors', 'int8.onnx', flag)).toMatchObject({ code: 0, stderr: '' });
    expect(readFileSync(join(folder, 'int8.onnx'), 'latin1')).toContain('DynamicQuantizeLSTM');
    expectFault(
      run('convert', 'whole.safetensors', 'whole.onnx', flag),
      2,
      'USAGE',
      'no layer of the model is an LSTM',
      'rondo compress whole.safetensors --int8',
      `leave ${flag} out`,
    );
    expect(run('convert', 'whole.safetensors', 'whole.onnx', flag).stderr).not.toContain('quantize(model)');
    expectFault(run('convert', 'int8.safetensors', 'a.pt'), 2, 'USAGE', '.safetensors with --to pytorch (PyTorch)');
    expectFault(run('convert', 'int8.safetensors', 'a.npz', flag), 2, 'USAGE', `${flag} has no effect here`);
  });

  it('says what is open, what is left over, and what cannot be', () => {
    expect(run('convert', 'deep.pt', 'deep.safetensors')).toMatchObject({
      code: 2,
      stderr: expect.stringContaining('something without weights stands before `2`') as string,
    });
    const part = run('convert', 'deep.pt', 'deep.safetensors', '--layers', '0=relu');
    expect(part).toMatchObject({ code: 0, stderr: 'left over: 2.weight, 2.bias\n' });
    expect(run('convert', 'deep.pt', 'deep.safetensors', '--layers', '0=relu,2')).toMatchObject({
      code: 1,
      stderr: expect.stringContaining('deep.safetensors exists already') as string,
    });
    expect(run('convert', 'deep.pt', 'deep.txt')).toMatchObject({
      code: 2,
      stderr: expect.stringContaining('says no format that is written') as string,
    });

    expect(run('convert', 'deep.pt', 'deep.npz', '--last-step')).toMatchObject({
      code: 2,
      stderr: expect.stringContaining('--last-step has no effect here') as string,
    });
  });
});
