import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PassThrough } from 'node:stream';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { type Ended, expectFault, rondo, rondoHere, startRondo } from '../support/rondo.js';

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

  it('takes parts from files of their own, and says how much of them training has seen', () => {
    const parts = ['--dev', 'few.src,few.tgt', '--test', 'few.tsv'];
    const given = ['train', 'translate', 'letters.tsv', '--out', 'parts.safetensors', ...small, ...parts];
    const { stdout } = run(...given);
    expect(stdout).toMatch(/best epoch \d+ of 12/);
    expect(stdout).toMatch(/held out\n6 sources/);
    expect(stdout).toMatch(/Training has seen 6 of 6 sources/);
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
    const rest = run('train', 'translate', 'letters.tsv', '--out', 'cut.safetensors', '--resume', '--json');
    const { pairsPerSecond, seconds, pairs: facts, outcome } = JSON.parse(rest.stdout);
    expect(outcome.loss).toHaveLength(25);
    expect((pairsPerSecond * seconds) / facts.numPairs.train).toBeLessThan(24.9);
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
    ['two files of pairs', ['few.tsv', 'letters.tsv'], 2, 'USAGE', ['give one file of pairs']],
    ['three files of a part', ['few.tsv', '--dev', 'few.src,few.tgt,a'], 2, 'USAGE', ['few.src few.tgt a']],
  ])('refuses %s', async (_, given, exitCode, code, parts) => {
    const refused = await rondoHere(folder, ['train', 'translate', ...given, '--out', 'none.safetensors']);
    expectFault(refused, exitCode, code, ...parts);
    expect(existsSync(at('none.safetensors'))).toBe(false);
  });

  it('writes over none of the files that an option names', async () => {
    const own = ['few.tsv', '--dev', 'few.src,few.tgt', '--test', 'few.tsv', '--force'];
    for (const input of ['few.src', 'few.tgt', 'few.tsv'])
      expectFault(await rondoHere(folder, ['train', 'translate', ...own, '--out', input]), 2, 'USAGE', input);
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
    const shown = JSON.parse(run('translate', model, 'afkp', '--json', '--attention').stdout).translations[0];
    const { tokens, attention } = shown.translations[0];
    expect([tokens.source, tokens.target.length + 1]).toEqual([['a', 'f', 'k', 'p'], attention.length]);
    for (const shares of attention) {
      expect([shares.length, Math.max(...shares) > 0]).toEqual([4, true]);
      for (const share of shares) expect(share).toBe(Number(share.toFixed(4)));
    }
  });

  it('draws translations, repeatably, with their scores', () => {
    const draw = (...more: string[]): string =>
      run('translate', model, 'afkp', '--temperature', '2', '--n-best', '9', ...more).stdout;
    const drawn = draw('--seed', '5');
    expect(drawn.trim().split('\n')).toHaveLength(9);
    expect(drawn).toMatch(/^1\t-\d+\.\d{4}\t/);
    expect(draw('--seed', '5')).toBe(drawn);
    expect(draw('--seed', '6')).not.toBe(drawn);
    expect(run('predict', model, 'few.src', '--temperature', '0').stdout).toBe(
      run('predict', model, 'few.src', '--beams', '1').stdout,
    );
  });

  it('reads tables as its training was read, and of those to translate the sources alone', () => {
    const rows = pairs.map(({ source, target }) => `${source};${target};x\n`).join('');
    writeFileSync(at('named.csv'), `word;code;note\n${rows}`);
    writeFileSync(at('more.tsv'), `word\tcode\tnote\n${rows.replaceAll(';', '\t')}`);
    const quick = [...small, '--epochs', '1', '--quiet'];
    const refused = run('train', 'translate', 'named.csv', '--out', 'named.safetensors', ...quick);
    expect(refused.stderr).toMatch(/no column "source".*[\s\S]*fix: say with `--source`/);
    run(
      'train',
      'translate',
      'named.csv',
      '--source',
      'word',
      '--target',
      'code',
      '--out',
      'named.safetensors',
      ...quick,
    );
    expect(run('evaluate', 'named.safetensors', 'named.csv').stdout).toMatch(/\d+ references/);
    const translated = run('translate', 'named.safetensors', 'named.csv', '--beams', '1');
    expect(translated.stderr).toContain('named.csv: translating the column word alone');
    expect(translated.stdout.split('\n')).toHaveLength(401);
    const other = run('predict', 'named.safetensors', 'more.tsv', '--beams', '1', '--source', 'word');
    expect(other.stdout).toBe(translated.stdout);
    const unnamed = run('evaluate', 'named.safetensors', 'more.tsv', '--beams', '1');
    expect(unnamed.stderr).toMatch(/more.tsv: its first line names no .*"word" becomes "code".*\(1 of them\)/);
    expect(run('inspect', 'named.safetensors').stdout).toContain('batches of up to 300 tokens');
  });

  it('is read as its training was where a file does not say how, and says so', () => {
    const [rows, quick] = [pairs.slice(0, 60), [...small, '--epochs', '1', '--quiet']];
    const lines = (between: string): string =>
      rows.map(({ source, target }) => `${source}${between}${target}\n`).join('');
    const columns = ['--source', 'word', '--target', 'code'];
    writeFileSync(at('named.txt'), `word,code\n${lines(',')}`);
    run('train', 'translate', 'named.txt', '--format', 'csv', ...columns, '--out', 'txt.safetensors', ...quick);
    expect(run('evaluate', 'txt.safetensors', 'named.txt').stdout).toMatch(/60 sources/);
    writeFileSync(at('head.tsv'), `word\tcode\n${lines('\t')}`);
    writeFileSync(at('bare.tsv'), lines('\t'));
    run('train', 'translate', 'head.tsv', ...columns, '--out', 'head.safetensors', ...quick);
    const named = run('evaluate', 'head.safetensors', 'head.tsv');
    const bare = run('evaluate', 'head.safetensors', 'bare.tsv');
    expect([bare.stdout, named.stderr]).toEqual([named.stdout, expect.not.stringContaining('first line')]);
    expect(bare.stderr).toContain('bare.tsv: its first line does not name word and code');
    expectFault(run('evaluate', 'head.safetensors', 'bare.tsv', '--source', 'word'), 2, 'UNKNOWN_NAME', '`word`');
  });

  it('reads files, and no pipe, in the encoding of its training', () => {
    // Greek letters of two bytes each in UTF-8; UTF-16 needs no table here.
    const greek = (text: string): string => text.replace(/[a-e]/g, (letter) => 'αβγδε'['abcde'.indexOf(letter)]);
    const written = (name: string, text: string): void => writeFileSync(at(name), Buffer.from(text, 'utf16le'));
    const rows = pairs.slice(0, 60);
    written('wide.tsv', rows.map(({ source, target }) => `${greek(source)}\t${target}\n`).join(''));
    written('wide.txt', 'αfkp\n');
    written('wide-of.txt', 'A F K P\n');
    const encoded = ['--encoding', 'utf-16le', '--out', 'wide.safetensors'];
    run('train', 'translate', 'wide.tsv', ...encoded, ...small, '--epochs', '1', '--quiet');
    const file = run('translate', 'wide.safetensors', 'wide.txt', '--one-of', 'wide-of.txt');
    expect(file.stderr.match(/^wide\S*: read as utf-16le/gm)).toHaveLength(2);
    expect([file.stdout, file.stderr]).toEqual(['A F K P\n', expect.not.stringContaining('vocabulary')]);
    const piped = rondo(
      folder,
      ['translate', 'wide.safetensors', '-', '--one-of', 'two.txt', '--encoding', 'utf-8'],
      'αfkp\n',
    );
    expect(rondo(folder, ['translate', 'wide.safetensors', '-'], 'αfkp\n').stderr).not.toMatch(/read as|vocabulary/);
    expect(piped.stdout).toMatch(/^[AB] F K [PQ]\n$/);
  });

  it('is measured on pairs, and says how many training has seen', () => {
    const { stdout } = run('evaluate', model, 'few.src', 'few.tgt', '--tokenize', 'none');
    expect(stdout).not.toContain('not in the vocabulary');
    writeFileSync(at('strange.tsv'), 'afxy\tA F K P\n');
    expect(run('evaluate', model, 'strange.tsv').stdout).toContain('2 of 4 characters are not in the vocabulary');
    expect(stdout).toMatch(/6 sources, 6 references/);
    expect(stdout).toContain('tok:none');
    expect(stdout).toMatch(/Training has seen \d of 6 sources/);
  });

  it('is described', () => {
    expect(run('inspect', model).stdout).toMatch(/task +texts into others\nsource +\d+ characters/);
  });

  it.each<[string[], string, string]>([
    [['translate', model, 'afkp', '--prefix', 'ZZ'], 'USAGE', '"ZZ" has a token'],
    [['translate', model, 'afkp', '--beams', '3', '--top-k', '2'], 'USAGE', 'no `--beams` with `--top-k`'],
    [['generate', model], 'USAGE', 'a model of another task'],
    [['translate', model, '-', '--one-of', '-'], 'USAGE', 'read once'],
    [['predict', model, 'few.src', '--n-best', '200000'], 'USAGE', '1000'],
    [['evaluate', model, 'few.src', 'few.tgt', 'nothere.txt'], 'USAGE', 'one file or two'],
  ])('says what is wrong with %j', async (args, code, part) => {
    expectFault(await rondoHere(folder, args), 2, code, part);
  });

  describe('that is typed to', () => {
    const typed = (text: string, ...options: string[]): Promise<Ended> => {
      const input = Object.assign(new PassThrough(), { isTTY: true });
      const spy = vi.spyOn(process, 'stdin', 'get').mockReturnValue(input as never);
      input.end(text);
      return rondoHere(folder, ['translate', model, ...options]).finally(() => spy.mockRestore());
    };

    it('answers line by line, asks for each, and goes on after a fault', async () => {
      const { code, stdout, stderr } = await typed('afkp\nbgkq\n');
      expect([code, stdout.split('\n').length]).toEqual([0, 3]);
      expect(stderr).toMatch(/^Type a text.*\n> /);
      const refused = await typed('afkp\nbgkq\n', '--prefix', 'ZZ');
      expect([refused.code, refused.stdout, refused.stderr.match(/\[USAGE\]/g)?.length]).toEqual([0, '', 2]);
    });

    it('refuses what is of all texts together', async () => {
      expectFault(await typed('', '--json'), 2, 'USAGE', '--json is of all texts');
      expectFault(await typed('', '--html', 'typed.html'), 2, 'USAGE', '--html is of all texts');
    });
  });
});
