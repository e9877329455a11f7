import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { expectFault, rondo } from '../support/rondo.js';

const folder = mkdtempSync(join(tmpdir(), 'rondo-tables-'));
const train = [
  'train',
  'forecast',
  '--horizon',
  '3',
  '--epochs',
  '1',
  '--units',
  '5',
  '--timesteps',
  '7',
  '--threads',
  '1',
  '--quiet',
];

/** Values about a thousand, as a program of a country writes them. */
function rows(locale: string, delimiter: string, first: number, count: number): string {
  const format = new Intl.NumberFormat(locale, { maximumFractionDigits: 0 });
  const lines = Array.from(
    { length: count },
    (_, i) =>
      `${i % 2 === 0 ? 'a' : 'b'}${delimiter}${format.format(1000 + Math.round(60 * Math.sin((first + i) / 3)))}`,
  );
  return `${lines.join('\n')}\n`;
}

beforeAll(() => {
  writeFileSync(join(folder, 'thousands.csv'), `art;umsatz\n${rows('de-DE', ';', 0, 90)}`);
  expect(
    rondo(folder, [...train, 'thousands.csv', '--target', 'umsatz', '--out', 'thousands.safetensors']).stdout,
  ).toContain('umsatz read with signs between thousands');
});
afterAll(() => rmSync(folder, { recursive: true }));

/** The values that a model of thousands says come next; near a thousand where they were read as such. */
function predicted(args: readonly string[], input = ''): number[] {
  const ended = rondo(folder, ['predict', 'thousands.safetensors', ...args, '--threads', '1', '--json'], input);
  expect(ended.code, ended.stderr).toBe(0);
  return (JSON.parse(ended.stdout) as { values: number[] }).values;
}

describe('a table on the command line', () => {
  it('is read in the notation of the training, though it is short', () => {
    // All of these cells could have three decimals.
    const short = `art;umsatz\n${'a;1.031\nb;1.042\n'.repeat(5)}`;
    for (const value of predicted(['-'], short)) expect(value).toBeGreaterThan(500);
  });

  it('may be a gzip archive, in a file or from the standard input, and have no line of names', () => {
    writeFileSync(join(folder, 'more.csv.gz'), gzipSync(`art;umsatz\n${rows('de-DE', ';', 90, 20)}`));
    const values = predicted(['more.csv.gz']);
    expect(predicted(['-', '--columns', 'art,umsatz'], rows('de-DE', ';', 90, 20))).toEqual(values);
    writeFileSync(join(folder, 'wide.csv'), Buffer.from(`art;umsatz\n${rows('de-DE', ';', 90, 20)}`, 'utf16le'));
    expect(predicted(['wide.csv', '--encoding', 'utf-16le'])).toEqual(values);
  });

  it('without a line of names is refused with the option that gives them', () => {
    expectFault(rondo(folder, [...train, '-'], '1.5,2\n2.5,3\n3.5,4\n'), 1, 'DATA_FORMAT', '`--columns`, such as a,b');
    expectFault(
      rondo(folder, [...train, '-', '--columns', 'a'], '1.5,2\n2.5,3\n'),
      1,
      'DATA_FORMAT',
      '1 names of columns for 2 columns',
    );
  });

  it('that can be read in two ways is refused with the option that decides', () => {
    writeFileSync(join(folder, 'unclear.csv'), `art;y\n${'a;1.234\nb;2.341\nc;5.671\n'.repeat(30)}`);
    expectFault(rondo(folder, [...train, 'unclear.csv']), 1, 'DATA_FORMAT', "`--decimal` 'point' or 'comma'");
    expect(rondo(folder, [...train, 'unclear.csv', '--decimal', 'point', '--out', 'p.safetensors']).code).toBe(0);
    expectFault(
      rondo(folder, ['predict', 'thousands.safetensors', 'more.csv.gz', '--decimal', 'dot']),
      2,
      'USAGE',
      'point, comma',
    );
  });

  it('in an archive that was cut short is refused', () => {
    const bytes = gzipSync(`art;umsatz\n${rows('de-DE', ';', 0, 500)}`);
    writeFileSync(join(folder, 'cut.csv.gz'), bytes.subarray(0, bytes.length - 20));
    expectFault(rondo(folder, ['predict', 'thousands.safetensors', 'cut.csv.gz']), 1, 'DATA_FORMAT', 'cut short');
  });
});

describe('texts on the command line', () => {
  it('are read in their encoding, from archives too', () => {
    writeFileSync(
      join(folder, 'text.txt.gz'),
      gzipSync(Buffer.from('ein sch\xf6ner Tag in K\xf6ln\n'.repeat(60), 'latin1')),
    );
    const lm = [
      'train',
      'language-model',
      'text.txt.gz',
      '--epochs',
      '1',
      '--units',
      '5',
      '--timesteps',
      '9',
      '--threads',
      '1',
      '--quiet',
    ];
    expectFault(rondo(folder, lm), 1, 'DATA_FORMAT', 'set `--encoding` to windows-1252');
    expect(rondo(folder, [...lm, '--encoding', 'windows-1252']).code).toBe(0);
    const ended = rondo(folder, [
      'evaluate',
      'text.safetensors',
      'text.txt.gz',
      '--encoding',
      'windows-1252',
      '--json',
    ]);
    expect(JSON.parse(ended.stdout)).toMatchObject({ numUnknown: 0 });
  });
});
