import { describe, expect, it } from 'vitest';
import { SavedFields } from '../../data/saved-fields.js';
import { codecOfText } from '../codec-of-text.js';
import { type DocumentKind, documentStarts, savedStart } from './document-starts.js';

/** How a text begins, and what follows each of its beginnings. */
function startsOf(
  text: string,
  { kind, level = 'characters' }: { kind?: DocumentKind; level?: 'characters' | 'words' | 'bytes' | 'bpe' } = {},
) {
  const codec = codecOfText(text, { level });
  const tokens = codec.encode(text);
  const { kind: found, tokens: start, places } = documentStarts(tokens, codec, [], kind);
  const beginnings = Array.from(places, (place) =>
    codec.decode(tokens.subarray(place + start.length, place + start.length + 3)),
  );
  return { kind: found, start: codec.decode(start), beginnings };
}

const poem = (i: number): string => `roses ${i}\n  are red\n`;

describe('the documents of a text', () => {
  it('stand between blank lines where there are any', () => {
    const text = Array.from({ length: 12 }, (_, i) => poem(i)).join('\n');
    expect(startsOf(text)).toEqual({
      kind: 'blank-line',
      start: '\n\n',
      beginnings: Array.from({ length: 11 }, () => 'ros'),
    });
    expect(startsOf(text, { level: 'words' })).toMatchObject({ kind: 'blank-line', start: '\n\n' });
    expect(startsOf(text, { level: 'bytes' })).toMatchObject({ kind: 'blank-line', start: '\n\n' });
    expect(startsOf(text, { level: 'bpe' }).kind).toBe('blank-line');
  });

  it('are lines where there are no blank ones, with the white space that they begin with', () => {
    const { kind, start, beginnings } = startsOf(poem(1).repeat(7));
    expect([kind, start, beginnings.slice(0, 3)]).toEqual(['line', '\n', ['  a', 'ros', '  a']]);
  });

  it('begin after blank lines of white space too, and never with one', () => {
    const text = 'one\n \ntwo\n\n\nthree\n \nfour\n \nfive\n'.repeat(4);
    const { start, beginnings } = startsOf(text, { kind: 'blank-line' });
    expect(start).toBe('\n \n');
    expect(new Set(beginnings)).toEqual(new Set(['two', 'fou', 'fiv']));
    expect(startsOf(text, { kind: 'line' }).beginnings).toContain('thr');
    expect(startsOf(text, { kind: 'line' }).beginnings.every((text) => text.trim() !== '')).toBe(true);
  });

  it('are sentences where there are no lines, also in Chinese', () => {
    expect(startsOf('He came. "She went." They saw! But 3.5 is none. '.repeat(9))).toMatchObject({
      kind: 'sentence',
      start: '. ',
      beginnings: Array.from({ length: 17 }, (_, i) => (i % 2 === 0 ? '"Sh' : 'He ')),
    });
    const chinese = startsOf('春眠不覺曉。處處聞啼鳥！夜來風雨聲。'.repeat(9));
    expect([chinese.kind, chinese.start, new Set(chinese.beginnings)]).toEqual([
      'sentence',
      '。',
      new Set(['春眠不', '處處聞']),
    ]);
  });

  it('are what follows the most frequent sign where there is nothing else, or the most frequent token', () => {
    const names = startsOf('carl;bert-emil;hans;'.repeat(9));
    expect([names.kind, names.start, new Set(names.beginnings)]).toEqual(['sign', ';', new Set(['ber', 'han', 'car'])]);
    expect(startsOf('acgtta'.repeat(9))).toMatchObject({ kind: 'token', start: 'a' });
  });

  it('are the given files where there are many', () => {
    const codec = codecOfText('ab\ncd\n');
    const tokens = codec.encode('ab\n\ncd\n'.repeat(10));
    const files = Array.from({ length: 10 }, (_, i) => 7 * i);
    expect(documentStarts(tokens, codec, files)).toMatchObject({
      kind: 'file',
      places: Int32Array.from({ length: 9 }, (_, i) => 7 * i + 6),
    });
    expect(documentStarts(tokens, codec, files.slice(0, 5))).toMatchObject({ kind: 'blank-line' });
    expect(documentStarts(tokens, codec, files.slice(0, 2), 'file').places).toEqual(Int32Array.of(6));
  });

  it('are refused where there are none of the wanted kind', () => {
    expect(() => startsOf('one line', { kind: 'line' })).toThrow(
      '[DATA_FORMAT] LanguageModelTraining: the text does not fall into documents by line.',
    );
  });

  it('come back from a file, and damaged ones do not', () => {
    const read = (start: unknown) => savedStart(new SavedFields('file', { start }), 5);
    expect(read(undefined)).toBeUndefined();
    expect(read({ kind: 'line', tokens: [4, 0] })).toEqual({ kind: 'line', tokens: [4, 0] });
    for (const damaged of [
      null,
      3,
      { kind: 'line' },
      { kind: 'verse', tokens: [] },
      { kind: 'line', tokens: [5] },
      { kind: 'line', tokens: new Array(9).fill(1) },
    ]) {
      expect(() => read(damaged)).toThrow('[FILE_FORMAT]');
    }
  });
});
