import { describe, expect, it } from 'vitest';
import { TokenEncoder, type TokenEncoderSettings } from './token-encoder.js';

const settings: TokenEncoderSettings = {
  tokens: 'words',
  lower: true,
  locale: 'en',
  timesteps: 3,
  truncating: 'post',
  padding: 'post',
};
const limits = { maxTokens: 100, minCount: 1 };
const texts = ['One two three four five', 'six'];

const [paddingId, unknownId] = [0, 1];

describe('the tokens that a classifier reads', () => {
  it.each([
    ['post', ['one', 'two', 'three']],
    ['pre', ['three', 'four', 'five']],
  ] as const)('of a long text leave out what is at the side `%s`', (truncating, expected) => {
    const encoder = TokenEncoder.fromTexts(texts, { ...settings, truncating }, limits);
    expect(encoder.spans(texts[0]).map(({ token }) => token)).toEqual(expected);
    expect([...encoder.encode(texts[0])]).toEqual(expected.map((token) => encoder.vocabulary.idOf(token)));
    expect(encoder.spans('six').map(({ start, end }) => [start, end])).toEqual([[0, 3]]);
  });

  it('are never padding, also where a text holds its letters, and unknown words are one', () => {
    const encoder = TokenEncoder.fromTexts(texts, settings, limits);
    expect([
      ...encoder.ids([
        { token: '<pad>', start: 0, end: 5 },
        { token: 'seven', start: 6, end: 11 },
      ]),
    ]).toEqual([unknownId, unknownId]);
    expect(encoder.encode('six')[0]).toBeGreaterThan(unknownId);
    expect(paddingId).toBe(0);
  });
});
