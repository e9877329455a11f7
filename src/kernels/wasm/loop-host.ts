import type { CpuLoopHost, EngineBackend, PackCall, PackedMatrix, WorkItem } from '../sequence/loop-host.js';
import { runInOrder } from '../sequence/run-in-order.js';
import type { CompressedProducts } from './compressed-products.js';
import type { KernelRunner } from './kernel-runner.js';
import type { PointwiseKernels } from './pointwise.js';
import { sharedOperations, type WasmProducts } from './products.js';

/** What one element of a cell's pointwise program costs, the activations of some gates included. */
const operationsOfElement = 100;

/** Loops of kernel calls as words in shared memory, which any thread can run. */
export class WasmLoopHost implements CpuLoopHost {
  readonly backend: EngineBackend;
  readonly #runner: KernelRunner;
  readonly #products: WasmProducts;
  readonly #compressed: () => CompressedProducts;
  readonly #pointwise: PointwiseKernels;

  constructor(
    backend: EngineBackend,
    {
      runner,
      products,
      compressed,
      pointwise,
    }: {
      runner: KernelRunner;
      products: WasmProducts;
      compressed: () => CompressedProducts;
      pointwise: PointwiseKernels;
    },
  ) {
    this.backend = backend;
    this.#runner = runner;
    this.#products = products;
    this.#compressed = compressed;
    this.#pointwise = pointwise;
  }

  get numThreads(): number {
    return this.#runner.pool.numServing;
  }

  get numBarrierThreads(): number {
    const { pool, isRecording, isNotingAlone } = this.#runner;
    if (isRecording) return isNotingAlone ? 1 : pool.numServing;
    return pool.numForBarriers;
  }

  get rowsOfShard(): number {
    return this.#products.rowsOfShard;
  }

  pack(call: PackCall): PackedMatrix | undefined {
    return this.#products.pack(call);
  }

  parallelFor(items: readonly WorkItem[], { usesBarriers = false } = {}): void {
    const products = this.#products;
    const { pool } = this.#runner;
    if (!pool.isStarted && operationsOf(items) >= sharedOperations) pool.start();
    if (
      items.some((item) =>
        item.some(({ calls }) => calls.some((step) => step.kind === 'matmul' && products.acceleratesSteps(step.call))),
      )
    )
      return runInOrder(this.backend, items);
    this.#runner.parallelFor(
      items.map((loops) => (writer, workspace) => {
        writer.beginItem(loops.length);
        for (const { numSteps, calls } of loops) {
          writer.beginLoop(numSteps);
          for (const step of calls) {
            if (step.kind === 'barrier') writer.barrier();
            else if (step.kind === 'compressed') this.#compressed().write(writer, step.call, workspace);
            else if (step.kind === 'pointwise') this.#pointwise.write(writer, step.call, workspace);
            else products.writeStep(writer, step.call, numSteps, workspace);
          }
          writer.endLoop();
        }
      }),
      usesBarriers,
    );
  }
}

/** What items compute, counted as the split of a run counts it. */
function operationsOf(items: readonly WorkItem[]): number {
  let operations = 0;
  for (const { numSteps, calls } of items.flat()) {
    for (const step of calls) {
      if (step.kind === 'matmul') operations += 2 * step.call.m * step.call.n * step.call.k * numSteps;
      else if (step.kind === 'compressed')
        operations += step.call.m * step.call.n * step.call.matrix.matrix.k * numSteps;
      else if (step.kind === 'pointwise')
        operations += operationsOfElement * step.call.rows * step.call.columns * numSteps;
    }
  }
  return operations;
}
