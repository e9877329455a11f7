import { spawn } from 'node:child_process';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { backendNames } from '../../src/kernels/select.js';

let folder: string;
let script: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'rondo-resume-'));
  script = join(folder, 'run.mjs');
  const entry = fileURLToPath(new URL('./resumable-run.ts', import.meta.url));
  await build({ entryPoints: [entry], outfile: script, bundle: true, platform: 'node', format: 'esm' });
});
afterAll(() => rm(folder, { recursive: true }));

/**
 * Runs the script; after so many steps it waits, and is killed with SIGKILL. @returns the steps it wrote, as
 * `epoch batch`.
 */
function run(args: readonly string[], killAfter = Infinity): Promise<{ steps: string[]; killed: boolean }> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [script, ...args, String(killAfter)], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    let text = '';
    const steps = (): string[] => text.split('\n').slice(0, -1);
    child.stdout.on('data', (data: Buffer) => {
      text += data.toString();
      if (steps().length >= killAfter) child.kill('SIGKILL');
    });
    child.on('error', reject);
    child.on('exit', (code, signal) => {
      if (code === 0 || signal === 'SIGKILL') resolve({ steps: steps(), killed: signal === 'SIGKILL' });
      else reject(new Error(`the run ended with code ${code}`));
    });
  });
}

describe.each(backendNames)('training on %s that is killed and resumed', (backend) => {
  it.concurrent.each(['schedule', 'plateau'])('ends with the same bytes (%s)', async (kind) => {
    const path = (name: string): string => join(folder, `${backend}-${kind}-${name}`);
    const running = run([backend, kind, path('whole.safetensors'), path('whole-result.safetensors')]);
    // Five steps an epoch, a checkpoint after every second step and every epoch: within an epoch, just after one,
    // within again.
    const cut: { steps: string[]; killed: boolean }[] = [];
    for (const killAfter of [3, 5, 8])
      cut.push(await run([backend, kind, path('cut.safetensors'), path('cut-result.safetensors')], killAfter));
    const last = await run([backend, kind, path('cut.safetensors'), path('cut-result.safetensors')]);
    const whole = await running;

    expect(cut.map(({ killed }) => killed)).toEqual([true, true, true]);
    expect(last.killed).toBe(false);
    expect(last.steps.length, 'steps after the last kill').toBeLessThan(whole.steps.length);
    expect(last.steps.at(-1)).toBe(whole.steps.at(-1));
    for (const file of ['result.safetensors', 'result.safetensors.csv']) {
      const [expected, actual] = await Promise.all([readFile(path(`whole-${file}`)), readFile(path(`cut-${file}`))]);
      expect(actual.equals(expected), file).toBe(true);
    }
  });
});
