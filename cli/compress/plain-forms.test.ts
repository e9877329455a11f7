import { expect, it } from 'vitest';
import { LanguageModelTraining, serializeTask, setSeed } from '../../src/index.js';
import type { FormMeasure } from './measure.js';
import { type CompressionMethod, compressionMethods, inForm } from './methods.js';
import { plainForms } from './plain-forms.js';

function files(): Uint8Array {
  setSeed(3);
  const { languageModel } = new LanguageModelTraining('roses are red\n'.repeat(9), { units: 37, timesteps: 7 });
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
  const call = { path: 'lm', fileBytes, measure, signal: controller.signal, areAskedFor: true };
  const { made, left } = await plainForms(methods, call);
  expect(made.map(({ name }) => name)).toEqual(['int8', 'asking']);
  expect(left).toEqual(['int4', 'bfloat16']);
  expect((await plainForms(methods, call)).left).toHaveLength(4);
});

it('what changes nothing is no form', async () => {
  const call = { path: 'lm', fileBytes: files(), measure, signal: new AbortController().signal, areAskedFor: true };
  expect(await plainForms([compressionMethods[0]], call)).toEqual({ made: [], left: [] });
});

it('what is compressed has no form that is not smaller', async () => {
  const namesOf = async (fileBytes: Uint8Array, areAskedFor: boolean): Promise<string[]> => {
    const call = { path: 'lm', fileBytes, measure, signal: new AbortController().signal, areAskedFor };
    return (await plainForms(compressionMethods, call)).made.map(({ name }) => name);
  };
  const [, half, , int8, int4] = await Promise.all(compressionMethods.map((method) => inForm(method, files(), 'lm')));
  expect(await namesOf(files(), false)).toEqual(['float16', 'bfloat16', 'int8', 'int4']);
  expect(await namesOf(int8!, true)).toEqual([]);
  expect(await namesOf(half!, false)).toEqual(['int8', 'int4']);
  expect(await namesOf(int4!, false)).toEqual([]);
  // Larger, but steps are faster.
  expect(await namesOf(int4!, true)).toEqual(['int8']);
});
