import type { Backend } from '../contract.js';
import { type CpuLoopHost, type LoopingBackend, type StepStrided, viewAtStep, type WorkItem } from './loop-host.js';

/** Runs items one after the other by a backend's own products and programs. */
export function runInOrder(
  backend: Pick<Backend, 'matmul' | 'compressedMatmul' | 'pointwise'>,
  items: readonly WorkItem[],
): void {
  for (const { numSteps, calls } of items.flat()) {
    for (let step = 0; step < numSteps; step++) {
      const at = (view: StepStrided): StepStrided => viewAtStep(view, step);
      const allAt = (views: Readonly<Record<string, StepStrided>>): Record<string, StepStrided> =>
        Object.fromEntries(Object.entries(views).map(([name, view]) => [name, at(view)]));
      for (const stepCall of calls) {
        if (stepCall.kind === 'matmul')
          backend.matmul({ ...stepCall.call, a: at(stepCall.call.a), b: at(stepCall.call.b), c: at(stepCall.call.c) });
        if (stepCall.kind === 'compressed')
          backend.compressedMatmul({ ...stepCall.call, a: at(stepCall.call.a), c: at(stepCall.call.c) });
        if (stepCall.kind === 'pointwise')
          backend.pointwise({
            ...stepCall.call,
            inputs: allAt(stepCall.call.inputs),
            outputs: allAt(stepCall.call.outputs),
          });
      }
    }
  }
}

/** The loops of a backend without threads. */
export function serialLoopHost(backend: CpuLoopHost['backend']): CpuLoopHost {
  return {
    backend,
    numThreads: 1,
    numBarrierThreads: 1,
    rowsOfShard: 16,
    pack: () => undefined,
    parallelFor: (items) => runInOrder(backend, items),
  };
}

/** What runs loops on a backend: its own threads, or its kernels, call after call. */
export function loopHostOf(backend: Backend): CpuLoopHost {
  return 'loops' in backend ? (backend as LoopingBackend).loops : serialLoopHost(backend);
}
