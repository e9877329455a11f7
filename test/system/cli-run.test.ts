import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { serializeModel } from '../../src/io/checkpoint.js';
import { readNpy } from '../../src/io/numpy/read-npy.js';
import { writeNpy } from '../../src/io/numpy/write-npy.js';
import { Dense } from '../../src/layers/dense.js';
import { LSTM } from '../../src/layers/lstm.js';
import { input, type SymbolicTensor } from '../../src/layers/symbolic-tensor.js';
import { setSeed } from '../../src/random.js';
import { tensor } from '../../src/tensor/tensor.js';
import { Functional } from '../../src/training/graph/functional.js';
import { Sequential } from '../../src/training/sequential.js';
import { onnxBytes } from '../support/onnx-writer.js';
import { type Ended, rondo } from '../support/rondo.js';

const folder = mkdtempSync(join(tmpdir(), 'rondo-run-'));
const run = (...args: string[]): Ended => rondo(folder, args);
const at = (name: string): string => join(folder, name);
const data = Array.from({ length: 45 }, (_, i) => Math.sin(i) / 2);
const x = tensor(data, [3, 5, 3]);
const numbers = (...shape: number[]) => ({
  shape,
  data: Array.from({ length: shape.reduce((a, b) => a * b, 1) }, (_, i) => Math.cos(i) / 3),
});
let model: Sequential;

beforeAll(() => {
  setSeed(3);
  model = new Sequential([new LSTM({ units: 5, inputShape: [null, 3] }), new Dense({ units: 2 })]);
  writeFileSync(at('m.safetensors'), serializeModel(model));
  writeFileSync(at('x.npy'), writeNpy(x));
  writeFileSync(at('x.json'), JSON.stringify(x.array()));
  writeFileSync(at('flat.npy'), writeNpy(tensor(data, [15, 3])));
  const graph = onnxBytes({
    nodes: [
      {
        operator: 'GRU',
        name: 'memory',
        inputs: ['x', 'W', 'R', '', '', 'h'],
        outputs: ['steps', 'last'],
        attributes: { hidden_size: 2 },
      },
    ],
    constants: { W: numbers(1, 6, 3), R: numbers(1, 6, 2) },
    inputs: [
      { name: 'x', shape: ['time', 'batch', 3] },
      { name: 'h', shape: [1, 'batch', 2] },
    ],
    outputs: [
      { name: 'steps', shape: ['time', 1, 'batch', 2] },
      { name: 'last', shape: [1, 'batch', 2] },
    ],
  });
  writeFileSync(at('g.onnx'), graph);
});
afterAll(() => rmSync(folder, { recursive: true }));

describe('rondo run', () => {
  it('gives what the model gives, as NumPy and JSON', async () => {
    const ended = run('run', 'm.safetensors', 'x.npy', '--out', 'y.npy');
    expect(ended).toMatchObject({ code: 0, stderr: '' });
    expect(ended.stdout).toMatch(
      /input +\[3, 5, 3\] +x\.npy[^]*output +\[3, 2\] +.* +y\.npy\n\nloaded in \d+ ms, ran in/,
    );
    const expected = await model.predict(x);
    expect(readNpy(new Uint8Array(readFileSync(at('y.npy'))), 'y.npy').data).toEqual(expected.dataSync());
    const facts = JSON.parse(run('run', 'm.safetensors', 'x.json', '--out', 'y.json', '--json').stdout);
    expect(facts).toMatchObject({ format: 'rondo', outputs: [{ name: 'output', shape: [3, 2], file: 'y.json' }] });
    expect(JSON.parse(readFileSync(at('y.json'), 'utf8')).output).toEqual(expected.array());
  });

  it('names outputs of a list by their layers', () => {
    const read = input({ shape: [null, 3] });
    const { output, states } = new LSTM({ name: 'memory', units: 5, returnState: true }).apply(read) as never as {
      output: SymbolicTensor;
      states: readonly { hidden: SymbolicTensor }[];
    };
    const outputs = [new Dense({ name: 'kind', units: 2 }).apply(output) as SymbolicTensor, output, states[0].hidden];
    writeFileSync(at('several.safetensors'), serializeModel(new Functional({ inputs: read, outputs }) as never));
    const facts = JSON.parse(run('run', 'several.safetensors', 'x.npy', '--json').stdout) as {
      outputs: { name: string }[];
    };
    expect(facts.outputs.map(({ name }) => name)).toEqual(['kind', 'memory_1', 'memory_2']);
  });

  it('takes the modules of a PyTorch file in their order', () => {
    const { models } = JSON.parse(readFileSync(new URL('../vectors/pytorch/models.json', import.meta.url), 'utf8')) as {
      models: { name: string; file: string }[];
    };
    writeFileSync(at('deep.pt'), Buffer.from(models.find(({ name }) => name === 'deep')!.file, 'base64'));
    const open = run('run', 'deep.pt', 'x.npy');
    expect(open).toMatchObject({ code: 2 });
    expect(open.stderr).toMatch(/fix: write --layers [\w,]+ with the modules in their order; NAME=relu/);
    const [, list] = /write --layers (\S+) with/.exec(open.stderr)!;
    expect(run('run', 'deep.pt', 'x.npy', '--layers', list).stderr).not.toMatch(/--layers|left over/);
    writeFileSync(at('row.json'), '[[1, 2, 3]]');
    expect(run('run', 'deep.pt', 'row.json', '--layers', list).stderr).toBe('');
    expect(run('run', 'deep.pt', 'row.json', '--layers', '0').stderr).toContain('left over: 2.weight, 2.bias\n');
    expect(run('run', 'm.safetensors', 'x.npy', '--layers', list)).toMatchObject({
      code: 2,
      stderr: expect.stringContaining('--layers has no effect here.') as string,
    });
  });

  it('takes inputs by name, states as zeros, and writes a folder', () => {
    expect(run('run', 'g.onnx', 'x=x.npy', '--out', 'outs/')).toMatchObject({ code: 0, stderr: '' });
    const last = readNpy(new Uint8Array(readFileSync(at('outs/last.npy'))), 'last.npy');
    expect(last.shape).toEqual([1, 5, 2]);
    expect(run('run', 'g.onnx', 'x=x.npy', '--out', 'outs').stderr).toContain('exists already');
    writeFileSync(at('h.npy'), writeNpy(tensor(new Float32Array(10), [1, 5, 2])));
    const both = run('run', 'g.onnx', 'h=h.npy', 'x=x.npy', '--out', 'both.npz');
    expect(both).toMatchObject({ code: 0, stderr: '' });
  });

  it('says what does not fit', () => {
    expect(run('run', 'm.safetensors', 'flat.npy')).toMatchObject({
      code: 1,
      stderr: expect.stringContaining('add the axis of the batch in front') as string,
    });
    expect(run('run', 'g.onnx', 'y=x.npy')).toMatchObject({
      code: 2,
      stderr: expect.stringContaining('unknown input `y`') as string,
    });
    expect(run('run', 'm.safetensors', 'x.npy', '--out', 'x.npy', '--force').code).toBe(2);
  });
});

describe('rondo inspect', () => {
  it('shows and draws an ONNX graph', () => {
    const ended = run('inspect', 'g.onnx', '--svg', 'g.svg');
    expect(ended).toMatchObject({ code: 0, stderr: '' });
    expect(ended.stdout).toMatch(/state +h +float32[^]*GRU +memory +steps last[^]*wrote g\.svg\n$/);
    expect(readFileSync(at('g.svg'), 'utf8')).toContain('GRU');
  });
});
