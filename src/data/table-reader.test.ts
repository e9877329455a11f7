import fc from 'fast-check';
import papa from 'papaparse';
import { describe, expect, it } from 'vitest';
import { messageAfter } from '../../test/support/message-after.js';
import { type ReadTableOptions, readTable, type TableSource } from './csv.js';

const where = 'made.csv';
const read = (source: TableSource, options: Partial<ReadTableOptions> = {}) => readTable(source, { where, ...options });

async function contentOf(source: TableSource): Promise<unknown> {
  const table = await read(source);
  const rows = Array.from({ length: table.numRows }, (_, row) => table.row(row));
  return { columns: table.columns, rows, lines: Array.from(table.lines) };
}

/** Bytes cut into two pieces at a place. */
function cutAt(bytes: Uint8Array, at: number): Uint8Array[] {
  return [bytes.slice(0, at), bytes.slice(at)];
}

const odd =
  '\ufeffname;"note;1";wert\r\nä "x";"two\r\nlines; ""q""";1,50\n\n"";-0;+3\r  4 ;1.234,5;0,0078125\n007;" 12 ' +
  '";99999999999999999\n;;\n1e5;🙂;-2147483649';

describe('reading a table', () => {
  it('gives the same wherever the bytes are cut, and byte by byte', async () => {
    const bytes = new TextEncoder().encode(odd);
    const whole = await contentOf(odd);
    for (let at = 0; at <= bytes.length; at++) expect(await contentOf(cutAt(bytes, at)), `cut at ${at}`).toEqual(whole);
    expect(await contentOf(Array.from(bytes, (byte) => Uint8Array.of(byte)))).toEqual(whole);
    expect(whole).toEqual({
      columns: ['name', 'note;1', 'wert'],
      rows: [
        ['ä "x"', 'two\nlines; "q"', '1,50'],
        ['', '-0', '+3'],
        ['4', '1.234,5', '0,0078125'],
        ['007', '12', '99999999999999999'],
        ['', '', ''],
        ['1e5', '🙂', '-2147483649'],
      ],
      lines: [2, 5, 6, 7, 8, 9],
    });
  });

  it('gives the same wherever the bytes are cut after what is looked at first', async () => {
    const row = '12.5,"a ""b""\r\nc",-7\r\n';
    const text = `x,y,z\r\n${row.repeat(4000)}`;
    const bytes = new TextEncoder().encode(text);
    const whole = await contentOf(bytes);
    const start = 'x,y,z\r\n'.length + row.length * 3500;
    for (let at = start; at <= start + row.length; at++)
      expect(
        await contentOf([bytes.slice(0, 70_000), bytes.slice(70_000, at), bytes.slice(at)]),
        `cut at ${at}`,
      ).toEqual(whole);
  });

  it('names the same place of a fault wherever the bytes are cut', async () => {
    const faults = [
      'a,b\n1,2\n"x\ny",3\n4\n',
      'a,b\n"x\r\ny",3\r\n5,"z\n',
      'a,b\r1,"x"y\r',
      'a,b\nü,2\n3,"',
      'a,a\n1,2\n',
      'a,b\n1,\0\n',
    ];
    for (const text of faults) {
      const bytes = new TextEncoder().encode(text);
      const message = await messageAfter(() => read(bytes));
      expect(message).toContain('[DATA_FORMAT]');
      for (let at = 0; at <= bytes.length; at++) expect(await messageAfter(() => read(cutAt(bytes, at)))).toBe(message);
    }
  });

  it('gives the cells that another parser gives', async () => {
    const cell = fc.oneof(
      fc.constantFrom(
        '',
        '0',
        '-5',
        '12.50',
        '0.001',
        '1,5',
        '-12,000',
        '1e3',
        '.5',
        '5.',
        '00',
        '-0',
        '"',
        'a"b',
        ' x ',
        'x\ny',
        'ö🙂',
        '123456789012345',
        '1234567890123456',
        '2147483648',
        '-2147483648',
      ),
      fc.string({ maxLength: 6 }).map((text) => text.replace(/[\0\r]/g, '')),
      fc.double({ noNaN: true }).map(String),
    );
    const table = fc
      .tuple(fc.integer({ min: 2, max: 5 }), fc.integer({ min: 1, max: 9 }))
      .chain(([width, height]) =>
        fc.array(fc.array(cell, { minLength: width, maxLength: width }), { minLength: height, maxLength: height }),
      );
    const options = fc.record({
      delimiter: fc.constantFrom(',', ';', '\t'),
      newline: fc.constantFrom('\n', '\r\n', '\r'),
      quotes: fc.boolean(),
    });
    const property = fc.asyncProperty(table, options, fc.nat(), async (rows, { delimiter, newline, quotes }, cut) => {
      const names = rows[0].map((_, i) => `name${i}`);
      const text = papa.unparse([names, ...rows], { delimiter, newline, quotes });
      const bytes = new TextEncoder().encode(text);
      const read = await readTable(cutAt(bytes, cut % (bytes.length + 1)), { where, delimiter });
      // Spaces around a number are not kept.
      const plain = (value: string): string => (/^ *-?(0|[1-9]\d*)([.,]\d+)? *$/.test(value) ? value.trim() : value);
      expect(Array.from({ length: read.numRows }, (_, row) => read.row(row).map(plain))).toEqual(
        rows.map((row) => row.map(plain)),
      );
    });
    await fc.assert(property, { numRuns: 300, seed: 11 });
  });

  it('keeps every text of a number, in columns longer than a block', async () => {
    const cells = Array.from({ length: 9001 }, (_, row) =>
      row === 4097 ? 'NA' : row === 8200 ? '3000000000' : row % 3 === 0 ? (row / 8).toFixed(3) : String(-row),
    );
    expect((await read(`v\n${cells.join('\n')}\n`)).column('v')).toEqual(cells);
  });

  it('understands a first line that tells the separator', async () => {
    for (const told of ['sep=|', '"sep=|"', 'SEP=|']) {
      const table = await read(`${told}\r\na;b|c,d\r\n1;2|3,4\r\n`);
      expect(table.columns).toEqual(['a;b', 'c,d']);
      expect(Array.from(table.lines)).toEqual([3]);
    }
  });

  it('takes names for a table without a line of them, as many as there are columns', async () => {
    const table = await read('2020-01-01,1\n2020-01-02,2\n', { columns: ['day', 'load'] });
    expect(table.column('load')).toEqual(['1', '2']);
    expect(Array.from(table.lines)).toEqual([1, 2]);
    expect(await messageAfter(() => read('1,2\n3,4\n', { columns: ['a', 'b', 'c'] }))).toContain(
      'line 1: there are 3 names of columns for 2 columns',
    );
    expect(await messageAfter(() => read('1,2\n3,4\n', { columns: ['a', 'a'] }))).toContain(
      'two columns are named `a`',
    );
    expect(await messageAfter(() => read('1.5,2\n3,4\n'))).toContain('as `columns`, such as a,b, or');
  });

  it('takes a first line that holds all names given for a line of names, in its own order', async () => {
    const table = await read('load,day,note\n1,2020-01-01,x\n', { columns: ['day', 'load'] });
    expect(table.columns).toEqual(['load', 'day', 'note']);
    expect(table.column('load')).toEqual(['1']);
    expect(Array.from(table.lines)).toEqual([2]);
  });

  it('leaves out columns at the end that have neither a name nor a value', async () => {
    for (const [text, options] of [
      ['a;b;;\n1;2;;\n3;4; ;\n', {}],
      ['a;b\n1;2;;\n3;4\n', {}],
      ['1;2;;\n3;4;;\n', { columns: ['a', 'b'] }],
    ] as const) {
      const table = await read(text, options);
      expect(table.columns).toEqual(['a', 'b']);
      expect([table.column('a'), table.column('b')]).toEqual([
        ['1', '3'],
        ['2', '4'],
      ]);
      expect(table.numUnnamed).toBe(2);
    }
    expect((await read('a,b\n1,\n')).numUnnamed).toBe(0);
    expect(await messageAfter(() => read('a,b,\n1,2,\n3,4,5\n'))).toContain('line 1, column 3: a column has no name');
    expect(await messageAfter(() => read('a,b\n1,2,\n3,4,5\n'))).toContain(
      'line 3, column 3: the row has too many cells',
    );
    expect(await messageAfter(() => read(',,\n1,2,3\n'))).toContain('3 columns have no name');
  });

  it('finds the separator that fits the names given', async () => {
    const columns = ['text', 'label'];
    expect((await read('so, so;1\nfine, yes;2\n', { columns })).column('label')).toEqual(['1', '2']);
    expect((await read('a;b\tx\nc;d\ty\n', { columns })).column('label')).toEqual(['x', 'y']);
  });

  it('finds the separator where others stand inside cells', async () => {
    expect((await read('zeit;last, MW;temp, C\n1;2,5;3,5\n2;2,6;3,7\n')).columns).toEqual([
      'zeit',
      'last, MW',
      'temp, C',
    ]);
    expect((await read('text,label\n"a;b;c",x\n"d",y\n')).columns).toEqual(['text', 'label']);
  });

  it('answers very long cells and very many columns', async () => {
    const long = 'x'.repeat(12_000_000);
    expect((await read(`a,b\n${long},1\n`)).column('a')[0]).toHaveLength(12_000_000);
    expect(await messageAfter(() => read(`${'1,'.repeat(1_000_000)}1\n`))).toContain(
      '[DATA_FORMAT] made.csv, line 1: the line has more than 100000 cells.',
    );
    expect(await messageAfter(() => read(`a,b\n"${long}`))).toContain(
      'made.csv, line 2, character 1: a quoted cell is never closed',
    );
    const wide = Array.from({ length: 30_000 }, (_, i) => `c${i}`).join(',');
    expect((await read(`${wide}\n${wide}\n`)).columns).toHaveLength(30_000);
  });
});
