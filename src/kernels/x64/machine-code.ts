import type { Koffi } from '../koffi.js';
import { lackOfPages, type MachineCode, type MachineCodeBinding, type MachineCodeThread } from '../machine-code.js';
import type { ProductFamily } from '../product-family.js';
import type { ArrayTypes } from '../vector/pointwise-layout.js';
import type { PointwisePlan } from '../vector/pointwise-plan.js';
import { Assembler } from './assembler.js';
import { compressedKernels, emitCompressedProduct } from './compressed-product.js';
import { type ExecutableMemory, executableMemory } from './executable-memory.js';
import { emitHalfProduct } from './half-product.js';
import { emitEntryPoints } from './item-runner.js';
import { KernelRefusal } from './kernel-refusal.js';
import { emitPointwise } from './pointwise-emit.js';
import { descriptionWords, type Isa, type Processor, processorOf } from './processor.js';
import { machineProducts } from './product-family.js';
import { productKernels } from './products.js';
import type { Label } from './registers.js';
import { emitRowKernels } from './row-kernels.js';
import { VectorUnit } from './vector-unit.js';

/** How a process gets to machine code. */
export interface X64Host {
  readonly koffi: Koffi;
  /** From where workers load koffi. */
  readonly koffiPath: string;
  readonly platform: NodeJS.Platform;
}

/** Addresses of what a host calls. */
interface Entries {
  readonly runItem: number;
  readonly runKernel: number;
}

type WriteKernels = (code: Assembler, machine: X64MachineCode) => Readonly<Record<string, Label>>;

const writeRows: WriteKernels = (code, { isa }) => emitRowKernels(code, isa);

/** By the name of a kernel, what writes it and those that share code with it. */
const groups: Readonly<Record<string, WriteKernels>> = {
  ...Object.fromEntries(
    Object.entries(productKernels).map(([name, emit]): [string, WriteKernels] => [
      name,
      (code, { isa }) => emit(code, isa),
    ]),
  ),
  gather: writeRows,
  gather_bytes: writeRows,
  scatter_add: writeRows,
  fill: writeRows,
  ...Object.fromEntries(
    compressedKernels.map((name): [string, WriteKernels] => [
      name,
      (code, { processor }) => ({ [name]: emitCompressedProduct(code, processor, name) }),
    ]),
  ),
  float16_product: (code, { isa }) => ({ float16_product: emitHalfProduct(code, new VectorUnit(isa), 'float16') }),
  bfloat16_product: (code, { isa }) => ({ bfloat16_product: emitHalfProduct(code, new VectorUnit(isa), 'bfloat16') }),
};

/** Kernels that a memory can have as machine code; those beyond run one by one. */
const mostKernels = 1 << 17;

/**
 * Kernels in the instructions of x86-64, the widest that the processor has.
 *
 * @throws Error where it lacks AVX2, or the system forbids code
 */
export class X64MachineCode implements MachineCode {
  readonly isa: Isa;
  readonly processor: Processor;
  readonly #host: X64Host;
  readonly #pages: ExecutableMemory;
  readonly #entries: Entries;
  /** Undefined where one was refused. */
  readonly #kernels = new Map<string, number | undefined>();
  /** By the key of a program and the types of its arrays. */
  readonly #programs = new Map<string, number | undefined>();

  /**
   * @param isa instead of the widest that the processor has
   * @param without what the processor has and is not to be used
   */
  constructor(host: X64Host, isa?: Isa, without: readonly (keyof Processor)[] = []) {
    this.#host = host;
    this.#pages = executableMemory(host.koffi, host.platform);
    const code = new Assembler();
    const labels = emitEntryPoints(code, host.platform === 'win32' ? 'windows' : 'system-v');
    const address = this.#pages.place(code.toBytes());
    this.#entries = {
      runItem: address + code.placeOf(labels.runItem),
      runKernel: address + code.placeOf(labels.runKernel),
    };
    const found = describe(host.koffi, address + code.placeOf(labels.describe));
    const { hasAvx2, hasAvx512 } = found;
    if (!hasAvx2 || (isa === 'avx512' && !hasAvx512))
      throw new Error(`the processor lacks ${hasAvx2 ? 'AVX-512' : 'AVX2, FMA, BMI2 or F16C'}.`);
    this.isa = isa ?? (hasAvx512 ? 'avx512' : 'avx2');
    const absent = Object.fromEntries(without.map((feature) => [feature, false]));
    this.processor = { ...found, hasAvx512: this.isa === 'avx512', ...absent };
  }

  get name(): string {
    return this.isa === 'avx512' ? 'x86-64 with AVX-512' : 'x86-64 with AVX2';
  }

  get products(): ProductFamily {
    return machineProducts(this.isa);
  }

  /** Makes code executable. @returns the address of its first byte */
  place(code: Assembler): number {
    return this.#pages.place(code.toBytes());
  }

  kernel(name: string): number | undefined {
    if (!this.#kernels.has(name) && Object.hasOwn(groups, name)) {
      const code = new Assembler();
      const labels = groups[name](code, this);
      const address = unlessRefused(() => this.place(code));
      for (const [each, label] of Object.entries(labels))
        this.#kernels.set(each, address === undefined ? undefined : address + code.placeOf(label));
    }
    return this.#kernels.get(name);
  }

  pointwise(plan: PointwisePlan, types: ArrayTypes): number | undefined {
    const key = [plan.program.key, ...types.inputs, ...types.outputs].join('|');
    if (!this.#programs.has(key))
      this.#programs.set(
        key,
        unlessRefused(() => {
          const code = new Assembler();
          emitPointwise(code, plan, types, this.isa);
          return this.place(code);
        }),
      );
    return this.#programs.get(key);
  }

  /** @internal */
  bind(memory: WebAssembly.Memory): MachineCodeBinding {
    const table = unlessRefused(() => this.#pages.reserve(8 * mostKernels));
    if (table === undefined) throw lackOfPages();
    const data: ThreadData = { ...this.#entries, table, koffiPath: this.#host.koffiPath };
    return {
      code: this,
      thread: makeX64Thread(() => this.#host.koffi, memory, data),
      worker: { source: makeX64Thread.toString(), data },
      number: (kernel, address) => {
        if (kernel >= mostKernels) return false;
        this.#pages.write(table + 8 * kernel, new Uint8Array(new BigUint64Array([BigInt(address)]).buffer));
        return true;
      },
    };
  }
}

function unlessRefused(write: () => number): number | undefined {
  try {
    return write();
  } catch (error) {
    if (error instanceof KernelRefusal) return undefined;
    throw error;
  }
}

function describe(koffi: Koffi, address: number): Processor {
  const words = new Uint32Array(descriptionWords);
  koffi.decode(address, koffi.proto('void', ['uintptr_t']))(Number(koffi.address(words)));
  return processorOf(words);
}

/** What a thread needs to run the code. */
interface ThreadData extends Entries {
  /** By the number of a kernel, its address. */
  readonly table: number;
  readonly koffiPath: string;
}

/**
 * Makes a thread's side of machine code. The function refers to nothing outside of itself, because workers are started
 * with its text.
 */
function makeX64Thread(
  require: (path: string) => unknown,
  memory: WebAssembly.Memory,
  { runItem, runKernel, table, koffiPath }: ThreadData,
): MachineCodeThread {
  const koffi = require(koffiPath) as Koffi;
  // A thread that has opened nothing yet has no memory for the arguments of calls (koffi 3.3).
  koffi.load(null);
  const type = koffi.proto('void', ['uintptr_t', 'uintptr_t', 'uintptr_t']);
  const callItem = koffi.decode(runItem, type);
  const callKernel = koffi.decode(runKernel, type);
  let buffer: ArrayBufferLike | undefined;
  let base = 0;
  /** Where the memory is; a memory that grows may have moved. */
  const reach = (): number => {
    if (memory.buffer !== buffer) {
      buffer = memory.buffer;
      base = Number(koffi.address(new Uint8Array(buffer)));
    }
    return base;
  };
  return {
    runKernel: (address, block) => void callKernel(reach(), base + block, address),
    runItem: (item) => void callItem(reach(), base + item, table),
  };
}
