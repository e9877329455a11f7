import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { LanguageModel } from '../../src/index.js';
import { loadTask } from '../../src/node.js';
import { madeReviews } from '../support/made-reviews.js';
import { type Ended, expectFault, rondo } from '../support/rondo.js';

const folder = mkdtempSync(join(tmpdir(), 'rondo-distill-'));
const at = (name: string): string => join(folder, name);
const run = (...args: string[]): Ended => rondo(folder, args);
const size = ['--embedding-units', '5', '--timesteps', '13', '--batch-size', '3', '--quiet'];

beforeAll(() => {
  writeFileSync(at('poems.txt'), 'roses are red\nviolets are blue\n\n'.repeat(20));
  writeFileSync(at('series.csv'), ['value', ...Array.from({ length: 60 }, (_, i) => Math.sin(i))].join('\n'));
  const teacher = ['--units', '19', '--epochs', '4', '--out', 'large.safetensors'];
  expect(run('train', 'language-model', 'poems.txt', ...size, ...teacher).stderr).toBe('');
});
afterAll(() => rmSync(folder, { recursive: true }));

describe('rondo distill', () => {
  it('trains a student of half the units, and says at the end what it has lost', async () => {
    const args = ['distill', 'large.safetensors', '--data', 'poems.txt', ...size, '--epochs', '1'];
    const { stdout, stderr, code } = run(...args);
    expect([stderr, code]).toEqual(['', 0]);
    expect(stdout).toMatch(/ +units +parameters +file +perplexity\nteacher +1 x 19 .*\nstudent +1 x 10 /);
    expect(stdout.trim().split('\n').at(-1)).toMatch(
      /^The student has lost quality: perplexity [\d.]+ beside [\d.]+ of its teacher, [\d.]+ % worse, with \d+ % of the parameters\.$/,
    );
    const [teacher, student] = await Promise.all(
      ['large.safetensors', 'large-student.safetensors'].map(
        async (name) => (await loadTask(at(name))).task as LanguageModel,
      ),
    );
    expect(student.codec.toJSON()).toEqual(teacher.codec.toJSON());
    const json = JSON.parse(run(...args, '--units', '7', '--alpha', '1', '--force', '--json').stdout);
    expect(json.distillation.student).toMatchObject({ units: 7, numParameters: expect.any(Number), name: 'student' });
    expect(json.distillation.teacher.perplexity).toBeCloseTo(
      Math.exp(teacher.outcome!.valLoss[teacher.outcome!.bestEpoch]),
      5,
    );
    expect(json.verdict).toMatch(/^The student has lost/);
  });

  it('trains a smaller language model on a text that a larger one writes', async () => {
    const args = ['distill', 'large.safetensors', '--data', 'poems.txt', ...size, '--epochs', '2', '--sequence-level'];
    const alone = [...args, '--alpha', '0', '--out', 'alone.safetensors'];
    const { stdout, stderr, code } = run(...alone);
    expect([stderr, code]).toEqual(['', 0]);
    expect(stdout).toContain('a text of the teacher in its place');
    const beside = JSON.parse(run(...args, '--keep-text', '--out', 'beside.safetensors', '--json').stdout);
    expect(beside.distillation).toMatchObject({ teacher: { units: 19 }, student: { units: 10 } });
    const weights = async (name: string) => {
      const { model } = (await loadTask(at(name))).task;
      return [...model.namedWeights()].map(([, { variable }]) => [...variable.dataSync()]);
    };
    expect(await weights('beside.safetensors')).not.toEqual(await weights('alone.safetensors'));
    const kept = ['train', 'language-model', 'poems.txt', '--keep-text', '--out', 'x.safetensors'];
    expectFault(run(...kept), 2, 'USAGE', '--keep-text belongs to --sequence-level.');
    expectFault(run(...kept.slice(0, 3), '--sequence-level'), 2, 'USAGE', '--sequence-level has no teacher.');
  });

  it('trains a smaller translator on the sentences that a larger one writes', () => {
    const pairs = Array.from({ length: 60 }, (_, i) => `${i}\t${[...String(i)].map((digit) => `n${digit}`).join(' ')}`);
    writeFileSync(at('pairs.tsv'), pairs.join('\n'));
    const net = ['--layers', '1', '--embedding-units', '5', '--quiet'];
    // It has to have learned where a text ends.
    const teacher = ['--units', '6', '--epochs', '40', '--learning-rate', '0.03', '--out', 'words.safetensors'];
    expect(run('train', 'translate', 'pairs.tsv', ...net, ...teacher).code).toBe(0);
    const student = [...net, '--epochs', '1', '--sequence-level', '--alpha', '0'];
    const args = ['distill', 'words.safetensors', '--data', 'pairs.tsv', ...student];
    const json = JSON.parse(run(...args, '--json').stdout);
    expect(json.distillation).toMatchObject({ teacher: { units: 6 }, student: { units: 4, chrF: expect.any(Number) } });
    const alone = ['train', 'translate', 'pairs.tsv', '--sequence-level', '--out', 'x.safetensors'];
    expectFault(run(...alone), 2, 'USAGE', '--sequence-level has no teacher.');
  });

  it('trains smaller classifiers and taggers, and says what the teacher knew of the data', () => {
    const reviews = madeReviews(90);
    writeFileSync(at('reviews.tsv'), reviews.texts.map((text, i) => `${reviews.labels[i]}\t${text}`).join('\n'));
    const letters = 'abcdefghijklmnopqrstuvwxyz';
    const names = Array.from(
      { length: 40 },
      (_, i) => `${i % 3 ? 'Ada' : 'Bo'} B-PER\nleft O\n${letters[i % 26]}${letters[i >> 4]} O\n`,
    );
    writeFileSync(at('names.txt'), names.join('\n'));
    const net = ['--units', '6', '--epochs', '2', '--quiet'];
    const ofTexts = ['--format', 'lines', '--label-until', '\t'];
    for (const [task, data, reading, model] of [
      ['classify', 'reviews.tsv', ofTexts, 'reviews.safetensors'],
      ['tag', 'names.txt', [], 'names.safetensors'],
    ] as const) {
      expect(run('train', task, data, ...reading, ...net).stderr).toBe('');
      const args = ['distill', model, '--data', data, ...reading, '--epochs', '1', '--json', '--quiet'];
      const json = JSON.parse(run(...args).stdout);
      expect(json.distillation).toMatchObject({ teacher: { units: 6 }, student: { units: 3 } });
      expect(json.distillation.teacher.accuracy).toBeGreaterThan(0);
    }
    // Learned from by the teacher, held out of the student.
    const other = run(
      'distill',
      'reviews.safetensors',
      '--data',
      'reviews.tsv',
      ...ofTexts,
      '--split-seed',
      '5',
      '--epochs',
      '1',
      '--out',
      'z.safetensors',
      '--quiet',
    );
    expect(other.stdout).toMatch(
      /The teacher has learned from \d+ of these texts, so its figure is kind, and the student's too\./,
    );
    const flags = ['--top-k', '3', '--out', 'z.safetensors'];
    expectFault(
      run('distill', 'names.safetensors', '--data', 'names.txt', ...flags),
      2,
      'USAGE',
      '--top-k is of other tasks',
    );
  });

  it('refuses what cannot teach, and options that are of other tasks', () => {
    expectFault(run('distill', 'large.safetensors'), 2, 'USAGE', 'rondo distill: --data is missing.');
    expectFault(
      run('distill', 'large.safetensors', '--data', 'no.txt', '--out', 'y.safetensors'),
      1,
      'FILE_ACCESS',
      'no.txt',
    );
    expectFault(run('distill', 'poems.txt', '--data', 'poems.txt'), 1, 'FILE_FORMAT');
    const alone = ['train', 'language-model', 'poems.txt', '--alpha', '1', '--out', 'x.safetensors'];
    expectFault(run(...alone), 2, 'USAGE', 'these options are of a teacher.');
    const other = [
      '--target',
      'value',
      '--horizon',
      '2',
      '--timesteps',
      '4',
      '--epochs',
      '1',
      '--units',
      '3',
      '--quiet',
    ];
    expect(run('train', 'forecast', 'series.csv', ...other).code).toBe(0);
    const asked = run('distill', 'series.safetensors', '--data', 'series.csv');
    expectFault(asked, 2, 'USAGE', 'the teacher forecasts without its network');
  });
});
