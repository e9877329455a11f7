import { spawnSync } from 'node:child_process';
import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { root } from '../support/documents.js';

/** A copy of the sources and their tests, to which the cell and the layer of docs/architecture.md are added. */
const folder = mkdtempSync(join(tmpdir(), 'rondo-adding-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const copied = ['src', 'cli', 'bench', 'examples', 'test', 'tsconfig.json', 'package.json', 'vitest.config.ts'];
const architecture = readFileSync(join(root, 'docs/architecture.md'), 'utf8');

beforeAll(() => {
  for (const name of copied) cpSync(join(root, name), join(folder, name), { recursive: true });
  symlinkSync(join(root, 'node_modules'), join(folder, 'node_modules'));
});

/** What the document says of adding one kind: how many files, which, and the new one. */
function said(kind: string): { numFiles: number; files: string[]; code: string } {
  const [, count, text, block] = new RegExp(
    `^- \\*\\*${kind}\\*\\*: (\\w+) files: ([^]*?)\`\`\`ts\n([^]*?)\`\`\``,
    'm',
  ).exec(architecture)!;
  return {
    numFiles: ['no', 'one', 'two', 'three', 'four', 'five'].indexOf(count),
    files: [...text.matchAll(/`(src\/[^`]+)`/g)].map(([, file]) => file),
    code: block.replace(/^ {2}/gm, ''),
  };
}

function change(file: string, edit: (before: string) => string): void {
  const before = readFileSync(join(folder, file), 'utf8');
  const after = edit(before);
  expect(after, file).not.toBe(before);
  writeFileSync(join(folder, file), after);
}

/** Adds the import of a file beside it to a file. */
function addImport(file: string, line: string): void {
  change(file, (before) => before.replace(/^import /m, `${line}\nimport `));
}

/** Files of the copy that differ from the sources. */
function changedFiles(): string[] {
  return copied
    .filter((name) => !name.includes('.'))
    .flatMap((name) => readdirSync(join(folder, name), { recursive: true, withFileTypes: true }))
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name).slice(folder.length + 1))
    .filter((file) => read(root, file) !== read(folder, file))
    .sort();
}

function read(place: string, file: string): string | undefined {
  try {
    return readFileSync(join(place, file), 'utf8');
  } catch {
    return undefined;
  }
}

/** The names of tests of the copy that passed and failed. */
function testsOf(pattern: string, ...files: readonly string[]): Record<'passed' | 'failed', string[]> {
  const { stdout, stderr } = spawnSync(
    process.execPath,
    ['node_modules/vitest/vitest.mjs', 'run', ...files, '-t', pattern, '--reporter=json', '--maxWorkers=1'],
    { cwd: folder, encoding: 'utf8' },
  );
  if (!stdout.startsWith('{')) throw new Error(stdout + stderr);
  const { testResults } = JSON.parse(stdout) as {
    testResults: { message: string; assertionResults: { status: string; fullName: string }[] }[];
  };
  const all = testResults.flatMap(({ assertionResults }) => assertionResults);
  const of = (status: string): string[] => all.filter((one) => one.status === status).map(({ fullName }) => fullName);
  return { passed: of('passed'), failed: [...of('failed'), ...testResults.flatMap(({ message }) => message || [])] };
}

it('a cell is two files', () => {
  const { numFiles, files, code } = said('A cell');
  const [cell, registry] = files;
  writeFileSync(join(folder, cell), code);
  addImport(registry, "import { ugrnn } from './ugrnn.js';");
  change(registry, (before) => before.replace(/^ {2}sru,/m, '  ugrnn,\n$&'));
  expect(changedFiles()).toEqual([...files].sort());
  expect(numFiles).toBe(files.length);
});

it('a layer is five files', () => {
  const before = changedFiles();
  const { numFiles, files, code } = said('A layer');
  const [layer, registry, index, ...tests] = files;
  writeFileSync(join(folder, layer), code);
  const importLine = "import { UnitNormalization } from '../layers/unit-normalization.js';";
  for (const file of [registry, ...tests]) addImport(file, importLine);
  change(registry, (text) =>
    text.replace(/^ {4}UpSampling1D/m, '    UnitNormalization: plain(UnitNormalization),\n$&'),
  );
  change(index, (text) => `${text}export { UnitNormalization } from './unit-normalization.js';\n`);
  const rows = ['[new UnitNormalization(), [3, 5, 7]]', '[new UnitNormalization(), goesOn]'];
  for (const [i, file] of tests.entries())
    change(file, (text) => text.replace(/^ {2}\[new LayerNormalization/m, `  ${rows[i]},\n$&`));
  expect(changedFiles().filter((file) => !before.includes(file))).toEqual([...files].sort());
  expect(numFiles).toBe(files.length);
});

it('tests, gradient checks and benchmark rows of both appear, and a vector of the cell is asked for', () => {
  const { passed, failed } = testsOf(
    'ugrnn.* default options|step of ugrnn|UnitNormalization|every class|every layer|reference.*every cell',
    'test/conformance/gradients.test.ts',
    'test/conformance/cells.test.ts',
    'bench/cases.test.ts',
    'src/training/layer-registry.test.ts',
    'src/training/masks-of-layers.test.ts',
  );
  expect(failed).toEqual(["cells on 'reference' has a vector for every cell of the library"]);
  expect(passed.filter((name) => name.startsWith('gradients of ugrnn'))).toHaveLength(3);
  expect(passed).toContain('the check before a case is timed accepts a training step of ugrnn');
  expect(passed.filter((name) => name.includes('UnitNormalization'))).toHaveLength(2);
});
