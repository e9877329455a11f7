import { expect, it } from 'vitest';
import { LanguageModelTraining, serializeTask, setSeed } from '../../src/index.js';
import type { FormMeasure } from './measure.js';
import { type CompressionMethod, compressionMethods } from './methods.js';
import { plainForms } from './plain-forms.js';

function files(): Uint8Array {
  setSeed(3);
  const { languageModel } = new LanguageModelTraining('roses are red\n'.repeat(9), { units: 5, timesteps: 7 });
  return serializeTask(languageModel);
}

const measure = {
  form: (name: string, bytes: Uint8Array) => Promise.resolve({ name, sizeBytes: bytes.length, quality: 1 }),
} as unknown as FormMeasure;

it('a form after which the user asks for an end is kept, and those after it are named', async () => {
  const fileBytes = files();
  const controller = new AbortController();
  const asking: CompressionMethod = {
    name: 'asking',
    bytesOf: (model) => {
      setImmediate(() => controller.abort());
      return compressionMethods[1].bytesOf(model);
    },
  };
  const methods = [compressionMethods[3], asking, compressionMethods[4], compressionMethods[2]];
  const call = { path: 'lm', fileBytes, measure, signal: controller.signal };
  const { made, left } = await plainForms(methods, call);
  expect(made.map(({ name }) => name)).toEqual(['int8', 'asking']);
  expect(left).toEqual(['int4', 'bfloat16']);
  expect((await plainForms(methods, call)).left).toHaveLength(4);
});

it('what changes nothing is no form', async () => {
  const call = { path: 'lm', fileBytes: files(), measure, signal: new AbortController().signal };
  expect(await plainForms([compressionMethods[0]], call)).toEqual({ made: [], left: [] });
});
