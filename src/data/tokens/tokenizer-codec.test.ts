import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { loadTokenizer, tokenizerLibrary } from '../../io/tokenizers/load-tokenizer.js';
import { loadTask, saveTask } from '../../node.js';
import { setSeed } from '../../random.js';
import { generate } from '../../tasks/generate/generate.js';
import type { LanguageModel } from '../../tasks/language-model/language-model.js';
import { LanguageModelTraining } from '../../tasks/language-model/language-model-training.js';
import { deserializeTask, serializeTask } from '../../tasks/task-file.js';

/** The sign that stands for a byte in byte-level vocabularies: itself where it is visible, else one from U+0100 on. */
function signOf(byte: number): string {
  const isVisible = (value: number): boolean =>
    (value >= 33 && value <= 126) || (value >= 161 && value <= 172) || value >= 174;
  if (isVisible(byte)) return String.fromCodePoint(byte);
  return String.fromCodePoint(
    256 + Array.from({ length: byte }, (_, i) => i).filter((value) => !isVisible(value)).length,
  );
}

const signs = Array.from({ length: 256 }, (_, byte) => signOf(byte));
const merges = [
  ['t', 'h'],
  ['th', 'e'],
  ['Ġ', 'the'],
];
const byteLevel = {
  version: '1.0',
  added_tokens: [
    { id: 259, content: '<|end|>', special: true, single_word: false, lstrip: false, rstrip: false, normalized: false },
  ],
  normalizer: null,
  pre_tokenizer: { type: 'ByteLevel', add_prefix_space: false, trim_offsets: true, use_regex: true },
  post_processor: null,
  decoder: { type: 'ByteLevel', add_prefix_space: true, trim_offsets: true, use_regex: true },
  model: {
    type: 'BPE',
    dropout: null,
    unk_token: null,
    continuing_subword_prefix: null,
    end_of_word_suffix: null,
    fuse_unk: false,
    byte_fallback: false,
    vocab: Object.fromEntries([...signs, ...merges.map((pair) => pair.join(''))].map((token, id) => [token, id])),
    merges: merges.map((pair) => pair.join(' ')),
  },
};

let folder: string;
const at = (name: string): string => join(folder, name);
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'rondo-tokenizer-'));
  await writeFile(at('tokenizer.json'), JSON.stringify(byteLevel));
  await writeFile(at('broken.json'), '{"model": ');
  await writeFile(at('config.json'), '{"model_max_length": 512}');
  await writeFile(at('odd.json'), '{"model": {"type": "Nothing"}}');
});
afterAll(() => rm(folder, { recursive: true }));

describe('a tokenizer.json', () => {
  it('of byte-level pairs gives every text back exactly, whole and token by token', async () => {
    const codec = await loadTokenizer(at('tokenizer.json'));
    expect([codec.size, codec.unknownId]).toEqual([260, undefined]);
    expect([...codec.encode('the the')]).toEqual([257, 258]);
    expect(codec.shown(258)).toBe('Ġthe');
    expect(codec.written(258, undefined)).toBe(' the');
    expect(codec.written(0xe6, undefined)).toBeUndefined();
    const check = (text: string): void => {
      const tokens = codec.encode(text);
      expect(codec.decode(tokens)).toBe(text);
      const writer = codec.writer();
      expect(Array.from(tokens, (token) => writer.write(token)).join('') + writer.end()).toBe(text);
    };
    for (const text of ['', ' the\n\n  end ', '春眠 👩‍👩‍👧‍👦🎉 e\u0301 پڑھنا', '\u0000\t']) check(text);
    fc.assert(fc.property(fc.string({ unit: 'grapheme', maxLength: 30 }), check), { numRuns: 100 });
  });
  it('is refused where it is none, or where the package is missing', async () => {
    await expect(loadTokenizer(at('broken.json'))).rejects.toThrow('[FILE_FORMAT]');
    await expect(loadTokenizer(at('config.json'))).rejects.toThrow('this is no tokenizer');
    await expect(loadTokenizer(at('odd.json'))).rejects.toThrow('[FILE_FORMAT]');
    await expect(loadTokenizer(at('absent.json'))).rejects.toThrow('[FILE_ACCESS]');
    await expect(tokenizerLibrary(() => Promise.reject(new Error('Cannot find package')))).rejects.toThrow(
      '[BACKEND_UNAVAILABLE] loadTokenizer: the npm package @huggingface/tokenizers is not installed',
    );
  });

  it('cuts the texts of a language model, which keeps it in its file', async () => {
    setSeed(1);
    const codec = await loadTokenizer(at('tokenizer.json'));
    const text = 'the cat sat on the mat, the dog lay by the door\n'.repeat(20);
    const training = new LanguageModelTraining(
      { train: text, codec },
      { units: 12, timesteps: 10, batchSize: 4, epochs: 2 },
    );
    await training.train();
    const { languageModel } = training;
    expect(languageModel.options).toMatchObject({ level: 'file', maxTokens: 260, embeddingUnits: 12 });
    await saveTask(languageModel, at('model.safetensors'));
    const { task } = await loadTask(at('model.safetensors'));
    const written = async (model: LanguageModel): Promise<string> => {
      let all = '';
      for await (const piece of generate(model, { prompt: 'the', length: 20, seed: 3 })) all += piece;
      return all;
    };
    expect(await written(task as LanguageModel)).toBe(await written(languageModel));
    expect((await (task as LanguageModel).evaluate('the door')).loss).toBe(
      (await languageModel.evaluate('the door')).loss,
    );
    expect(() => deserializeTask(serializeTask(languageModel), 'model')).toThrow(
      '[BACKEND_UNAVAILABLE] model: the model has the tokenizer of another program',
    );
    expect(() => new LanguageModelTraining({ train: text, codec }, { level: 'words' })).toThrow(
      '[USAGE] LanguageModelTraining: the given codec decides what a token is.',
    );
    expect(() => new LanguageModelTraining(text, { level: 'file' })).toThrow(
      '[USAGE] LanguageModelTraining: level `file` is that of a given codec.',
    );
  });
});
