import { RondoError } from '../../../errors.js';
import type { KernelModules } from '../kernel-modules.js';
import type { WasmBuffer, WasmMemory } from '../memory.js';
import { BarrierBackoff } from './barrier-backoff.js';
import { type HostWorker, startWorker } from './host.js';
import { controlWords, makeThread, type Thread } from './thread.js';

/** Items handed out at once; the word that counts them has room for so many. */
const mostItems = 4000;

/**
 * The threads that run a backend's kernels: the caller's own, and workers that are started when there is first enough
 * work for them. Until a worker serves, and wherever it is late, the caller does its part.
 */
export class ThreadPool {
  readonly #memory: WasmMemory;
  readonly #modules: KernelModules;
  #control: WasmBuffer;
  #main: Thread;
  #numThreads: number;
  #workers: HostWorker[] = [];
  #table: WasmBuffer | undefined;
  /** What workers read of each module: where its bytes are and how many, or 0 and the halves of a kernel's address. */
  readonly #published: (readonly [number, number, number])[] = [];
  #moduleTable: WasmBuffer | undefined;
  /** How many of them the present workers can see. */
  #numPublished = 0;
  #failure: string | undefined;
  readonly #barrierBackoff = new BarrierBackoff();

  /** @param numThreads with the caller's; more than 1 needs shared memory. */
  constructor(memory: WasmMemory, modules: KernelModules, numThreads: number) {
    this.#memory = memory;
    this.#modules = modules;
    this.#numThreads = numThreads;
    this.#control = memory.allocate(controlWords);
    this.#main = this.#mainThread();
  }

  #mainThread(): Thread {
    return makeThread(this.#memory.memory, this.#control.address / 4, true, this.#modules.machineCode?.thread);
  }

  /** How many threads there shall be. */
  get numWanted(): number {
    return this.#numThreads;
  }

  /** How many threads run items now. */
  get numServing(): number {
    return this.#workers.length === 0 ? 1 : 1 + this.#main.numServing();
  }

  /** How many threads a run with barriers is worth splitting among now. */
  get numForBarriers(): number {
    return this.#barrierBackoff.isGood(performance.now()) ? this.numServing : 1;
  }

  /** Why a worker does not serve. */
  get failure(): string | undefined {
    return this.#failure;
  }

  /** Whether no workers are left to be started. */
  get isStarted(): boolean {
    return this.#workers.length > 0 || this.#numThreads === 1 || this.#failure !== undefined;
  }

  /** Starts the workers that are missing. */
  start(): void {
    if (this.isStarted) return;
    this.#publishModules();
    for (let i = 1; i < this.#numThreads; i++) {
      this.#workers.push(
        startWorker(
          this.#memory.memory,
          this.#control.address / 4,
          (reason) => (this.#failure = reason),
          this.#modules.machineCode?.worker,
        ),
      );
    }
  }

  /** Runs one item on the caller's thread. */
  runAlone(address: number): void {
    this.#takeNewKernels();
    this.#main.runItem(address >>> 2);
  }

  /**
   * Runs items with barriers, given by their addresses; at most as many as threads serve.
   *
   * @param tolerated how many barriers may be late before runs stay on one thread for a while; by default a few, since
   *   the first of a long run may wait for a worker to wake
   */
  runWithBarriers(addresses: readonly number[], tolerated?: number): void {
    const before = this.#main.numLateBarriers();
    this.runTogether(addresses);
    this.#barrierBackoff.note(this.#main.numLateBarriers() - before, performance.now(), tolerated);
  }

  /** Runs items, given by their addresses, on all threads that serve. */
  runTogether(addresses: readonly number[]): void {
    this.#takeNewKernels();
    if (this.#workers.length > 0) this.#publishModules();
    for (let first = 0; first < addresses.length; first += mostItems) {
      const some = addresses.slice(first, first + mostItems);
      const table = this.#tableOf(some);
      try {
        this.#main.runTogether(table, some.length);
      } catch (cause) {
        throw new RondoError('INTERNAL', {
          where: 'wasm threads',
          what: `a kernel failed: ${(cause as Error).message}`,
          cause,
        });
      }
    }
  }

  /** Changes the number of threads; running workers end. */
  resize(numThreads: number): void {
    if (numThreads === this.#numThreads) return;
    this.#main.close();
    for (const worker of this.#workers) worker.terminate();
    this.#workers = [];
    this.#numThreads = numThreads;
    this.#failure = undefined;
    // The old control words stay with the workers that may still read them.
    this.#control = this.#memory.allocate(controlWords);
    this.#main = this.#mainThread();
    this.#numPublished = 0;
  }

  #takeNewKernels(): void {
    const { kernels } = this.#modules;
    for (let i = this.#main.kernels.length; i < kernels.length; i++) this.#main.kernels.push(kernels[i]);
  }

  /** Where the items' first words are, and behind each the last one that a thread must be able to see. */
  #tableOf(addresses: readonly number[]): number {
    const needed = addresses.length + 1;
    if (this.#table === undefined || this.#table.size < needed) {
      if (this.#table !== undefined) this.#memory.free(this.#table);
      this.#table = this.#memory.allocate(2 * needed);
    }
    const { integers } = this.#memory;
    const start = this.#table.address / 4;
    addresses.forEach((address, i) => (integers[start + i] = address >>> 2));
    integers[start + addresses.length] = integers.length;
    return start;
  }

  /** Puts the bytes of new modules where the workers read them. */
  #publishModules(): void {
    const { modules } = this.#modules;
    if (this.#numPublished === modules.length) return;
    for (const module of modules.slice(this.#published.length)) {
      if (typeof module === 'number') {
        this.#published.push([module >>> 0, 0, Math.floor(module / 2 ** 32)]);
        continue;
      }
      const { address } = this.#memory.allocate(Math.ceil(module.length / 4));
      new Uint8Array(this.#memory.memory.buffer).set(module, address);
      this.#published.push([address, module.length, 0]);
    }
    // A table that is full stays, because a worker may still be reading it.
    if (this.#moduleTable === undefined || this.#moduleTable.size < 3 * modules.length)
      this.#moduleTable = this.#memory.allocate(6 * modules.length + 256);
    const table = this.#moduleTable.address / 4;
    const { integers } = this.#memory;
    this.#published.forEach((words, i) => integers.set(words, table + 3 * i));
    this.#main.publishModules(table, modules.length);
    this.#numPublished = modules.length;
  }
}
