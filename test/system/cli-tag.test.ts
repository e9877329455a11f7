import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Ended, expectFault, rondo, rondoHere, startRondo } from '../support/rondo.js';

const folder = mkdtempSync(join(tmpdir(), 'rondo-cli-tag-'));
const at = (name: string): string => join(folder, name);
const run = (...args: string[]): Ended => rondo(folder, args);
const here = (...args: string[]): Promise<Ended> => rondoHere(folder, args);

const lexicon: readonly (readonly [string, string])[] = [
  ['the', 'DET'],
  ['dog', 'NOUN'],
  ['cat', 'NOUN'],
  ['sees', 'VERB'],
  ['hears', 'VERB'],
  ['old', 'ADJ'],
  ['.', 'PUNCT'],
];
const tagOf = new Map(lexicon);

/** Sentences such as `the old dog sees the cat .` */
function sentences(count: number): string[][] {
  return Array.from({ length: count }, (_, i) => [
    'the',
    ...(i % 3 === 0 ? ['old'] : []),
    i % 2 === 0 ? 'dog' : 'cat',
    i % 5 < 2 ? 'sees' : 'hears',
    'the',
    i % 4 < 2 ? 'cat' : 'dog',
    '.',
  ]);
}

const conllu = (all: string[][]): string =>
  `${all
    .map((words, s) =>
      [
        `# sent_id = ${s + 1}`,
        ...words.map((word, i) => [i + 1, word, word, tagOf.get(word), 'X', '_', 0, 'dep', '_', '_'].join('\t')),
      ].join('\n'),
    )
    .join('\n\n')}\n\n`;
const columns = (all: string[][]): string =>
  '-DOCSTART- X O\n\n' +
  all.map((words) => words.map((word) => `${word} X ${word === 'dog' ? 'B-PET' : 'O'}`).join('\n')).join('\n\n') +
  '\n';

const small = [
  '--units',
  '8',
  '--word-units',
  '8',
  '--character-units',
  '4',
  '--epochs',
  '6',
  '--batch-size',
  '8',
  '--learning-rate',
  '0.03',
];
const args = ['train', 'tag', 'train.conllu', '--dev', 'dev.conllu', '--test', 'test.conllu', ...small];

beforeAll(() => {
  writeFileSync(at('train.conllu'), conllu(sentences(120)));
  writeFileSync(at('dev.conllu'), conllu(sentences(20).reverse()));
  writeFileSync(at('test.conllu'), conllu(sentences(31)));
  writeFileSync(at('pets.txt'), columns(sentences(120)));
  writeFileSync(at('bad.conllu'), '# a\n1\tthe\tDET\n');
  writeFileSync(at('ragged.txt'), 'a X\nb\n');
  writeFileSync(at('one.txt'), 'a X\nb X\n\n'.repeat(30));
  writeFileSync(at('latin1.conllu'), Buffer.from(conllu([['café']]), 'latin1'));
  writeFileSync(at('empty.conllu'), '');
  expect(run(...args, '--out', 'upos.safetensors', '--quiet').stderr).toBe('');
  expect(run('train', 'tag', 'pets.txt', ...small, '--out', 'pets.safetensors', '--quiet').stderr).toBe('');
});
afterAll(() => rmSync(folder, { recursive: true }));

describe('rondo train tag', () => {
  it('shows the data, the baseline, progress and what was reached', () => {
    const { stdout, stderr, code } = run(...args, '--out', 'shown.safetensors', '--no-crf');
    expect(code).toBe(0);
    expect(stderr).toMatch(/epoch 6\/6 .*accuracy/);
    for (const part of [
      'column upos, 5 tags',
      'train 120 sentences',
      'every tag by itself',
      'HMM baseline: ',
      'best epoch',
      'saved shown.safetensors',
      'unknown words (0)',
      'NOUN',
    ])
      expect(stdout).toContain(part);
    expect(readdirSync(folder)).not.toContain('shown.checkpoint.safetensors');
  });

  it('gives one JSON document', () => {
    const facts = JSON.parse(run(...args, '--out', 'json.safetensors', '--json').stdout);
    expect(facts).toMatchObject({
      column: 'upos',
      numSentences: { train: 120, validation: 20 },
      options: { crf: true, units: 8 },
    });
    expect(facts.test.accuracy).toBe(1);
    expect(facts.test.baseline).toMatchObject({ part: 'test' });
    expect(facts.wordsPerSecond).toBeGreaterThan(0);
  });

  it('begins with the model of --init, and says what it took and what begins anew', () => {
    const begin = ['--init', 'upos.safetensors', '--epochs', '1', '--out', 'more.safetensors', '--force', '--quiet'];
    const init = (...more: string[]): Ended => run('train', 'tag', ...more, ...begin);
    const { stdout } = init('test.conllu');
    expect(stdout).toContain('parameters of upos.safetensors\n');
    expect(stdout).toMatch(/of the validation sentences were learned from by that model/);
    expect(init('pets.txt').stdout).toContain('; anew, because its tags are others: dense/kernel, dense/bias, crf/');
    expectFault(
      init('test.conllu', '--units', '13'),
      2,
      'USAGE',
      'decided by the model that training begins with',
      'units 8',
    );
    expectFault(init('reviews.csv', '--resume'), 2, 'USAGE', '--init and --resume');
  });

  it('makes equal files by equal commands', () => {
    run(...args, '--out', 'again.safetensors', '--quiet', '--threads', '1');
    expect(readFileSync(at('again.safetensors')).equals(readFileSync(at('upos.safetensors')))).toBe(true);
  });

  it('goes on after an interruption and ends with the same file', async () => {
    const long = [...args, '--epochs', '40'];
    run(...long, '--out', 'whole.safetensors', '--quiet', '--patience', '40');
    const started = startRondo(folder, [...long, '--out', 'cut.safetensors', '--quiet', '--patience', '40']);
    while (started.process.exitCode === null && !readdirSync(folder).includes('cut.checkpoint.safetensors')) {
      await new Promise((resolve) => setTimeout(resolve, 25));
    }
    started.process.kill('SIGINT');
    const { code, stderr } = await started.ended;
    expect(code).toBe(130);
    expect(stderr).toContain(
      'rondo train tag train.conllu --dev dev.conllu --test test.conllu --out cut.safetensors --resume',
    );
    expectFault(
      await here(
        'train',
        'tag',
        'train.conllu',
        '--dev',
        'dev.conllu',
        '--out',
        'cut.safetensors',
        '--resume',
        '--units',
        '9',
      ),
      2,
      'USAGE',
      '--resume goes on with the options',
    );
    expect(
      run(
        'train',
        'tag',
        'train.conllu',
        '--dev',
        'dev.conllu',
        '--test',
        'test.conllu',
        '--out',
        'cut.safetensors',
        '--resume',
        '--quiet',
      ).code,
    ).toBe(0);
    expect(readFileSync(at('cut.safetensors')).equals(readFileSync(at('whole.safetensors')))).toBe(true);
  });

  it('names what is wrong with data and options', async () => {
    const bad = ['--out', 'bad.safetensors'];
    expectFault(
      await here('train', 'tag', 'bad.conllu', '--format', 'conllu', ...bad),
      1,
      'DATA_FORMAT',
      'bad.conllu, line 2: the line has 3 columns',
    );
    expectFault(await here('train', 'tag', 'ragged.txt', ...bad), 1, 'DATA_FORMAT', 'ragged.txt, line 2');
    expectFault(await here('train', 'tag', 'one.txt', ...bad), 1, 'OUT_OF_RANGE', 'all words have the same tag, "X"');
    expectFault(
      await here('train', 'tag', 'one.txt', '--column', '1', ...bad),
      1,
      'OUT_OF_RANGE',
      'column 1 holds the words',
    );
    expectFault(await here('train', 'tag', 'latin1.conllu', ...bad), 1, 'DATA_FORMAT', 'not in UTF-8');
    expectFault(await here('train', 'tag', 'empty.conllu', ...bad), 1, 'DATA_FORMAT', 'the file is empty');
    expectFault(await here('train', 'tag', 'absent.conllu', ...bad), 1, 'FILE_ACCESS', 'no such file');
    expectFault(
      await here('train', 'tag', 'train.conllu', '--column', 'upso', ...bad),
      2,
      'UNKNOWN_NAME',
      'did you mean `upos`',
    );
    expectFault(
      await here('train', 'tag', 'pets.txt', '--column', 'upos', ...bad),
      2,
      'USAGE',
      '--column needs a number',
    );
    expectFault(
      await here('train', 'tag', 'pets.txt', '--column', '7', ...bad),
      2,
      'OUT_OF_RANGE',
      'there is no column 7',
      'of pets.txt',
    );
    writeFileSync(at('words-alone.txt'), 'the\ncat\n\na\ndog\n');
    expectFault(
      await here('train', 'tag', 'words-alone.txt', ...bad),
      1,
      'DATA_FORMAT',
      'the lines hold one column, so words have no tags',
    );
    expectFault(
      await here('evaluate', 'pets.safetensors', 'test.conllu'),
      1,
      'UNKNOWN_NAME',
      'this is CoNLL-U, whose columns have names; there is no column `last`',
      'such as --column upos',
    );
    expectFault(
      await here('train', 'tag', 'pets.txt', '--crf', '--no-crf', ...bad),
      2,
      'USAGE',
      'cannot be given together',
    );
    expectFault(
      await here('train', 'tag', 'train.conllu', '--word-column', '2', ...bad),
      2,
      'USAGE',
      '--word-column is for files of columns',
    );
    expectFault(
      await here('train', 'tag', 'train.conllu', '--dev', 'dev.conllu', '--validation', '0.2', ...bad),
      2,
      'USAGE',
      'cannot be given together',
    );
    expectFault(
      await here('predict', 'upos.safetensors', 'test.conllu', '--top', '3'),
      2,
      'USAGE',
      '--top is for language models',
    );
    expectFault(await here('train', 'tag', 'pets.txt', '--scheme', 'boi', ...bad), 2, 'USAGE', 'did you mean `bio`');
    expect(readdirSync(folder).filter((name) => name.startsWith('bad.s'))).toEqual([]);
  });
});

describe('a tagger from a file', () => {
  it('tags CoNLL-U and changes nothing but the column', () => {
    const raw = readFileSync(at('test.conllu'), 'utf8').replaceAll(/\t(DET|NOUN|VERB|ADJ|PUNCT)\t/g, '\t_\t');
    writeFileSync(at('raw.conllu'), raw);
    expect(run('predict', 'upos.safetensors', 'raw.conllu').stdout).toBe(readFileSync(at('test.conllu'), 'utf8'));
    expect(run('predict', 'upos.safetensors', 'raw.conllu', '--to', 'columns').stdout.split('\n').slice(0, 3)).toEqual([
      'the\tDET',
      'old\tADJ',
      'dog\tNOUN',
    ]);
  });

  it('tags plain text from the standard input, a sentence a line', () => {
    const text = 'the old cat sees the dog.\r\n\nthe 🐶 hears\n';
    const { stdout, code } = rondo(folder, ['predict', 'upos.safetensors', '-'], text);
    expect(code).toBe(0);
    expect(stdout.split('\n\n')[0].split('\n')).toEqual([
      'the\tDET',
      'old\tADJ',
      'cat\tNOUN',
      'sees\tVERB',
      'the\tDET',
      'dog\tNOUN',
      '.\tPUNCT',
    ]);
    expect(rondo(folder, ['predict', 'upos.safetensors', '-', '--to', 'conllu'], text).stdout).toContain(
      '1\tthe\t_\tDET\t_\t_\t_\t_\t_\t_\n2\told',
    );
    expect(rondo(folder, ['predict', 'upos.safetensors', '-', '--to', 'lines', '--number'], text).stdout).toMatch(
      /^1\tthe\/DET old\/ADJ .*\.\/PUNCT\n2\t\n3\tthe\/DET 🐶\/\w+ hears\/VERB\n$/,
    );
    expect(run('predict', 'upos.safetensors', 'the old cat', '--to', 'lines').stdout).toBe(
      'the/DET old/ADJ cat/NOUN\n',
    );
    const all = JSON.parse(rondo(folder, ['predict', 'upos.safetensors', '-', '--json'], text).stdout);
    expect(all[1]).toEqual({ words: [], tags: [], numUnknown: 0 });
    expect(all[2].words).toEqual(['the', '🐶', 'hears']);
    expect(all[2].tags).toHaveLength(3);
    expect(rondo(folder, ['predict', 'upos.safetensors', '-'], ' \n\n').stdout).toBe('');
  });

  it('adds a column to a file of columns', () => {
    const { stdout } = run('predict', 'pets.safetensors', 'pets.txt', '--format', 'columns');
    expect(stdout.split('\n').slice(0, 5)).toEqual([
      '-DOCSTART- X O',
      '',
      'the X O O',
      'old X O O',
      'dog X B-PET B-PET',
    ]);
    expect(
      rondo(folder, ['predict', 'pets.safetensors', '-', '--to', 'conllu'], 'the dog sees the cat .').stdout,
    ).toContain('2\tdog\t_\t_\t_\t_\t_\t_\t_\tTag=B-PET');
  });

  it('reads a file of columns as such by itself, whatever separates them and ends the lines', () => {
    const file = readFileSync(at('pets.txt'), 'utf8');
    const withTags = run('predict', 'pets.safetensors', 'pets.txt', '--format', 'columns').stdout;
    const { stdout, stderr } = run('predict', 'pets.safetensors', 'pets.txt');
    expect(stdout).toBe(withTags);
    expect(stderr).toContain('pets.txt: read as columns, with the words in column 1; --format texts');
    const tabbed = (text: string): string => text.replaceAll(/(?<!^-DOCSTART-.*) /gm, '\t').replaceAll('\n', '\r\n');
    expect(rondo(folder, ['predict', 'pets.safetensors', '-'], tabbed(file)).stdout).toBe(tabbed(withTags));
    // Without tags the shape of the training file tells.
    const words = 'the X\ndog X\nsees X\nthe X\ncat X\n. X\n\nold X\n';
    expect(rondo(folder, ['predict', 'pets.safetensors', '-'], words).stdout).toBe(
      'the X O\ndog X B-PET\nsees X O\nthe X O\ncat X O\n. X O\n\nold X O\n',
    );
    const lines = 'the dog sees the cat .\nthe cat hears the dog .\n';
    expect(rondo(folder, ['predict', 'pets.safetensors', '-', '--to', 'lines'], lines).stdout).toMatch(
      /^the\/O dog\/B-PET sees\/O .*\n/,
    );
    expect(
      rondo(folder, ['predict', 'pets.safetensors', '-', '--to', 'lines', '--format', 'texts'], words).stdout,
    ).toMatch(/^the\/O X\//);
  });

  it('remembers the column of the words', () => {
    writeFileSync(at('behind.txt'), columns(sentences(50)).replaceAll(/^(\w+|\.) X (\S+)$/gm, 'X $1 $2'));
    run('train', 'tag', 'behind.txt', '--word-column', '2', ...small, '--out', 'behind.safetensors', '--quiet');
    expect(run('predict', 'behind.safetensors', 'behind.txt').stdout).toContain('\nX dog B-PET B-PET\n');
    expect(JSON.parse(run('evaluate', 'behind.safetensors', 'behind.txt', '--json').stdout)).toMatchObject({
      part: 'validation',
      numUnknown: 0,
    });
  });

  it('is told where words with something beside them are read as sentences', () => {
    const pairs = 'the x\ndog y\nsees x\n\nthe x\ncat y\n';
    const tagged = rondo(folder, ['predict', 'upos.safetensors', '-', '--to', 'lines'], pairs);
    expect(tagged.stdout).toMatch(/^the\/DET x\//);
    expect(tagged.stderr).toContain('read as sentences, one a line; if its 2 words a line are');
    const asColumns = ['predict', 'upos.safetensors', '-', '--to', 'lines', '--format', 'columns'];
    expect(rondo(folder, asColumns, pairs)).toMatchObject({
      stdout: 'the/DET dog/NOUN sees/VERB\nthe/DET cat/NOUN\n',
      stderr: '',
    });
    expect(rondo(folder, ['predict', 'upos.safetensors', '-'], 'the dog\nthe cat sees\n').stderr).toBe('');
  });

  it('says, in training and when it is measured, that it is no better than always the commonest tag', () => {
    // Tags that nothing tells: 60 % are O, wherever they stand.
    const drawn = Array.from({ length: 160 }, (_, s) =>
      Array.from({ length: 6 }, (_, i) => {
        const at = (s * 7919 + i * 104729 + s * s * 31 + i * s * 17) % 101;
        return `w${(at * 13 + s) % 23} ${at < 61 ? 'O' : at < 81 ? 'A' : 'B'}`;
      }).join('\n'),
    );
    writeFileSync(at('noise.txt'), `${drawn.join('\n\n')}\n`);
    const tiny = [...small, '--epochs', '1', '--learning-rate', '0.0001', '--force', '--out', 'noise.safetensors'];
    const { stdout } = run('train', 'tag', 'noise.txt', ...tiny, '--quiet');
    const verdict = /^(As good as the tagger|The tagger (does not beat|is hardly better)).*always saying O: .*$/;
    expect(stdout.trim().split('\n').at(-1)).toMatch(verdict);
    expect(stdout).toMatch(/HMM baseline\s+always O/);
    const trained = JSON.parse(run('train', 'tag', 'noise.txt', ...tiny, '--json').stdout);
    expect(trained.verdict).toMatch(verdict);
    expect(trained.validation.commonest.tag).toBe('O');
    expect(run('evaluate', 'noise.safetensors', 'noise.txt').stdout.trim().split('\n').at(-1)).toBe(trained.verdict);
    expect(JSON.parse(run('evaluate', 'noise.safetensors', 'noise.txt', '--json').stdout).verdict).toBe(
      trained.verdict,
    );
    expect(JSON.parse(run('evaluate', 'pets.safetensors', 'pets.txt', '--json').stdout)).toHaveProperty('verdict');
  });

  it('says how many words it does not know', () => {
    const args = ['predict', 'upos.safetensors', 'the zebra hears'];
    expect(run(...args).stderr).toContain('1 of 3 words stands nowhere in the training sentences');
    expect(JSON.parse(run(...args, '--json').stdout)).toMatchObject([{ numUnknown: 1 }]);
    expect(run('predict', 'upos.safetensors', 'the dog hears').stderr).toBe('');
  });

  it('is measured beside the baseline', async () => {
    const { stdout } = run('evaluate', 'upos.safetensors', 'test.conllu');
    for (const part of ['tagger', 'HMM baseline', '100.00', 'whole sentences (31)', 'VERB'])
      expect(stdout).toContain(part);
    expect(run('evaluate', 'upos.safetensors', 'train.conllu').stdout).toContain(
      'Training has seen all of the 120 sentences',
    );
    writeFileSync(at('other.conllu'), conllu(sentences(7)));
    expect(run('evaluate', 'upos.safetensors', 'other.conllu').stdout).toContain(
      'On other sentences the HMM baseline of the same training was right in',
    );
    const report = JSON.parse(run('evaluate', 'pets.safetensors', 'pets.txt', '--json').stdout);
    expect(report.spans.f1).toBe(1);
    // Of the list that training split, the held-out sentences alone.
    expect(report).toMatchObject({ part: 'validation', numGiven: 120, numTrained: 0 });
    expect(report.byKind.PET.numTrue).toBeGreaterThan(5);
    expectFault(
      await here('evaluate', 'upos.safetensors', 'test.conllu', 'dev.conllu'),
      2,
      'USAGE',
      'a tagger is measured on one file',
    );
    expectFault(
      await here('evaluate', 'upos.safetensors', 'test.conllu', '--column', 'lema'),
      2,
      'UNKNOWN_NAME',
      'did you mean `lemma`',
    );
  });

  it('tells what it holds', async () => {
    const { stdout } = run('inspect', 'upos.safetensors');
    for (const part of [
      'wordFeatures (WordFeatures)',
      'crf (CRF)',
      'tagger of words, column upos',
      '5: ',
      'conditional random field',
      'on 120 sentences',
      'HMM, test',
    ])
      expect(stdout).toContain(part);
    expect(run('inspect', 'pets.safetensors').stdout).toContain('spans by bio');
    expectFault(await here('generate', 'upos.safetensors'), 2, 'USAGE', 'a model of another task');
  });
});
