import type { Cell } from '../../cells/cell.js';
import { kernelWeight } from '../../cells/define-cell.js';
import { gatesWidth } from '../../cells/widths.js';
import { RondoError, unknownName } from '../../errors.js';
import { CellAlongTime } from '../../layers/cell-along-time.js';
import { Dense } from '../../layers/dense.js';
import type { Layer } from '../../layers/layer.js';
import { inputProjection } from '../../layers/rank-options.js';
import type { Variable } from '../../tensor/variable.js';
import { layerPath } from '../diagnosis/weight-groups.js';
import { layersBelow } from '../snapshot.js';
import type { Trainable } from '../trainable.js';

/** A kernel as matrices `[rows, gates * width]`, row by row, one behind the other: one, or one a head. */
export interface PrunableKernel {
  /** The layer by its path, such as `lstm` or `bidirectional/forward`. */
  readonly layer: string;
  /** The last part of the weight's name, such as `recurrentKernel`. */
  readonly weight: string;
  readonly variable: Variable;
  readonly heads: number;
  /** Inputs of each matrix. */
  readonly rows: number;
  /** In storage order; `[null]` for a kernel without gates. */
  readonly gates: readonly (string | null)[];
  /** Outputs of each gate in a matrix. */
  readonly width: number;
  /** Whether every gate of a matrix maps units to the same units. */
  readonly isSquare: boolean;
}

/** Which kernels are meant. */
export interface KernelChoice {
  /** Layers by name or path; those inside of them count too. Undefined: all. */
  readonly layers?: readonly string[] | undefined;
  readonly dense: boolean;
}

/** The kernels and recurrent kernels of recurrent layers, and those of Dense layers where asked; each once. */
export function prunableKernels(model: Pick<Trainable, 'sublayers'>, choice: KernelChoice): PrunableKernel[] {
  const found = new Map<Variable, PrunableKernel>();
  for (const [path, layer] of layersBelow(model)) {
    const kernels = isChosen(path, choice) ? kernelsOf(layer, layerPath(path), choice) : [];
    for (const kernel of kernels) if (!found.has(kernel.variable)) found.set(kernel.variable, kernel);
  }
  return [...found.values()];
}

/**
 * Refuses names of layers and gates that the model does not have, and a model without anything to prune. Cells are known
 * before weights are made.
 *
 * @throws UNKNOWN_NAME with the nearest names; USAGE
 */
export function requirePrunable(
  where: string,
  model: Pick<Trainable, 'sublayers'>,
  choice: KernelChoice & { readonly gates: Readonly<Record<string, number>> },
): void {
  const all = [...layersBelow(model)];
  const paths = all.map(([path]) => path).filter((path) => layerPath(path) === path);
  for (const name of choice.layers ?? []) if (!paths.includes(name)) throw unknownName(where, 'layer', name, paths);
  const prunable = all.filter(([path, layer]) => isChosen(path, choice) && isPrunable(layer, choice));
  if (prunable.length === 0)
    throw new RondoError('USAGE', {
      where,
      what: 'there is nothing to prune.',
      expected: choice.dense ? 'a recurrent or Dense layer' : 'a recurrent layer',
      received: [...new Set(all.map(([, { className }]) => className))].join(', ') || 'no layers',
      fix: choice.dense ? 'prune other layers.' : 'prune other layers, or give `dense: true`.',
    });
  const gates = prunable.flatMap(([, layer]) => (layer instanceof CellAlongTime ? layer.cell.gates : []));
  for (const gate of Object.keys(choice.gates))
    if (!gates.includes(gate)) throw unknownName(where, 'gate', gate, [...new Set(gates)]);
}

function isChosen(path: string, { layers }: KernelChoice): boolean {
  return layers === undefined || layers.some((name) => path === name || path.startsWith(`${name}/`));
}

function isPrunable(layer: Layer<unknown>, { dense }: KernelChoice): boolean {
  return layer instanceof CellAlongTime || (dense && layer instanceof Dense);
}

function kernelsOf(layer: Layer<unknown>, path: string, choice: KernelChoice): PrunableKernel[] {
  if (!isPrunable(layer, choice)) return [];
  return [...layer.namedWeights('')].flatMap(([name, { variable }]) => {
    const weight = name.slice(1);
    const gates =
      layer instanceof CellAlongTime ? gatesOf(layer.cell, weight) : weight === 'kernel' ? [null] : undefined;
    if (gates === undefined) return [];
    const [rows, columns] = variable.shape.slice(-2);
    const heads = variable.shape.length === 3 ? variable.shape[0] : 1;
    const width = columns / gates.length;
    return [
      {
        layer: path,
        weight,
        variable,
        heads,
        rows,
        gates,
        width,
        isSquare: weight === 'recurrentKernel' && rows === width,
      },
    ];
  });
}

/** The gates of a kernel; undefined of a bias or a vector. */
function gatesOf(cell: Cell, weight: string): readonly (string | null)[] | undefined {
  if (weight === 'kernel' || weight === 'recurrentKernel') return cell.gates;
  if (weight === inputProjection) return [null];
  const own = Object.keys(cell.kernels).find((name) => kernelWeight(name) === weight);
  if (own === undefined) return undefined;
  return cell.kernels[own].to === gatesWidth ? cell.gates : [null];
}
