import { describe, expect, it } from 'vitest';
import { SeenItems } from '../seen-items.js';
import { type TranslationReport, translationReport } from './translation-report.js';

function reportOf(output: string, ...references: string[]): TranslationReport {
  const judged = [{ source: 'x', output, references, copied: 'x', wordByWord: 'x' }];
  return translationReport(judged, { given: ['x'], seen: SeenItems.of([], []), numTokens: 1, numUnknown: 0 });
}

describe('the words that TER and word errors count', () => {
  it.each<[string, string, string, TranslationReport['words'], number]>([
    ['English', 'the red cat sat', 'the red dog sat', 'between spaces', 1 / 4],
    ['Chinese', '我喜欢红色的猫。', '我喜欢红色的狗。', 'zh', 1 / 8],
    ['Chinese with Latin words', '我有一个新的iPad', '我有一个旧的iPad', 'zh', 1 / 7],
    ['Japanese', '私はねこです', '私はいぬです', 'char', 2 / 6],
    ['Thai', 'ฉันรักแมว', 'ฉันรักแมน', 'char', 1 / 9],
  ])('are those of the script: %s', (_, output, reference, words, rate) => {
    const report = reportOf(output, reference);
    expect(report.words).toBe(words);
    expect(report.wordErrors.rate).toBeCloseTo(rate, 12);
    expect(report.ter.score).toBeCloseTo(100 * rate, 10);
    expect(report.ter.signature).toContain(words === 'between spaces' ? '|tok:tercom|' : `|tok:${words}+tercom|`);
  });

  it('are compared with the reference that is nearest by them', () => {
    const report = reportOf('我喜欢猫', '他不知道', '我喜欢狗');
    expect(report.wordErrors).toMatchObject({ numSubstitutions: 1, numReference: 4 });
    expect(report.characterErrors).toMatchObject({ numSubstitutions: 1, numReference: 4 });
  });
});
