import { describe, expect, it } from 'vitest';
import { messageAfter } from '../../../test/support/message-after.js';
import { repeatsARepetition, requireSafeTokenizer } from '../../data/tokens/require-safe-tokenizer.js';
import { TokenizerCodec, type TokenizerLibrary } from '../../data/tokens/tokenizer-codec.js';
import { boundedLibrary } from './bounded-tokenizer.js';

const tokenizer = (change: object = {}, model: object = {}): { [key: string]: never } =>
  ({
    version: '1.0',
    added_tokens: [],
    normalizer: null,
    pre_tokenizer: { type: 'Split', pattern: { Regex: '\\s+|\\S+' }, behavior: 'Isolated', invert: false },
    post_processor: null,
    decoder: null,
    model: { type: 'BPE', unk_token: '?', vocab: { '?': 0, a: 1, b: 2, aa: 3 }, merges: ['a a'], ...model },
    ...change,
  }) as never;

describe('a hostile tokenizer.json', () => {
  it('with an id far beyond its tokens is refused before the library sees it', async () => {
    expect(
      await messageAfter(() => requireSafeTokenizer(tokenizer({}, { vocab: { a: 0, b: 4_000_000_000 } }), 't.json')),
    ).toMatchInlineSnapshot(`
      "[FILE_FORMAT] t.json: a token has an impossible id.
        expected: whole numbers from 0, below 65568 for 2 tokens
        received: 4000000000
        fix: use the tokenizer.json as its authors wrote it."
    `);
    expect(
      await messageAfter(() =>
        requireSafeTokenizer(tokenizer({ added_tokens: [{ id: 1e12, content: 'x' }] }), 't.json'),
      ),
    ).toMatch(/^\[FILE_FORMAT\] t.json: a token has an impossible id/);
    for (const id of [-1, 0.5, '3', null])
      expect(() => requireSafeTokenizer(tokenizer({}, { vocab: { a: id } }), 't.json')).toThrow('impossible id');
    expect(() =>
      requireSafeTokenizer(tokenizer({ added_tokens: [{ id: 60_000, content: 'x' }] }), 't.json'),
    ).not.toThrow();
  });

  it('with a repeated repetition is refused, wherever the pattern stands', async () => {
    const split = { type: 'Split', pattern: { Regex: '(a+)+$' }, behavior: 'Isolated' };
    expect(
      await messageAfter(() =>
        requireSafeTokenizer(tokenizer({ pre_tokenizer: { type: 'Sequence', pretokenizers: [split] } }), 't.json'),
      ),
    ).toMatchInlineSnapshot(`
      "[FILE_FORMAT] t.json: a regular expression of the tokenizer repeats a repetition, so it could run for ever.
        expected: no * or + around a group that has one inside
        received: "(a+)+$"
        fix: use the tokenizer.json as its authors wrote it."
    `);
    expect(() =>
      requireSafeTokenizer(
        tokenizer({ decoder: { type: 'Replace', pattern: { Regex: '(?:x*y)*' }, content: '' } }),
        't.json',
      ),
    ).toThrow('repeats a repetition');
  });

  it.each(['(a+)+', '(?:a*b)*', '((ab)+c)*', '(a|b+){2,}', '(?i:\\p{L}+ ?)+', '(a{3,})*'])(
    '%s repeats a repetition',
    (pattern) => {
      expect(repeatsARepetition(pattern)).toBe(true);
    },
  );

  it.each([
    "'s|'t|'re| ?\\p{L}+| ?\\p{N}+| ?[^\\s\\p{L}\\p{N}]+|\\s+(?!\\S)|\\s+",
    "(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\\r\\n\\p{L}\\p{N}]?\\p{L}+|\\p{N}{1,3}| " +
      '?[^\\s\\p{L}\\p{N}]+[\\r\\n]*|\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+',
    '(a+)',
    '(a+)?',
    '(ab)*',
    '[(a+)+]*',
    '\\(a+\\)+',
    '(a{2,3}){4}',
  ])('%s does not', (pattern) => {
    expect(repeatsARepetition(pattern)).toBe(false);
  });

  it('that runs on and on all the same is stopped', async () => {
    // Alternatives that overlap take twice the time for every letter, and are no repetition of a repetition.
    const slow = tokenizer({
      pre_tokenizer: { type: 'Split', pattern: { Regex: '(?:a|a)*b' }, behavior: 'Isolated', invert: false },
    });
    const library = (await import('@huggingface/tokenizers')) as unknown as TokenizerLibrary;
    const codec = TokenizerCodec.from(slow, boundedLibrary(library, { call: 200, character: 0 }), 't.json');
    expect(await messageAfter(() => codec.encode('a'.repeat(200)))).toMatch(
      /^\[FILE_FORMAT\] tokenizer.json: the tokenizer does not come to an end/,
    );
    expect([...codec.encode('b')]).toEqual([2]);
  });
});
