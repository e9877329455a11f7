import { createRequire } from 'node:module';
import { findKoffiNow } from '../../src/kernels/koffi.js';

const pageBytes = 4096;

/**
 * Ranges of the process's memory with pages before and behind them that nothing may touch: whoever does ends the
 * process. Linux alone.
 */
export class GuardedMemory {
  /** Where offsets count from. */
  readonly base: number;
  readonly #rangeBytes: number;
  readonly #memcpy: (...values: (number | ArrayBufferView)[]) => unknown;
  readonly #call: (kernel: number) => (...values: number[]) => unknown;

  constructor(numRanges: number, pagesOfRange: number) {
    const { koffi } = findKoffiNow(createRequire(import.meta.url));
    if (koffi === undefined) throw new Error('koffi is not installed');
    const process = koffi.load(null);
    const mmap = process.func('uintptr_t mmap(uintptr_t, size_t, int, int, int, long)');
    const mprotect = process.func('int mprotect(uintptr_t, size_t, int)');
    this.#memcpy = process.func('uintptr_t memcpy(uintptr_t, uintptr_t, size_t)');
    const type = koffi.proto('void', ['uintptr_t', 'uintptr_t']);
    this.#call = (kernel) => koffi.decode(kernel, type);
    this.#address = (data) => Number(koffi.address(data));
    this.#rangeBytes = (pagesOfRange + 1) * pageBytes;
    this.base = Number(mmap(0, numRanges * this.#rangeBytes + pageBytes, 3, 0x22, -1, 0));
    for (let i = 0; i <= numRanges; i++) {
      if (mprotect(this.base + i * this.#rangeBytes, pageBytes, 0) !== 0) throw new Error('pages cannot be guarded');
    }
  }

  readonly #address: (data: ArrayBufferView) => number;

  /** The offset of `bytes` bytes at the beginning or at the end of a range. */
  offset(range: number, bytes: number, isAtEnd: boolean): number {
    if (bytes > this.#rangeBytes - pageBytes) throw new Error(`a range has no room for ${bytes} bytes`);
    return isAtEnd ? (range + 1) * this.#rangeBytes - bytes : range * this.#rangeBytes + pageBytes;
  }

  write(offset: number, values: Float32Array): void {
    this.#memcpy(this.base + offset, this.#address(values), values.byteLength);
  }

  read(offset: number, count: number): Float32Array {
    const values = new Float32Array(count);
    this.#memcpy(this.#address(values), this.base + offset, values.byteLength);
    return values;
  }

  /** Calls a kernel of machine code with argument words. */
  run(kernel: number, words: Int32Array): void {
    this.#call(kernel)(this.base, this.#address(words));
  }
}
