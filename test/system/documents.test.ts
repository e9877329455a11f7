import { spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';
import { afterAll, describe, expect, it } from 'vitest';
import { hangGuardMs } from '../support/rondo.js';

const root = fileURLToPath(new URL('../..', import.meta.url));
const folder = mkdtempSync(join(tmpdir(), 'rondo-documents-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** Runs a TypeScript program against the sources, and gives what it printed. */
async function run(name: string, source: { entry?: string; text?: string }): Promise<string> {
  const outfile = join(folder, `${name.replace(/[^a-z0-9]+/gi, '-')}.mjs`);
  await build({
    entryPoints: source.entry === undefined ? [] : [source.entry],
    stdin: source.text === undefined ? undefined : { contents: source.text, loader: 'ts', resolveDir: root },
    bundle: true,
    format: 'esm',
    platform: 'node',
    outfile,
    alias: { 'rondo/node': join(root, 'src/node.ts'), rondo: join(root, 'src/index.ts') },
    banner: { js: "import { createRequire } from 'node:module'; const require = createRequire(import.meta.url);" },
    logLevel: 'silent',
  });
  const { status, stdout, stderr } = spawnSync(process.execPath, [outfile], { cwd: folder, encoding: 'utf8', timeout: hangGuardMs });
  expect(status, `${name}\n${stdout}\n${stderr}`).toBe(0);
  return stdout;
}

function blocksOf(file: string, language: string): string[] {
  const text = readFileSync(join(root, file), 'utf8');
  return [...text.matchAll(new RegExp(`^\`\`\`${language}\\n([\\s\\S]*?)^\`\`\``, 'gm'))].map((match) => match[1]);
}

const documents = ['README.md', 'README.zh-CN.md', ...readdirSync(join(root, 'docs'), { recursive: true, encoding: 'utf8' }).filter((name) => name.endsWith('.md') && !name.startsWith('reference')).map((name) => `docs/${name}`)];

describe('documents', () => {
  const programs = documents.flatMap((file) => blocksOf(file, 'ts').map((text, i) => [`${file} block ${i + 1}`, text] as const));

  it.each(programs)('%s runs', async (name, text) => {
    await run(name, { text });
  });

  // One after the other in one folder, since a command reads what the one before it wrote.
  it('give commands that run', () => {
    symlinkSync(join(root, 'examples'), join(folder, 'examples'));
    const commands = documents.flatMap((file) => blocksOf(file, 'sh')).flatMap((block) => block.split('\n')).filter((line) => line.startsWith('npx rondo '));
    expect(commands.length).toBeGreaterThan(2);
    for (const command of new Set(commands)) {
      const line = command.replace('npx rondo', `"${process.execPath}" "${join(root, 'dist/cli/main.js')}"`);
      const { status, stdout, stderr } = spawnSync('sh', ['-c', line], { cwd: folder, encoding: 'utf8', timeout: hangGuardMs });
      expect(status, `${command}\n${stdout}\n${stderr}`).toBe(0);
    }
  });
});

describe('examples', () => {
  const examples = readdirSync(join(root, 'examples')).filter((name) => name.endsWith('.ts'));

  it.each(examples)('%s runs', async (name) => {
    await run(name, { entry: join(root, 'examples', name) });
  });
});
