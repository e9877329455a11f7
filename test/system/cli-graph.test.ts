import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, it } from 'vitest';
import { Concatenate, Dense, Functional, input, LSTM } from '../../src/index.js';
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
  const { architecture } = JSON.parse(rondo(folder, ['inspect', 'pair.safetensors', '--json']).stdout);
  expect(architecture.config.nodes).toContainEqual({
    name: 'concatenate',
    layer: 'concatenate',
    inputs: ['lstm', 'price'],
  });
  expect(architecture.config.inputs).toEqual({ text: 'text', price: 'price' });
});
