import { describe, expect, it } from 'vitest';
import { Vocabulary } from '../../data/vocabulary.js';
import { Dense } from '../../layers/dense.js';
import { LSTM } from '../../layers/lstm.js';
import { Sequential } from '../../training/sequential.js';
import { deserializeModel, serializeModel } from '../checkpoint.js';
import { embeddingFromVectors } from './embedding-from-vectors.js';
import { Subwords } from './subwords.js';
import { WordVectors } from './word-vectors.js';

const vocabulary = new Vocabulary(['the', 'cat', 'dgo', '🎉'], { paddingToken: '<pad>', oovToken: '<unk>' });
const plain = new WordVectors(['cat', 'the', 'other'], Float32Array.of(1, 2, 3, 4, 5, 6, 7, 8, 9));
const withSubwords = new WordVectors(
  plain.words,
  plain.values,
  new Subwords({
    minLength: 3,
    maxLength: 6,
    buckets: 2,
    dimension: 3,
    values: Float32Array.of(10, 20, 30, 30, 20, 10),
  }),
);

describe('embeddingFromVectors', () => {
  it('gives known words their vectors, padding zeros, and the others seeded normal numbers', () => {
    const rows = (seed: number): number[][] => {
      const { embedding } = embeddingFromVectors(vocabulary, plain, { seed });
      const values = embedding.weights[0].dataSync();
      return vocabulary.tokens.map((_, id) => Array.from(values.slice(id * 3, id * 3 + 3)));
    };
    const [padding, unknown, the, cat, dog, party] = rows(5);
    expect([padding, the, cat]).toEqual([
      [0, 0, 0],
      [4, 5, 6],
      [1, 2, 3],
    ]);
    for (const drawn of [unknown, dog, party]) expect(drawn.every((value) => value !== 0)).toBe(true);
    expect(rows(5)).toEqual(rows(5));
    expect(rows(6)[4]).not.toEqual(dog);
  });
  it('spells unknown words by their n-grams where the file has any', () => {
    const { embedding, coverage } = embeddingFromVectors(vocabulary, withSubwords, {
      tokens: vocabulary.encode(['the', 'dgo', 'the', 'horse']),
    });
    expect(Array.from(embedding.weights[0].dataSync().slice(12, 15))).toEqual(Array.from(withSubwords.get('dgo')!));
    expect(coverage).toEqual({
      numTypes: 4,
      foundTypes: 2,
      subwordTypes: 2,
      shareOfTypes: 1,
      shareOfTokens: 0.75,
      missing: [],
    });
    const drawn = embeddingFromVectors(vocabulary, withSubwords, { unknown: 'normal' });
    expect(drawn.coverage).toMatchObject({
      foundTypes: 2,
      subwordTypes: 0,
      shareOfTypes: 0.5,
      shareOfTokens: null,
      missing: ['dgo', '🎉'],
    });
  });
  it('stays as it is where it is frozen, and learns where it is not; both survive a file', async () => {
    for (const trainable of [false, true]) {
      const { embedding } = embeddingFromVectors(vocabulary, plain, { trainable });
      const model = new Sequential([embedding, new LSTM({ units: 2 }), new Dense({ units: 1 })]);
      model.compile({ optimizer: 'sgd', loss: 'meanSquaredError' });
      const before = Array.from(embedding.weights[0].dataSync());
      await model.fit([[2, 3, 4]], [[5]], { epochs: 2 });
      const after = Array.from(embedding.weights[0].dataSync());
      expect(JSON.stringify(after) === JSON.stringify(before)).toBe(!trainable);
      const { model: back } = deserializeModel(serializeModel(model));
      expect(Array.from(back.weights[0].dataSync())).toEqual(after);
    }
  });
  it('refuses what cannot be', () => {
    expect(() => embeddingFromVectors(vocabulary, new WordVectors([], new Float32Array()))).toThrow(
      '[DATA_FORMAT] embeddingFromVectors, vectors: no token of the text has a vector',
    );
    expect(() => embeddingFromVectors(vocabulary, new WordVectors(['Hund'], Float32Array.of(1)))).toThrow(
      '[DATA_FORMAT]',
    );
    expect(() => embeddingFromVectors(vocabulary, new Map([['the', [1, NaN]]]))).toThrow(
      'the vector of "the" holds a number that is not finite',
    );
    expect(() => embeddingFromVectors(vocabulary, plain, { tokens: [6] })).toThrow('[USAGE]');
    expect(() => embeddingFromVectors(vocabulary, plain, { frozen: true } as object)).toThrow('[UNKNOWN_NAME]');
    expect(() => new WordVectors(['a', 'a'], Float32Array.of(1, 2))).toThrow(
      '[OUT_OF_RANGE] WordVectors: a word comes twice.',
    );
  });
});
