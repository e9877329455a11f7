import { describe, expect, it } from 'vitest';
import { messageOf } from '../../test/support/central-differences.js';
import { type ColumnFile, readColumnFile } from './column-file.js';

const read = (text: string, words?: number): ColumnFile => readColumnFile(text, { where: 'a.txt', words });

const text =
  '-DOCSTART- -X- -X- O\n\nEU NNP B-NP B-ORG\nrejects VBZ B-VP O\n\n\nO\u2019Neill  NNP  B-NP  B-PER\n🙂 SYM O ' +
  'O\n-DOCSTART- -X- O O\nPeter NNP B-NP B-PER';

describe('a column file', () => {
  it('is words in sentences, as in the CoNLL shared tasks', () => {
    const file = read(text);
    expect(file.sentences.map(({ words }) => words)).toEqual([['EU', 'rejects'], ['O\u2019Neill', '🙂'], ['Peter']]);
    expect(file.column(4)).toEqual([['B-ORG', 'O'], ['B-PER', 'O'], ['B-PER']]);
    expect(file.column(2)[0]).toEqual(['NNP', 'VBZ']);
    expect(file.numColumns).toBe(4);
    expect(read(text.replaceAll('\n', '\r\n')).column(3)).toEqual(file.column(3));
  });

  it('may have tabs, and then spaces belong to words', () => {
    const file = read('New York\tB-LOC\nis\u00a0it\tO\n');
    expect(file.sentences[0].words).toEqual(['New York', 'is\u00a0it']);
    expect(file.column(2)).toEqual([['B-LOC', 'O']]);
  });

  it('may have its words anywhere', () => {
    expect(read('1 The DT\n2 end NN\n', 2).sentences[0].words).toEqual(['The', 'end']);
    expect(messageOf(() => read('a b\n', 3))).toMatch(/^\[OUT_OF_RANGE\] a.txt: there is no column 3/);
    expect(messageOf(() => read('a b\n').column(0))).toMatch(/^\[OUT_OF_RANGE\] a.txt: there is no column 0/);
  });

  it('gets a column more where tags are written, every other line as it was', () => {
    expect(read('a X\nb Y\n\n-DOCSTART- O\n\nc X\n').withNewColumn([['1', '2'], ['3']])).toBe(
      'a X 1\nb Y 2\n\n-DOCSTART- O\n\nc X 3\n',
    );
    expect(read('a\tX\n').withNewColumn([['1']])).toBe('a\tX\t1\n');
  });

  it('names file and line of what is malformed', () => {
    expect(messageOf(() => read('a X\n\nb\nc Y\n'))).toContain(
      '[DATA_FORMAT] a.txt, line 3: the line has 1 column.\n  expected: 2 columns separated by spaces, as in ' +
        'line 1\n  received: "b"',
    );
    expect(messageOf(() => read('a\tX\nb\t\n'))).toContain('a.txt, line 2: column 2 is empty');
    expect(messageOf(() => read('-DOCSTART- O\n\n'))).toContain('a.txt: the file holds no sentence');
  });

  it('keeps the end of every line', () => {
    expect(read('a X\r\nb Y\r\n\r\nc X').withNewColumn([['1', '2'], ['3']])).toBe('a X 1\r\nb Y 2\r\n\r\nc X 3');
  });
});
