import { createRequire } from 'node:module';
import { findKoffiNow } from '../../src/kernels/koffi.js';
import type { MachineCode, MachineCodeThread } from '../../src/kernels/machine-code.js';
import { pageBytes, pageProtection } from './page-protection.js';

/** The page before it holds argument words. */
const firstGuard = pageBytes;

/**
 * Ranges of a memory with pages before and behind them that nothing may touch: whoever does ends the process. Offsets
 * count from the memory's first byte.
 */
export class GuardedMemory {
  readonly #rangeBytes: number;
  readonly #memory: WebAssembly.Memory;
  readonly #thread: MachineCodeThread;

  constructor(code: MachineCode, numRanges: number, pagesOfRange: number) {
    const { koffi } = findKoffiNow(createRequire(import.meta.url));
    if (koffi === undefined) throw new Error('koffi is not installed');
    this.#rangeBytes = (pagesOfRange + 1) * pageBytes;
    const bytes = firstGuard + numRanges * this.#rangeBytes + pageBytes;
    const pages = Math.ceil(bytes / 65536);
    this.#memory = new WebAssembly.Memory({ initial: pages, maximum: pages, shared: true });
    this.#thread = code.bind(this.#memory).thread;
    const protect = pageProtection(koffi);
    const base = Number(koffi.address(new Uint8Array(this.#memory.buffer)));
    if (base % pageBytes !== 0) throw new Error('the memory does not begin with a page');
    for (let i = 0; i <= numRanges; i++) protect(base + firstGuard + i * this.#rangeBytes, pageBytes, 'nothing');
  }

  /** The offset of `bytes` bytes at the beginning or at the end of a range. */
  offset(range: number, bytes: number, isAtEnd: boolean): number {
    if (bytes > this.#rangeBytes - pageBytes) throw new Error(`a range has no room for ${bytes} bytes`);
    const start = firstGuard + range * this.#rangeBytes;
    return isAtEnd ? start + this.#rangeBytes - bytes : start + pageBytes;
  }

  write(offset: number, values: Float32Array): void {
    new Float32Array(this.#memory.buffer, offset, values.length).set(values);
  }

  read(offset: number, count: number): Float32Array {
    return new Float32Array(this.#memory.buffer, offset, count).slice();
  }

  /** Calls a kernel of machine code with argument words. */
  run(kernel: number, words: Int32Array): void {
    new Int32Array(this.#memory.buffer).set(words);
    this.#thread.runKernel(kernel, 0);
  }
}
