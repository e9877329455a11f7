import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { tideLevels } from '../../examples/tide-levels.js';
import { type Ended, expectFault, rondo, rondoHere, startRondo } from '../support/rondo.js';

const folder = mkdtempSync(join(tmpdir(), 'rondo-tune-'));
const at = (...names: readonly string[]): string => join(folder, ...names);
const run = (...args: readonly string[]): Ended => rondo(folder, args);
const here = (...args: readonly string[]): Promise<Ended> => rondoHere(folder, args);
const small = ['forecast', 'tides.csv', '--horizon', '5', '--timesteps', '26', '--batch-size', '50'];
const search = [
  'tune',
  ...small,
  '--epochs',
  '2',
  '--search',
  'units=5,7,11',
  '--search',
  'learning-rate=0.001..0.05:log',
  '--trials',
  '3',
];
/** What decides nothing is left out: how long it took. */
const recordsOf = (name: string): unknown[] =>
  readFileSync(at(name, 'trials.jsonl'), 'utf8')
    .trim()
    .split('\n')
    .map((line) => ({ ...JSON.parse(line), seconds: 0 }))
    .sort((a, b) => a.rung - b.rung || a.trial - b.trial);

/** What a search prints for programs. */
let found: { best: { command: string; score: number; model: string } };

beforeAll(() => {
  writeFileSync(at('tides.csv'), tideLevels({ hours: 400 }));
  const whole = run(...search, '--out', 'whole', '--jobs', '1', '--keep-best', '--json');
  expect(whole.stderr).toBe('');
  found = JSON.parse(whole.stdout);
});
afterAll(() => rmSync(folder, { recursive: true }));

describe('rondo tune', () => {
  it('shows what it searches, how each trial did, and the command of the best', () => {
    const { stdout, stderr, code } = run(...search, '--out', 'shown');
    expect(code).toBe(0);
    for (const part of [
      'random search, trials 3; seed 0',
      'units 5|7|11; learning-rate 0.001 to 0.05 (log)',
      'validation loss, lower is better',
      'Best: trial ',
    ])
      expect(stdout).toContain(part);
    expect(stdout).toMatch(/^trial +units +learning-rate +validation loss +best epoch +time\n/m);
    expect(stderr).toContain('trial 1  the command as it stands');
    for (const trial of [2, 3]) expect(stderr).toContain(`trial ${trial}  units`);
    expect(readdirSync(at('shown')).sort()).toEqual(['search.json', 'trials.csv', 'trials.jsonl']);
    const [heading, ...rows] = readFileSync(at('shown', 'trials.csv'), 'utf8').trim().split('\n');
    expect(heading).toBe('trial,rung,epochs,units,learning-rate,seed,loss,bestEpoch,seconds,status,reason');
    expect(rows).toHaveLength(3);
    expect(recordsOf('shown')).toEqual(recordsOf('whole'));
  });

  it('scores what the shown command reaches, and keeps that model', () => {
    const { best } = found;
    const words = best.command.split(' ').slice(1);
    const { outcome } = JSON.parse(run(...words, '--out', 'alone.safetensors', '--json').stdout);
    expect(best.score).toBe(outcome.valLoss[outcome.bestEpoch]);
    expect(readFileSync(at('alone.safetensors')).equals(readFileSync(at('whole', 'best.safetensors')))).toBe(true);
    expect(best.model).toBe(join('whole', 'best.safetensors'));
  });

  it('stops at Ctrl-C with everything, and ends after --resume as if it had not', async () => {
    const args = [...search, '--epochs', '40', '--jobs', '2'];
    const { process: child, ended } = startRondo(folder, [...args, '--out', 'stopped']);
    await new Promise<void>((resolve) =>
      child.stderr!.on('data', (piece) => String(piece).includes('trial ') && resolve()),
    );
    child.kill('SIGINT');
    const { code, stderr } = await ended;
    expect(code).toBe(130);
    expect(stderr).toContain('--out stopped --resume');
    const before = recordsOf('stopped');
    expect(before.length).toBeGreaterThan(0);
    expect(before.length).toBeLessThan(3);
    // A line that was being written when the machine went down.
    writeFileSync(at('stopped', 'trials.jsonl'), '{"trial":3,"ru', { flag: 'a' });
    expectFault(
      await here(...args, '--out', 'stopped', '--resume', '--seed', '4'),
      2,
      'USAGE',
      'stopped holds another search',
      'seed 0',
      'seed 4',
    );
    expectFault(await here(...args, '--out', 'stopped'), 1, 'FILE_ACCESS', 'go on with it with --resume');
    expect(run(...args, '--out', 'stopped', '--resume', '--quiet').code).toBe(0);
    expect(recordsOf('stopped')).toEqual(expect.arrayContaining(before));
    run(...args, '--out', 'unstopped', '--quiet');
    expect(recordsOf('stopped')).toEqual(recordsOf('unstopped'));
    expect(existsSync(at('stopped', 'running'))).toBe(false);
  });

  it('halves: the best go on with more epochs', () => {
    const { runs, best } = JSON.parse(
      run(
        'tune',
        ...small,
        '--method',
        'halving',
        '--trials',
        '4',
        '--eta',
        '2',
        '--epochs',
        '4',
        '--search',
        'units=2,3,5,7',
        '--out',
        'halved',
        '--json',
      ).stdout,
    );
    expect(runs.map(({ rung, epochs }: { rung: number; epochs: number }) => [rung, epochs])).toEqual([
      [1, 1],
      [1, 1],
      [1, 1],
      [1, 1],
      [2, 2],
      [2, 2],
      [3, 4],
    ]);
    expect(best).toMatchObject({ rung: 3, epochs: 4, trial: runs[6].trial });
    expect(best.command).toContain('--epochs 4');
  });

  it('records a trial that fails and goes on, and stops where none can succeed', () => {
    const rest = ['forecast', 'tides.csv', '--horizon', '5', '--units', '3', '--epochs', '1'];
    const failing = run(
      'tune',
      ...rest,
      '--search',
      'timesteps=26,390',
      '--trials',
      '3',
      '--out',
      'failing',
      '--quiet',
    );
    expect(failing.code).toBe(0);
    expect(failing.stdout).toMatch(/failed: trial \d: OUT_OF_RANGE: the series is too short/);
    expectFault(
      run('tune', 'forecast', 'none.csv', '--horizon', '5', '--trials', '3', '--out', 'none', '--json'),
      1,
      'FILE_ACCESS',
      'there is no such file',
    );
    expectFault(
      run(
        'tune',
        ...rest,
        '--target',
        'x',
        '--search',
        'timesteps=20,21,22,23,24',
        '--trials',
        '5',
        '--jobs',
        '1',
        '--out',
        'same',
        '--json',
      ),
      2,
      'UNKNOWN_NAME',
      '`x`',
    );
    expect(recordsOf('same')).toHaveLength(3);
  });

  it('refuses searches that make no sense', async () => {
    const fault = async (args: readonly string[], ...parts: string[]): Promise<void> =>
      expectFault(await here('tune', ...small, '--out', 'bad', ...args), 2, 'USAGE', ...parts);
    await fault(['--search', 'untis=3,4'], 'no option `untis`', 'did you mean `units`');
    await fault(['--search', 'units=3..4:lgo'], 'did you mean `:log`');
    await fault(['--search', 'units=2.5,3'], '--units needs a whole number');
    await fault(['--search', 'cell=1..2'], '`cell` takes no numbers');
    await fault(['--search', 'horizon=3,5'], 'changes what the score measures');
    await fault(['--search', 'seed=1,2'], 'nothing to search');
    await fault(['--search', 'units=3,4', '--units', '3'], 'both given and to be searched');
    await fault(['--method', 'halving'], 'needs to know the epochs');
    await fault(['--method', 'halving', '--epochs', '9', '--search', 'epochs=3,4'], 'halving decides the `epochs`');
    await fault(['--eta', '2'], '--eta is for --method halving');
    await fault(['--method', 'halving', '--epochs', '9', '--eta', '1'], 'a whole number of at least 2');
    await fault(['--search', 'units=3,4'], 'so many different trials', 'at most 2', 'ask for fewer trials');
    await fault(['--score', 'accuracy'], '--score does not know `accuracy`');
    expectFault(
      await here('tune', 'classify', 'x.csv', '--search', 'label-smoothing=0,0.1'),
      2,
      'USAGE',
      'choose --score accuracy',
    );
    expectFault(await here('tune', ...small, '--resume', '--out', 'nowhere'), 1, 'FILE_ACCESS', 'no search to resume');
    expect(existsSync(at('bad'))).toBe(false);
  });
});

describe('rondo train --find-learning-rate', () => {
  it('draws the losses, suggests a rate, and writes nothing', async () => {
    const before = readdirSync(folder);
    const { stdout, code } = run('train', ...small, '--units', '12', '--find-learning-rate');
    expect(code).toBe(0);
    for (const part of [
      'loss, moving average',
      '1e-3',
      'learning rate',
      'suggested learning rate: ',
      'rondo train forecast tides.csv --horizon 5 --units 12 --batch-size 50 --learning-rate ',
    ])
      expect(stdout).toContain(part);
    const found = JSON.parse(run('train', ...small, '--units', '12', '--find-learning-rate', '--json').stdout);
    expect(found.suggested).toBeGreaterThan(1e-4);
    expect(found.suggested).toBeLessThan(1e-1);
    expect(found.command).toContain(`--learning-rate ${found.suggested}`);
    expectFault(
      await here('train', ...small, '--find-learning-rate', '--resume'),
      2,
      'USAGE',
      'cannot be given together',
    );
    expect(readdirSync(folder)).toEqual(before);
  });
});
