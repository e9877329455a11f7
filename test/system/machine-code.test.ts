import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { build } from 'esbuild';
import { afterEach, describe, expect, it } from 'vitest';
import type { RondoError } from '../../src/errors.js';
import { useBackend } from '../../src/kernels/select.js';
import { describeMachineCode, useMachineCode } from '../../src/node.js';
import { machineCodes } from '../support/machine-code.js';
import { rondo } from '../support/rondo.js';

const runsHere = machineCodes.some(({ code }) => code !== undefined);

function errorOf(action: () => unknown): RondoError {
  try {
    action();
  } catch (error) {
    return error as RondoError;
  }
  throw new Error('nothing was thrown');
}

/** In the order of a program: a backend is made once. */
describe('machine code in a program that imports rondo/node', () => {
  const before = process.env.RONDO_NATIVE;
  afterEach(() => {
    if (before === undefined) delete process.env.RONDO_NATIVE;
    else process.env.RONDO_NATIVE = before;
  });

  it('is used where the machine allows it', () => {
    delete process.env.RONDO_NATIVE;
    const { isUsed, instructions } = useMachineCode();
    expect(isUsed).toBe(runsHere);
    if (isUsed) expect(instructions).toMatch(/^x86-64 with AVX(2|-512)$/);
    else expect(instructions).toBeNull();
  });

  it('is left out where the program or RONDO_NATIVE says so', () => {
    expect(useMachineCode({ when: 'never' })).toEqual({
      isUsed: false,
      reason: 'it was switched off.',
      instructions: null,
      startMs: 0,
    });
    process.env.RONDO_NATIVE = 'off';
    expect(useMachineCode().reason).toBe('RONDO_NATIVE=off switches it off.');
    process.env.RONDO_NATIVE = 'fast';
    expect(useMachineCode().reason).toBe('RONDO_NATIVE is `fast`, which is none of on, off, avx2, avx512.');
  });

  it.skipIf(!runsHere)(
    `has no wider vectors than RONDO_NATIVE says${runsHere ? '' : ' (not run: it does not run here)'}`,
    () => {
      process.env.RONDO_NATIVE = 'avx2';
      expect(useMachineCode().instructions).toBe('x86-64 with AVX2');
    },
  );

  it('is not changed once something was computed', () => {
    process.env.RONDO_NATIVE = 'on';
    useMachineCode();
    useBackend('wasm');
    expect(errorOf(() => useMachineCode({ when: 'never' })).message).toMatchInlineSnapshot(`
      "[USAGE] useMachineCode: the backend has computed already.
        fix: call useMachineCode before anything is computed, or use a backend of createWasmBackend({ machineCode: false })."
    `);
    expect(errorOf(() => useMachineCode({ when: 'sometimes' as 'never' })).code).toBe('UNKNOWN_NAME');
    expect(describeMachineCode().isUsed).toBe(runsHere);
  });
});

describe('machine code of the command', () => {
  it('is said, and can be switched off', () => {
    const bench = (...options: readonly string[]) => {
      const { code, stdout } = rondo('.', ['bench', 'minGRU-step', '--json', ...options]);
      expect(code).toBe(0);
      return (JSON.parse(stdout) as { machineCode: string | null }[])[0].machineCode;
    };
    expect(bench() !== null).toBe(runsHere);
    expect(bench('--native', 'off')).toBeNull();
    expect(rondo('.', ['bench', 'minGRU-step', '--native', 'fast']).code).toBe(2);
  });
});

describe('machine code in a bundle of CommonJS', () => {
  it('is looked for from the folder of the program', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'rondo-'));
    const outfile = join(folder, 'bundle.cjs');
    const contents = "import { describeMachineCode } from './src/node.js'; console.log(describeMachineCode().isUsed);";
    await build({
      stdin: { contents, resolveDir: '.' },
      bundle: true,
      platform: 'node',
      packages: 'external',
      format: 'cjs',
      outfile,
      logOverride: { 'empty-import-meta': 'silent' },
    });
    const env = { ...process.env, RONDO_NATIVE: '' };
    const isUsed = execFileSync(process.execPath, [outfile], { encoding: 'utf8', env }).trim();
    rmSync(folder, { recursive: true });
    expect(isUsed).toBe(String(runsHere));
  });
});
