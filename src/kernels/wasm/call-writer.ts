import { bytesOf } from '../../dtype.js';
import { RondoError } from '../../errors.js';
import type { View } from '../contract.js';
import type { StepStrided } from '../sequence/loop-host.js';
import type { KernelModules } from './kernel-modules.js';
import type { WasmMemory } from './memory.js';

/** Marks a barrier of threads in place of a kernel's number. */
export const barrierMark = -1;

/** Marks, in the word of its number of loops, an item all of whose kernels are machine code. */
export const machineCodeMark = 0x40000000;

/**
 * Writes kernel calls as words, for thread.ts to run:
 *
 * - an item: its number of loops (with {@link machineCodeMark} or without), then the loops;
 * - a loop: its number of steps, how many words its calls take, then the calls;
 * - a call: the kernel's number (or {@link barrierMark}), how many arguments it has, how many of them move; the
 *   arguments; then for each that moves, its place among the arguments and what is added to it after each step.
 */
export class CallWriter {
  #staged = new Int32Array(4096);
  readonly #asFloat = new Float32Array(1);
  readonly #asWord = new Int32Array(this.#asFloat.buffer);
  /** How many words are written. */
  length = 0;
  #loopStart = 0;
  #numSteps = 1;
  #callStart = 0;
  /** Where the item's first word is, while it may be run as machine code. */
  #machineCodeItem: number | undefined;
  readonly #moving: number[] = [];

  readonly #memory: WasmMemory;
  readonly #modules: KernelModules;

  constructor(memory: WasmMemory, modules: KernelModules) {
    this.#memory = memory;
    this.#modules = modules;
  }

  clear(): void {
    this.length = 0;
    this.#numSteps = 1;
    this.#machineCodeItem = undefined;
  }

  beginItem(numLoops: number): void {
    if (this.#modules.machineCode === undefined) return this.#push(numLoops);
    this.#machineCodeItem = this.length;
    this.#push(numLoops | machineCodeMark);
  }

  beginLoop(numSteps: number): void {
    this.#numSteps = numSteps;
    this.#push(numSteps);
    this.#loopStart = this.length;
    this.#push(0);
  }

  endLoop(): void {
    this.#staged[this.#loopStart] = this.length - this.#loopStart - 1;
  }

  beginCall(kernel: number): void {
    if (this.#machineCodeItem !== undefined && !this.#modules.isMachineCode(kernel)) {
      this.#staged[this.#machineCodeItem] &= ~machineCodeMark;
      this.#machineCodeItem = undefined;
    }
    this.#callStart = this.length;
    this.#push(kernel);
    this.#push(0);
    this.#push(0);
    this.#moving.length = 0;
  }

  endCall(): void {
    this.#staged[this.#callStart + 1] = this.length - this.#callStart - 3;
    this.#staged[this.#callStart + 2] = this.#moving.length / 2;
    for (const word of this.#moving) this.#push(word);
  }

  barrier(): void {
    this.beginCall(barrierMark);
    this.endCall();
  }

  int(value: number): void {
    this.#push(value);
  }

  float(value: number): void {
    this.#asFloat[0] = value;
    this.#push(this.#asWord[0]);
  }

  /**
   * The address of a view, and how it moves. Kernels look at no bounds.
   *
   * @param elements from the view's first to the last that one call reaches, both included
   * @throws INTERNAL where a step would reach beyond the buffer
   */
  address(view: View | StepStrided, elements: number): void {
    const stepStride = 'stepStride' in view ? (view.stepStride ?? 0) : 0;
    const moved = stepStride * (this.#numSteps - 1);
    const { size } = view.buffer;
    if (elements > 0 && !(view.offset + Math.min(0, moved) >= 0 && view.offset + Math.max(0, moved) + elements <= size))
      throw new RondoError('INTERNAL', {
        where: 'wasm backend',
        what: 'a kernel would reach beyond a buffer.',
        expected: `at most ${size} elements`,
        received: `${elements} elements from ${view.offset} on, ${this.#numSteps} times, moved by ${stepStride}`,
      });
    this.stridedInt(this.#memory.byteAddress(view), bytesOf[view.buffer.dtype] * stepStride);
  }

  /** An argument that grows by `stepStride` after each step of its loop. */
  stridedInt(value: number, stepStride: number): void {
    if (stepStride !== 0) this.#moving.push(this.length - this.#callStart - 3, stepStride);
    this.#push(value);
  }

  /** The kernel of the only call written. */
  get kernel(): number {
    return this.#staged[0];
  }

  /** Writes the arguments of the only call to memory. */
  copyArguments(address: number): void {
    this.#memory.integers.set(this.#staged.subarray(3, 3 + this.#staged[1]), address >>> 2);
  }

  /** Writes everything to memory. */
  copyTo(address: number): void {
    this.#memory.integers.set(this.#staged.subarray(0, this.length), address >>> 2);
  }

  /** A copy of what is written from a place on. */
  wordsFrom(start: number): Int32Array {
    return this.#staged.slice(start, this.length);
  }

  #push(word: number): void {
    if (this.length === this.#staged.length) {
      const larger = new Int32Array(2 * this.#staged.length);
      larger.set(this.#staged);
      this.#staged = larger;
    }
    this.#staged[this.length++] = word;
  }
}

/**
 * Memory that the calls of one item, which run one after the other, take turns in. It ends with the scope it was taken
 * in.
 */
export class Workspace {
  #address = 0;
  #bytes = 0;

  readonly #memory: WasmMemory;

  constructor(memory: WasmMemory) {
    this.#memory = memory;
  }

  /** The address of at least `bytes` bytes. @throws OUT_OF_MEMORY */
  take(bytes: number): number {
    if (bytes > this.#bytes) {
      this.#address = this.#memory.temporaryBytes(bytes);
      this.#bytes = bytes;
    }
    return this.#address;
  }
}
