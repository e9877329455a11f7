/** A way to end work before its time. */
export interface Interruption {
  readonly signal: AbortSignal;
  end(): void;
}

/**
 * Ends the work when the user asks for it; asked twice, at once.
 *
 * @param notice what is said when it is asked for.
 * @param atOnce is called before the process ends at once.
 */
export function interruptions(notice = 'Stopping after this step; press Ctrl-C again to stop at once.', atOnce: () => void = () => undefined): Interruption {
  const controller = new AbortController();
  const stop = (): void => {
    if (controller.signal.aborted) {
      atOnce();
      process.exit(130);
    }
    process.stderr.write(`\n${notice}\n`);
    controller.abort();
  };
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, stop);
  return { signal: controller.signal, end: () => void ['SIGINT', 'SIGTERM'].forEach((signal) => process.off(signal, stop)) };
}
