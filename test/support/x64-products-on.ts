import type { ProductKernel } from '../../src/kernels/product-family.js';
import { KernelRunner } from '../../src/kernels/wasm/kernel-runner.js';
import { MatmulKernels } from '../../src/kernels/wasm/matmul.js';
import type { WasmMemory } from '../../src/kernels/wasm/memory.js';
import { Assembler } from '../../src/kernels/x64/assembler.js';
import type { X64MachineCode } from '../../src/kernels/x64/machine-code.js';
import { machineProducts } from '../../src/kernels/x64/product-family.js';
import { emitProducts } from '../../src/kernels/x64/products.js';
import { type Products, productsOn } from './kernels-on.js';

/** Products by machine code that run at once in a memory. */
export function machineProductsOn(memory: WasmMemory, machine: X64MachineCode): Products {
  const runner = new KernelRunner(memory, 1, machine.bind(memory.memory));
  const code = new Assembler();
  const labels = emitProducts(code, machine.isa);
  const address = machine.place(code);
  const numbers = new Map<string, number>();
  for (const [name, label] of Object.entries(labels))
    numbers.set(name, runner.modules.addMachineCode(address + code.placeOf(label)));
  const numberOf = (name: ProductKernel): number => numbers.get(name)!;
  return productsOn(memory, runner, new MatmulKernels(memory, machineProducts(machine.isa), { numberOf }));
}
