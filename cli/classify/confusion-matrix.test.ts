import { describe, expect, it } from 'vitest';
import { confusionMatrix } from './confusion-matrix.js';

const labels = ['好', 'bad', 'a rather long label'];
const confusion = [
  [8, 2, 0],
  [0, 0, 0],
  [30, 30, 40],
];

describe('a confusion matrix', () => {
  it('is drawn with shades of the share of each row, in columns that a terminal aligns', () => {
    expect(confusionMatrix(labels, confusion, { width: 80, colour: false, ascii: true })).toBe(
      [
        'confusion: true class by row, predicted by column',
        '                        好           bad  a rather lon',
        '好                       8#            2.            0',
        'bad                      0             0             0',
        'a rather lon            30:           30:           40:',
      ].join('\n'),
    );
  });

  it('shows shares by background where there is colour', () => {
    const drawn = confusionMatrix(labels, confusion, { width: 80, colour: true, ascii: false });
    expect(drawn).toContain('\x1b[48;5;27m\x1b[38;5;15m            8 \x1b[0m');
    expect(drawn.match(/\x1b\[0m/g)).toHaveLength(9);
  });

  it('cuts names above columns where there is little room, as long as they stay different', () => {
    const drawn = (names: string[], width: number): string[] =>
      confusionMatrix(names, confusion, { width, colour: false, ascii: true }).split('\n');
    expect(drawn(labels, 40)).toEqual([
      'confusion: true class by row, predicted by column',
      '                   好      bad  a rathe',
      '好                  8#       2.       0',
      'bad                 0        0        0',
      'a rather lon       30:      30:      40:',
    ]);
    expect(drawn(['joy', 'sadness', 'sadly'], 27)[1]).toBe('          joy  sadn  sadl');
    expect(drawn(['joy', 'sadness', 'sadly'], 25)[0]).toContain('does not fit');
    expect(drawn(['1', '2', '3'], 16)[0]).toContain('does not fit');
  });

  it('becomes a list of confusions, the most frequent first, where it does not fit', () => {
    expect(confusionMatrix(labels, confusion, { width: 24, colour: false, ascii: false }).split('\n')).toEqual([
      'most frequent confusions, of 3 kinds (the matrix of 3 classes does not fit)',
      '    30  a rather long label taken for 好',
      '    30  a rather long label taken for bad',
      '     2  好 taken for bad',
    ]);
  });

  it('can be made of 401 classes, whose counts are more than one call takes as arguments', () => {
    const many = Array.from({ length: 401 }, (_, k) => `class ${k}`);
    const counts = many.map((_, truth) => many.map((_, predicted) => (truth === 7 && predicted === 400 ? 5 : 0)));
    expect(confusionMatrix(many, counts, { width: 80, colour: false, ascii: true }).split('\n').slice(1)).toEqual([
      '     5  class 7 taken for class 400',
    ]);
  });
});
