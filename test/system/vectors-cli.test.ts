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

const train = ['train', 'language-model', 'numbers.txt', '--tokens', 'words', '--units', '8', '--epochs', '1', '--timesteps', '10'];

describe('rondo vectors', () => {
  it('shows a file, neighbours, analogies and vectors', () => {
    expect(run('vectors', 'v.vec').stdout).toBe('4 words of 3 numbers\nfirst: one two three zebra\n');
    expect(JSON.parse(run('vectors', 'v.vec', '--nearest', 'one', '--count', '1', '--json').stdout)).toEqual([{ word: 'two', similarity: expect.closeTo(0.9939, 4) as number }]);
    expect(run('vectors', 'v.vec', '--analogy', 'one two zebra', '--count', '1').stdout).toContain('three');
    expect(run('vectors', 'v.vec', '--word', 'two').stdout).toBe('0.9 0.1 0\n');
  });
  it('refuses broken files, unknown words and impossible questions', () => {
    expect(run('vectors', 'bad.vec')).toMatchObject({ code: 1, stdout: '', stderr: '[FILE_FORMAT] bad.vec: the file is cut short.\n  expected: 2 words, as line 1 says\n  received: 1 words\n  fix: copy or download the file again, or correct its first line.\n' });
    expect(run('vectors', 'v.vec', '--nearest', 'zebru')).toMatchObject({ code: 1, stderr: expect.stringContaining('did you mean "zebra"') as string });
    expect(run('vectors', 'v.vec', '--word', '🎉')).toMatchObject({ code: 1, stderr: expect.stringContaining('[UNKNOWN_NAME]') as string });
    expect(run('vectors', 'v.vec', '--nearest', 'one', '--word', 'two')).toMatchObject({ code: 2 });
    expect(run('vectors', 'v.vec', '--analogy', 'one two')).toMatchObject({ code: 2 });
  });
});

describe('--vectors', () => {
  it('starts the embedding of a language model, which has their width and says what they cover', () => {
    const ended = run(...train, '--vectors', 'v.vec', '--freeze', '--out', 'frozen.safetensors', '--quiet');
    expect(ended.stderr).toBe('');
    expect(ended.stdout).toMatch(/vectors for 3 of \d+ tokens \(/);
    const config = JSON.parse(run('inspect', 'frozen.safetensors', '--json').stdout) as { preprocessing: { options: { embeddingUnits: number; freeze: boolean } } };
    expect(config.preprocessing.options).toMatchObject({ embeddingUnits: 3, freeze: true });
  });
  it('does not go with --resume or another width; --freeze needs it', () => {
    expect(run(...train, '--freeze')).toMatchObject({ code: 2, stderr: expect.stringContaining('--freeze has no vectors') as string });
    expect(run(...train, '--vectors', 'v.vec', '--embedding-units', '5', '--out', 'x.safetensors')).toMatchObject({ code: 1, stderr: expect.stringContaining('the vectors decide') as string });
  });
});
