import { describe, expect, it } from 'vitest';
import { messageOf } from '../../test/support/central-differences.js';
import { decodeUtf8 } from '../io/utf8.js';
import { type ConlluFile, looksLikeConllu, readConllu } from './conllu.js';

const line = (id: string, form: string, upos: string, feats = '_'): string =>
  [id, form, form.toLowerCase(), upos, 'X', feats, '0', 'root', '_', '_'].join('\t');
const read = (text: string): ConlluFile => readConllu(text, { where: 'a.conllu' });

const text = [
  '# sent_id = 1',
  '# text = Vámonos al mar 🌊',
  `1-2\tVámonos${'\t_'.repeat(8)}`,
  line('1', 'Vamos', 'VERB', 'Mood=Imp'),
  line('2', 'nos', 'PRON'),
  `2.1\tser${'\t_'.repeat(8)}`,
  line('3', '🌊', 'SYM'),
  line('4', 'é\u0301', 'X'),
  '',
  '',
  '# sent_id = 2',
  line('1', '10 000', 'NUM'),
].join('\n');

describe('CoNLL-U', () => {
  it('is words in sentences; multi-word tokens, empty nodes and comments are none', () => {
    const file = read(text);
    expect(file.sentences.map(({ words }) => words)).toEqual([['Vamos', 'nos', '🌊', 'é\u0301'], ['10 000']]);
    expect(file.column('upos')).toEqual([['VERB', 'PRON', 'SYM', 'X'], ['NUM']]);
    expect(file.column('FEATS')).toEqual([['Mood=Imp', '_', '_', '_'], ['_']]);
    expect(file.column('deprel')[1]).toEqual(['root']);
    expect(file.sentences[0].lines).toEqual([3, 4, 6, 7]);
  });

  it('reads the same with any line ends, a byte order mark and no last line end', () => {
    for (const other of [
      text.replaceAll('\n', '\r\n'),
      text.replaceAll('\n', '\r'),
      `\ufeff${text}`,
      `${text}\n\n\n`,
      text.replace('\n\n\n', '\n  \n'),
    ]) {
      expect(read(other).sentences.map(({ fields }) => fields)).toEqual(
        read(text).sentences.map(({ fields }) => fields),
      );
    }
  });

  it('is written again with one column changed and nothing else', () => {
    const file = read(text);
    expect(file.withColumn('upos', file.column('upos'))).toBe(text);
    const changed = file.withColumn('xpos', [['a', 'b', 'c', ''], ['e']]);
    expect(read(changed).column('xpos')).toEqual([['a', 'b', 'c', '_'], ['e']]);
    expect(changed.split('\n').filter((own, i) => own !== text.split('\n')[i])).toHaveLength(5);
    expect(messageOf(() => file.withColumn('xpos', [['a']]))).toMatch(
      /^\[SHAPE_MISMATCH\] ConlluFile.withColumn, sentence 1/,
    );
  });

  it.each([
    ['another number of columns', '1\tA\tB', 'a.conllu, line 2: the line has 3 columns.'],
    ['spaces for tabs', line('1', 'A', 'X').replaceAll('\t', '  '), 'fix: separate the columns by tabs'],
    ['an empty column', line('1', 'A', ''), 'the column `upos` is empty'],
    ['an ID that is none', line('a', 'A', 'X'), '`a` is no ID'],
    ['an ID out of order', line('2', 'A', 'X'), 'the ID `2` is out of order.\n  expected: 1'],
    [
      'a sentence without a blank line before it',
      `${line('1', 'A', 'X')}\n${line('1', 'B', 'X')}`,
      'line 3: the ID `1` is out of order.\n  expected: 2',
    ],
    [
      'a multi-word token out of place',
      `${line('1', 'A', 'X')}\n${line('1-2', 'B', 'X')}`,
      'a multi-word token that begins with 2',
    ],
    ['a multi-word token that ends before it begins', line('1-0', 'B', 'X'), 'out of order'],
    ['an empty node out of place', line('1.1', 'B', 'X'), 'an empty node after word 0'],
  ])('names file, line and what is wrong: %s', (_, lines, message) => {
    const found = messageOf(() => read(`# c\n${lines}\n`));
    expect(found).toMatch(/^\[DATA_FORMAT\] a\.conllu, line \d: /);
    expect(found).toContain(message);
  });

  it('without a word, or of another encoding, is refused', () => {
    for (const empty of ['', '\n\n', '# only a comment\n'])
      expect(messageOf(() => read(empty))).toMatch(/^\[DATA_FORMAT\] a.conllu: the file holds no sentence/);
    expect(messageOf(() => decodeUtf8(Buffer.from('1\tcafé\t_', 'latin1'), 'a.conllu'))).toMatch(
      /^\[DATA_FORMAT\] a.conllu: the text is not in UTF-8/,
    );
    expect(messageOf(() => decodeUtf8(Buffer.from('\ufeff1\tcafé\t_', 'utf16le'), 'a.conllu'))).toContain('UTF-16');
    expect(messageOf(() => read(text).column('upso'))).toContain('did you mean `upos`');
  });

  it('is known by its first line', () => {
    expect(looksLikeConllu(text)).toBe(true);
    expect(looksLikeConllu('1\tthe\tDT\n')).toBe(false);
    expect(looksLikeConllu('# A heading\nSome text.\n')).toBe(false);
    expect(looksLikeConllu('')).toBe(false);
  });

  it('gives words without a value no tag and cuts sentences there, but features may be none', () => {
    const file = read(
      [
        line('1', 'A', 'X'),
        line('2', 'B', '_'),
        line('3', 'C', 'Y'),
        line('4', 'D', 'X'),
        '',
        line('1', 'E', '_'),
        '',
      ].join('\n'),
    );
    expect(file.tagged('upos')).toEqual({ words: [['A'], ['C', 'D']], tags: [['X'], ['Y', 'X']], numUntagged: 2 });
    expect(file.tagged('feats')).toMatchObject({ tags: [['_', '_', '_', '_'], ['_']], numUntagged: 0 });
    expect(messageOf(() => file.tagged('misc'))).toMatchInlineSnapshot(`
      "[DATA_FORMAT] a.conllu: the column \`misc\` holds no value.
        expected: tags; \`_\` stands for none
        received: \`_\` for each of 5 words
        fix: choose another column."
    `);
  });

  it('keeps the end of every line where it is written again', () => {
    const lines = [line('1', 'A', 'X'), line('2', 'B', 'Y')];
    const mixed = `# c\r\n${lines[0]}\n${lines[1]}\r\n\r\n`;
    expect(read(mixed).withColumn('upos', [['X', 'Y']])).toBe(mixed);
    expect(read(lines.join('\r')).withColumn('upos', [['X', 'Y']])).toBe(lines.join('\r'));
  });
});
