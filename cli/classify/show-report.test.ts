import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { ClassificationReport } from '../../src/index.js';
import { displayWidth } from '../terminal/display-width.js';
import { fitLines } from '../terminal/fit-lines.js';
import { reportText } from './show-report.js';

let columns: string | undefined;
beforeEach(() => {
  columns = process.env.COLUMNS;
});
afterEach(() => {
  if (columns === undefined) delete process.env.COLUMNS;
  else process.env.COLUMNS = columns;
});

/** Class k is right in k of 100 texts and has 100 + k of them; the rest of its texts is taken for the next class. */
function reportOf(labels: readonly string[]): ClassificationReport {
  const classes = labels.map((label, k) => ({ label, precision: 0.5, recall: 0.25, f1: k / 100, support: 100 + k }));
  const confusion = labels.map((_, truth) =>
    labels.map((_, predicted) => (truth === predicted ? truth : predicted === (truth + 1) % labels.length ? 100 : 0)),
  );
  const figures = { accuracy: 0.5, macroF1: 0.5, microF1: 0.5, loss: 1.25, calibrationError: 0.0125 };
  return { numTexts: 1000, ...figures, classes, confusion } as unknown as ClassificationReport;
}

describe('the report of a classifier', () => {
  it.each<[string, readonly string[]]>([
    ['two short ones', ['no', 'yes']],
    ['four of one word', ['positive', 'negative', 'neutral', 'mixed']],
    ['some in another script', ['体育新闻', '娱乐新闻', '财经', '科技']],
    ['some of several words', ['complaint about delivery', 'question about an invoice', 'praise of our staff']],
    ['many', Array.from({ length: 41 }, (_, k) => `intent number ${k}`)],
  ])('fits forty columns with %s as classes', (_, labels) => {
    process.env.COLUMNS = '40';
    const text = fitLines(reportText(reportOf(labels)), 40);
    expect(text.split('\n').filter((line) => displayWidth(line) > 40)).toEqual([]);
    for (const label of labels.slice(0, 4)) expect(text).toContain(label.slice(0, 6));
  });

  it('shows forty classes as they are, and of more the worst and the most frequent ones', () => {
    delete process.env.COLUMNS;
    const table = (size: number): string[] => {
      const [, ...rest] = reportText(reportOf(Array.from({ length: size }, (_, k) => `c${size - k}`))).split('\n\n');
      return rest[0].split('\n');
    };
    expect(table(40)).toHaveLength(1 + 40);
    expect(table(40)[1]).toMatch(/^c1 .* 139$/);
    const of43 = table(43);
    expect(of43.slice(1, -1).map((line) => line.split(' ')[0])).toEqual(
      [...Array.from({ length: 20 }, (_, i) => i + 1), ...Array.from({ length: 20 }, (_, i) => i + 24)].map(
        (k) => `c${k}`,
      ),
    );
    expect(of43.at(-1)).toBe(
      '3 of 43 classes are left out: shown are those of the lowest F1 and of the most texts; --json gives all.',
    );
  });
});
