import { RondoError } from '../../errors.js';
import type { Support, ThreadControl } from '../contract.js';
import type { WasmMemory } from './memory.js';
import { isolationFix, requireThreads } from './options.js';
import { hostThreads } from './threads/host.js';
import type { ThreadPool } from './threads/pool.js';

/** What users see of a backend's threads. */
export class WasmThreadControl implements ThreadControl {
  readonly #pool: ThreadPool;
  readonly #memory: WasmMemory;

  constructor(pool: ThreadPool, memory: WasmMemory) {
    this.#pool = pool;
    this.#memory = memory;
  }

  get numServing(): number {
    return this.#pool.numServing;
  }

  resize(threads: number): void {
    requireThreads('setThreads', threads);
    if (threads > 1 && !this.#memory.isShared) {
      const { canShare, reason } = hostThreads();
      throw new RondoError('BACKEND_UNAVAILABLE', {
        where: 'setThreads',
        what: 'the backend cannot use more than one thread.',
        received: canShare ? 'a backend with memory of its own' : reason,
        fix: canShare ? 'make it with createWasmBackend({ threads }).' : isolationFix,
      });
    }
    this.#pool.resize(threads);
  }

  /** Whether work is shared by threads, and why not where it is not. */
  support(): Support {
    const { failure, numWanted, numServing } = this.#pool;
    if (failure !== undefined) return { supported: false, reason: `a worker could not start: ${failure}` };
    if (numWanted > 1)
      return { supported: true, reason: `the work is shared by ${numWanted} threads, of which ${numServing} run.` };
    return {
      supported: false,
      reason: this.#memory.isShared
        ? 'the backend was asked for one thread.'
        : hostThreads().canShare
          ? 'the backend was made for one thread.'
          : hostThreads().reason,
    };
  }
}
