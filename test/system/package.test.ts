import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { commands } from '../../cli/commands/index.js';

const root = fileURLToPath(new URL('../..', import.meta.url));
const { exports, bin } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as { exports: Record<string, Record<string, string>>; bin: Record<string, string> };

/** Runs a module that imports the package by its name, as `npm test` built it. */
function run(program: string, ...options: string[]): unknown {
  const { status, stdout, stderr } = spawnSync(process.execPath, [...options, '--input-type=module', '--eval', program], { cwd: root, encoding: 'utf8' });
  expect(status, stderr).toBe(0);
  return JSON.parse(stdout);
}

const sharesInstances = `
  import { RondoError, useBackend, tensor, Tensor } from 'rondo';
  import { loadModel, useBlas } from 'rondo/node';
  useBackend('reference');
  const errors = await Promise.all([loadModel('none.safetensors'), useBlas({ when: 'never' })].map((call) => call.catch((error) => error)));
  console.log(JSON.stringify([errors.map((error) => error instanceof RondoError && error.code), tensor([1]) instanceof Tensor]));`;

describe('the package', () => {
  it.each([['the bundle that Node gets', []], ['the modules that bundlers get', ['--conditions=node-is-off']]] as const)('has one instance of everything under both names', (_, options) => {
    expect(run(sharesInstances, ...options)).toEqual([['FILE_ACCESS', 'BACKEND_UNAVAILABLE'], true]);
  });

  it('gives Node two files of its own', () => {
    expect(run("console.log(JSON.stringify(['rondo', 'rondo/node'].map((name) => import.meta.resolve(name).split('/dist/')[1])))")).toEqual(['node/index.js', 'node/node.js']);
  });

  it('holds what it refers to, and neither tests nor benchmarks', () => {
    const { stdout } = spawnSync('npm', ['pack', '--dry-run', '--json', '--ignore-scripts'], { cwd: root, encoding: 'utf8' });
    const [{ files }] = JSON.parse(stdout) as [{ files: { path: string }[] }];
    const paths = files.map(({ path }) => path);
    const referred = [...Object.values(exports).flatMap((conditions) => Object.values(conditions)), ...Object.values(bin)].map((path) => path.replace('./', ''));
    expect(referred.filter((path) => !paths.includes(path))).toEqual([]);
    expect(paths.filter((path) => /\.test\.|^dist\/(bench|examples|test)|^(src|test|node_modules)\//.test(path))).toEqual([]);
    expect(paths).toContain('examples/data/sunspots.csv');
    expect(existsSync(join(root, 'dist/src/index.js'))).toBe(true);
  });
});

describe('the commands', () => {
  it('are called what they are listed as', async () => {
    for (const [name, load] of Object.entries(commands)) expect((await load()).name).toBe(name);
  });
});
