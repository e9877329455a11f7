import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { displayWidth } from '../../cli/terminal/display-width.js';
import { tideLevels } from '../../examples/tide-levels.js';
import { type Ended, program, rondo } from '../support/rondo.js';

const folder = mkdtempSync(join(tmpdir(), 'rondo-terminal-'));
const run = (...args: readonly string[]): Ended => rondo(folder, args);
const narrow = (...args: readonly string[]): string =>
  spawnSync(process.execPath, [program, ...args], {
    cwd: folder,
    encoding: 'utf8',
    env: { ...process.env, COLUMNS: '40', NO_COLOR: '1' },
  }).stdout;
const hostile = 'lev\x1b[2Jel\x9b31m\u202e';
/** What a terminal would obey, but for line ends and tabs. */
const steering = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u2028\u2029\u202a-\u202e\u2066-\u2069]/;

beforeAll(() => {
  writeFileSync(join(folder, 'tides.csv'), tideLevels({ hours: 400 }).replace('level', hostile));
});
afterAll(() => rmSync(folder, { recursive: true }));

describe('names from files', () => {
  it('steer the terminal nowhere: in reports, tables, plots, documents and messages', () => {
    const train = [
      'train',
      'forecast',
      'tides.csv',
      '--target',
      hostile,
      '--horizon',
      '5',
      '--timesteps',
      '26',
      '--units',
      '7',
      '--epochs',
      '2',
    ];
    const shown = [
      run(...train, '--out', 'm.safetensors'),
      run(...train, '--out', `${hostile}.safetensors`, '--json'),
      run('inspect', 'm.safetensors'),
      run('inspect', 'm.safetensors', '--json'),
      run('predict', 'm.safetensors', 'tides.csv'),
      run('evaluate', 'm.safetensors', 'tides.csv'),
      run('predict', 'm.safetensors', `${hostile}.csv`),
      run(...train.map((word) => (word === hostile ? `${hostile}\nsaved x` : word)), '--out', 'n.safetensors'),
    ];
    for (const { stdout, stderr } of shown) expect(stdout + stderr).not.toMatch(steering);
    expect(shown.map(({ code }) => code)).toEqual([0, 0, 0, 0, 0, 0, 1, 2]);
    expect(shown[2].stdout).toContain('forecast of lev␛[2Jel');
    expect(JSON.parse(shown[3].stdout)).toMatchObject({ task: 'forecast' });
    expect(JSON.parse(shown[3].stdout).preprocessing.options.target).toBe(hostile);
    expect(shown[7].stderr).not.toMatch(/^saved/m);
  });
});

describe('forty columns', () => {
  it.each([
    ['inspect', 'm.safetensors'],
    ['predict', 'm.safetensors', 'tides.csv'],
    ['evaluate', 'm.safetensors', 'tides.csv'],
    ['train', 'forecast', '--help'],
    ['doctor'],
  ])('are enough for rondo %s', (...args) => {
    const stdout = narrow(...args);
    const long = stdout
      .split('\n')
      .filter((line) => displayWidth(line) > 40 && !/rondo [a-z]/.test(line) && /\S\s\S/.test(line.trim()));
    expect(stdout).not.toBe('');
    expect(long).toEqual([]);
  });
});

describe('npm run example', () => {
  it('runs one by its name, and lists them without one or with another', () => {
    const script = fileURLToPath(new URL('../../build/run-example.js', import.meta.url));
    const example = (...args: readonly string[]) =>
      spawnSync(process.execPath, [script, ...args], { encoding: 'utf8' });
    const { scripts } = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8')) as {
      scripts: Record<string, string>;
    };
    expect(scripts.example).toBe('node build/run-example.js');
    expect(example()).toMatchObject({
      status: 2,
      stderr: expect.stringMatching(/^Usage: npm run example NAME[^]*\n {2}own-cell +A cell defined by its equations/),
    });
    expect(example('own-cel')).toMatchObject({
      status: 2,
      stderr: expect.stringMatching(/^There is no example `own-cel`/),
    });
    expect(example('own-cell')).toMatchObject({ status: 0, stdout: expect.stringMatching(/./), stderr: '' });
  });
});
