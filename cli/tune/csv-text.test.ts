import papa from 'papaparse';
import { describe, expect, it } from 'vitest';
import { csvText } from './csv-text.js';

describe('csvText', () => {
  const texts = ['plain', 'a,b', 'say "no"', 'two\nlines', 'return\rfeed', ' padded ', '', '-0.5', 'ä;|\t!'];
  const rows = texts.map((reason, trial) => ({
    trial,
    reason,
    'a "name", with': reason,
    score: trial === 3 ? null : trial / 7,
    none: undefined,
  }));

  it('is read as what was written, whatever the cells hold', () => {
    const { data, errors } = papa.parse<Record<string, string>>(csvText(rows).trimEnd(), {
      header: true,
      newline: '\n',
    });
    expect(errors).toEqual([]);
    expect(data.map(({ reason }) => reason)).toEqual(texts);
    expect(data.map((row) => row['a "name", with'])).toEqual(texts);
    expect(data.map(({ score, none }) => [score, none])).toEqual(
      texts.map((_, i) => [i === 3 ? '' : String(i / 7), '']),
    );
  });

  it('quotes only what needs it', () => {
    expect(
      csvText([
        { a: 1, b: 'x y' },
        { a: null, b: 'x,y' },
      ]),
    ).toBe('a,b\n1,x y\n,"x,y"\n');
    expect(csvText([])).toBe('');
  });
});
