import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { messageAfter } from '../../test/support/message-after.js';
import { crc32c } from '../checksum.js';
import { Dense } from '../layers/dense.js';
import type { Model } from '../training/model.js';
import { variablesOf } from '../training/model-weights.js';
import { Sequential } from '../training/sequential.js';
import { deserializeModel, serializeModel, type WeightFileFormat } from './checkpoint.js';
import { load } from './load-and-save.js';
import { loadModel, loadWeightsFile } from './model-files.js';
import { decodeSafetensors, decodeSafetensorsInPieces } from './safetensors-decode.js';

/** The first kernel has 2,310,000 numbers, nine pieces of which the last is a part of one; in half precision too more than 4 MiB. */
const made = (): Sequential =>
  new Sequential([new Dense({ units: 1100 }), new Dense({ units: 3 })], { inputShape: [2100] });

/** A checksum of each weight: millions of numbers are not compared one by one. */
const sumsOf = (model: Model): [string, number][] =>
  [...variablesOf(model)].map(([name, weight]) => [name, sumOf(weight.dataSync())]);

const sumOf = ({ buffer, byteOffset, byteLength }: ArrayBufferView): number =>
  crc32c(new Uint8Array(buffer, byteOffset, byteLength));

let folder: string;
let bytes: Uint8Array;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'rondo-pieces-'));
  bytes = serializeModel(made());
});
afterAll(async () => rm(folder, { recursive: true }));

async function fileOf(content: Uint8Array): Promise<string> {
  const path = join(folder, 'model.safetensors');
  await writeFile(path, content);
  return path;
}

const bytesByPlace = (content: Uint8Array, sizes: number[] = []) => ({
  sizeBytes: content.length,
  read(target: Uint8Array, from: number): void {
    sizes.push(target.length);
    target.set(content.subarray(from, from + target.length));
  },
});

describe('large model files', () => {
  for (const weightFormat of ['float32', 'bfloat16', 'float16'] as const satisfies readonly WeightFileFormat[])
    it(`give the model that their bytes give, ${weightFormat}`, async () => {
      const content =
        weightFormat === 'float32' ? bytes : serializeModel(deserializeModel(bytes).model, { weightFormat });
      const path = await fileOf(content);
      const expected = sumsOf(deserializeModel(await readFile(path)).model);
      expect(sumsOf((await loadModel(path)).model)).toEqual(expected);
      const { model, format } = await load(path);
      expect(format).toBe('rondo');
      expect(sumsOf(model as Model)).toEqual(expected);
      const other = made();
      await loadWeightsFile(other, path);
      expect(sumsOf(other)).toEqual(expected);
    });

  it('are read in pieces, never a tensor at once', () => {
    const sizes: number[] = [];
    const { tensors } = decodeSafetensorsInPieces(bytesByPlace(bytes, sizes), 'model');
    const whole = decodeSafetensors(bytes, 'model').tensors;
    for (const [name, tensor] of tensors) {
      const numbers = [...(tensor.pieces?.() ?? [tensor.data as Float32Array])].length;
      expect(numbers).toBe(Math.max(1, Math.ceil(whole.get(name)!.data.length / 2 ** 18)));
    }
    expect(Math.max(...sizes)).toBeLessThanOrEqual(2 ** 20);
    for (const [name, { data }] of tensors) expect(sumOf(data)).toBe(sumOf(whole.get(name)!.data));
  });

  it('of which a number is damaged change no model', async () => {
    const damaged = bytes.slice();
    damaged[damaged.length - 2_000_000] ^= 1;
    const path = await fileOf(damaged);
    const model = made();
    const before = sumsOf(model);
    for (const read of [() => loadModel(path), () => load(path), () => loadWeightsFile(model, path)])
      expect(await messageAfter(read)).toContain('the content is not what was saved');
    expect(sumsOf(model)).toEqual(before);
  });

  it('that are cut short, are something else or are not there are refused as small ones are', async () => {
    const messageOf = async (content: Uint8Array): Promise<string> => {
      const path = await fileOf(content);
      const message = await messageAfter(() => loadModel(path));
      expect(message).toBe(await messageAfter(() => deserializeModel(content, path)));
      return message;
    };
    expect(await messageOf(bytes.subarray(0, bytes.length - 5))).toContain('the file is cut short.');
    const foreign = new Uint8Array(5_000_000).fill(1);
    expect(await messageOf(foreign)).toContain('this is not a safetensors file');
    foreign.set([0x80, 0, 0, 0, 0, 0, 0, 0, 0x7b]);
    expect(await messageOf(foreign)).toContain('the header');
    foreign[0] = 0;
    expect(await messageOf(foreign)).toContain('a header length of 0');
    expect(await messageAfter(() => loadModel(join(folder, 'modle.safetensors')))).toContain('did you mean');
  });
});
