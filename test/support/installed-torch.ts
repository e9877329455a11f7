import { spawnSync } from 'node:child_process';
import { it } from 'vitest';

const python = process.env.RONDO_PYTHON;
const asked =
  python === undefined
    ? undefined
    : spawnSync(python, ['-c', 'import torch, safetensors.torch'], { encoding: 'utf8', env: quiet() });
const fault =
  python === undefined
    ? 'RONDO_PYTHON is not set'
    : asked?.status === 0
      ? undefined
      : `${python} has no torch with safetensors`;

/** A test that needs PyTorch: `not run`, with the reason, where RONDO_PYTHON names no Python that has it. */
export function testWithTorch(name: string, run: (python: string) => Promise<void>): void {
  if (fault === undefined) it(name, () => run(python!), 300_000);
  else it.skip(`${name} (not run: ${fault})`, () => undefined);
}

/** Runs a program of Python. @returns what it printed. @throws Error with what it said */
export function runPython(program: string, args: readonly string[] = []): string {
  const { status, stdout, stderr } = spawnSync(python!, ['-c', program, ...args], { encoding: 'utf8', env: quiet() });
  if (status === 0) return stdout;
  throw new Error(stderr);
}

function quiet(): NodeJS.ProcessEnv {
  return { ...process.env, CUDA_VISIBLE_DEVICES: '' };
}
