import type { DecodedTensor, Model } from '../src/index.js';
import { withSeparators } from './text-table.js';

/** How many numbers of a model's weights its file holds in each form, the most first. */
export function weightForms(model: Model, tensors: ReadonlyMap<string, DecodedTensor>): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const [name, { variable }] of model.namedWeights()) {
    const form = formOf(name, tensors);
    counts[form] = (counts[form] ?? 0) + variable.size;
  }
  return Object.fromEntries(Object.entries(counts).sort(([, a], [, b]) => b - a));
}

/** Undefined where all weights have 32 bits, which is usual. */
export function weightFormsLine(forms: Readonly<Record<string, number>>): string | undefined {
  const entries = Object.entries(forms);
  if (entries.every(([form]) => form === 'float32')) return undefined;
  return `weights: ${entries.map(([form, count]) => `${withSeparators(count)} of ${form}`).join(', ')}`;
}

function formOf(name: string, tensors: ReadonlyMap<string, DecodedTensor>): string {
  if (tensors.has(`${name}.int4`)) return 'int4';
  const blocks = tensors.get(`${name}.blocks`);
  const dtype = (blocks ?? tensors.get(name))?.storedDtype;
  const form = dtype === 'I8' ? 'int8' : dtype === 'F16' ? 'float16' : dtype === 'BF16' ? 'bfloat16' : 'float32';
  return blocks === undefined ? form : `${form} in blocks`;
}
