import { say } from './output.js';

/** A way to end work before its time. */
export interface Interruption {
  readonly signal: AbortSignal;
  /** What a process says that such a signal has ended: 128 and its number. */
  readonly exitCode: number;
  end(): void;
}

/** Ctrl-C, the order to end, and the terminal that is gone. */
export const exitCodes = { SIGINT: 130, SIGTERM: 143, SIGHUP: 129 } as const;

/** Set for the trainings of a search: they end with the process that started them, which may die without a word. */
export const endsWithParent = 'RONDO_ENDS_WITH_PARENT';

/** Terminals and npm may both pass on one Ctrl-C: what comes so soon is the same one. */
const sameAskingMs = 300;

/**
 * Ends the work when the user asks for it; asked twice, at once.
 *
 * @param notice what is said when it is asked for.
 * @param atOnce is called before the process ends at once.
 */
export function interruptions(
  notice = 'Stopping after this step.',
  atOnce: () => void = () => undefined,
): Interruption {
  const controller = new AbortController();
  let exitCode: number = exitCodes.SIGINT;
  let askedMs = 0;
  const stop = (code: number): void => {
    if (!controller.signal.aborted) {
      askedMs = performance.now();
      exitCode = code;
      // Of the signals only Ctrl-C comes from someone who reads this.
      say(`\n${notice}${code === exitCodes.SIGINT ? ' Press Ctrl-C again to stop at once.' : ''}`);
      controller.abort();
    } else if (performance.now() - askedMs > sameAskingMs) {
      atOnce();
      process.exit(code);
    }
  };
  const handlers = Object.entries(exitCodes).map(([signal, code]) => [signal, () => stop(code)] as const);
  for (const [signal, handler] of handlers) process.on(signal, handler);
  const orphaned = (): void => stop(exitCodes.SIGTERM);
  if (process.env[endsWithParent] !== undefined) {
    if (process.connected) process.on('disconnect', orphaned);
    else orphaned();
  }
  return {
    signal: controller.signal,
    get exitCode() {
      return exitCode;
    },
    end: () => {
      for (const [signal, handler] of handlers) process.off(signal, handler);
      process.off('disconnect', orphaned);
    },
  };
}
