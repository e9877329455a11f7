import { RondoError } from '../../errors.js';
import type { PointwiseCall } from '../contract.js';
import type { PointwiseProgram } from '../../expression/program.js';
import { instantiate, ModuleBuilder } from './assembler.js';
import type { WasmBuffer, WasmMemory } from './memory.js';
import { argumentBytes, scratchBytes } from './pointwise-arguments.js';
import { emitPointwise } from './pointwise-emit.js';
import { type PointwisePlan, planPointwise } from './pointwise-plan.js';

/** Room for the arguments of a program of about 500 arrays. */
const ARGUMENT_ELEMENTS = 1024;

export interface PointwiseKernelsOptions {
  /** Rounds `a * b + c` once where the processor can (relaxed SIMD); else the same bits come out on every processor. */
  relaxed: boolean;
}

interface Kernel {
  readonly plan: PointwisePlan;
  readonly inputNames: readonly string[];
  readonly outputNames: readonly string[];
  readonly run: (block: number, rows: number, columns: number) => number;
}

/**
 * Compiles pointwise programs to WebAssembly, each once, and runs them. One instance serves one thread: the arguments of
 * a call lie in a block of memory that the instance owns.
 *
 * Sums over rows, columns or everything are taken in double precision (over rows: in single precision within blocks of 64
 * rows) and rounded once.
 */
export class PointwiseKernels {
  readonly #memory: WasmMemory;
  readonly #relaxed: boolean;
  readonly #arguments: WasmBuffer;
  readonly #byProgram = new WeakMap<PointwiseProgram, Kernel>();
  readonly #byKey = new Map<string, Kernel>();

  constructor(memory: WasmMemory, { relaxed }: PointwiseKernelsOptions) {
    this.#memory = memory;
    this.#relaxed = relaxed;
    this.#arguments = memory.allocate(ARGUMENT_ELEMENTS);
  }

  run(call: PointwiseCall): void {
    const { program, inputs, outputs, scalars } = call;
    const memory = this.#memory;
    const kernel = this.#byProgram.get(program) ?? this.#kernelOf(program);
    const { inputNames, outputNames, plan } = kernel;
    let { rows, columns } = call;
    let isContiguous = plan.canJoinRows;
    const scratch = plan.needsScratch ? this.#openScratch(plan, columns) : 0;
    const words = memory.integers;
    let at = this.#arguments.address / 4;
    for (let i = 0; i < inputNames.length; i++) {
      const array = inputs[inputNames[i]];
      words[at] = memory.byteAddress(array);
      words[at + 1] = array.rowStride << 2;
      at += 2;
      isContiguous &&= array.rowStride === columns;
    }
    for (let i = 0; i < outputNames.length; i++) {
      const array = outputs[outputNames[i]];
      words[at] = memory.byteAddress(array);
      words[at + 1] = array.rowStride << 2;
      at += 2;
      isContiguous &&= array.rowStride === columns || program.outputs[i].reduce !== 'none';
    }
    words[at++] = scratch;
    if (program.scalars.length > 0) {
      const floats = memory.floats;
      for (const name of program.scalars) floats[at++] = scalars![name];
    }
    if (isContiguous) {
      columns *= rows;
      rows = 1;
    }
    kernel.run(this.#arguments.address, rows, columns);
    if (plan.needsScratch) memory.closeScope();
  }

  #openScratch(plan: PointwisePlan, columns: number): number {
    this.#memory.openScope();
    return this.#memory.temporaryBytes(scratchBytes(plan, columns));
  }

  #kernelOf(program: PointwiseProgram): Kernel {
    let kernel = this.#byKey.get(program.key);
    if (kernel === undefined) {
      kernel = this.#compile(program);
      this.#byKey.set(program.key, kernel);
    }
    this.#byProgram.set(program, kernel);
    return kernel;
  }

  #compile(program: PointwiseProgram): Kernel {
    const plan = planPointwise(program);
    if (argumentBytes(plan) > ARGUMENT_ELEMENTS * 4) {
      throw new RondoError('INTERNAL', { where: `program ${program.name}`, what: 'it has more arrays than one kernel takes.' });
    }
    const { isShared, maximumPages, memory } = this.#memory;
    const module = new ModuleBuilder(isShared ? { sharedMemory: true, maximumPages } : {});
    emitPointwise(module, plan, this.#relaxed ? 'relaxed' : 'plain');
    const { run } = instantiate(module.toBytes(), memory);
    return { plan, inputNames: program.inputs.map(({ name }) => name), outputNames: program.outputs.map(({ name }) => name), run };
  }
}
