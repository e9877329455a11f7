import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { machineCodes } from '../support/machine-code.js';

const root = fileURLToPath(new URL('../..', import.meta.url));

describe.each(machineCodes)('kernels of machine code of $isa', ({ isa, code, reason }) => {
  if (code === undefined) {
    it.skip(`touch nothing beside their arrays (not run: ${reason})`, () => undefined);
    return;
  }
  let folder: string;
  let script: string;
  beforeAll(async () => {
    // Inside of the project, from where koffi is found.
    folder = mkdtempSync(join(root, 'node_modules', '.guards-'));
    script = join(folder, 'guards.mjs');
    const entry = fileURLToPath(new URL('./guarded-kernels.ts', import.meta.url));
    const options = { bundle: true, platform: 'node', format: 'esm', packages: 'external' } as const;
    await build({ entryPoints: [entry], outfile: script, ...options });
  });
  afterAll(() => rmSync(folder, { recursive: true }));
  const run = (...args: readonly string[]) => spawnSync(process.execPath, [script, isa, ...args], { encoding: 'utf8' });

  it('touch nothing beside their arrays: not one number before or behind', () => {
    const { status, signal, stdout, stderr } = run();
    expect([status, signal, stderr]).toEqual([0, null, '']);
    expect(Number(stdout)).toBeGreaterThan(900);
  });

  it('would be seen to', () => {
    const { status, signal } = run('beyond');
    // Windows ends the process with the status STATUS_ACCESS_VIOLATION.
    expect(signal ?? `status ${status}`).toMatch(/^(SIG(SEGV|BUS)|status 3221225477)$/);
  });
});
