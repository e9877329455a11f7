import type { MachineCodeBinding } from '../machine-code.js';
import { type Exports, type Func, f32, i32, instantiate, ModuleBuilder, type ValueType } from './assembler.js';
import type { WasmMemory } from './memory.js';

/** Runs a kernel whose arguments lie in a block of memory, given by its address. */
export type Kernel = (block: number) => unknown;

/** Names that end so are kernels; every thread numbers them in the order in which modules export them. */
const kernelMark = '@';

/**
 * Adds a kernel to a module: a function of one parameter, the address of a block that holds the parameters of `func`,
 * four bytes each. So a call is a list of words, which any thread can be given.
 */
export function writeKernel(module: ModuleBuilder, func: Func<readonly ValueType[], undefined>): void {
  const load = (type: ValueType, offset: number, block: Parameters<typeof i32.load>[0]) =>
    type === 'f32' ? f32.load(block, offset) : i32.load(block, offset);
  module.func(`${func.name}${kernelMark}`, { params: ['i32'] }, (f, block) =>
    f.call(func, ...func.params.map((type, i) => load(type, 4 * i, block))),
  );
}

/** The compiled kernels of a backend, by number: the same numbers on every thread. */
export class KernelModules {
  readonly kernels: Kernel[] = [];
  /** In order, a module's bytes, or the address of a kernel of machine code. */
  readonly modules: (Uint8Array<ArrayBuffer> | number)[] = [];
  /** What kernels of machine code run with, where there are any. */
  readonly machineCode: MachineCodeBinding | undefined;
  readonly #memory: WasmMemory;
  readonly #areMachineCode = new Set<number>();
  readonly #namedMachineCode = new Map<string, number>();

  constructor(memory: WasmMemory, machineCode?: MachineCodeBinding) {
    this.#memory = memory;
    this.machineCode = machineCode;
  }

  /** What a module must be built with to run in the memory. */
  get limits(): { sharedMemory: boolean; maximumPages: number } {
    return { sharedMemory: this.#memory.isShared, maximumPages: this.#memory.maximumPages };
  }

  /** Whether an item may have a kernel and be run as machine code. */
  isMachineCode(kernel: number): boolean {
    return this.#areMachineCode.has(kernel);
  }

  /** The number of the kernel of machine code that does what the one of WebAssembly of a name does, where there is one. */
  numberOfMachineCode(name: string): number | undefined {
    const known = this.#namedMachineCode.get(name);
    if (known !== undefined) return known;
    const address = this.machineCode?.code.kernel(name);
    if (address === undefined) return undefined;
    const number = this.addMachineCode(address);
    this.#namedMachineCode.set(name, number);
    return number;
  }

  /** @returns the number of the kernel of machine code at an address */
  addMachineCode(address: number): number {
    const number = this.kernels.length;
    const { thread } = this.machineCode!;
    this.kernels.push((block) => thread.runKernel(address, block));
    if (this.machineCode!.number(number, address)) this.#areMachineCode.add(number);
    this.modules.push(address);
    return number;
  }

  /** @returns the numbers of the module's kernels by name. */
  add(module: ModuleBuilder): Readonly<Record<string, number>> {
    const bytes = module.toBytes();
    const exports: Exports = instantiate(bytes, this.#memory.memory);
    const numbers: Record<string, number> = {};
    for (const [name, kernel] of Object.entries(exports)) {
      if (!name.endsWith(kernelMark)) continue;
      numbers[name.slice(0, -kernelMark.length)] = this.kernels.length;
      this.kernels.push(kernel);
    }
    this.modules.push(bytes);
    return numbers;
  }
}

/**
 * Kernels that are compiled when one is first called, because writing them takes milliseconds and most programs call
 * few.
 */
export class LazyKernels<Name extends string> {
  readonly #modules: KernelModules;
  readonly #writers: Readonly<Record<Name, (module: ModuleBuilder) => void>>;
  readonly #numbers = new Map<string, number>();

  /**
   * @param writers by kernel, what adds it to a module; kernels that share code name the same function, which adds them
   * all.
   */
  constructor(modules: KernelModules, writers: Readonly<Record<Name, (module: ModuleBuilder) => void>>) {
    this.#modules = modules;
    this.#writers = writers;
  }

  numberOf(name: Name): number {
    const machineCode = this.#modules.numberOfMachineCode(name);
    if (machineCode !== undefined) return machineCode;
    if (!this.#numbers.has(name)) {
      const module = new ModuleBuilder(this.#modules.limits);
      this.#writers[name](module);
      for (const [added, number] of Object.entries(this.#modules.add(module))) this.#numbers.set(added, number);
    }
    return this.#numbers.get(name)!;
  }
}
