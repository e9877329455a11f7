import type { Backend, Moving, Part } from './contract.js';

/** Runs parts one after the other by a backend's own products and programs; for backends and tools without threads. */
export function runPartsInOrder(backend: Pick<Backend, 'matmul' | 'pointwise'>, parts: readonly Part[]): void {
  for (const { numSteps, calls } of parts.flat()) {
    for (let step = 0; step < numSteps; step++) {
      const at = <V extends Moving>(view: V): V => ({ ...view, offset: view.offset + step * (view.advance ?? 0) });
      const allAt = (views: Readonly<Record<string, Moving>>): Record<string, Moving> =>
        Object.fromEntries(Object.entries(views).map(([name, view]) => [name, at(view)]));
      for (const item of calls) {
        if (item.kind === 'matmul') backend.matmul({ ...item.call, a: at(item.call.a), c: at(item.call.c) });
        if (item.kind === 'pointwise')
          backend.pointwise({ ...item.call, inputs: allAt(item.call.inputs), outputs: allAt(item.call.outputs) });
      }
    }
  }
}
