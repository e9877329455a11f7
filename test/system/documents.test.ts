import { spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { build } from 'esbuild';
import { afterAll, describe, expect, it } from 'vitest';
import { blocksOf, documents, root } from '../support/documents.js';
import { hangGuardMs } from '../support/rondo.js';

const folder = mkdtempSync(join(tmpdir(), 'rondo-documents-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** Runs a TypeScript program against the sources, and gives what it printed. */
async function run(name: string, source: { entry?: string; text?: string }): Promise<string> {
  const outfile = join(folder, `${name.replace(/[^a-z0-9]+/gi, '-')}.mjs`);
  await build({
    ...(source.entry === undefined ? {} : { entryPoints: [source.entry] }),
    ...(source.text === undefined ? {} : { stdin: { contents: source.text, loader: 'ts' as const, resolveDir: root } }),
    bundle: true,
    format: 'esm',
    platform: 'node',
    outfile,
    alias: { 'rondo/node': join(root, 'src/node.ts'), rondo: join(root, 'src/index.ts') },
    banner: {
      js: "import { createRequire as requireAt } from 'node:module'; const require = requireAt(import.meta.url);",
    },
    logLevel: 'silent',
  });
  const { status, stdout, stderr } = spawnSync(process.execPath, [outfile], {
    cwd: folder,
    encoding: 'utf8',
    timeout: hangGuardMs,
  });
  expect(status, `${name}\n${stdout}\n${stderr}`).toBe(0);
  return stdout;
}

describe('documents', () => {
  const programs = documents.flatMap((file) =>
    blocksOf(file)
      .filter(({ language }) => language === 'ts')
      .map(({ text }, i) => [`${file} block ${i + 1}`, text] as const),
  );

  it.each(programs)('%s runs', async (name, text) => {
    await run(name, { text });
  });
});

describe('examples', () => {
  const examples = readdirSync(join(root, 'examples')).filter((name) => name.endsWith('.ts'));

  it.each(examples)('%s runs', async (name) => {
    await run(name, { entry: join(root, 'examples', name) });
  });
});
