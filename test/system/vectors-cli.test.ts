import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { spelledNumbers } from '../../examples/spelled-numbers.js';
import { type Ended, rondo } from '../support/rondo.js';

const folder = mkdtempSync(join(tmpdir(), 'rondo-vectors-'));
const run = (...args: string[]): Ended => rondo(folder, args);
beforeAll(() => {
  writeFileSync(join(folder, 'v.vec'), '4 3\none 1 0 0\ntwo 0.9 0.1 0\nthree 0 1 0\nzebra 0 0 1\n');
  writeFileSync(join(folder, 'bad.vec'), '2 3\none 1 0 0\n');
  writeFileSync(join(folder, 'numbers.txt'), spelledNumbers({ limit: 60, repeats: 2 }).text);
});
afterAll(() => rmSync(folder, { recursive: true }));

const train = [
  'train',
  'language-model',
  'numbers.txt',
  '--tokens',
  'words',
  '--units',
  '8',
  '--epochs',
  '1',
  '--timesteps',
  '10',
];

describe('rondo vectors', () => {
  it('shows a file, neighbours, analogies and vectors', () => {
    expect(run('vectors', 'v.vec').stdout).toBe('4 words of 3 numbers\nfirst: one two three zebra\n');
    expect(JSON.parse(run('vectors', 'v.vec', '--nearest', 'one', '--count', '1', '--json').stdout)).toEqual([
      { word: 'two', similarity: expect.closeTo(0.9939, 4) as number },
    ]);
    expect(run('vectors', 'v.vec', '--analogy', 'one two zebra', '--count', '1').stdout).toContain('three');
    expect(run('vectors', 'v.vec', '--word', 'two').stdout).toBe('0.9 0.1 0\n');
  });
  it('refuses broken files, unknown words and impossible questions', () => {
    expect(run('vectors', 'bad.vec')).toMatchObject({
      code: 1,
      stdout: '',
      stderr:
        '[FILE_FORMAT] bad.vec: the file is cut short.\n  expected: 2 words, as line 1 says\n  received: 1 ' +
        'words\n  fix: copy or download the file again, or correct its first line.\n',
    });
    expect(run('vectors', 'v.vec', '--nearest', 'zebru')).toMatchObject({
      code: 1,
      stderr: expect.stringContaining('did you mean "zebra"') as string,
    });
    expect(run('vectors', 'v.vec', '--word', '🎉')).toMatchObject({
      code: 1,
      stderr: expect.stringContaining('[UNKNOWN_NAME]') as string,
    });
    expect(run('vectors', 'v.vec', '--nearest', 'one', '--word', 'two')).toMatchObject({ code: 2 });
    expect(run('vectors', 'v.vec', '--analogy', 'one two')).toMatchObject({ code: 2 });
  });
});

describe('--vectors of a language model', () => {
  it('starts the embedding of a language model, which has their width and says what they cover', () => {
    const ended = run(...train, '--vectors', 'v.vec', '--freeze', '--out', 'frozen.safetensors', '--quiet');
    expect(ended.stderr).toBe('');
    expect(ended.stdout).toMatch(/vectors for 3 of \d+ tokens \(/);
    const config = JSON.parse(run('inspect', 'frozen.safetensors', '--json').stdout) as {
      preprocessing: { options: { embeddingUnits: number; freeze: boolean } };
    };
    expect(config.preprocessing.options).toMatchObject({ embeddingUnits: 3, freezeVectors: true });
  });
  it('does not go with --resume or another width; --freeze needs it', () => {
    expect(run(...train, '--freeze')).toMatchObject({
      code: 2,
      stderr: expect.stringContaining('--freeze has no vectors') as string,
    });
    expect(run(...train, '--vectors', 'v.vec', '--embedding-units', '5', '--out', 'x.safetensors')).toMatchObject({
      code: 2,
      stderr: expect.stringContaining('the vectors decide') as string,
    });
  });
});

describe('--vectors of classifiers and taggers', () => {
  const facts = (model: string) => JSON.parse(run('inspect', model, '--json').stdout).preprocessing;

  it('start the embedding, know the first words of the file, and leave words of held-out texts alone', () => {
    writeFileSync(join(folder, 'cased.vec'), '5 2\nZebra 1 2\nGood 3 4\nfine 5 6\nBAD 7 8\nsecret 9 9\n');
    const texts = Array.from({ length: 40 }, (_, i) => `${i % 2 === 0 ? 'good' : 'bad'} film ${i},${i % 2}`);
    writeFileSync(join(folder, 'films.csv'), `text,label\n${texts.join('\n')}\n`);
    writeFileSync(join(folder, 'dev.csv'), 'text,label\nsecret good,0\nsecret bad,1\n');
    const args = [
      'train',
      'classify',
      'films.csv',
      '--dev',
      'dev.csv',
      '--units',
      '4',
      '--epochs',
      '1',
      '--vectors',
      'cased.vec',
      '--out',
      'films.safetensors',
    ];
    const { stdout, stderr } = run(...args, '--vector-words', '2', '--freeze', '--quiet');
    expect(stderr).toBe('');
    expect(stdout).toMatch(/vectors for 2 of 3 tokens \(66\.7 %, \d\d\.\d % of the text\); none for "film"/);
    const { options, encoder, data } = facts('films.safetensors');
    expect(options).toMatchObject({ embeddingUnits: 2, freezeVectors: true, vectorWords: 2 });
    expect(encoder.vocabulary.slice(0, 4)).toEqual(['film', 'bad', 'good', 'zebra']);
    expect(data.vectors.foundTypes).toBe(2);
    expect(run('inspect', 'films.safetensors').stdout).toContain('begun     with vectors for 2 of 3 tokens');
    run(...args, '--force', '--quiet');
    expect(facts('films.safetensors').encoder.vocabulary).toEqual(['film', 'bad', 'good', 'zebra', 'fine', 'secret']);
  });

  it('start the words of a tagger, which tags words that only the vectors know', () => {
    const pairs = (i: number): string =>
      [0, 1, 2, 3].map((bit) => `${bit === 0 ? 'The' : 'the'} D\n${(i >> bit) & 1 ? 'cat' : 'dog'} N\n`).join('');
    writeFileSync(join(folder, 'words.txt'), Array.from({ length: 16 }, (_, i) => `${pairs(i)}. P\n\n`).join(''));
    writeFileSync(join(folder, 'animals.vec'), '4 2\nthe 0 0\ncat 1 1\ndog 1 0.9\nzebra 1 1\n');
    const ended = run(
      'train',
      'tag',
      'words.txt',
      '--units',
      '4',
      '--epochs',
      '1',
      '--vectors',
      'animals.vec',
      '--freeze',
      '--out',
      'words.safetensors',
      '--quiet',
    );
    expect(ended.stderr).toBe('');
    expect(ended.stdout).toContain('vectors for 3 of 4 tokens (75.0 %, 88.9 % of the text); none for "."');
    expect(facts('words.safetensors')).toMatchObject({
      options: { wordUnits: 2, freezeVectors: true },
      codec: { numVectorWords: 1 },
      sentences: { vectors: { foundTypes: 3 } },
    });
    expect(run('inspect', 'words.safetensors').stdout).toContain('; kept as they were');
    expect(rondo(folder, ['predict', 'words.safetensors', '-'], 'the zebra .').stdout.split('\n')).toHaveLength(5);
  });

  it('are refused where they are broken, and where their options have none', () => {
    const classify = ['train', 'classify', 'films.csv', '--out', 'x.safetensors'];
    expect(run(...classify, '--vectors', 'bad.vec')).toMatchObject({
      code: 1,
      stderr: expect.stringContaining('[FILE_FORMAT] bad.vec: the file is cut short.') as string,
    });
    expect(run(...classify, '--vectors', 'absent.vec')).toMatchObject({
      code: 1,
      stderr: expect.stringContaining('[FILE_ACCESS]') as string,
    });
    expect(run(...classify, '--vectors', 'v.vec')).toMatchObject({
      code: 1,
      stderr: expect.stringContaining('no token of the text has a vector') as string,
    });
    expect(run(...classify, '--vectors', 'cased.vec', '--embedding-units', '3')).toMatchObject({
      code: 2,
      stderr: expect.stringContaining('expected: --embedding-units 2, or none') as string,
    });
    expect(run(...classify, '--vector-words', '5')).toMatchObject({
      code: 2,
      stderr: expect.stringContaining('--vector-words has no vectors') as string,
    });
    expect(run('train', 'tag', 'words.txt', '--freeze', '--out', 'x.safetensors')).toMatchObject({
      code: 2,
      stderr: expect.stringContaining('--freeze has no vectors to keep') as string,
    });
    expect(
      run('train', 'tag', 'words.txt', '--vectors', 'animals.vec', '--word-units', '3', '--out', 'x.safetensors'),
    ).toMatchObject({ code: 2, stderr: expect.stringContaining('expected: --word-units 2, or none') as string });
  });
});
