import { describe, expect, it } from 'vitest';
import { SentenceCodec, type SentenceTokens, tokensFor } from './sentence-codec.js';
import { cleanSentence } from './sentence-pair.js';

const texts = (of: (i: number) => string): string[] => Array.from({ length: 600 }, (_, i) => of(i));
const [months, words] = [
  ['January', 'May', 'June'],
  ['the cat', 'a dog', 'a bird'],
];

describe('the tokens of a side', () => {
  it.each<[string, SentenceTokens, string[]]>([
    ['phonemes', 'whitespace', texts((i) => `${['AH0', 'B', 'CH'][i % 3]} K ${['EY1', 'D'][i % 2]}`)],
    ['digits that stand apart', 'whitespace', texts((i) => `${i % 2} ${i % 3} 1`)],
    ['a few words', 'whitespace', texts((i) => `${words[i % 3]} sees ${words[i % 2]}`)],
    ['sentences of a few words', 'bpe', texts((i) => `${words[i % 3]} sees nothing but ${words[i % 2]}.`)],
    ['sums, of which there are others', 'characters', texts((i) => `${i % 60} + ${i % 70}`)],
    ['dates', 'characters', texts((i) => `${1 + (i % 28)} ${months[i % 3]} 20${10 + (i % 9)}`)],
    ['names', 'characters', texts((i) => `name${i}`)],
    ['Chinese', 'characters', texts((i) => ['你好世界', '你好，世界。'][i % 2])],
  ])('of %s are %s, and give the texts again', (_, kind, side) => {
    expect(tokensFor(side)).toBe(kind);
    const codec = SentenceCodec.of(side, kind, { maxTokens: 8000, lower: false });
    for (const text of side) expect(codec.decode(codec.encode(cleanSentence(text)))).toBe(text);
  });
});
