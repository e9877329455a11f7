import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { inflateSync } from 'node:zlib';
import { describe, expect, test } from 'vitest';
import { Dense } from '../../layers/dense.js';
import { GRU } from '../../layers/gru.js';
import { LSTM } from '../../layers/lstm.js';
import { scope, Tensor, tensor } from '../../tensor/tensor.js';
import type { Model } from '../../training/model.js';
import { Sequential } from '../../training/sequential.js';
import { readKeras } from './read-keras.js';
import { writeKeras } from './write-keras.js';

interface Values {
  readonly shape: number[];
  readonly values: number[];
}

interface Case {
  readonly name: string;
  readonly file: string;
  /** The name of what it computes. */
  readonly runs: string;
}

interface Run {
  readonly inputs: Values[];
  readonly outputs: Values[] | Record<string, Values>;
}

const { cases, runs } = JSON.parse(
  readFileSync(new URL('../../../test/vectors/keras/models.json', import.meta.url), 'utf8'),
) as { cases: Case[]; runs: Record<string, Run[]> };

function bytesOf({ file }: Case): Uint8Array {
  return new Uint8Array(inflateSync(Buffer.from(file, 'base64')));
}

/** What a model gives, as a list. */
function listed(output: unknown): Tensor[] {
  if (output instanceof Tensor) return [output];
  return Object.values(output as Record<string, Tensor>).flatMap(listed);
}

describe('Models that Keras saved compute here what they compute there', () => {
  test.each(cases)('$name', async (given) => {
    const { model, matched, leftOver } = await readKeras(bytesOf(given), given.name);
    expect(leftOver).toEqual([]);
    expect(matched.length).toBe([...model.sublayers.values()].filter((layer) => layer.weights.length > 0).length);
    for (const { inputs, outputs } of runs[given.runs]) {
      scope(() => {
        const given = inputs.map(({ shape, values }) => tensor(Float32Array.from(values), shape));
        const got = model.apply(given.length === 1 ? given[0] : given) as unknown;
        const expected = Object.entries(outputs) as [string, Values][];
        const found = Array.isArray(outputs)
          ? listed(got)
          : expected.map(([key]) => (got as Record<string, Tensor>)[key]);
        expect(found.map(({ shape }) => [...shape])).toEqual(expected.map(([, { shape }]) => shape));
        found.forEach((output, i) => {
          const numbers = output.dataSync();
          expected[i][1].values.forEach((value, at) =>
            expect(Math.abs(Number(numbers[at]) - value)).toBeLessThan(1e-6 + 1e-5 * Math.abs(value)),
          );
        });
      });
    }
  });
});

/** What a model gives for the inputs of a run, as lists of numbers by output. */
function outputsOf(model: Model, inputs: Values[]): number[][] {
  return scope(() => {
    const given = inputs.map(({ shape, values }) => tensor(Float32Array.from(values), shape));
    const got = model.apply(given.length === 1 ? given[0] : given) as unknown;
    return listed(got).map((output) => Array.from(output.dataSync(), Number));
  });
}

const rewritten = cases.filter(({ name }) => name.endsWith('.keras') && !name.startsWith('stateful'));

describe('Models that are written for Keras', () => {
  test.each(rewritten)('are read back as they were: $name', async (given) => {
    const { model } = await readKeras(bytesOf(given), given.name);
    const again = await readKeras(await writeKeras(model), 'again.keras');
    expect(again.leftOver).toEqual([]);
    const [{ inputs }] = runs[given.runs];
    expect(outputsOf(again.model, inputs)).toEqual(outputsOf(model, inputs));
  });

  test('are read back where they have the defaults of every layer', async () => {
    const made = new Sequential([
      new GRU({ units: 5, returnSequences: true, inputShape: [7, 3] }),
      new LSTM({ units: 4 }),
      new Dense({ units: 2 }),
    ]);
    const { model, notes } = await readKeras(await writeKeras(made), 'defaults.keras');
    expect(notes).toEqual([]);
    const given = [{ shape: [2, 7, 3], values: Array.from({ length: 42 }, (_, i) => Math.sin(i)) }];
    expect(outputsOf(model, given)).toEqual(outputsOf(made, given));
  });

  test('are opened by Keras 3 with the same predictions', { timeout: 600_000 }, async (context) => {
    const python = process.env.RONDO_PYTHON;
    if (python === undefined) {
      context.skip('not run: RONDO_PYTHON names no Python with Keras 3');
      return;
    }
    const folder = mkdtempSync(join(tmpdir(), 'rondo-keras-'));
    for (const given of rewritten) {
      const { model } = await readKeras(bytesOf(given), given.name);
      writeFileSync(join(folder, given.name), await writeKeras(model));
      writeFileSync(join(folder, `${given.name}.json`), JSON.stringify(runs[given.runs]));
    }
    const script = fileURLToPath(new URL('../../../test/vectors/check_keras_models.py', import.meta.url));
    const done = spawnSync(python, [script, folder], {
      encoding: 'utf8',
      env: { ...process.env, KERAS_BACKEND: process.env.KERAS_BACKEND ?? 'torch', CUDA_VISIBLE_DEVICES: '' },
    });
    rmSync(folder, { recursive: true });
    expect(`${done.stdout}`.trim().split('\n').at(-1), `${done.stdout}${done.stderr.slice(-3000)}`).toBe(
      `${rewritten.length} models agree`,
    );
  });
});
