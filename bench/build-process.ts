import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';

/** In the process of a build: its `dist` folder. Undefined in the process that compares builds. */
export const servedBuild: string | undefined = process.env.RONDO_BENCH_BUILD;

/** Runs a benchmark's own script in a process that has one build of the library. */
export function forkBuild(script: string, dist: string, threads: string): ChildProcess {
  return fork(script, ['--threads', threads], { env: { ...process.env, RONDO_BENCH_BUILD: dist } });
}

/** The next message of such a process. @throws Error where the process ends before */
export async function answerOf<T>(build: ChildProcess): Promise<T> {
  const answered = new AbortController();
  const { signal } = answered;
  const ended = once(build, 'exit', { signal }).then(() => undefined);
  ended.catch(() => {});
  const message = await Promise.race([once(build, 'message', { signal }), ended]);
  answered.abort();
  if (message === undefined) throw new Error('the process of one build has ended; what it printed stands above.');
  return message[0] as T;
}
