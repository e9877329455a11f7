import { existsSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Random } from '../../src/random.js';
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
    expect(lastLine(none)).toMatch(/^No form fits into 1\.00 kB: the smallest takes .* Nothing was written\./);
    expect([none.code, none.stdout.includes('(written)'), existsSync(at('b.safetensors'))]).toEqual([1, false, false]);
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

  it('fine-tunes networks with fewer weights that fit, and writes the best', () => {
    const args = ['--fine-tune', 'poems.txt', '--data', 'more.txt', '--epochs', '1', '--chart', 'forms.svg'];
    const { stdout, stderr, code } = run('compress', 'lm.safetensors', ...args, '--budget', '21kB');
    expect(code).toBe(0);
    expect(stdout).toMatch(/^measured on more\.txt: 319 tokens\nfine-tuned on poems\.txt: 1 epoch for each network/);
    for (const form of ['trained for 4 bits, int4', 'low rank 1/4, int8', 'pruned 90 %, blocks and int8'])
      expect(stdout).toMatch(new RegExp(`\\n${form}( \\(written\\))? +(1 epoch|no) `));
    expect(stdout).toContain('perplexity (lower is better) by size of the file');
    expect(stdout).toMatch(/wrote lm-compressed\.safetensors: .*\nwrote forms\.svg/);
    expect(stderr).toMatch(/low rank 1\/2: perplexity [\d.]+ without fine-tuning, [\d.]+ after an epoch/);
    expect(statSync(at('lm-compressed.safetensors')).size).toBeLessThan(21_000);
    expect(readFileSync(at('forms.svg'), 'utf8')).toMatch(/^<svg [^]*low rank 1\/4, int8[^]*<\/svg>\n$/);
  });

  it('measures on what fine-tuning holds out, and skips what cannot fit', () => {
    const args = ['--fine-tune', 'poems.txt', '--epochs', '1', '--budget', '9kB', '--json', '--out', 'c.safetensors'];
    const { forms, data, notes, chosen } = JSON.parse(run('compress', 'lm.safetensors', ...args).stdout);
    expect(data[0]).toMatch(
      /^measured on what training holds out of poems\.txt: \d+ tokens, which also chose the best epochs/,
    );
    expect(notes).toHaveLength(4);
    expect(notes[0]).toMatch(/^trained for 4 bits: left out/);
    expect(notes[1]).toMatch(/^low rank 1\/2: left out, since its smallest form takes [\d.]+ kB\.$/);
    expect(chosen).toBe('low rank 1/4, int4');
    const own = forms.find(({ name }: { name: string }) => name === chosen);
    expect(own.sizeBytes).toBe(statSync(at('c.safetensors')).size);
    expect(JSON.parse(run('evaluate', 'c.safetensors', 'poems.txt', '--json').stdout).perplexity).toBe(own.quality);
  });

  it('fine-tunes a forecaster on the rows that it learned from, and measures those that it holds out', () => {
    const random = new Random(6);
    let drift = 0;
    const rows = Array.from({ length: 500 }, (_, row) => {
      drift = 0.97 * drift + 0.15 * random.normal();
      return (50 + 10 * Math.sin((2 * Math.PI * row) / 12) + 6 * drift + 0.3 * random.normal()).toFixed(4);
    });
    writeFileSync(at('level.csv'), `level\n${rows.join('\n')}\n`);
    const net = ['--horizon', '5', '--timesteps', '25', '--units', '11', '--base', 'naive', '--batch-size', '16'];
    const trained = ['train', 'forecast', 'level.csv', ...net, '--quiet'];
    expect(run(...trained, '--epochs', '10', '--refit', 'no', '--out', 'f.safetensors').code).toBe(0);
    const args = ['compress', 'f.safetensors', '--fine-tune', 'level.csv', '--epochs', '1'];
    const { forms, data } = JSON.parse(run(...args, '--json').stdout);
    expect(data[0]).toBe('measured on what training holds out of level.csv: 96 forecasts');
    const [whole, ...others] = forms as {
      name: string;
      quality: number;
      sizeBytes: number;
      fineTunedEpochs: number | null;
    }[];
    const tuned = others.filter(({ name }) => name.startsWith('low rank'));
    expect(tuned).toHaveLength(6);
    expect(tuned.some(({ fineTunedEpochs }) => fineTunedEpochs === 1)).toBe(true);
    for (const { quality } of tuned) expect(quality).toBeLessThan(2 * whole.quality);
    // Errors that training measured are of the model as it was, and most of its file: no form of it holds them.
    for (const { sizeBytes } of others) expect(sizeBytes).toBeLessThan(whole.sizeBytes / 3);
    expectFault(run(...args, '--dev', 'poems.txt', '--data', 'more.txt', '--force'), 2, 'USAGE', 'from its own data');
    // Trained again on all rows in the end, as is usual.
    expect(run(...trained, '--epochs', '3', '--out', 'g.safetensors').code).toBe(0);
    const all = run('compress', 'g.safetensors', '--fine-tune', 'level.csv');
    expectFault(all, 2, 'USAGE', 'the model has learned from all of these data');
    const seen = run('compress', 'g.safetensors', '--int8', '--data', 'level.csv', '--out', 'g8.safetensors');
    expectFault(seen, 2, 'USAGE', 'the model has learned from all of these data', 'leave --data out');
    expect(run('compress', 'g.safetensors', '--int8', '--out', 'g8.safetensors').code).toBe(0);
    const nothing = run('evaluate', 'g8.safetensors', 'level.csv');
    expectFault(nothing, 2, 'USAGE', 'training has seen all rows of this file', 'the file that it was compressed from');
  });

  it('says in its last line that nothing was measured without data', () => {
    const { stdout } = run('compress', 'lm.safetensors', '--float16', '--out', 'half.safetensors');
    expect(lastLine({ stdout } as Ended)).toBe(
      'What it costs in perplexity was not measured: give data that training has not seen, --data FILE.',
    );
  });

  it('leaves files whose forms rondo inspect tells', () => {
    const linesOf = (name: string): string[] => run('inspect', name).stdout.split('\n');
    expect(linesOf('lm.safetensors').filter((line) => line.startsWith('weights:'))).toEqual([]);
    expect(linesOf('half.safetensors')).toContainEqual(expect.stringMatching(/^weights: [\d,]+ of float16$/));
    for (const [name, form] of [
      ['lm-int8.safetensors', 'int8'],
      ['small.safetensors', 'int4'],
    ]) {
      const { weights, parameters } = JSON.parse(run('inspect', name, '--json').stdout);
      expect(Object.keys(weights)).toEqual([form, 'float32']);
      expect(weights[form] + weights.float32).toBe(parameters);
      expect(linesOf(name)).toContainEqual(expect.stringMatching(`^weights: [\\d,]+ of ${form}, \\d+ of float32$`));
    }
  });

  it('refuses what makes no sense', () => {
    const refused = (code: number, kind: string, part: string, ...args: string[]): void =>
      expectFault(run('compress', ...args), code, kind, part);
    refused(2, 'USAGE', 'no weight has blocks of zeros to leave out', 'lm.safetensors', '--blocks');
    const int8 = 'compressed already: those of 8 bits are not rounded again';
    for (const forms of [['--int8'], ['--int4'], []]) refused(2, 'USAGE', int8, 'lm-int8.safetensors', ...forms);
    refused(
      2,
      'USAGE',
      'compressed already: as bfloat16 the file would be no smaller',
      'half.safetensors',
      '--bfloat16',
    );
    refused(2, 'USAGE', 'compressed already: in any form the file would be no smaller', 'small.safetensors');
    refused(2, 'USAGE', 'one form is written at a time', 'lm.safetensors', '--int8', '--int4');
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
    const tuned = ['lm.safetensors', '--fine-tune', 'poems.txt', '--epochs', '1'];
    refused(1, 'FILE_ACCESS', 'lm-compressed.safetensors exists already', ...tuned);
    const other = ['--fine-tune', 'more.txt', '--out', 'd.safetensors'];
    refused(2, 'USAGE', 'compressed already, and cannot be trained', 'lm-int8.safetensors', ...other);
    refused(2, 'USAGE', 'their figures do not compare', 'lm.safetensors', ...other);
    refused(1, 'FILE_ACCESS', 'no.txt', 'lm.safetensors', '--fine-tune', 'no.txt', '--out', 'd.safetensors');
    refused(1, 'FILE_FORMAT', 'poems.txt', 'poems.txt', '--int8');
    refused(2, 'USAGE', '--label', 'lm.safetensors', '--bfloat16', '--label', 'x');
    // Before data are read, which may take long.
    refused(1, 'FILE_ACCESS', 'lm-int8.safetensors exists', 'lm.safetensors', '--int8', '--data', 'no.txt');
  });
});
