import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Ended, expectFault, rondo } from '../support/rondo.js';

const folder = mkdtempSync(join(tmpdir(), 'rondo-compress-'));
const at = (name: string): string => join(folder, name);
const run = (...args: string[]): Ended => rondo(folder, args);
const lastLine = ({ stdout }: Ended): string => stdout.trim().split('\n').at(-1)!;

beforeAll(() => {
  writeFileSync(at('poems.txt'), 'roses are red\nviolets are blue\n\n'.repeat(40));
  writeFileSync(at('more.txt'), 'violets are red\nroses are blue\n\n'.repeat(10));
  const size = ['--units', '48', '--embedding-units', '16', '--epochs', '3', '--timesteps', '13', '--quiet'];
  expect(run('train', 'language-model', 'poems.txt', ...size, '--out', 'lm.safetensors').stderr).toBe('');
});
afterAll(() => rmSync(folder, { recursive: true }));

describe('rondo compress', () => {
  it('tries every form, shows what each costs, and writes a file that works', () => {
    const { stdout, code } = run('compress', 'lm.safetensors', '--data', 'more.txt');
    expect(code).toBe(0);
    expect(stdout).toMatch(/^form +file +of before +perplexity/);
    for (const form of ['as it is', 'float16', 'bfloat16', 'int8', 'int4']) expect(stdout).toContain(`\n${form}`);
    // Nothing was pruned.
    expect(stdout).not.toContain('\nblocks');
    expect(stdout).toMatch(/int8 \(written\) .*us +\*/);
    expect(lastLine({ stdout } as Ended)).toMatch(/^wrote lm-int8\.safetensors: int8, [\d.]+ kB, [\d,]+ weights$/);
    const original = JSON.parse(run('evaluate', 'lm.safetensors', 'more.txt', '--json').stdout);
    const small = JSON.parse(run('evaluate', 'lm-int8.safetensors', 'more.txt', '--json').stdout);
    expect(small.perplexity).not.toBe(original.perplexity);
    expect(Math.abs(small.perplexity / original.perplexity - 1)).toBeLessThan(0.02);
    expect(run('generate', 'lm-int8.safetensors', '--length', '9', '--seed', '1').stdout.length).toBeGreaterThan(5);
    expect(statSync(at('lm-int8.safetensors')).size).toBeLessThan(0.4 * statSync(at('lm.safetensors')).size);
    // Files of smaller formats are read back by the same build, and of a later format for others.
    expect(readFileSync(at('lm-int8.safetensors')).toString('latin1')).toContain('\\"formatVersion\\":2');
    expect(readFileSync(at('lm.safetensors')).toString('latin1')).toContain('\\"formatVersion\\":1');
  });

  it('measures the file that it writes', () => {
    const { forms } = JSON.parse(
      run('compress', 'lm.safetensors', '--int4', '--data', 'more.txt', '--out', 'small.safetensors', '--json').stdout,
    );
    const again = JSON.parse(run('evaluate', 'small.safetensors', 'more.txt', '--json').stdout);
    expect(forms.map(({ name }: { name: string }) => name)).toEqual(['as it is', 'int4']);
    expect(again.perplexity).toBe(forms[1].quality);
    expect(statSync(at('small.safetensors')).size).toBe(forms[1].sizeBytes);
  });

  it('keeps to a budget, and says where nothing fits', () => {
    const sizeOf = (name: string): number => statSync(at(name)).size;
    const budget = String(sizeOf('small.safetensors') + 10);
    const fits = run('compress', 'lm.safetensors', '--data', 'more.txt', '--budget', budget, '--out', 'a.safetensors');
    expect(fits.stdout).toContain('int4 (written)');
    const none = run('compress', 'lm.safetensors', '--data', 'more.txt', '--budget', '1kB', '--out', 'b.safetensors');
    expect(lastLine(none)).toMatch(/^No form fits into 1\.00 kB: the smallest takes/);
  });

  it('packs what was pruned in blocks, to the same numbers', () => {
    const size = ['--units', '48', '--epochs', '3', '--timesteps', '13', '--quiet', '--prune', '0.8'];
    expect(run('train', 'language-model', 'poems.txt', ...size, '--out', 'pruned.safetensors').code).toBe(0);
    const { forms } = JSON.parse(
      run('compress', 'pruned.safetensors', '--blocks', '--data', 'more.txt', '--json').stdout,
    );
    expect(forms[1].quality / forms[0].quality).toBeCloseTo(1, 5);
    expect(forms[1].sizeBytes).toBeLessThan(0.8 * forms[0].sizeBytes);
  });

  it('says in its last line that nothing was measured without data', () => {
    const { stdout } = run('compress', 'lm.safetensors', '--float16', '--out', 'half.safetensors');
    expect(lastLine({ stdout } as Ended)).toBe(
      'What it costs in perplexity was not measured: give data that training has not seen, --data FILE.',
    );
  });

  it('refuses what makes no sense', () => {
    const refused = (code: number, kind: string, part: string, ...args: string[]): void =>
      expectFault(run('compress', ...args), code, kind, part);
    refused(2, 'USAGE', 'no weight has blocks of zeros to leave out', 'lm.safetensors', '--blocks');
    refused(2, 'USAGE', 'compressed already', 'lm-int8.safetensors', '--int8');
    refused(2, 'USAGE', '--budget chooses the form itself', 'lm.safetensors', '--int8', '--budget', '9kB');
    refused(2, 'USAGE', '--budget small is no size', 'lm.safetensors', '--budget', 'small');
    refused(
      1,
      'FILE_ACCESS',
      'half.safetensors exists already',
      'lm.safetensors',
      '--int8',
      '--out',
      'half.safetensors',
    );
    refused(1, 'FILE_FORMAT', 'poems.txt', 'poems.txt', '--int8');
    refused(2, 'USAGE', '--label', 'lm.safetensors', '--int8', '--label', 'x');
  });
});
