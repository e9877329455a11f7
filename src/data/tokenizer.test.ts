import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { type PadSequencesOptions, padSequences } from './pad-sequences.js';
import { Tokenizer } from './tokenizer.js';

/** Made by keras-text-vectors.py with Keras 3.15.1. */
interface Vectors {
  texts: string[];
  new: string[];
  tokenizers: {
    options: Record<string, unknown>;
    wordIndex: [string, number][];
    sequences: number[][];
    ids: number[][];
    texts: string[];
  }[];
  paddings: {
    sequences: number[][];
    options: PadSequencesOptions<'int32' | 'float32'>;
    shape: number[];
    values: number[];
  }[];
}
const vectors = JSON.parse(readFileSync(new URL('./keras-text-vectors.json', import.meta.url), 'utf8')) as Vectors;

const camelCase = (options: Record<string, unknown>): object =>
  Object.fromEntries(
    Object.entries(options).map(([key, value]) => [
      key.replace(/_(.)/g, (_, letter: string) => letter.toUpperCase()),
      value,
    ]),
  );

describe('Tokenizer', () => {
  test.each(vectors.tokenizers)('does what Keras does with $options', (expected) => {
    const tokenizer = new Tokenizer(camelCase(expected.options));
    tokenizer.fitOnTexts(vectors.texts.slice(0, 2));
    tokenizer.fitOnTexts(vectors.texts.slice(2));
    // A Python dict keeps the place of a key that is set again, as a Map does.
    expect([...tokenizer.wordIndex]).toEqual(expected.wordIndex);
    expect(tokenizer.textsToSequences(vectors.new)).toEqual(expected.sequences);
    expect(tokenizer.sequencesToTexts(expected.ids)).toEqual(expected.texts);
  });

  test('is the same after saving and loading as JSON text, and can go on learning', () => {
    const tokenizer = new Tokenizer({ oovToken: '?', numWords: 9 });
    tokenizer.fitOnTexts(['10 9 8 b', 'b __proto__']);
    const restored = Tokenizer.fromJSON(JSON.parse(JSON.stringify(tokenizer)));
    for (const each of [tokenizer, restored]) each.fitOnTexts(['8 8 c']);
    expect([...restored.wordIndex]).toEqual([...tokenizer.wordIndex]);
    expect(restored.toJSON()).toEqual(tokenizer.toJSON());
  });

  test('takes texts that are already cut into words', () => {
    const tokenizer = new Tokenizer();
    tokenizer.fitOnTexts([['New York', 'is'], ['is']]);
    expect(tokenizer.textsToSequences([['new york', 'IS', 'x']])).toEqual([[2, 1]]);
  });

  test('refuses bad options, use before learning, and damaged saved state', () => {
    expect(() => new Tokenizer({ split: '' })).toThrow(/OUT_OF_RANGE/);
    expect(() => new Tokenizer({ numWords: 0 })).toThrow(/OUT_OF_RANGE/);
    expect(() => new Tokenizer({ num_words: 5 } as object)).toThrow(/did you mean `numWords`/);
    expect(() => new Tokenizer().textsToSequences(['a'])).toThrow(/fitOnTexts/);
    const saved = new Tokenizer().toJSON();
    expect(() => Tokenizer.fromJSON({ ...saved, wordCounts: { a: 1 } })).toThrow(/FILE_FORMAT[^]*wordCounts/);
    expect(() => Tokenizer.fromJSON({ ...saved, lower: undefined })).toThrow(/`lower` is missing/);
    expect(() => Tokenizer.fromJSON([])).toThrow(/FILE_FORMAT/);
  });
});

describe('padSequences', () => {
  test.each(vectors.paddings)(
    'does what Keras does with $sequences and $options',
    ({ sequences, options, shape, values }) => {
      const padded = padSequences(sequences, options);
      expect(padded.shape).toEqual(shape);
      expect([...padded.data]).toEqual(values);
      expect(padded.data).toBeInstanceOf(options.dtype === 'float32' ? Float32Array : Int32Array);
    },
  );

  test('refuses what Keras would round, cut or guess', () => {
    expect(() => padSequences([[1], [1.5]])).toThrow(/DATA_FORMAT] padSequences, sequence 1[^]*1.5/);
    expect(() => padSequences([[2 ** 31]])).toThrow(/DATA_FORMAT/);
    expect(() => padSequences([[1]], { value: 0.5 })).toThrow(/`value`/);
    expect(() => padSequences([[[1, 2]], [[1, 2, 3]]])).toThrow(/sequence 1, timestep 0[^]*2 features/);
    expect(() => padSequences([[[1, 2]], [3]])).toThrow(/sequence 1, timestep 0/);
    expect(() => padSequences([])).toThrow(/no sequences/);
    expect(() => padSequences([[1]], { maxlen: 0 })).toThrow(/OUT_OF_RANGE/);
    expect(() => padSequences([[1]], { padding: 'left' as 'pre' })).toThrow(/UNKNOWN_NAME/);
  });
});
