import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { join, posix } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { commands } from '../../cli/commands/index.js';

const root = fileURLToPath(new URL('../..', import.meta.url));
const manifest = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as {
  exports: Record<string, Record<string, string>>;
  bin: Record<string, string>;
  keywords: string[];
  peerDependencies: Record<string, string>;
};
const { exports, bin } = manifest;

/** The files of the tarball. */
function packedPaths(): string[] {
  const { stdout } = spawnSync('npm', ['pack', '--dry-run', '--json', '--ignore-scripts'], {
    cwd: root,
    encoding: 'utf8',
  });
  const [{ files }] = JSON.parse(stdout) as [{ files: { path: string }[] }];
  return files.map(({ path }) => path);
}

/** Runs a module that imports the package by its name, as `npm test` built it. */
function run(program: string, ...options: string[]): unknown {
  const { status, stdout, stderr } = spawnSync(
    process.execPath,
    [...options, '--input-type=module', '--eval', program],
    { cwd: root, encoding: 'utf8' },
  );
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
  it.each([
    ['the bundle that Node gets', []],
    ['the modules that bundlers get', ['--conditions=node-is-off']],
  ] as const)('has one instance of everything under both names', (_, options) => {
    expect(run(sharesInstances, ...options)).toEqual([['FILE_ACCESS', 'BACKEND_UNAVAILABLE'], true]);
  });

  it('gives Node two files of its own', () => {
    expect(
      run(
        "console.log(JSON.stringify(['rondo', 'rondo/node'].map((name) => " +
          "import.meta.resolve(name).split('/dist/')[1])))",
      ),
    ).toEqual(['node/index.js', 'node/node.js']);
  });

  it('says where it comes from, and lets other versions of its optional packages be', () => {
    expect(manifest).toMatchObject({
      repository: { type: 'git' },
      homepage: expect.stringMatching(/^https:/),
      license: 'MIT',
    });
    expect(manifest.keywords.length).toBeGreaterThan(5);
    // An upper bound, or a caret, would make npm refuse to install beside another version.
    expect(Object.values(manifest.peerDependencies).filter((range) => !range.startsWith('>='))).toEqual([]);
  });

  it('holds what its documents link to', () => {
    const paths = packedPaths();
    const dead = paths
      .filter((path) => path.endsWith('.md'))
      .flatMap((path) =>
        [...readFileSync(join(root, path), 'utf8').matchAll(/\]\(([^)\s]+)\)/g)]
          .map(([, link]) => link.replace(/#.*/, ''))
          .filter((link) => link !== '' && !/^[a-z]+:/.test(link))
          .map((link) => posix.join(posix.dirname(path), link).replace(/\/$/, ''))
          .filter((target) => !paths.some((packed) => packed === target || packed.startsWith(`${target}/`)))
          .map((target) => `${path} links to ${target}`),
      );
    expect(dead).toEqual([]);
  });

  it('holds what it refers to, and neither tests nor benchmarks', () => {
    const paths = packedPaths();
    const referred = [
      ...Object.values(exports).flatMap((conditions) => Object.values(conditions)),
      ...Object.values(bin),
    ].map((path) => path.replace('./', ''));
    expect(referred.filter((path) => !paths.includes(path))).toEqual([]);
    expect(
      paths.filter((path) => /\.test\.|^dist\/(bench|examples|test)|^(src|test|node_modules)\//.test(path)),
    ).toEqual([]);
    expect(paths).toContain('examples/data/sunspots.csv');
    expect(existsSync(join(root, 'dist/src/index.js'))).toBe(true);
  });
});

describe('the commands', () => {
  it('are called what they are listed as', async () => {
    for (const [name, load] of Object.entries(commands)) expect((await load()).name).toBe(name);
  });
});
