import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { LanguageModel, Random } from '../../src/index.js';
import { loadTask, saveTask } from '../../src/node.js';
import { type Ended, expectFault, rondo } from '../support/rondo.js';

const folder = mkdtempSync(join(tmpdir(), 'rondo-language-'));
const at = (name: string): string => join(folder, name);
const run = (...args: string[]): Ended => rondo(folder, args);
const size = [
  '--units',
  '9',
  '--embedding-units',
  '5',
  '--epochs',
  '1',
  '--timesteps',
  '13',
  '--batch-size',
  '3',
  '--quiet',
];

beforeAll(() => {
  writeFileSync(at('names.txt'), 'carl;bert;emil;'.repeat(40));
  writeFileSync(at('poems.txt'), 'roses are red\nviolets are blue\n\n'.repeat(20));
  writeFileSync(at('more.txt'), 'lilies are übel\n\n'.repeat(20));
  expect(run('train', 'language-model', 'poems.txt', ...size).stderr).toBe('');
});
afterAll(() => rmSync(folder, { recursive: true }));

describe('a language model beside what only counts', () => {
  const lastLine = ({ stdout }: Ended): string => stdout.trim().split('\n').at(-1)!;

  it('says in the last line, in JSON and when it is measured that counting is not beaten', () => {
    const random = new Random(8);
    writeFileSync(
      at('noise.txt'),
      Array.from({ length: 3000 }, () => 'abcdefgh'[Math.floor(random.uniform() * 8)]).join(''),
    );
    const args = ['train', 'language-model', 'noise.txt', ...size, '--epochs', '2', '--force'];
    const trained = run(...args);
    expect(trained.stdout).toMatch(/without a network, on the same tokens: the frequencies of the tokens 2\.\d+ nats/);
    expect(lastLine(trained)).toMatch(
      /^The model does not beat counting: 2\.\d+ nats a token beside 2\.\d+ of the freq/,
    );
    const { verdict, baseline } = JSON.parse(run(...args, '--json').stdout);
    expect(verdict).toContain('does not beat counting');
    expect(baseline.frequencies).toBeCloseTo(Math.log(8), 1);
    // Of its own text the end is measured beside counts of the rest, of another text what training found is said.
    const own = run('evaluate', 'noise.safetensors', 'noise.txt');
    expect(own.stdout).toContain('without a network, 5-grams (nats a token)');
    expect(lastLine(own)).toMatch(/^The model does not beat counting/);
    writeFileSync(at('other.txt'), 'abcdefgh'.repeat(9));
    const other = run('evaluate', 'noise.safetensors', 'other.txt');
    expect(other.stdout).toMatch(/every token as likely \(nats a token\) +2\.\d+/);
    expect(lastLine(other)).toMatch(/^On the tokens that chose its best epoch: The model does not beat counting/);
    expect(JSON.parse(run('evaluate', 'noise.safetensors', 'other.txt', '--json').stdout).verdict).toBe(
      lastLine(other),
    );
  });

  it('has no verdict where it is better, nor where an earlier version wrote the file', async () => {
    const { task } = await loadTask(at('noise.safetensors'));
    const { model, codec, text, options, outcome } = task as LanguageModel;
    const { baseline, ...facts } = text;
    const better = { ...baseline!, frequencies: 5, ngram: 5 };
    for (const [name, own] of [
      ['better', { ...facts, baseline: better }],
      ['older', facts],
    ] as const) {
      await saveTask(new LanguageModel(model, codec, own, options, outcome), at(`${name}.safetensors`));
      expect(run('evaluate', `${name}.safetensors`, 'other.txt')).toMatchObject({ code: 0, stderr: '' });
      expect(JSON.parse(run('evaluate', `${name}.safetensors`, 'other.txt', '--json').stdout).verdict).toBeNull();
    }
  });
});

describe('options of a language model that the others leave without effect', () => {
  it.each([
    ['full-rate-epochs', ['--full-rate-epochs', '3']],
    ['rate-decay', ['--rate-decay', '0.5', '--optimizer', 'ntasgd']],
    ['punctuation', ['--punctuation', 'attach']],
    ['punctuation', ['--punctuation', 'separate', '--tokens', 'bytes']],
    ['variational', ['--variational']],
    ['variational', ['--variational', '--preset', 'stacked', '--dropout', '0', '--input-dropout', '0']],
  ])('are refused: --%s', (flag, args) => {
    const ended = run('train', 'language-model', 'poems.txt', ...size, ...args, '--out', 'idle.safetensors');
    expectFault(ended, 2, 'USAGE', `\`--${flag}\` would change nothing`);
  });

  it('are taken from a preset whatever is given besides', () => {
    const args = ['--preset', 'zaremba-small', '--tokens', 'characters', '--optimizer', 'adam', '--layers', '1'];
    const ended = run('train', 'language-model', 'poems.txt', ...args, ...size, '--out', 'idle.safetensors');
    expect(ended).toMatchObject({ code: 0, stderr: '' });
  });
});

describe('a language model that predicts', () => {
  it('says how many tokens of the text it does not know', () => {
    const args = ['predict', 'poems.safetensors', 'XYe'];
    expect(run(...args).stderr).toBe('2 of 3 characters are not in the vocabulary: the model sees all such as one.\n');
    expect(JSON.parse(run(...args, '--json').stdout)).toMatchObject({ numTokens: 3, numUnknown: 2 });
    expect(run('predict', 'poems.safetensors', 'X').stderr).toContain('1 of 1 character is not in the vocabulary');
    expect(run('predict', 'poems.safetensors', 'roses').stderr).toBe('');
  });
});

describe('the documents of a language model', () => {
  it('are found and named by train and inspect', () => {
    expect(run('train', 'language-model', 'names.txt', ...size).stdout).toContain(
      'texts begin as what follows a sign does: after ";"',
    );
    expect(run('inspect', 'names.safetensors').stdout).toContain('texts begin as what follows a sign does: after ";"');
    expect(run('inspect', 'poems.safetensors').stdout).toContain(
      'texts begin as what stands after a blank line does: after "\\n\\n"',
    );
  });

  it('may be said, and are refused where there are none', () => {
    const train = (...args: string[]): Ended =>
      run('train', 'language-model', ...args, ...size, '--out', 'said.safetensors', '--force');
    expect(train('poems.txt', '--documents', 'line').stdout).toContain(
      'texts begin as a line does: after "\\n" (35 of them)',
    );
    expect(train('poems.txt', 'more.txt', '--documents', 'file').stdout).toContain(
      'texts begin as each file does: after "\\n" (1 of them)',
    );
    expectFault(
      train('names.txt', '--documents', 'line'),
      1,
      'DATA_FORMAT',
      'the text does not fall into documents by line',
    );
    expectFault(train('poems.txt', '--documents', 'verse'), 2, 'USAGE', 'blank-line');
  });

  it('are missed in a file of an earlier version, which writes all the same', async () => {
    const { model, codec, text, options } = (await loadTask(at('poems.safetensors'))).task as LanguageModel;
    const { start: _, ...facts } = text;
    await saveTask(new LanguageModel(model, codec, facts, options), at('earlier.safetensors'));
    const { code, stdout, stderr } = run('generate', 'earlier.safetensors', '--length', '12', '--seed', '2');
    expect([code, Array.from(stdout).length]).toEqual([0, 13]);
    expect(stderr).toContain('does not say how its texts begin');
    expect(run('generate', 'poems.safetensors', '--length', '12', '--seed', '2').stderr).toBe('');
  });
});

it('bounds the beams of rondo generate alike before and after the model is read', () => {
  for (const beams of ['1001', '20000'])
    expectFault(
      run('generate', 'poems.safetensors', '--beams', beams),
      2,
      'USAGE',
      '--beams needs a whole number from 1 to 1000.',
    );
});

describe('a language model begun with --init', () => {
  const init = (...args: string[]): Ended =>
    run(
      'train',
      'language-model',
      'more.txt',
      '--init',
      'poems.safetensors',
      '--epochs',
      '1',
      '--out',
      'more.safetensors',
      '--force',
      ...args,
    );

  it('says what it took, and what it does not know', () => {
    const { code, stdout } = init('--quiet');
    expect(code).toBe(0);
    expect(stdout).toContain('parameters of poems.safetensors\n');
    expect(stdout).toContain('20 of 340 characters are not in its vocabulary and are read as unknown, most often ü');
    const { options, beginning } = JSON.parse(init('--json').stdout) as { options: object; beginning: object };
    expect(options).toMatchObject({ units: 9, embeddingUnits: 5, timesteps: 13 });
    expect(beginning).toMatchObject({ anew: [], unknown: { numUnknown: 20, examples: ['ü'] } });
  });

  it('refuses another shape and --resume', () => {
    expectFault(init('--units', '10'), 2, 'USAGE', 'decided by the model that training begins with', 'units 9');
    expectFault(init('--resume'), 2, 'USAGE', '--init and --resume');
  });
});

describe('<unk> that a text has already', () => {
  it.each<[string[], string]>([
    [['--punctuation', 'attach'], '<unk> stands 40 times in the text: it is read as the one unknown token'],
    [[], '<unk> stands 40 times in the text and is cut into three tokens: with --punctuation attach'],
  ])('is said to be what the tokens make of it: %j', (flags, said) => {
    writeFileSync(at('treebank.txt'), 'the <unk> said so\n'.repeat(40));
    const train = ['train', 'language-model', 'treebank.txt', ...size, '--force'];
    expect(run(...train, '--tokens', 'words', ...flags).stdout).toContain(said);
    expect(run(...train, '--tokens', 'characters').stdout).not.toContain('<unk> stands');
  });
});
