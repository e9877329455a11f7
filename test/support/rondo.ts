import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { expect, vi } from 'vitest';
import { run } from '../../cli/run.js';

/** The built command line; `npm test` builds it first. */
export const program = fileURLToPath(new URL('../../dist/cli/main.js', import.meta.url));

/**
 * A process that hangs blocks its test, which then cannot end by itself. Nothing else may depend on the time a process
 * takes.
 */
export const hangGuardMs = 600_000;

export interface Ended {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs `rondo` in a folder and waits for its end. */
export function rondo(folder: string, args: readonly string[], input = ''): Ended {
  const { status, stdout, stderr } = spawnSync(process.execPath, [program, ...args], {
    cwd: folder,
    input,
    encoding: 'utf8',
    env: { ...process.env, NO_COLOR: '1' },
    timeout: hangGuardMs,
  });
  return { code: status, stdout, stderr };
}

/**
 * Runs a command line in this process, from the sources: what a process of its own would add are 200 ms. For commands
 * that print or refuse; what ends a process, reads the standard input or is measured is run as one.
 */
export async function rondoHere(folder: string, args: readonly string[]): Promise<Ended> {
  const written = { stdout: '', stderr: '' };
  const spies = (['stdout', 'stderr'] as const).map((name) => {
    const write = (piece: unknown, ...rest: unknown[]): boolean => {
      written[name] += String(piece);
      const done = rest.at(-1);
      if (typeof done === 'function') (done as () => void)();
      return true;
    };
    return vi.spyOn(process[name], 'write').mockImplementation(write as never);
  });
  const exit = vi.spyOn(process, 'exit').mockImplementation((code) => {
    throw new Error(`the process would end with ${code}`);
  });
  const before = process.cwd();
  process.chdir(folder);
  process.exitCode = 0;
  try {
    await run(args);
    return { code: Number(process.exitCode), ...written };
  } finally {
    process.exitCode = 0;
    process.chdir(before);
    for (const spy of [...spies, exit]) spy.mockRestore();
  }
}

/** Runs `rondo`, and hands out the process while it runs. */
export function startRondo(folder: string, args: readonly string[]): { process: ChildProcess; ended: Promise<Ended> } {
  const child = spawn(process.execPath, [program, ...args], { cwd: folder, stdio: ['ignore', 'pipe', 'pipe'] });
  let [stdout, stderr] = ['', ''];
  child.stdout.on('data', (piece) => (stdout += piece));
  child.stderr.on('data', (piece) => (stderr += piece));
  return {
    process: child,
    ended: new Promise((resolve) => child.on('close', (code) => resolve({ code, stdout, stderr }))),
  };
}

/** A fault: the code at the start of the message, no stack, nothing on the standard output. */
export function expectFault(ended: Ended, exitCode: number, code: string, ...parts: string[]): void {
  expect(ended.stderr.startsWith(`[${code}] `), ended.stderr).toBe(true);
  for (const part of parts) expect(ended.stderr).toContain(part);
  expect(ended.stderr).not.toMatch(/^ {4}at /m);
  expect(ended.stdout).toBe('');
  expect(ended.code).toBe(exitCode);
}
