import { type ChildProcess, spawn } from 'node:child_process';
import { type ErrorCode, type ErrorFacts, errorCodes, RondoError } from '../../src/index.js';
import { endsWithParent } from '../interruptions.js';
import { WrongUsage } from '../wrong-usage.js';

/** How a training process ended. */
export interface TrainEnded {
  /** Undefined where there is none, because it failed. */
  readonly document: unknown;
  /** Why it failed; undefined where it did not. */
  readonly fault: RondoError | undefined;
}

/** The trainings that are running. */
export class TrainProcesses {
  readonly #running = new Set<ChildProcess>();
  #isStopped = false;

  /**
   * Runs the `rondo` that is running here, with the same Node and its options, and reads the document that it prints.
   */
  run(words: readonly string[]): Promise<TrainEnded> {
    if (this.#isStopped)
      return Promise.resolve({
        document: undefined,
        fault: new RondoError('ABORTED', { where: 'rondo train', what: 'it was stopped before it began.' }),
      });
    // A group of its own: Ctrl-C reaches it once, by `stop`, and not a second time from the terminal.
    const child = spawn(process.execPath, [...process.execArgv, process.argv[1], ...words], {
      // By the channel it notices that this process is gone, even where it was killed.
      stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
      env: { ...process.env, [endsWithParent]: '1' },
      detached: process.platform !== 'win32',
    });
    this.#running.add(child);
    let [printed, messages] = ['', ''];
    child.stdout!.setEncoding('utf8').on('data', (piece: string) => (printed += piece));
    child.stderr!.setEncoding('utf8').on('data', (piece: string) => (messages += piece));
    return new Promise((resolve) => {
      const ended = (code: number | null, signal: NodeJS.Signals | null, error?: Error): void => {
        this.#running.delete(child);
        if (code === 0) resolve(read(printed));
        else resolve({ document: undefined, fault: faultOf(code, signal, error?.message ?? messages) });
      };
      child.on('error', (error) => ended(null, null, error));
      child.on('close', ended);
    });
  }

  /** Asks all to stop, which save what they have; none begins any more. */
  stop(signal: NodeJS.Signals = 'SIGTERM'): void {
    this.#isStopped = true;
    for (const child of this.#running) child.kill(signal);
  }
}

function read(printed: string): TrainEnded {
  try {
    return { document: JSON.parse(printed), fault: undefined };
  } catch (cause) {
    return {
      document: undefined,
      fault: new RondoError('INTERNAL', {
        where: 'rondo train',
        what: 'it printed no JSON document.',
        received: printed.slice(0, 80),
        cause,
      }),
    };
  }
}

/** The error that a process printed, as an error again. */
function faultOf(code: number | null, signal: NodeJS.Signals | null, messages: string): RondoError {
  const lines = messages.trim().split('\n');
  const start = lines.findIndex((line) => /^\[\w+\] .*?: /.test(line));
  const found = /^\[(\w+)\] (.*?): (.*)$/.exec(lines[start] ?? '');
  if (found !== null && errorCodes.includes(found[1] as ErrorCode)) {
    const facts: ErrorFacts = { where: found[2], what: found[3] };
    for (const line of lines.slice(start + 1)) {
      const [, field, text] = /^ {2}(expected|received|fix): (.*)$/.exec(line) ?? [];
      if (field !== undefined) facts[field as 'expected' | 'received' | 'fix'] = text;
    }
    return found[1] === 'USAGE' && code === 2 ? new WrongUsage(facts) : new RondoError(found[1] as ErrorCode, facts);
  }
  const isMemory = signal === 'SIGKILL' || /heap out of memory|allocation failed/i.test(messages);
  return new RondoError(isMemory ? 'OUT_OF_MEMORY' : 'INTERNAL', {
    where: 'rondo train',
    what:
      `the process ended ${signal === null ? `with ${code}` : `by ${signal}`}` +
      `${isMemory ? ', probably for want of memory' : ''}.`,
    received: lines[lines.length - 1].slice(0, 200),
    fix: isMemory ? 'use fewer --jobs, or smaller models.' : 'run the command of the trial by itself.',
  });
}
