import type { Trainable } from '../trainable.js';
import { type PrunableKernel, prunableKernels } from './prunable-kernels.js';

/** How much of some weights is left. */
export interface Sparsity {
  readonly numWeights: number;
  /** Those that are not 0. */
  readonly numKept: number;
  /** Share of weights that are 0, from 0 to 1. */
  readonly sparsity: number;
}

/** One gate of one kernel. */
export interface GateSparsity extends Sparsity {
  /** The layer by its path, such as `lstm` or `bidirectional/forward`. */
  readonly layer: string;
  /** `kernel`, `recurrentKernel`, or one of a cell's own, such as `projectionKernel`. */
  readonly weight: string;
  /** Null for a kernel without gates. */
  readonly gate: string | null;
  /** Square root of the sum of squares. */
  readonly norm: number;
}

/** What {@link sparsityReport} gives; plain JSON. */
export interface SparsityReport {
  readonly gates: readonly GateSparsity[];
  /** By layer, in the model's order. */
  readonly layers: readonly (Sparsity & { readonly layer: string })[];
  readonly total: Sparsity;
}

/**
 * How sparse the kernels of a model's recurrent and Dense layers are, gate by gate; of weights that do not exist yet,
 * nothing.
 */
export async function sparsityReport(model: Pick<Trainable, 'sublayers'>): Promise<SparsityReport> {
  const kernels = prunableKernels(model, { dense: true });
  const gates = (await Promise.all(kernels.map(gatesOf))).flat();
  const layers = [...new Set(gates.map(({ layer }) => layer))].map((layer) => ({
    layer,
    ...sumOf(gates.filter((gate) => gate.layer === layer)),
  }));
  return { gates, layers, total: sumOf(gates) };
}

async function gatesOf(kernel: PrunableKernel): Promise<GateSparsity[]> {
  const { layer, weight, variable, gates, width } = kernel;
  const values = await variable.data();
  const numKept = gates.map(() => 0);
  const squares = gates.map(() => 0);
  for (let i = 0; i < values.length; i++) {
    const gate = Math.floor((i % (gates.length * width)) / width);
    if (values[i] !== 0) numKept[gate]++;
    squares[gate] += values[i] ** 2;
  }
  const numWeights = values.length / gates.length;
  return gates.map((gate, i) => ({
    layer,
    weight,
    gate,
    ...sumOf([{ numWeights, numKept: numKept[i] }]),
    norm: Math.sqrt(squares[i]),
  }));
}

function sumOf(parts: readonly Omit<Sparsity, 'sparsity'>[]): Sparsity {
  const numWeights = parts.reduce((sum, part) => sum + part.numWeights, 0);
  const numKept = parts.reduce((sum, part) => sum + part.numKept, 0);
  return { numWeights, numKept, sparsity: numWeights === 0 ? 0 : 1 - numKept / numWeights };
}
