import { expect, it } from 'vitest';
import { type TranslatorOptions, TranslatorTraining } from '../../src/index.js';
import { aboutTranslator } from './about-translator.js';

const linesOf = (options: TranslatorOptions): readonly string[] => {
  const train = Array.from({ length: 60 }, (_, i) => ({
    source: [i, i + 1, i + 2].map((digit) => digit % 5).join(''),
    target: ['eins', 'zwei', 'drei'][i % 3],
  }));
  const small = { units: 4, embeddingUnits: 4, layers: 1 };
  return aboutTranslator(new TranslatorTraining({ train }, { ...small, ...options }).translator);
};

it('shows as many tokens as there are', () => {
  const [, source] = linesOf({ sourceTokens: 'characters', targetTokens: 'characters' });
  expect(source).toMatch(/^source +\d+ characters: � {3}0 1 2 3 4$/);
});

it('shows the byte pairs that were learned, and no bytes', () => {
  const [, , target] = linesOf({ sourceTokens: 'bpe', targetTokens: 'bpe' });
  expect(target).toMatch(/^target +\d+ bpe: [0-9a-z ]+ \.\.\.$/);
  expect(target).toContain('ei');
});
