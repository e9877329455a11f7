import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Ended, expectFault, rondo, rondoHere, startRondo } from '../support/rondo.js';

const folder = mkdtempSync(join(tmpdir(), 'rondo-tasks-'));
const at = (...names: readonly string[]): string => join(folder, ...names);
const run = (...args: readonly string[]): Ended => rondo(folder, ['tasks', ...args]);
const here = (...args: readonly string[]): Promise<Ended> => rondoHere(folder, ['tasks', ...args]);
const small = ['parity', '--lengths', '2,9', '--cells', 'gru,minGRU', '--units', '7', '--steps', '400'];
small.push('--learning-rate', '0.02', '--seed', '5', '--threads', '1');

type Row = Readonly<Record<string, unknown>>;
/** What decides nothing is left out: how long it took. */
const timeless = (rows: readonly Row[]): Row[] => rows.map((row) => ({ ...row, msPerStep: 0 }));
const recordsOf = (name: string): Row[] =>
  timeless(
    readFileSync(at(name, 'runs.jsonl'), 'utf8')
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line)),
  );
/** A table without the column of times. */
const untimed = (table: string): string => table.replace(/ +[\d.]+ ms/g, '');

let whole: Ended;
beforeAll(() => {
  whole = run(...small, '--out', 'whole');
});
afterAll(() => rmSync(folder, { recursive: true }));

/** Starts a table, and sends a signal when its first run has ended. */
async function stopped(name: string, signal: NodeJS.Signals): Promise<Ended> {
  const { process: child, ended } = startRondo(folder, ['tasks', ...small, '--out', name]);
  await new Promise<void>((resolve) =>
    child.stderr!.on('data', (piece) => String(piece).includes(' a step') && resolve()),
  );
  child.kill(signal);
  return ended;
}

describe('rondo tasks', () => {
  it('shows what each cell reached at each length beside guessing, and last who solved what', () => {
    const { stdout, stderr, code } = whole;
    expect(code).toBe(0);
    expect(stdout).toContain('parity: whether an odd number of ones was seen');
    expect(stdout).toMatch(/^cell +T +result +loss +guessing +accuracy +guessed +a step +weights$/m);
    for (const length of [2, 9]) {
      expect(stdout).toMatch(
        new RegExp(`^gru +${length} +solved after \\d+ steps +0\\.0\\d+ +0\\.6931 +\\d+\\.\\d % +50\\.0 %`, 'm'),
      );
    }
    // Recurrences without a product of the state cannot count modulo two.
    expect(stdout).toMatch(/^minGRU +9 +not solved in 400 steps/m);
    expect(stdout.trim().split('\n').at(-1)).toMatch(/^Solved: parity T = 2 by gru.*; parity T = 9 by gru\.$/);
    for (const record of recordsOf('whole')) expect(stderr).toContain(`${record.cell}, parity T = ${record.length}: `);
    expect(readdirSync(at('whole'))).toEqual(['runs.jsonl']);
  });

  it('does no run again that the folder holds, and prints the same table', async () => {
    const again = await here(...small, '--out', 'whole');
    expect(again.stdout).toBe(whole.stdout);
    expect(again.stderr).toContain('4 runs of 4 done already');
    const { stdout } = await here(...small, '--out', 'whole', '--json');
    expect(timeless(JSON.parse(stdout))).toEqual(recordsOf('whole'));
  });

  it('does another run where anything else is asked for', async () => {
    const only = ['--lengths', '2', '--cells', 'gru', '--seed', '6', '--quiet'];
    const { stdout, stderr } = await here(...small, ...only, '--out', 'whole', '--json');
    expect(stderr).toBe('');
    const [row, ...others] = JSON.parse(stdout);
    expect(others).toEqual([]);
    expect(row).toMatchObject({ problem: 'parity', length: 2, cell: 'gru', seed: 6, units: 7, status: 'solved' });
    expect(recordsOf('whole')).toHaveLength(5);
    expect(recordsOf('whole').filter(({ seed }) => seed === 5)).toHaveLength(4);
  });

  it('does another run with another backend', () => {
    const once = ['parity', '--lengths', '2', '--cells', 'gru', '--units', '3', '--steps', '1', '--out', 'computed'];
    const backends = ['wasm', 'reference', 'reference'];
    for (const backend of backends) expect(run(...once, '--backend', backend).code).toBe(0);
    expect(recordsOf('computed').map(({ backend }) => backend)).toEqual(['wasm', 'reference']);
  });

  it('ends with the same table after it was killed, in the middle of a line too', async () => {
    await stopped('killed', 'SIGKILL');
    const before = recordsOf('killed');
    expect(before.length).toBeLessThan(4);
    writeFileSync(at('killed', 'runs.jsonl'), '{"problem":"parity","len', { flag: 'a' });
    const { stdout, stderr, code } = run(...small, '--out', 'killed');
    expect(code).toBe(0);
    expect(stderr).toContain(`${before.length} run`);
    expect(untimed(stdout)).toBe(untimed(whole.stdout));
    expect(recordsOf('killed')).toEqual(recordsOf('whole').filter(({ seed }) => seed === 5));
    expect(existsSync(at('killed', 'runs.lock'))).toBe(false);
  });

  it('keeps and shows what has ended at Ctrl-C, and says how to go on', async () => {
    const { stdout, stderr, code } = await stopped('stopped', 'SIGINT');
    expect(code).toBe(130);
    const kept = recordsOf('stopped');
    expect(kept.length).toBeGreaterThan(0);
    expect(stdout).toContain('Solved: parity T = 2 by gru');
    expect(stderr).toContain(`Stopped after ${kept.length} of 4 runs. Go on with:`);
    expect(stderr).toContain('rondo tasks parity --cells gru,minGRU --lengths 2,9');
    expect(kept).toEqual(recordsOf('whole').slice(0, kept.length));
  });

  it('refuses a file of results that it did not write', async () => {
    mkdirSync(at('foreign'));
    writeFileSync(at('foreign', 'runs.jsonl'), 'what\n{}\n');
    expectFault(await here(...small, '--out', 'foreign'), 1, 'FILE_FORMAT', 'runs.jsonl, line 1');
    expect(existsSync(at('foreign', 'runs.lock'))).toBe(false);
  });

  it.each([
    [['addng'], 'unknown problem `addng`; did you mean `adding`?'],
    [['adding', 'copy', 'adding'], 'the problem adding is given twice'],
    [['adding', '--cells', 'lsmt'], 'unknown cell `lsmt`; did you mean `lstm`'],
    [['adding', '--cells', 'lstm+atention'], 'did you mean `lstm+attention`'],
    [['adding', '--cells', 'gru,all'], 'the cell gru is given twice'],
    [['adding', '--cells', 'gru+attention,all+attention'], 'the cell gru+attention is given twice'],
    [['adding', '--lengths', '20,x'], '--lengths is no list of lengths'],
    [['adding', '--lengths', '20,-3'], '--lengths is no list of lengths'],
    [['adding', '--lengths', '20,20'], 'the length 20 is given twice'],
    [['order', '--lengths', '20,5'], '`order` has no room in 5 steps'],
    [['adding', '--out', ''], '--out is empty'],
    [[], 'something is missing'],
  ])('refuses %j before anything is trained', async (args, part) => {
    expectFault(await here(...args), 2, 'USAGE', part);
  });

  it('refuses what nothing can be trained with', async () => {
    expectFault(await here('adding', '--learning-rate', '-1'), 2, 'OUT_OF_RANGE', '`--learning-rate` is out of range');
    expectFault(await here('adding', '--clip-norm', '0'), 2, 'OUT_OF_RANGE', '--clip-norm');
  });
});
