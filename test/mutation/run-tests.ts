import { spawn } from 'node:child_process';
import { existsSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';

/** What a run of tests came to. */
export interface TestRun {
  readonly passed: boolean;
  /** The first test that failed: its file and name, or what else went wrong. */
  readonly failure: string;
}

interface JsonReport {
  readonly testResults: readonly {
    readonly name: string;
    readonly status: string;
    readonly message: string;
    readonly assertionResults: readonly { readonly fullName: string; readonly status: string }[];
  }[];
}

export interface TestOptions {
  /** Test files, or the starts of their paths; none for the whole suite. */
  readonly files: readonly string[];
  /** A mutant may run for ever: it is ended after so long, and counts as seen. */
  readonly limitMs: number;
  readonly signal: AbortSignal;
  readonly stopsAtFirst: boolean;
}

/** Tests that run the built command line. */
const system = 'test/system';

/** Runs tests in a folder, in a process group of their own, which is ended with everything it started. */
export async function runTests(
  folder: string,
  { files, limitMs, signal, stopsAtFirst }: TestOptions,
): Promise<TestRun> {
  if (files.length === 0 || files.some((file) => file.startsWith(system))) {
    const built = await runNode(folder, ['build/bundle.js'], limitMs, signal);
    if (built !== 0) return { passed: false, failure: 'the build fails' };
  }
  const report = join(folder, 'mutation-tests.json');
  rmSync(report, { force: true });
  const bail = stopsAtFirst ? ['--bail=1'] : [];
  const code = await runNode(
    folder,
    ['node_modules/vitest/vitest.mjs', 'run', ...files, ...bail, '--reporter=json', `--outputFile=${report}`],
    limitMs,
    signal,
  );
  if (code === 'late') return { passed: false, failure: `no end within ${limitMs / 1000} s` };
  return { passed: code === 0, failure: code === 0 ? '' : firstFailure(folder, report) };
}

function firstFailure(folder: string, report: string): string {
  if (!existsSync(report)) return 'the test run itself failed';
  const { testResults } = JSON.parse(readFileSync(report, 'utf8')) as JsonReport;
  for (const { name, status, message, assertionResults } of testResults) {
    const file = name.replace(`${folder}/`, '');
    const failed = assertionResults.find((result) => result.status === 'failed');
    if (failed !== undefined) return `${file}: ${failed.fullName}`;
    if (status === 'failed') return `${file}: ${message.split('\n')[0]}`;
  }
  return 'an error outside of the tests';
}

/** @returns the exit code */
function runNode(
  folder: string,
  args: readonly string[],
  limitMs: number,
  signal: AbortSignal,
): Promise<number | 'late'> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, args, { cwd: folder, stdio: 'ignore', detached: true });
    const end = (): void =>
      void (child.pid !== undefined && child.exitCode === null && process.kill(-child.pid, 'SIGKILL'));
    let isLate = false;
    const timer = setTimeout(() => {
      isLate = true;
      end();
    }, limitMs);
    signal.addEventListener('abort', end, { once: true });
    child.on('error', reject);
    child.on('exit', (code) => {
      clearTimeout(timer);
      signal.removeEventListener('abort', end);
      resolve(isLate ? 'late' : (code ?? 1));
    });
  });
}
