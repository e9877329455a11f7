import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { inflateSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { messageAfter } from '../../../test/support/message-after.js';
import { Dense } from '../../layers/dense.js';
import { GlobalAveragePooling1D } from '../../layers/global-average-pooling-1d.js';
import type { Layer } from '../../layers/layer.js';
import { LSTM } from '../../layers/lstm.js';
import { Masking } from '../../layers/masking.js';
import { scope, Tensor, tensor } from '../../tensor/tensor.js';
import type { Model } from '../../training/model.js';
import { Sequential } from '../../training/sequential.js';
import { writeModel } from '../model-formats.js';
import { loadKerasWeights, readKeras } from './read-keras.js';
import { writeKeras, writeKerasWeights } from './write-keras.js';

interface Values {
  readonly shape: number[];
  readonly values: number[];
}

interface Case {
  readonly name: string;
  readonly file: string;
  readonly weights: string;
  readonly inputs: Values[];
  readonly outputs: Values[];
}

const { cases } = JSON.parse(
  readFileSync(new URL('../../../test/vectors/keras/weights.json', import.meta.url), 'utf8'),
) as { cases: Case[] };

const bytesOf = (packed: string): Uint8Array => new Uint8Array(inflateSync(Buffer.from(packed, 'base64')));

function expectOutputs(model: Model, { inputs, outputs }: Case): void {
  scope(() => {
    const given = inputs.map(({ shape, values }) => tensor(Float32Array.from(values), shape));
    const result = model.apply(given.length === 1 ? given[0] : given) as unknown;
    const found = result instanceof Tensor ? [result] : Object.values(result as Record<string, Tensor>);
    outputs.forEach(({ shape, values }, i) => {
      expect([...found[i].shape]).toEqual(shape);
      const numbers = found[i].dataSync();
      const distances = values.map((value, at) => Math.abs(Number(numbers[at]) - value));
      expect(Math.max(...distances)).toBeLessThan(1e-5);
    });
  });
}

/** The model of a case without its weights. */
async function emptied({ file, name }: Case): Promise<Model> {
  const { model } = await readKeras(bytesOf(file), name);
  for (const [, { variable }] of model.namedWeights('')) variable.assign(new Float32Array(variable.size));
  return model;
}

describe('weights that Keras 3 saved alone', () => {
  it.each(cases)('give a model what it computes there: $name', async (given) => {
    const { model, notes, leftOver } = await readKeras(bytesOf(given.file), given.name);
    expect([notes, leftOver]).toEqual([[], []]);
    expectOutputs(model, given);
    const empty = await emptied(given);
    const { leftOver: left, matched } = await loadKerasWeights(empty, bytesOf(given.weights), 'a.weights.h5');
    expect(left).toEqual([]);
    expect(matched.length).toBe([...empty.sublayers.values()].filter(({ weights }) => weights.length > 0).length);
    expectOutputs(empty, given);
  });

  it.each(cases)('are written so that they go into a model again: $name', async (given) => {
    const { model } = await readKeras(bytesOf(given.file), given.name);
    const { files, notes } = await writeModel(model, 'again.weights.h5');
    expect(notes).toEqual(['the file holds weights alone: load_weights puts them into a model with the same layers']);
    const empty = await emptied(given);
    await loadKerasWeights(empty, files.get('again.weights.h5')!);
    expectOutputs(empty, given);
    expectOutputs((await readKeras(await writeKeras(model), 'again.keras')).model, given);
  });

  it('are opened by Keras 3 where they are written here', { timeout: 600_000 }, async (context) => {
    const python = process.env.RONDO_PYTHON;
    if (python === undefined) {
      context.skip('not run: RONDO_PYTHON names no Python with Keras 3');
      return;
    }
    const folder = mkdtempSync(join(tmpdir(), 'rondo-keras-weights-'));
    for (const given of cases)
      writeFileSync(
        join(folder, `${given.name}.weights.h5`),
        await writeKerasWeights((await readKeras(bytesOf(given.file), given.name)).model),
      );
    const script = fileURLToPath(new URL('../../../test/vectors/make_keras_weights.py', import.meta.url));
    const { stdout } = spawnSync(python, [script, folder], { encoding: 'utf8' });
    rmSync(folder, { recursive: true });
    expect(stdout.trim().split('\n')).toEqual(cases.map(({ name }) => `${name} agrees`));
  });
});

describe('a mask behind steps that are turned round', () => {
  const chain = (...behind: Layer[]): Sequential =>
    new Sequential(
      [new Masking(), new LSTM({ name: 'back', units: 3, returnSequences: true, goBackwards: true }), ...behind],
      { inputShape: [5, 4] },
    );

  it('is refused for Keras where a layer reads it', async () => {
    const inside = new Sequential([new Dense({ units: 2 }), new GlobalAveragePooling1D()]);
    for (const model of [chain(new Dense({ units: 2 }), new LSTM({ units: 2 })), chain(inside)])
      expect(await messageAfter(() => writeKeras(model))).toContain(
        'received: back: goBackwards with a mask that later layers read, which Keras does not turn round',
      );
  });

  it('is no hindrance where none does', async () => {
    const { model } = await readKeras(await writeKeras(chain(new Dense({ units: 2 }))), 'again.keras');
    expect(((model as Sequential).layers[1] as LSTM).reversesMask).toBe(false);
  });
});
