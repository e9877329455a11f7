import type { MachineCodeThread } from '../../machine-code.js';

/**
 * Where threads tell each other what to do: 32-bit words from the base on, those that are waited on in cache lines of
 * their own.
 */
export const controlWords = 128;

/** One thread's side of a pool. */
export interface Thread {
  readonly kernels: ((block: number) => unknown)[];
  /** Runs the item that is written at a place, in words. */
  runItem(at: number): void;
  /** Runs items, together with the threads that serve, and returns when all are done. */
  runTogether(table: number, count: number): void;
  /** How many threads serve. */
  numServing(): number;
  /** How often a thread slept at a barrier, because another was late. */
  numLateBarriers(): number;
  publishModules(table: number, count: number): void;
  /** Waits for items and runs them until the pool is closed. */
  serve(): void;
  close(): void;
}

/**
 * Makes a thread's side of a pool over shared memory. The function refers to nothing outside of itself, because workers
 * are started with its text.
 *
 * Work is handed out through one word that holds how many items there are and which is next, so that whoever has time
 * takes the next item: a thread that the system has put aside delays nobody but itself. Waiting means looking for a
 * while, which takes well under a microsecond to notice a change, then sleeping, so that a busy machine loses little.
 */
export function makeThread(
  memory: WebAssembly.Memory,
  base: number,
  isMain: boolean,
  machineCode?: MachineCodeThread,
): Thread {
  const [JOB, DONE, ARRIVED, TURN] = [base, base + 16, base + 32, base + 48];
  const [SLEEPING, SERVING, FAILED, CLOSED, LATE] = [base + 64, base + 80, base + 81, base + 82, base + 83];
  const [TABLE, NUM_PARTS, MODULE_TABLE, NUM_MODULES] = [base + 96, base + 97, base + 98, base + 99];
  const machineCodeMark = 0x40000000;
  const spinIterations = 20_000;
  const longestSleepMs = 1000;
  let words = new Int32Array(memory.buffer);
  const kernels: ((block: number) => unknown)[] = [];
  let numModules = 0;
  let generation = 0;

  const canSleep = ((): boolean => {
    try {
      Atomics.wait(words, JOB, Atomics.load(words, JOB) + 1, 0);
      return true;
    } catch {
      // The main thread of a page must not sleep, and memory that is not shared cannot be waited on.
      return false;
    }
  })();

  /** The memory may have grown since. */
  const reach = (end: number): void => {
    while (words.length < end) words = new Int32Array(memory.buffer);
  };

  /** @returns how often looking was in vain */
  const waitWhile = (index: number, isWaiting: (value: number) => boolean): number => {
    let numSleeps = 0;
    do {
      for (let look = 0; look < spinIterations; look++) if (!isWaiting(Atomics.load(words, index))) return numSleeps;
      numSleeps++;
      if (canSleep) {
        // Whoever changes the word sees this count, or this thread sees the change.
        Atomics.add(words, SLEEPING, 1);
        const value = Atomics.load(words, index);
        if (isWaiting(value)) Atomics.wait(words, index, value, longestSleepMs);
        Atomics.sub(words, SLEEPING, 1);
      }
    } while (Atomics.load(words, FAILED) === 0);
    return numSleeps;
  };

  const wake = (index: number): void => {
    if (Atomics.load(words, SLEEPING) > 0) Atomics.notify(words, index);
  };

  const waitForAll = (): void => {
    const turn = Atomics.load(words, TURN);
    if (Atomics.add(words, ARRIVED, 1) === words[NUM_PARTS] - 1) {
      Atomics.store(words, ARRIVED, 0);
      Atomics.add(words, TURN, 1);
      wake(TURN);
    } else {
      if (waitWhile(TURN, (value) => value === turn) > 0) Atomics.add(words, LATE, 1);
      if (Atomics.load(words, FAILED) !== 0) throw new Error('another thread failed');
    }
  };

  const runItem = (at: number): void => {
    if ((words[at] & machineCodeMark) !== 0) return machineCode!.runItem(4 * at);
    let place = at + 1;
    for (let loop = words[at]; loop > 0; loop--) {
      const first = place + 2;
      const end = first + words[place + 1];
      for (let steps = words[place]; steps > 0; steps--) {
        for (let call = first; call < end; ) {
          const kernel = words[call];
          const block = call + 3;
          const moving = block + words[call + 1];
          call = moving + 2 * words[call + 2];
          if (kernel < 0) waitForAll();
          else kernels[kernel](4 * block);
          for (let i = moving; i < call; i += 2) words[block + words[i]] += words[i + 1];
        }
      }
      place = end;
    }
  };

  /** The next item nobody has taken, or -1. The word holds a generation, how many items there are, and the next one. */
  const takeItem = (): number => {
    for (;;) {
      const job = Atomics.load(words, JOB);
      const next = job & 0xfff;
      if (next >= ((job >>> 12) & 0xfff)) return -1;
      if (Atomics.compareExchange(words, JOB, job, job + 1) === job) return next;
    }
  };

  /** Runs what is left. @returns what went wrong in this thread */
  const parallelFor = (): unknown => {
    let failure: unknown;
    for (let item = takeItem(); item >= 0; item = takeItem()) {
      try {
        loadModules();
        const entry = words[TABLE] + item;
        reach(entry + 1);
        const [from, to] = [words[entry], words[entry + 1]];
        reach(to);
        runItem(from);
      } catch (error) {
        failure = error;
        Atomics.store(words, FAILED, 1);
        wake(TURN);
      }
      if (Atomics.add(words, DONE, 1) + 1 === words[NUM_PARTS]) wake(DONE);
    }
    return failure;
  };

  /**
   * Compiles what was added since; the main thread has its kernels already. V8 keeps one copy of the code for all
   * threads.
   */
  const loadModules = (): void => {
    if (isMain) return;
    for (; numModules < words[NUM_MODULES]; numModules++) {
      const entry = words[MODULE_TABLE] + 3 * numModules;
      reach(entry + 3);
      const [address, size] = [words[entry] >>> 0, words[entry + 1]];
      if (size === 0) {
        const kernel = address + 2 ** 32 * words[entry + 2];
        kernels.push((block) => machineCode!.runKernel(kernel, block));
        continue;
      }
      reach((address + size) / 4);
      const module = new WebAssembly.Module(new Uint8Array(memory.buffer, address, size).slice());
      const instance = new WebAssembly.Instance(module, { env: { memory } });
      for (const { name } of WebAssembly.Module.exports(module)) {
        if (name.endsWith('@')) kernels.push(instance.exports[name] as (block: number) => unknown);
      }
    }
  };

  return {
    kernels,
    runItem(at) {
      reach(memory.buffer.byteLength / 4);
      runItem(at);
    },
    runTogether(table, count) {
      reach(memory.buffer.byteLength / 4);
      words[TABLE] = table;
      words[NUM_PARTS] = count;
      for (const index of [DONE, ARRIVED, FAILED]) Atomics.store(words, index, 0);
      generation = (generation + 1) & 0xff;
      Atomics.store(words, JOB, (generation << 24) | (count << 12));
      wake(JOB);
      const failure = parallelFor();
      while (Atomics.load(words, DONE) !== count) waitWhile(DONE, (value) => value !== count);
      if (Atomics.load(words, FAILED) !== 0) throw failure ?? new Error('another thread failed');
    },
    numLateBarriers: () => Atomics.load(words, LATE),
    numServing: () => Atomics.load(words, SERVING),
    publishModules(table, count) {
      reach(memory.buffer.byteLength / 4);
      words[MODULE_TABLE] = table;
      Atomics.store(words, NUM_MODULES, count);
    },
    serve() {
      try {
        // Compiling what there is already takes milliseconds, which no waiting thread should see.
        loadModules();
        Atomics.add(words, SERVING, 1);
        while (Atomics.load(words, CLOSED) === 0) {
          waitWhile(JOB, (job) => (job & 0xfff) >= ((job >>> 12) & 0xfff) && Atomics.load(words, CLOSED) === 0);
          parallelFor();
        }
      } finally {
        Atomics.sub(words, SERVING, 1);
      }
    },
    close() {
      Atomics.store(words, CLOSED, 1);
      Atomics.notify(words, JOB);
    },
  };
}
