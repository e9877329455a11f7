import { describe, expect, it } from 'vitest';
import { messageAfter } from '../../test/support/message-after.js';
import { joinTextRows, pickTextRows, type ReadTextRowsOptions, readTextRows } from './text-rows.js';

const read = (content: string, options: Partial<ReadTextRowsOptions>) =>
  readTextRows(content, { where: 'a.csv', format: 'csv', ...options });
const fault = (content: string, options: Partial<ReadTextRowsOptions>): Promise<string> =>
  messageAfter(() => read(content, options));

describe('texts with labels', () => {
  it('are read from tables by the names of their columns, quotes and line ends inside included', async () => {
    const rows = await read('id,review,stars\n1,"good, ""really"" good\nand long",5\n2,bad,1\n', {
      text: 'review',
      label: 'stars',
    });
    expect(rows).toEqual({
      texts: ['good, "really" good\nand long', 'bad'],
      labels: ['5', '1'],
      places: ['a.csv, line 2', 'a.csv, line 4'],
    });
    expect((await read('text\tlabel\na, b\tx\n', { format: 'tsv' })).texts).toEqual(['a, b']);
  });

  it('ask for the name of a column where the usual one is absent', async () => {
    expect(await fault('body,label\na,x\n', {})).toBe(
      '[USAGE] a.csv: a.csv has no column "text", so that of the texts must be named.\n' +
        '  expected: one of `body`, `label`\n  received: no name\n  fix: say with `text` which column holds the texts.',
    );
    expect(await fault('text,class\na,x\n', {})).toContain('so that of the labels must be named');
    expect(await fault('text,class\na,x\n', { label: 'label' })).toContain('[UNKNOWN_NAME] a.csv: there is no column');
    expect((await read('text,class\na,x\n', { label: null })).texts).toEqual(['a']);
  });

  it('tell of columns that separators at the ends of lines make', async () => {
    const first = await read('text,label,\nso good,1,\nbad,0,\n', {});
    expect(first.texts).toEqual(['so good', 'bad']);
    expect(first.notes).toEqual(['a.csv: 1 column at the end without a name and without values left out']);
    const other = await read('text,label\nfine,1\n', {});
    expect(other.notes).toBeUndefined();
    expect(joinTextRows([other, first]).notes).toEqual(first.notes);
  });

  it('are read from tables without a line of names where the names are given', async () => {
    expect(await read('so good, really.\t1\nbad.\t0\n', { format: 'tsv', columns: ['text', 'label'] })).toEqual({
      texts: ['so good, really.', 'bad.'],
      labels: ['1', '0'],
      places: ['a.csv, line 1', 'a.csv, line 2'],
    });
  });

  it('are read from tables without a line of names whatever separates their cells', async () => {
    for (const separator of [',', ';', '\t', '|'])
      expect(await read(`so good${separator}1\nbad${separator}0\n`, { columns: ['text', 'label'] })).toMatchObject({
        texts: ['so good', 'bad'],
        labels: ['1', '0'],
      });
  });

  it('are read from JSON lines, with numbers and booleans as labels, blank lines left out', async () => {
    const rows = await read('{"text": "a\\nb 🙂", "label": 1}\n\n{"label": true, "text": "c"}\n', { format: 'jsonl' });
    expect(rows).toEqual({
      texts: ['a\nb 🙂', 'c'],
      labels: ['1', 'true'],
      places: ['a.csv, line 1', 'a.csv, line 3'],
    });
  });

  it('are read from lines that begin with their label, cut where asked', async () => {
    const rows = await read('\ufeffDESC:manner How  did it?\r\nNUM:count How many ?\r\n', {
      format: 'lines',
      labelUntil: ':',
    });
    expect(rows.texts).toEqual(['How  did it?', 'How many ?']);
    expect(rows.labels).toEqual(['DESC', 'NUM']);
  });

  it('need no label where none is asked for', async () => {
    expect((await read('text\na\n', { label: null })).labels).toBeUndefined();
    expect(await read('one text\n\nanother\n', { format: 'texts' })).toEqual({
      texts: ['one text', 'another'],
      labels: undefined,
      places: ['a.csv, line 1', 'a.csv, line 3'],
    });
  });

  it('are refused with file, line and the nearest name', async () => {
    expect(await fault('review,label\na,b\n', { text: 'reviews' })).toContain(
      'there is no column `reviews`; did you mean `review`?',
    );
    expect(await fault('{"text": "a", "lable": 1}\n', { format: 'jsonl' })).toContain(
      'a.csv, line 1: there is no field `label`; did you mean `lable`?',
    );
    expect(await fault('{"text": "a", "label": 1}\n{"text": 3, "label": 1}\n', { format: 'jsonl' })).toContain(
      'a.csv, line 2, field `text`',
    );
    expect(await fault('{"text": "a", "label": 1}\n[1]\n', { format: 'jsonl' })).toContain(
      '[DATA_FORMAT] a.csv, line 2: the line is no JSON object.',
    );
    expect(await fault('{"text": "a",\n', { format: 'jsonl' })).toContain(
      '[DATA_FORMAT] a.csv, line 1: the line is no JSON.',
    );
    expect(await fault('text,label\na,x\nb,\n', {})).toContain('[DATA_FORMAT] a.csv, line 3: the label is empty.');
    expect(await fault('a', { format: 'json' as 'jsonl' })).toContain('did you mean `jsonl`');
  });

  it('of several files are one list, all or none with labels', async () => {
    const labelled = { texts: ['a', 'b'], labels: ['x', 'y'], places: ['1', '2'] };
    expect(joinTextRows([labelled, { texts: ['c'], labels: ['x'] }])).toEqual({
      texts: ['a', 'b', 'c'],
      labels: ['x', 'y', 'x'],
      places: ['1', '2', 'text 0'],
    });
    expect(pickTextRows(labelled, [1])).toEqual({ texts: ['b'], labels: ['y'], places: ['2'] });
    expect(
      await messageAfter(() => joinTextRows([labelled, { texts: ['c'], labels: undefined, places: ['c.txt'] }])),
    ).toContain('[DATA_FORMAT] c.txt');
  });

  it("are read from fastText's lines, one label each", async () => {
    const options = { format: 'fasttext' } as const;
    expect(await read('\ufeff__label__so-so it  is\tfair\n\n__label__bad no :__label\n', options)).toEqual({
      texts: ['it is fair', 'no :__label'],
      labels: ['so-so', 'bad'],
      places: ['a.csv, line 1', 'a.csv, line 3'],
    });
    expect(await fault('__label__a x\n__label__b __label__c y\n', options)).toContain(
      '[DATA_FORMAT] a.csv, line 2: the line has 2 labels, and a classifier gives every text one class.',
    );
    expect(await fault('no label here\n', options)).toContain('a.csv, line 1: the line has no label');
    expect(await fault('__label__ x\n', options)).toContain('the label is empty');
    // Without labels, lines may have any number of them.
    expect(await read('__label__b __label__c y\nz\n', { ...options, label: null })).toMatchObject({
      texts: ['y', 'z'],
      labels: undefined,
    });
  });

  it('are one for each line where empty lines are kept', async () => {
    expect((await read('a\n\n b\n', { format: 'texts', keepEmpty: true })).texts).toEqual(['a', '', ' b']);
    expect((await read('a\n\n b\n', { format: 'texts' })).places).toEqual(['a.csv, line 1', 'a.csv, line 3']);
  });

  it('are none for blank lines between lines with labels, and are numbered by their lines all the same', async () => {
    const places = ['a.csv, line 2', 'a.csv, line 5'];
    const [lines, fastText] = ['\r\nx a\r\n \t\r\n\r\ny b c\r\n\r\n', '\n__label__x a\n\n  \n__label__y b c\n\n'];
    const rows = { texts: ['a', 'b c'], labels: ['x', 'y'], places };
    expect(await read(lines, { format: 'lines' })).toEqual(rows);
    expect(await read(fastText, { format: 'fasttext', keepEmpty: true })).toEqual(rows);
  });
});
