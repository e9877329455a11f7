import { RondoError } from '../errors.js';
import type { ProductFamily } from './product-family.js';
import type { ArrayTypes } from './vector/pointwise-layout.js';
import type { PointwisePlan } from './vector/pointwise-plan.js';

/**
 * Kernels of machine code, which work on the memory of WebAssembly and read the same words as arguments. Kernels and
 * functions are named by their addresses in the process, which all threads share.
 */
export interface MachineCode {
  /** The instructions it uses, for people. */
  readonly name: string;
  /** The kernel of a program, written when it is first asked for; undefined where WebAssembly must compute it. */
  pointwise(plan: PointwisePlan, types: ArrayTypes): number | undefined;
  /** How matrix products are cut for its kernels. */
  readonly products: ProductFamily;
  /** The kernel that does what the one of WebAssembly of that name does; undefined where there is none. */
  kernel(name: string): number | undefined;
  /**
   * Prepares a memory, whose kernels get numbers of their own.
   *
   * @throws OUT_OF_MEMORY
   * @internal
   */
  bind(memory: WebAssembly.Memory): MachineCodeBinding;
}

/** Machine code for the kernels of one memory. */
export interface MachineCodeBinding {
  readonly code: MachineCode;
  /** For the thread that bound it. */
  readonly thread: MachineCodeThread;
  /** For workers: a function's text, which makes their {@link MachineCodeThread} of `data` and the memory. */
  readonly worker: { readonly source: string; readonly data: unknown };
  /** Lets `runItem` find a kernel by its number. @returns whether there was room */
  number(kernel: number, address: number): boolean;
}

/** What one thread runs machine code with. */
export interface MachineCodeThread {
  /** Runs a kernel on the arguments at a place in the memory, in bytes. */
  runKernel(address: number, block: number): void;
  /** Runs the item at a place in the memory, in bytes, all of whose kernels are machine code. */
  runItem(item: number): void;
}

/** What is said where the system has no pages for kernels, and WebAssembly cannot take their place. */
export function lackOfPages(): RondoError {
  return new RondoError('OUT_OF_MEMORY', {
    where: 'machine code',
    what: 'the system gives the process no pages for kernels.',
    fix: 'let it have more memory or more memory maps (on Linux: sysctl vm.max_map_count), or set RONDO_NATIVE=off.',
  });
}

let make: (() => MachineCode | undefined) | undefined;

/** Called by what knows how to run machine code here; `given` is asked for each backend that may use some. */
export function provideMachineCode(given: (() => MachineCode | undefined) | undefined): void {
  make = given;
}

/** Kernels of machine code, where there are any. */
export function machineCode(): MachineCode | undefined {
  return make?.();
}
