import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { messageAfter } from '../../test/support/message-after.js';
import { readData, readTableFile, readText, unpacked } from './data-files.js';
import { readTextFiles } from './text-row-files.js';
import { loadWordVectors } from './word-vectors/load-word-vectors.js';

let folder = '';
const at = (name: string): string => join(folder, name);
beforeAll(async () => void (folder = await mkdtemp(join(tmpdir(), 'rondo-data-'))));
afterAll(() => rm(folder, { recursive: true }));

async function* piecesOf(bytes: Uint8Array, size: number): AsyncGenerator<Uint8Array> {
  for (let from = 0; from < bytes.length; from += size) yield bytes.subarray(from, from + size);
}

async function textOf(pieces: AsyncIterable<Uint8Array>): Promise<string> {
  const parts: Uint8Array[] = [];
  for await (const piece of pieces) parts.push(piece);
  return Buffer.concat(parts).toString();
}

describe('a gzip archive', () => {
  it('is read as what it holds, whatever its name, however its bytes come, in one part or several', async () => {
    const bytes = Buffer.concat([gzipSync('a,b\n1,2\n'), gzipSync('3,4\n')]);
    for (const size of [1, 2, 3, 7, 1000])
      expect(await textOf(unpacked(piecesOf(bytes, size), 'x'))).toBe('a,b\n1,2\n3,4\n');
    await writeFile(at('table.dat'), bytes);
    expect((await readTableFile(at('table.dat'))).column('b')).toEqual(['2', '4']);
    expect(await readText(at('table.dat'))).toBe('a,b\n1,2\n3,4\n');
  });

  it('of texts or vectors is read, by the name that it has inside', async () => {
    await writeFile(at('mail.csv.gz'), gzipSync('text,label\nhello,x\n'));
    expect(await readTextFiles([at('mail.csv.gz')])).toMatchObject({ texts: ['hello'], labels: ['x'] });
    await writeFile(at('mail.pos.gz'), gzipSync('good\n'));
    await writeFile(at('mail.neg'), 'bad\n');
    expect((await readTextFiles([at('mail.pos.gz'), at('mail.neg')], { format: 'class-files' })).labels).toEqual([
      'pos',
      'neg',
    ]);
    await writeFile(at('words.vec.gz'), gzipSync('2 3\nred 1 2 3\nblue 4 5 6\n'));
    expect((await loadWordVectors(at('words.vec.gz'))).size).toBe(2);
  });

  it('that is cut short or damaged is refused', async () => {
    const bytes = gzipSync(`a,b\n${Array.from({ length: 5000 }, (_, i) => `${i},${(i * 7919) % 1013}`).join('\n')}\n`);
    await writeFile(at('cut.csv.gz'), bytes.subarray(0, bytes.length - 1000));
    expect(await messageAfter(() => readTableFile(at('cut.csv.gz')))).toMatch(
      /^\[DATA_FORMAT\] .*cut.csv.gz: the gzip archive is cut short/,
    );
    const damaged = Uint8Array.from(bytes);
    damaged[bytes.length >> 1] ^= 0xff;
    await writeFile(at('damaged.csv.gz'), damaged);
    expect(await messageAfter(() => readData(at('damaged.csv.gz')))).toContain('the gzip archive is damaged');
    expect(await messageAfter(() => readData(at('cut.csv')))).toContain('[FILE_ACCESS]');
  });
});

describe('a table file', () => {
  it('is read in its encoding, wherever its pieces end', async () => {
    await writeFile(at('latin.csv'), Buffer.from('stra\xdfe;wert\nH\xf6he;1\n', 'latin1'));
    expect((await readTableFile(at('latin.csv'), { encoding: 'windows-1252' })).row(0)).toEqual(['Höhe', '1']);
    expect(await messageAfter(() => readTableFile(at('latin.csv')))).toContain('(line 1)');
    await writeFile(at('wide.csv'), Buffer.from('\ufeffname,v\n\u{1f642},1\n', 'utf16le'));
    expect((await readTableFile(at('wide.csv'), { encoding: 'utf-16le' })).row(0)).toEqual(['\u{1f642}', '1']);
    expect(await messageAfter(() => readTableFile(at('wide.csv')))).toContain('set `encoding` to utf-16le');
    expect(await messageAfter(() => readTableFile(at('latin.csv'), { encoding: 'utf-16be' }))).toContain(
      '[DATA_FORMAT]',
    );
    expect(await messageAfter(() => readTableFile(at('latin.csv'), { encoding: 'latin9' as 'gb18030' }))).toContain(
      '[UNKNOWN_NAME]',
    );
  });

  it('names byte and line of what is not UTF-8, far into the file', async () => {
    const start = 'a,b\n'.length + '1,zwei\n'.length * 30_000;
    await writeFile(at('far.csv'), Buffer.from(`a,b\n${'1,zwei\n'.repeat(30_000)}1,\xe4\xf6\n`, 'latin1'));
    expect(await messageAfter(() => readTableFile(at('far.csv')))).toContain(`0xe4 at byte ${start + 2} (line 30002)`);
  });

  it('that is another kind of file is named as such', async () => {
    await writeFile(at('book.xlsx'), Buffer.from('PK\x03\x04\x14\0\x06\0\x08\0\0\0!\0', 'latin1'));
    expect(await messageAfter(() => readTableFile(at('book.xlsx')))).toContain('it looks like a ZIP archive');
  });
});
