import { KernelRunner } from '../../src/kernels/wasm/kernel-runner.js';
import { MatmulKernels } from '../../src/kernels/wasm/matmul.js';
import type { WasmMemory } from '../../src/kernels/wasm/memory.js';
import type { X64MachineCode } from '../../src/kernels/x64/machine-code.js';
import { type Products, productsOn } from './kernels-on.js';

/** Products by machine code that run at once in a memory. */
export function machineProductsOn(memory: WasmMemory, machine: X64MachineCode): Products {
  const runner = new KernelRunner(memory, 1, machine.bind(memory.memory));
  const { modules } = runner;
  const numberOf = (name: string): number => modules.numberOfMachineCode(name)!;
  return productsOn(memory, runner, new MatmulKernels(memory, machine.products, { numberOf }));
}
