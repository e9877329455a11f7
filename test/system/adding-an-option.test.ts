import { spawnSync } from 'node:child_process';
import { cpSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { build } from 'esbuild';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { root } from '../support/documents.js';

/** A copy of the sources, to which the entry that docs/architecture.md shows is added. */
const folder = mkdtempSync(join(tmpdir(), 'rondo-option-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const table = 'src/tasks/language-model/language-model-options.ts';

function rondo(...args: string[]): { status: number | null; stdout: string; stderr: string } {
  return spawnSync(process.execPath, [join(folder, 'rondo.mjs'), ...args], { cwd: folder, encoding: 'utf8' });
}

beforeAll(async () => {
  for (const name of ['src', 'cli', 'bench', 'examples', 'build', 'tsconfig.json', 'package.json'])
    cpSync(join(root, name), join(folder, name), { recursive: true });
  symlinkSync(join(root, 'node_modules'), join(folder, 'node_modules'));
  const [, entry] = /An option of a task[^]*?```ts\n([^]*?)```/.exec(
    readFileSync(join(root, 'docs/architecture.md'), 'utf8'),
  )!;
  const before = readFileSync(join(folder, table), 'utf8');
  const after = before.replace('  /** Epochs of sgd before', `${entry}$&`);
  expect(after).not.toBe(before);
  writeFileSync(join(folder, table), after);
  const texts = spawnSync(process.execPath, ['build/option-texts.js', 'src/index.ts'], {
    cwd: folder,
    encoding: 'utf8',
  });
  expect(texts.stderr).toBe('');
  writeFileSync(join(folder, 'cli/option-texts.json'), texts.stdout);
  await build({
    absWorkingDir: folder,
    entryPoints: { rondo: 'cli/main.ts' },
    outdir: folder,
    outExtension: { '.js': '.mjs' },
    bundle: true,
    splitting: true,
    format: 'esm',
    platform: 'node',
    packages: 'external',
    logLevel: 'error',
  });
  writeFileSync(join(folder, 'song.txt'), 'so long and thanks for all the fish\n'.repeat(30));
});

describe('an entry in the table of a task', () => {
  const train = ['train', 'language-model', 'song.txt', '--units', '5', '--epochs', '1', '--quiet'];

  it('is a flag with its comment as help, without what is for readers of code', () => {
    expect(rondo('train', 'language-model', '--help').stdout.replace(/\s+/g, ' ')).toContain(
      '--mirror-rate RATE Share of the words that are shown mirrored. Default 0. --full-rate-epochs N',
    );
  });

  it('is checked, and said by its flag', () => {
    const { status, stderr } = rondo(...train, '--mirror-rate', '1');
    expect([status, stderr]).toEqual([2, expect.stringContaining('`--mirror-rate` is out of range.')]);
    expect(stderr).toContain('a number of at least 0 and below 1');
    expect(rondo(...train, '--miror-rate', '0').stderr).toContain('did you mean `--mirror-rate`');
  });

  it('is kept in the file, and taken over by a training that begins with it', () => {
    expect(rondo(...train, '--mirror-rate', '0.3', '--out', 'a.safetensors').stderr).toBe('');
    const inherited = rondo(
      ...train.slice(0, 3),
      '--init',
      'a.safetensors',
      '--epochs',
      '1',
      '--json',
      '--out',
      'b.safetensors',
    );
    expect(JSON.parse(inherited.stdout).options.mirrorRate).toBe(0.3);
  });

  it('is searched', () => {
    const { stdout } = rondo(
      'tune',
      'language-model',
      'song.txt',
      '--trials',
      '1',
      '--epochs',
      '1',
      '--units',
      '5',
      '--json',
    );
    expect(JSON.parse(stdout).search.space['mirror-rate']).toEqual({ low: 0, high: 0.3 });
  });
});
