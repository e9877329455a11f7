import { chmodSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Ended, expectFault, rondo, rondoHere } from '../support/rondo.js';

const folder = mkdtempSync(join(tmpdir(), 'rondo-bad-input-'));
const write = (name: string, content: string | Buffer): void => writeFileSync(join(folder, name), content);
const run = (...args: string[]): Ended => rondo(folder, args);
const here = (...args: string[]): Promise<Ended> => rondoHere(folder, args);
const rows = (of: (i: number) => string, count = 40): string =>
  `${Array.from({ length: count }, (_, i) => of(i)).join('\n')}\n`;
const utf16 = (text: string): Buffer => Buffer.from(`\ufeff${text}`, 'utf16le');
const small = ['--units', '4', '--epochs', '1', '--quiet'];

const table = `text,label\n${rows((i) => `${i % 2 === 0 ? 'good' : 'bad'} film ${i},${i % 2}`)}`;
const word = (id: number | string, form: string, tag: string): string =>
  [id, form, form, tag, '_', '_', '0', '_', '_', '_'].join('\t');

beforeAll(() => {
  write('good.csv', table);
  write('utf16.csv', utf16(table));
  write('nul.csv', 'text,label\ngo\0od,1\nbad,0\n');
  write('spaces.csv', `text,label\n${rows((i) => `   ,${i % 2}`)}`);
  write('digit.csv', 'text,label\ngood,1\nso,2\n');
  write('same.csv', `text,label\n${rows((i) => (i % 2 === 0 ? 'good,0' : 'bad,1'))}`);
  // A byte order mark, CRLF, quotes, line ends in cells, emoji of several characters, combining characters, 10,000
  // words.
  write(
    'odd.csv',
    '\ufefftext,label\r\n' +
      Array.from(
        { length: 40 },
        (_, i) =>
          `"${i % 2 === 0 ? '👩‍👩‍👧, ""cafe\u0301""' : '🇩🇪 naïve'}\r\n` +
          `${i === 3 ? 'so '.repeat(10_000) : i}",${i % 2}\r\n`,
      ).join(''),
  );
  write('range.conllu', `${word('1-', 'a', 'X')}\n`);
  write('spaces.conllu', `${word(1, 'a', 'X').replaceAll('\t', ' ')}\n`);
  write('letter.conllu', `${word('x', 'a', 'X')}\n`);
  const letters = [...'abcdefghijklmnopqrst'];
  write(
    'one.conllu',
    letters.map((letter) => `${word(1, letter, 'X')}\n\n${word(1, `👩‍👩‍👧${letter}`, 'Y')}\n\n`).join(''),
  );
  write(
    'long.txt',
    `${Array.from({ length: 10_000 }, (_, i) => `w${i % 50} ${'XYZ'[i % 3]}`).join('\n')}\n\n${letters
      .slice(0, 20)
      .map((letter, i) => `${letter} ${'XY'[i % 2]}\n\n`)
      .join('')}`,
  );
  write('utf16.txt', utf16('the D\ncat N\n'));
  write('escape.vec', '2 2\n\x1b[31mred 1 2\ncat 3 4\n');
  mkdirSync(join(folder, 'a-folder.safetensors'));
});
afterAll(() => rmSync(folder, { recursive: true }));

describe('rondo train classify', () => {
  it('names what is wrong', async () => {
    const fault = async (args: readonly string[], exitCode: number, code: string, ...parts: string[]): Promise<void> =>
      expectFault(await here('train', 'classify', '--out', 'x.safetensors', ...args), exitCode, code, ...parts);
    await fault(
      ['utf16.csv'],
      1,
      'DATA_FORMAT',
      'utf16.csv: the text is not in UTF-8',
      'UTF-16 (little endian)',
      'set `--encoding` to utf-16le',
    );
    await fault(['nul.csv'], 1, 'DATA_FORMAT', '0x00 at byte 13 (line 2)');
    await fault(['spaces.csv'], 1, 'DATA_FORMAT', 'spaces.csv, line 2: the text is empty, the first of 40');
    await fault(
      ['spaces.csv', '--empty', 'skip'],
      1,
      'DATA_FORMAT',
      'spaces.csv, line 2: no text holds a token',
      '40 empty texts',
    );
    await fault(['same.csv'], 1, 'OUT_OF_RANGE', 'the validation part would be empty', '40 texts, 2 of them different');
    await fault(
      ['good.csv', '--dev', 'digit.csv'],
      1,
      'UNKNOWN_NAME',
      'digit.csv, line 3: training has not seen the label `2`.',
    );
    await fault(['good.csv', '--out', ''], 2, 'USAGE', '--out is empty');
    await fault(['good.csv', '--out', 'absent/x.safetensors'], 1, 'FILE_ACCESS', 'does not exist', 'create the folder');
    await fault(['good.csv', '--out', 'a-folder.safetensors'], 1, 'FILE_ACCESS', 'it is a folder');
    expect(readdirSync(folder).filter((name) => name.startsWith('x.'))).toEqual([]);
  });

  const isSuperuser = process.getuid?.() === 0;
  it.skipIf(isSuperuser)(
    `says so at once where it may not write${isSuperuser ? ' (not run: the superuser may write anywhere)' : ''}`,
    async () => {
      mkdirSync(join(folder, 'read-only'));
      chmodSync(join(folder, 'read-only'), 0o555);
      expectFault(
        await here('train', 'classify', 'good.csv', '--out', 'read-only/x.safetensors'),
        1,
        'FILE_ACCESS',
        'permission is missing',
      );
    },
  );

  it('learns from odd texts that are right, and from UTF-16 by its name', async () => {
    expect(run('train', 'classify', 'odd.csv', ...small, '--out', 'odd.safetensors')).toMatchObject({
      code: 0,
      stderr: '',
    });
    expect(
      run('train', 'classify', 'utf16.csv', '--encoding', 'utf-16le', ...small, '--out', 'utf16.safetensors'),
    ).toMatchObject({ code: 0, stderr: '' });
    const { predictions } = JSON.parse(run('predict', 'odd.safetensors', 'odd.csv', '--json').stdout);
    expect(predictions[0]).toMatchObject({ text: '👩‍👩‍👧, "cafe\u0301"\n0', place: 'odd.csv, line 2' });
    expect(run('robustness', 'odd.safetensors', 'odd.csv', '--rates', '0.5').code).toBe(0);
    expectFault(
      await here('explain', 'odd.safetensors', 'god.csv'),
      1,
      'FILE_ACCESS',
      'there is no such file',
      'did you mean',
    );
    expectFault(await here('evaluate', 'odd.safetensors', 'digit.csv'), 1, 'UNKNOWN_NAME', 'digit.csv, line 3');
  });
});

describe('rondo train tag', () => {
  it('names the line of a .conllu file that is malformed from the first line on', async () => {
    const fault = async (file: string, ...parts: string[]): Promise<void> =>
      expectFault(await here('train', 'tag', file, '--out', 'x.safetensors'), 1, 'DATA_FORMAT', ...parts);
    await fault('range.conllu', 'range.conllu, line 1: `1-` is no ID');
    await fault('spaces.conllu', 'spaces.conllu, line 1: the line has 1 column', 'separate the columns by tabs');
    await fault('letter.conllu', 'letter.conllu, line 1: `x` is no ID');
    await fault('utf16.txt', 'UTF-16 (little endian)', 'or save the file as UTF-8');
  });

  it('learns from sentences of one word and of ten thousand', async () => {
    const tagger = [...small, '--word-units', '4', '--character-units', '4'];
    expect(run('train', 'tag', 'one.conllu', ...tagger, '--out', 'one.safetensors')).toMatchObject({
      code: 0,
      stderr: '',
    });
    expect(run('train', 'tag', 'long.txt', ...tagger, '--out', 'long.safetensors')).toMatchObject({
      code: 0,
      stderr: '',
    });
    expectFault(await here('predict', 'one.safetensors', 'letter.conllu'), 1, 'DATA_FORMAT', 'letter.conllu, line 1');
    expect(
      run('predict', 'long.safetensors', 'long.txt', '--format', 'columns').stdout.trimEnd().split('\n'),
    ).toHaveLength(10_040);
    expect(run('evaluate', 'long.safetensors', 'long.txt').code).toBe(0);
  });
});

describe('rondo vectors', () => {
  it('lets no word steer the terminal', () => {
    expect(run('vectors', 'escape.vec').stdout).toBe('2 words of 2 numbers\nfirst: ␛[31mred cat\n');
    expect(run('vectors', 'escape.vec', '--nearest', 'cat').stdout).not.toContain('\x1b');
  });
});
