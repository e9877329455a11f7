import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, it } from 'vitest';
import { Concatenate, Dense, drawModel, Functional, input, LSTM } from '../../src/index.js';
import { saveModel } from '../../src/node.js';
import { rondo } from '../support/rondo.js';

const folder = mkdtempSync(join(tmpdir(), 'rondo-graph-'));
afterAll(() => rmSync(folder, { recursive: true }));

it('inspect shows the layers of a graph and what each reads, and the graph itself as JSON', async () => {
  const [text, price] = [input({ shape: [null, 7], name: 'text' }), input({ shape: [2], name: 'price' })];
  const both = new Concatenate().apply([new LSTM({ units: 4 }).apply(text), price]);
  const model = new Functional({ inputs: { text, price }, outputs: { value: new Dense({ units: 1 }).apply(both) } });
  await saveModel(model, join(folder, 'pair.safetensors'));
  const shown = rondo(folder, ['inspect', 'pair.safetensors']);
  expect(shown.code, shown.stderr).toBe(0);
  expect(shown.stdout).toContain(model.summary());
  expect(shown.stdout).toMatch(/concatenate \(Concatenate\) +\[any, 6\] +0 {2}lstm, price\n/);
  const drawn = rondo(folder, ['inspect', 'pair.safetensors', '--svg', 'pair.svg']);
  expect(drawn.code, drawn.stderr).toBe(0);
  expect(drawn.stdout).toBe(`${shown.stdout}\nwrote pair.svg\n`);
  expect(readFileSync(join(folder, 'pair.svg'), 'utf8')).toBe(drawModel(model));
  expect(rondo(folder, ['inspect', 'pair.safetensors', '--svg', 'pair.svg']).stderr).toMatch(/pair.svg exists already/);
  expect(rondo(folder, ['inspect', 'pair.safetensors', '--svg', 'pair.safetensors', '--force']).code).toBe(2);
  expect(rondo(folder, ['inspect', 'pair.safetensors', '--svg', 'pair.svg', '--force', '--json']).code).toBe(0);
  const { architecture } = JSON.parse(rondo(folder, ['inspect', 'pair.safetensors', '--json']).stdout);
  expect(architecture.config.nodes).toContainEqual({
    name: 'concatenate',
    layer: 'concatenate',
    inputs: ['lstm', 'price'],
  });
  expect(architecture.config.inputs).toEqual({ text: 'text', price: 'price' });
});
