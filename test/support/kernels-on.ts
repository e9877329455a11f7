import type { MatmulCall, PointwiseCall } from '../../src/kernels/contract.js';
import { KernelRunner } from '../../src/kernels/wasm/kernel-runner.js';
import { MatmulKernels } from '../../src/kernels/wasm/matmul.js';
import type { TileFamily } from '../../src/kernels/wasm/matmul-tiles.js';
import type { WasmMemory } from '../../src/kernels/wasm/memory.js';
import { PointwiseKernels, type PointwiseKernelsOptions } from '../../src/kernels/wasm/pointwise.js';

/** Pointwise kernels that run at once in a memory. */
export function pointwiseOn(memory: WasmMemory, options: PointwiseKernelsOptions): { run(call: PointwiseCall): void } {
  const runner = new KernelRunner(memory);
  const kernels = new PointwiseKernels(runner.modules, options);
  return { run: (call) => runner.run((writer, workspace) => kernels.write(writer, call, workspace)) };
}

/** Matrix products that run at once in a memory; sizes are at least 1. */
export function matmulOn(memory: WasmMemory, family: TileFamily): { family: TileFamily; run(call: MatmulCall): void } {
  const runner = new KernelRunner(memory);
  const kernels = new MatmulKernels(memory, runner.modules, family);
  return {
    family,
    run(given) {
      const { way, call } = kernels.wayOf(given);
      runner.run((writer, workspace) => kernels.write(writer, call, way, workspace));
    },
  };
}
