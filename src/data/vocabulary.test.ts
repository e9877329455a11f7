import { describe, expect, test } from 'vitest';
import { numUnknownOf, tokenCounts, Vocabulary } from './vocabulary.js';

const tokens = 'the cat the dog a cat the b 10 9 __proto__ constructor'.split(' ');

describe('Vocabulary', () => {
  test('orders by frequency, then by name, whatever the order of the tokens', () => {
    const expected = ['<pad>', '<unk>', 'the', 'cat', '10', '9', '__proto__', 'a', 'b', 'constructor', 'dog'];
    for (const order of [tokens, [...tokens].reverse()]) {
      const vocabulary = Vocabulary.fromTokens(order, { paddingToken: '<pad>', oovToken: '<unk>' });
      expect(vocabulary.tokens).toEqual(expected);
    }
  });

  test('encodes and decodes, with the out-of-vocabulary id for what it does not know', () => {
    const vocabulary = Vocabulary.fromTokens(tokens, { oovToken: '<unk>', maxTokens: 3 });
    expect(vocabulary.encode(['cat', 'toString', 'the', 'dog'])).toEqual(Int32Array.of(2, 0, 1, 0));
    expect(vocabulary.decode([2, 0, 1])).toEqual(['cat', '<unk>', 'the']);
  });

  test('counts the special tokens of a text once, and not as words', () => {
    const vocabulary = Vocabulary.fromTokens(['<unk>', '<unk>', 'a'], { oovToken: '<unk>' });
    expect(vocabulary.tokens).toEqual(['<unk>', 'a']);
  });

  test('counts the special tokens in its largest size', () => {
    const vocabulary = Vocabulary.fromTokens(tokens, { paddingToken: '<pad>', oovToken: '<unk>', maxTokens: 5 });
    expect(vocabulary.tokens).toEqual(['<pad>', '<unk>', 'the', 'cat', '10']);
  });

  test('leaves out rare tokens only when something stands for them', () => {
    expect(Vocabulary.fromTokens(tokens, { oovToken: '?', minCount: 2 }).tokens).toEqual(['?', 'the', 'cat']);
    expect(() => Vocabulary.fromTokens(tokens, { minCount: 2 })).toThrow(/7 of 9 tokens would be left out/);
    expect(Vocabulary.fromTokens(tokens, { maxTokens: 9 }).size).toBe(9);
  });

  test('keeps rare tokens that are asked for, and takes further ones after those of the text', () => {
    const special = { paddingToken: '<pad>', oovToken: '<unk>' };
    const keep = (token: string): boolean => token === 'dog' || token === 'b';
    const more = ['zebra', 'dog', '<pad>', 'cat', 'ape'];
    const all = Vocabulary.fromTokens(tokens, { ...special, minCount: 2, keep, more });
    expect(all.tokens).toEqual(['<pad>', '<unk>', 'the', 'cat', 'b', 'dog', 'zebra', 'ape']);
    // A limit holds for what the text shows.
    const small = Vocabulary.fromTokens(tokens, { ...special, minCount: 2, maxTokens: 5, keep, more });
    expect(small.tokens).toEqual(['<pad>', '<unk>', 'the', 'cat', 'b', 'zebra', 'dog', 'ape']);
  });

  test('reads the letters of its padding token in a text as an unknown token', () => {
    const vocabulary = new Vocabulary(['a'], { paddingToken: '<pad>', oovToken: '<unk>' });
    expect(['a', '<pad>', '<unk>', 'b'].map((token) => vocabulary.idInText(token))).toEqual([2, 1, 1, 1]);
    expect(vocabulary.idOf('<pad>')).toBe(0);
    const closed = new Vocabulary(['a'], { paddingToken: '<pad>' });
    expect(closed.unknownId).toBeUndefined();
    expect(closed.idInText('<pad>')).toBe(0);
    expect(() => closed.idInText('b')).toThrow('[UNKNOWN_NAME]');
    expect(numUnknownOf([1, 2, 1, 0], vocabulary.unknownId)).toBe(2);
    expect(numUnknownOf([1, 2, 1, 0], closed.unknownId)).toBe(0);
  });

  test('counts tokens, equally frequent ones in the order of their code units', () => {
    expect(tokenCounts(tokens).slice(0, 4)).toEqual([
      ['the', 3],
      ['cat', 2],
      ['10', 1],
      ['9', 1],
    ]);
  });

  test('is the same after saving and loading as JSON text', () => {
    const vocabulary = Vocabulary.fromTokens(tokens, { paddingToken: '', oovToken: '?' });
    const restored = Vocabulary.fromJSON(JSON.parse(JSON.stringify(vocabulary)));
    expect(restored.tokens).toEqual(vocabulary.tokens);
    expect(restored.idOf('nothing known')).toBe(1);
    expect(restored.paddingToken).toBe('');
  });

  test('refuses unknown tokens and ids by name', () => {
    const words = Vocabulary.fromTokens(tokens);
    expect(() => words.idOf('construcor')).toThrow(/UNKNOWN_NAME[^]*near ones are "constructor"/);
    expect(() => words.idOf('\u00a0')).toThrow(/U\+00A0/);
    expect(() => words.encode(['toString'])).toThrow(/UNKNOWN_NAME/);
    for (const id of [-1, 9, 0.5, NaN]) expect(() => words.tokenOf(id)).toThrow(/a whole number from 0 to 8/);
  });

  test('refuses repeated tokens and damaged saved state', () => {
    expect(() => new Vocabulary(['a', 'b', 'a'])).toThrow(/OUT_OF_RANGE[^]*"a"/);
    expect(() => Vocabulary.fromJSON({ tokens: ['a', 'a'], paddingToken: null, oovToken: null })).toThrow(
      /FILE_FORMAT/,
    );
    expect(() => Vocabulary.fromJSON({ tokens: 'a', paddingToken: null, oovToken: null })).toThrow(
      /`tokens` is damaged/,
    );
  });
});
