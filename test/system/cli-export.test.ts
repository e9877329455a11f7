import { mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { saveModel } from '../../src/io/model-files.js';
import { Dense } from '../../src/layers/dense.js';
import { LSTM } from '../../src/layers/lstm.js';
import { Masking } from '../../src/layers/masking.js';
import { Random } from '../../src/random.js';
import { Sequential } from '../../src/training/sequential.js';
import { randomise } from '../support/random.js';
import { type Ended, rondo } from '../support/rondo.js';
import type { StandaloneModule } from '../support/standalone.js';

const folder = mkdtempSync(join(tmpdir(), 'rondo-export-'));
const run = (...args: string[]): Ended => rondo(folder, args);
const load = async (name: string): Promise<StandaloneModule> =>
  (await import(/* @vite-ignore */ pathToFileURL(join(folder, name)).href)) as StandaloneModule;

const model = new Sequential([new LSTM({ units: 5 }), new Dense({ units: 2 })], { inputShape: [null, 3] });
randomise(model, new Random(7));
const step = [0.5, -0.25, 1];
const expected = [...model.stream().step(step)];
beforeAll(() => saveModel(model, join(folder, 'net.safetensors')));
afterAll(() => rmSync(folder, { recursive: true }));

describe('rondo export', () => {
  it('writes a module, and a header', async () => {
    expect(run('export', 'net.safetensors', '--standalone', 'js')).toMatchObject({
      code: 0,
      stderr: '',
      stdout: expect.stringMatching(/^wrote net\.mjs: .* kB, .* kB gzipped\n$/) as string,
    });
    const output = (await load('net.mjs')).createModel().step(step);
    output.forEach((value, i) => expect(value).toBeCloseTo(expected[i], 5));
    expect(run('export', 'net.safetensors', '--standalone', 'c', '--out', 'my-net.h').code).toBe(0);
    expect(readFileSync(join(folder, 'my-net.h'), 'utf8')).toContain('void my_net_step(my_net_state *state,');
  });

  it('writes weights of 16 bits, and to a file of their own', async () => {
    const weights = ['--weights', 'float16', '--weights-file', 'net.bin', '--out', 'small.mjs', '--json'];
    const ended = run('export', 'net.safetensors', '--standalone', 'js', ...weights);
    const { files, takes } = JSON.parse(ended.stdout) as {
      takes: string;
      files: { path: string; sizeBytes: number }[];
    };
    expect(takes).toBe('steps');
    expect(files.map(({ path }) => path)).toEqual(['small.mjs', 'net.bin']);
    expect(files[1].sizeBytes).toBe(2 * model.countParams());
    expect(statSync(join(folder, 'small.mjs')).size).toBeLessThan(statSync(join(folder, 'net.mjs')).size);
    const { createModel } = await load('small.mjs');
    const output = createModel(new Uint8Array(readFileSync(join(folder, 'net.bin')))).step(step);
    output.forEach((value, i) => expect(value).toBeCloseTo(expected[i], 2));
    expect(() => createModel(new Uint8Array(3))).toThrow('the weights file has 3 bytes instead of');
  });

  it('writes WebAssembly beside its module', async () => {
    const ended = run('export', 'net.safetensors', '--standalone', 'wasm', '--out', 'edge.mjs');
    expect(ended.stdout).toMatch(/^wrote edge\.mjs: .*\n\nwrote edge\.wasm: .* kB gzipped\n$/);
    const { createModel } = await load('edge.mjs');
    const compiled = await WebAssembly.compile(readFileSync(join(folder, 'edge.wasm')));
    const output = createModel(compiled).step(step);
    output.forEach((value, i) => expect(value).toBeCloseTo(expected[i], 5));
    expect(
      run('export', 'net.safetensors', '--standalone', 'wasm', '--weights', 'float16', '--out', 'x.mjs').code,
    ).toBe(2);
  });

  it("reads other programs' models", async () => {
    expect(run('convert', 'net.safetensors', 'net.keras').code).toBe(0);
    expect(run('export', 'net.keras', '--standalone', 'js', '--out', 'from-keras.mjs')).toMatchObject({
      code: 0,
      stderr: '',
    });
    const output = (await load('from-keras.mjs')).createModel().step(step);
    output.forEach((value, i) => expect(value).toBeCloseTo(expected[i], 5));
  });

  it('names the layer that there is no code of', async () => {
    const masked = new Sequential([new Masking(), new Dense({ units: 2 })], { inputShape: [null, 3] });
    await saveModel(masked, join(folder, 'masked.safetensors'));
    expect(run('export', 'masked.safetensors', '--standalone', 'js')).toMatchObject({
      code: 2,
      stderr: expect.stringContaining('the layer Masking masking looks at numbers') as string,
    });
  });

  it("says what is missing, and takes no file's place", () => {
    expect(run('export', 'net.safetensors')).toMatchObject({
      code: 2,
      stderr: expect.stringContaining('--standalone js, --standalone wasm or --standalone c') as string,
    });
    expect(run('export', 'net.safetensors', '--standalone', 'js')).toMatchObject({
      code: 1,
      stderr: expect.stringContaining('net.mjs exists already') as string,
    });
    for (const option of ['--out', '--weights-file'])
      expect(
        run('export', 'net.safetensors', '--standalone', 'js', '--force', option, 'net.safetensors'),
      ).toMatchObject({
        code: 2,
        stderr: expect.stringContaining(`${option} would overwrite what is read`) as string,
      });
    expect(
      run('export', 'net.safetensors', '--standalone', 'js', '--out', 'one.mjs', '--weights-file', './one.mjs'),
    ).toMatchObject({
      code: 2,
      stderr: expect.stringContaining('--out and --weights-file name one file.') as string,
    });
    expect(run('export', 'net.safetensors', '--standalone', 'c', '--weights', 'float16')).toMatchObject({
      code: 2,
      stderr: expect.stringContaining('C99 has no floats of 16 bits') as string,
    });
  });
});
