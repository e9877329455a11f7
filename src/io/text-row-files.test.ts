import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { messageAfter } from '../../test/support/message-after.js';
import { decodeText } from './encodings.js';
import { readTextFiles } from './text-row-files.js';

const folder = mkdtempSync(join(tmpdir(), 'rondo-texts-'));
const at = (name: string): string => join(folder, name);

beforeAll(() => {
  for (const name of ['mail/spam', 'mail/ham', 'mail/.hidden', 'flat', 'deep/a/b'])
    mkdirSync(at(name), { recursive: true });
  writeFileSync(at('mail/spam/2.txt'), 'buy\nnow');
  writeFileSync(at('mail/spam/10.txt'), 'cheap');
  writeFileSync(at('mail/ham/1.txt'), 'dear friend');
  writeFileSync(at('mail/ham/2.txt'), '');
  writeFileSync(at('mail/README'), 'not a text');
  writeFileSync(at('flat/a.txt'), 'x');
  writeFileSync(at('rt.pos'), 'good film\nfine\n');
  writeFileSync(at('rt.neg'), 'bad film\n');
  writeFileSync(at('latin.txt'), Buffer.from('LOC:x o\xf9 est le caf\xe9\n', 'latin1'));
  writeFileSync(at('table.csv'), 'text,label\na,x\n');
});
afterAll(() => rmSync(folder, { recursive: true }));

describe('files of texts', () => {
  it('in one folder a class are read in the order of their names, empty ones as empty texts', async () => {
    const rows = await readTextFiles([at('mail')]);
    expect(rows.texts).toEqual(['dear friend', '', 'cheap', 'buy\nnow']);
    expect(rows.labels).toEqual(['ham', 'ham', 'spam', 'spam']);
    expect(rows.places![0]).toBe(at('mail/ham/1.txt'));
  });

  it('of one class each give their ending or their name as label', async () => {
    expect((await readTextFiles([at('rt.pos'), at('rt.neg')], { format: 'class-files' })).labels).toEqual([
      'pos',
      'pos',
      'neg',
    ]);
    expect(
      (await readTextFiles([at('rt.pos'), at('latin.txt')], { format: 'class-files', encoding: 'windows-1252' }))
        .labels,
    ).toEqual(['rt', 'rt', 'latin']);
  });

  it('are read in their encoding, and refused in a wrong one', async () => {
    expect(
      (await readTextFiles([at('latin.txt')], { format: 'lines', encoding: 'windows-1252', labelUntil: ':' })).texts,
    ).toEqual(['où est le café']);
    expect(await messageAfter(() => readTextFiles([at('latin.txt')], { format: 'lines' }))).toContain(
      'the text is not in UTF-8',
    );
    expect(decodeText(Uint8Array.from([0xbe, 0xc6, 0xb5, 0xea]), 'x', 'gb18030')).toBe('酒店');
    expect(await messageAfter(() => decodeText(Uint8Array.from([0xbe]), 'x', 'gb18030'))).toContain(
      '[DATA_FORMAT] x: the text is not in gb18030.',
    );
    expect(await messageAfter(() => decodeText(Uint8Array.from([0x61]), 'x', 'latin1' as 'gb18030'))).toContain(
      '[UNKNOWN_NAME]',
    );
    expect(await messageAfter(() => decodeText(new Uint8Array(0), 'x', 'windows-1252'))).toContain('the file is empty');
  });

  it("are known as fastText's by the first label of a file", async () => {
    writeFileSync(at('train.txt'), '__label__good fine\n__label__bad dull\n');
    expect(await readTextFiles([at('train.txt')])).toMatchObject({ texts: ['fine', 'dull'], labels: ['good', 'bad'] });
  });

  it('are refused where the format is not told, or the folder is none of classes', async () => {
    expect(await messageAfter(() => readTextFiles([at('rt.pos')]))).toContain('[USAGE]');
    expect(await messageAfter(() => readTextFiles([at('flat')]))).toContain('the folder holds no folders');
    expect(await messageAfter(() => readTextFiles([at('deep')]))).toContain('a folder of a class holds another folder');
    expect(await messageAfter(() => readTextFiles([at('tabel.csv')]))).toContain('[FILE_ACCESS]');
  });
});
