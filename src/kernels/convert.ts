import { leaf } from '../expression/build.js';
import { pointwiseProgram } from '../expression/program.js';
import type { Backend, View } from './contract.js';

/** Copies `a` to `copy`, each of its own type; exactly where the types are equal. */
export const copyProgram = pointwiseProgram('copy', [{ name: 'copy', expression: leaf('a') }]);

/** Copies elements, from the type of one buffer into that of another. */
export function convert(backend: Backend, size: number, source: View, target: View): void {
  if (size === 0) return;
  const [a, copy] = [source, target].map((view) => ({ ...view, rowStride: size }));
  backend.pointwise({ program: copyProgram, rows: 1, columns: size, inputs: { a }, outputs: { copy } });
}
