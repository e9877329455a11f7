import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Ended, expectFault, rondo, startRondo } from '../support/rondo.js';

const folder = mkdtempSync(join(tmpdir(), 'rondo-cli-translate-'));
const at = (name: string): string => join(folder, name);
const run = (...args: string[]): Ended => rondo(folder, args);

/** Words of two letters and their letters in the order of the alphabet, apart. */
const pairs = Array.from({ length: 400 }, (_, i) => {
  const letters = ['abcde'[i % 5], 'fghij'[Math.floor(i / 5) % 5], 'klmno'[Math.floor(i / 25) % 5], 'pq'[i % 2]];
  return { source: letters.join(''), target: letters.map((letter) => letter.toUpperCase()).join(' ') };
});
const small = '--units 16 --embedding-units 8 --layers 1 --dropout 0 --epochs 12 --learning-rate 0.02'.split(' ');
const model = 'letters.safetensors';

afterAll(() => rmSync(folder, { recursive: true, force: true }));
beforeAll(() => {
  const texts = {
    'letters.tsv': pairs.map(({ source, target }) => `${source}\t${target}\n`).join(''),
    'few.tsv': `source\ttarget\n${pairs
      .slice(0, 6)
      .map(({ source, target }) => `${source}\t${target}\n`)
      .join('')}`,
    'few.src': pairs
      .slice(0, 6)
      .map(({ source }) => `${source}\n`)
      .join(''),
    'few.tgt': pairs
      .slice(0, 6)
      .map(({ target }) => `${target}\n`)
      .join(''),
    'short.tgt': 'A F K P\n',
    'broken.tsv': 'a\tA\nb B\n',
    'empty.tsv': 'a\t\n\tB\n',
    'two.txt': 'A F K P\nB F K Q\n',
  };
  for (const [name, text] of Object.entries(texts)) writeFileSync(at(name), text);
  const trained = run('train', 'translate', 'letters.tsv', '--out', model, ...small);
  expect(trained.stderr).not.toMatch(/\[[A-Z_]+\]/);
  writeFileSync(at('trained.txt'), trained.stdout);
});

describe('rondo train translate', () => {
  it('says what it reads and how, what it reaches, and what needs no network', () => {
    const said = readFileSync(at('trained.txt'), 'utf8');
    expect(said).toMatch(/^400 pairs: train \d+, validation \d+, held out \d+\n/);
    expect(said).toMatch(/source: \d+ characters, target: \d+ whitespace\n/);
    expect(said).toMatch(/held out\n\d+ sources, \d+ references: [\d.]+ % exactly right\nBLEU = .*nrefs:1\|case:mixed/);
    expect(said).toMatch(/\nchrF2 = [\d.]+ .*\nTER = .*\nWER = .*\nCER = /);
    expect(said).toMatch(/translating word by word: chrF|copying the source: chrF/);
  });

  it('takes parts from files of their own', () => {
    const parts = ['--dev', 'few.src,few.tgt', '--test', 'few.tsv'];
    const given = ['train', 'translate', 'letters.tsv', '--out', 'parts.safetensors', ...small, ...parts, '--json'];
    const { report, measured, outcome } = JSON.parse(run(...given).stdout);
    expect([report.numSources, measured, outcome.loss.length]).toEqual([6, 'test', 12]);
  });

  it('goes on after an interruption and ends with the same file', async () => {
    const long = ['train', 'translate', 'letters.tsv', ...small, '--epochs', '25', '--quiet', '--out'];
    run(...long, 'whole.safetensors');
    const started = startRondo(folder, [...long, 'cut.safetensors']);
    while (started.process.exitCode === null && !existsSync(at('cut.checkpoint.safetensors')))
      await new Promise((resolve) => setTimeout(resolve, 25));
    started.process.kill('SIGINT');
    const { code, stderr } = await started.ended;
    expect([code, stderr]).toEqual([130, expect.stringMatching(/Go on with:\n {2}rondo train translate letters.tsv/)]);
    run('train', 'translate', 'letters.tsv', '--out', 'cut.safetensors', '--resume', '--quiet');
    expect(readFileSync(at('cut.safetensors')).equals(readFileSync(at('whole.safetensors')))).toBe(true);
  });

  it.each<[string, string[], number, string, string[]]>([
    [
      'files of different numbers of lines',
      ['few.src', 'short.tgt'],
      1,
      'DATA_FORMAT',
      ['short.tgt, line 2: the file ends after line 1'],
    ],
    ['a line without a tab', ['broken.tsv'], 1, 'DATA_FORMAT', ['broken.tsv, line 2', 'a tab']],
    ['nothing but empty sides', ['empty.tsv'], 1, 'DATA_FORMAT', ['no pair of two texts']],
    ['a column that there is not', ['few.tsv', '--source', 'german'], 2, 'UNKNOWN_NAME', ['few.tsv', '`german`']],
    ['columns of two files', ['few.src', 'few.tgt', '--source', 'a'], 2, 'USAGE', ['--source']],
  ])('refuses %s', (_, given, exitCode, code, parts) => {
    expectFault(run('train', 'translate', ...given, '--out', 'none.safetensors'), exitCode, code, ...parts);
    expect(existsSync(at('none.safetensors'))).toBe(false);
  });
});

describe('a translator', () => {
  it('translates a text, each line of a file, and what comes by a pipe', () => {
    const one = run('translate', model, 'afkp').stdout;
    expect(one.trim().split(' ')).toHaveLength(4);
    const lines = run('predict', model, 'few.src', '--beams', '1').stdout.split('\n');
    expect(lines).toHaveLength(7);
    expect(rondo(folder, ['translate', model, '-'], 'afkp\n\n').stdout).toBe(`${one.trim()}\n\n`);
  });

  it('gives several with their scores, only what it may, and shows what it attends to', () => {
    const best = run('translate', model, 'afkp', '--n-best', '3').stdout.trim().split('\n');
    expect(best.map((line) => line.split('\t').length)).toEqual([3, 3, 3]);
    expect(run('translate', model, 'afkp', '--one-of', 'two.txt').stdout).toMatch(/^(A F K P|B F K Q)\n$/);
    expect(run('translate', model, 'afkp', '--prefix', 'C G').stdout).toMatch(/^C G/);
    const { stdout } = run('translate', model, 'afkp', '--attention', '--html', 'map.html');
    expect(stdout).toMatch(/\n +a {2}f {2}k {2}p\n/);
    expect(readFileSync(at('map.html'), 'utf8')).toContain('<th>a</th><th>f</th>');
    const { translations } = JSON.parse(run('translate', model, 'afkp', '--json').stdout);
    expect(Object.keys(translations[0].translations[0])).toEqual(['text', 'logProbability', 'score', 'isComplete']);
  });

  it('is measured on pairs, and says how many training has seen', () => {
    const { stdout } = run('evaluate', model, 'few.src', 'few.tgt', '--tokenize', 'none');
    expect(stdout).toMatch(/6 sources, 6 references/);
    expect(stdout).toContain('tok:none');
    expect(stdout).toMatch(/Training has seen \d of 6 sources/);
  });

  it('is described', () => {
    expect(run('inspect', model).stdout).toMatch(/task +texts into others\nsource +\d+ characters/);
  });

  it('says what is wrong with what is asked of it', () => {
    expectFault(run('translate', model, 'afkp', '--prefix', 'ZZ'), 2, 'USAGE', '"ZZ" has a token');
    expectFault(run('generate', model), 2, 'USAGE', 'a model of another task');
  });
});
