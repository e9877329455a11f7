import type { Backend, StepStrided, WorkItem } from './contract.js';

/** Runs items one after the other by a backend's own products and programs; for backends and tools without threads. */
export function runInOrder(backend: Pick<Backend, 'matmul' | 'pointwise'>, items: readonly WorkItem[]): void {
  for (const { numSteps, calls } of items.flat()) {
    for (let step = 0; step < numSteps; step++) {
      const at = <V extends StepStrided>(view: V): V => ({
        ...view,
        offset: view.offset + step * (view.stepStride ?? 0),
      });
      const allAt = (views: Readonly<Record<string, StepStrided>>): Record<string, StepStrided> =>
        Object.fromEntries(Object.entries(views).map(([name, view]) => [name, at(view)]));
      for (const item of calls) {
        if (item.kind === 'matmul')
          backend.matmul({ ...item.call, a: at(item.call.a), b: at(item.call.b), c: at(item.call.c) });
        if (item.kind === 'pointwise')
          backend.pointwise({ ...item.call, inputs: allAt(item.call.inputs), outputs: allAt(item.call.outputs) });
      }
    }
  }
}
