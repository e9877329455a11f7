/** The host's side of a process that tells of its end. */
interface EndingProcess {
  on?(event: 'exit', listener: () => void): void;
}

/**
 * How far a worker is with what it loads from libraries. A thread that Node ends while koffi is being loaded takes the
 * process with it (koffi 3.3), so it is ended before that or after.
 */
export class LibraryLoading {
  /** One word, shared with the worker: 0 not begun, 1 loading, 2 loaded or failed, 3 it shall not load. */
  readonly state = new Int32Array(new SharedArrayBuffer(4));

  /** Returns when the worker can be ended: it loads nothing now, and will not begin to. */
  settle(): void {
    const [notBegun, loading, forbidden, longestMs] = [0, 1, 3, 10_000];
    if (Atomics.compareExchange(this.state, 0, notBegun, forbidden) === loading)
      Atomics.wait(this.state, 0, loading, longestMs);
  }
}

/**
 * The worker's side: loads a library and uses it, unless it has been ended. The function refers to nothing outside of
 * itself, because workers are started with its text.
 */
export function loadThenUse<Library>(state: Int32Array, load: () => Library, use: (library: Library) => void): void {
  const [notBegun, loading, loaded] = [0, 1, 2];
  if (Atomics.compareExchange(state, 0, notBegun, loading) !== notBegun) return;
  let library: Library;
  try {
    library = load();
  } finally {
    Atomics.store(state, 0, loaded);
    Atomics.notify(state, 0);
  }
  use(library);
}

const unsettled = new Set<LibraryLoading>();
let isWatching = false;

/** Settles it before the process ends, which ends its threads. @returns what forgets it, once its worker has ended */
export function settleBeforeExit(process: EndingProcess, loading: LibraryLoading): () => void {
  unsettled.add(loading);
  if (!isWatching) process.on?.('exit', settleWorkers);
  isWatching = true;
  return () => void unsettled.delete(loading);
}

function settleWorkers(): void {
  for (const loading of unsettled) loading.settle();
}
