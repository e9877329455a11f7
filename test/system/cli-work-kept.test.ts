import { type ChildProcess, spawnSync } from 'node:child_process';
import {
  existsSync,
  linkSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { tideLevels } from '../../examples/tide-levels.js';
import { type Ended, expectFault, rondo, startRondo } from '../support/rondo.js';

const folder = mkdtempSync(join(tmpdir(), 'rondo-kept-'));
const at = (...names: readonly string[]): string => join(folder, ...names);
const run = (...args: readonly string[]): Ended => rondo(folder, args);
const small = ['train', 'forecast', 'tides.csv', '--horizon', '5', '--timesteps', '26', '--units', '7'];
/** Far more than any test waits for. */
const long = [...small, '--epochs', '3000', '--out'];
const names = (): string[] => readdirSync(folder).sort();

beforeAll(() => writeFileSync(at('tides.csv'), tideLevels({ hours: 400 })));
afterAll(() => rmSync(folder, { recursive: true }));

const until = (holds: () => boolean): Promise<void> =>
  vi.waitFor(() => expect(holds()).toBe(true), { timeout: 60_000, interval: 20 });
const isAlive = (pid: number): boolean => spawnSync('kill', ['-0', String(pid)]).status === 0;

/** A training that has saved its first checkpoint. */
async function underWay(out: string): Promise<{ process: ChildProcess; ended: Promise<Ended> }> {
  const started = startRondo(folder, [...long, `${out}.safetensors`]);
  await until(() => existsSync(at(`${out}.checkpoint.safetensors`)));
  return started;
}

describe('a signal', () => {
  it.each([
    ['SIGTERM', 143],
    ['SIGHUP', 129],
  ] as const)('%s lets a training save where it stands, and gives its files back', async (signal, code) => {
    const { process: child, ended } = await underWay(signal);
    child.kill(signal);
    expect(await ended).toMatchObject({
      code,
      stderr: expect.stringMatching(/Stopped after \d+ of 3,000 epochs; everything is in SIG/),
    });
    expect(names().filter((name) => name.includes(signal))).toEqual([`${signal}.checkpoint.safetensors`]);
  });
});

describe('two trainings with one --out', () => {
  it('cannot be under way at once; one that was killed is taken over with a word', async () => {
    const { process: child, ended } = await underWay('one');
    for (const more of [['--force'], ['--resume']])
      expectFault(
        run(...long, 'one.safetensors', ...more),
        1,
        'FILE_ACCESS',
        'another process is at work on it',
        `process ${child.pid}`,
      );
    symlinkSync('.', at('link'));
    expectFault(run(...long, 'link/one.safetensors', '--force'), 1, 'FILE_ACCESS', `process ${child.pid}`);
    child.kill('SIGKILL');
    await ended;
    expect(names()).toContain('one.safetensors.lock');
    const other = run(...small, '--epochs', '2', '--out', 'one.safetensors', '--force');
    expect(other.stderr).toContain(`one.safetensors.lock was left by process ${child.pid}`);
    expect(other.code).toBe(0);
    expect(names().filter((name) => name.includes('one'))).toEqual(['one.safetensors']);
  });

  it('are told apart: one whose lock another process has got saves nothing any more', async () => {
    const { ended } = await underWay('lost');
    const checkpoint = readFileSync(at('lost.checkpoint.safetensors'));
    writeFileSync(
      at('lost.safetensors.lock'),
      JSON.stringify({
        ...JSON.parse(readFileSync(at('lost.safetensors.lock'), 'utf8')),
        id: 'another',
        about: 'an intruder',
      }),
    );
    const { code, stderr } = await ended;
    expect(code).toBe(1);
    expect(stderr).toContain('an intruder');
    expect(readFileSync(at('lost.checkpoint.safetensors')).equals(checkpoint)).toBe(true);
  });
});

describe('--resume', () => {
  it('says which training it goes on with, and keeps its seed', async () => {
    const started = startRondo(folder, [...small, '--epochs', '400', '--seed', '3', '--out', 'seeded.safetensors']);
    await until(() => existsSync(at('seeded.checkpoint.safetensors')));
    started.process.kill('SIGTERM');
    await started.ended;
    const resume = (...more: string[]): Ended =>
      run('train', 'forecast', 'tides.csv', '--out', 'seeded.safetensors', '--resume', ...more);
    expectFault(resume('--seed', '5'), 2, 'USAGE', 'expected: seed 3', 'received: seed 5');
    const ended = resume('--seed', '3');
    expect(ended.stderr).toMatch(
      /^Going on with the training begun 20.*Z with seed 3, after \d+ steps, in epoch \d+\.\n/,
    );
    expect(ended.code).toBe(0);
  });
});

describe('a search that is killed', () => {
  const search = [
    'tune',
    ...small.slice(1),
    '--epochs',
    '3000',
    '--search',
    'dropout=0,0.1,0.2',
    '--trials',
    '2',
    '--jobs',
    '2',
    '--out',
    'search',
  ];
  const locks = (): string[] =>
    existsSync(at('search', 'running'))
      ? readdirSync(at('search', 'running')).filter((name) => name.endsWith('.lock'))
      : [];
  const checkpoints = (): string[] =>
    readdirSync(at('search', 'running')).filter((name) => name.includes('checkpoint'));

  it('leaves no training behind, and is resumed without twins', async () => {
    const { process: child, ended } = startRondo(folder, search);
    await until(() => locks().length === 2 && checkpoints().length === 2);
    const pids = locks().map(
      (name) => (JSON.parse(readFileSync(at('search', 'running', name), 'utf8')) as { pid: number }).pid,
    );
    expectFault(
      run(...search, '--resume'),
      1,
      'FILE_ACCESS',
      'search.lock: another process is at work on it',
      `process ${child.pid}`,
    );
    child.kill('SIGKILL');
    await ended;
    await until(() => pids.every((pid) => !isAlive(pid)));
    expect(locks()).toEqual([]);
    expect(checkpoints()).toHaveLength(2);

    const resumed = startRondo(folder, [...search, '--resume']);
    await until(() => locks().length === 2);
    resumed.process.kill('SIGHUP');
    const { code, stderr } = await resumed.ended;
    expect(code).toBe(129);
    expect(stderr).toContain(`search.lock was left by process ${child.pid}, which is gone`);
    expect(locks()).toEqual([]);
    expect(names().filter((name) => name === 'search.lock')).toEqual([]);
  });
});

describe('what is read', () => {
  it('is never written over, through links and with --force neither', () => {
    const data = readFileSync(at('tides.csv'));
    symlinkSync('tides.csv', at('tides-link.csv'));
    linkSync(at('tides.csv'), at('tides-hard.csv'));
    for (const out of ['tides.csv', './tides.csv', 'tides-link.csv', 'tides-hard.csv']) {
      expectFault(
        run(...small, '--out', out, '--force'),
        2,
        'USAGE',
        '--out would overwrite what is read',
        'choose another --out',
      );
    }
    mkdirSync(at('texts', 'good'), { recursive: true });
    writeFileSync(at('texts', 'good', '1.txt'), 'a good film');
    expectFault(run('train', 'classify', 'texts', '--out', 'texts/good/1.txt', '--force'), 2, 'USAGE', 'lies in');
    writeFileSync(at('trials.csv'), data);
    expectFault(
      run('tune', 'forecast', 'trials.csv', '--horizon', '5', '--out', '.', '--force'),
      2,
      'USAGE',
      'would overwrite what is read',
    );
    expectFault(
      run('tune', 'forecast', 'tides.csv', '--horizon', '5', '--out', '.'),
      1,
      'FILE_ACCESS',
      'trials.csv exists already, and is of no search',
    );
    expectFault(
      run('explain', 'm.safetensors', 'tides.csv', '--html', 'tides.csv', '--force'),
      2,
      'USAGE',
      '--html would overwrite what is read',
    );
    expectFault(
      run('explain', 'm.safetensors', 'a text', '--html', 'tides.csv'),
      1,
      'FILE_ACCESS',
      'tides.csv exists already',
    );
    expect(readFileSync(at('tides.csv')).equals(data)).toBe(true);
    expect(readFileSync(at('trials.csv')).equals(data)).toBe(true);
  });
});
