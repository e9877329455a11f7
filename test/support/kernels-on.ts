import type { MatmulCall, PointwiseCall } from '../../src/kernels/contract.js';
import type { ProductFamily } from '../../src/kernels/product-family.js';
import { KernelRunner } from '../../src/kernels/wasm/kernel-runner.js';
import { MatmulKernels } from '../../src/kernels/wasm/matmul.js';
import type { TileFamily } from '../../src/kernels/wasm/matmul-tiles.js';
import type { WasmMemory } from '../../src/kernels/wasm/memory.js';
import { PointwiseKernels, type PointwiseKernelsOptions } from '../../src/kernels/wasm/pointwise.js';
import { tileKernels, tileProducts } from '../../src/kernels/wasm/tile-products.js';

/** Pointwise kernels that run at once in a memory. */
export function pointwiseOn(memory: WasmMemory, options: PointwiseKernelsOptions): { run(call: PointwiseCall): void } {
  const runner = new KernelRunner(memory);
  const kernels = new PointwiseKernels(runner.modules, options);
  return { run: (call) => runner.run((writer, workspace) => kernels.write(writer, call, workspace)) };
}

/** How a product is computed: with b packed before, or cut for so many threads, whose parts run one after the other. */
export interface ProductForm {
  readonly packed?: boolean;
  readonly parts?: number;
}

/** Matrix products that run at once in a memory; sizes are at least 1. */
export interface Products {
  readonly family: ProductFamily;
  readonly runner: KernelRunner;
  readonly kernels: MatmulKernels;
  run(call: MatmulCall, form?: ProductForm): void;
}

/** Products by tiles of WebAssembly. */
export function matmulOn(memory: WasmMemory, family: TileFamily): Products {
  const runner = new KernelRunner(memory);
  return productsOn(
    memory,
    runner,
    new MatmulKernels(memory, tileProducts(family), tileKernels(runner.modules, family)),
  );
}

/** Products by kernels whose numbers the runner knows. */
export function productsOn(memory: WasmMemory, runner: KernelRunner, kernels: MatmulKernels): Products {
  return {
    family: kernels.family,
    runner,
    kernels,
    run(given, { packed = false, parts = 1 } = {}) {
      memory.openScope();
      const place = packed ? kernels.packPlace({ ...given, times: 9 }) : undefined;
      if (place !== undefined) runner.run((writer) => kernels.writePack(writer, { ...given, times: 9 }, place));
      const { strategy, call } = kernels.wayOf({ ...given, packed: place });
      for (const part of parts > 1 ? kernels.cut(call, strategy, parts) : [call]) {
        runner.run((writer, workspace) => kernels.write(writer, part, strategy, workspace));
      }
      memory.closeScope();
    },
  };
}
