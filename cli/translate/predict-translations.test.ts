import { expect, it } from 'vitest';
import { linesOfTranslations } from './predict-translations.js';

const translation = {
  text: '\u2067אב\u2069  c\nd\te',
  logProbability: -1,
  score: -0.5,
  isComplete: true,
  tokens: { source: [], target: [] },
  attention: [],
};

it('leaves translations as they were written, but on one line and without tabs', () => {
  const options = { 'n-best': undefined } as never;
  const { sections } = linesOfTranslations([{ text: 'x', translations: [translation] }], options);
  expect(sections).toEqual({ text: '\u2067אב\u2069  c d e\n' });
  const several = linesOfTranslations([{ text: 'x', translations: [translation] }], { 'n-best': 1 } as never);
  expect(several.sections).toEqual({ text: '1\t-0.5000\t\u2067אב\u2069  c d e\n' });
});
