import type { Layer } from '../../layers/layer.js';
import { describeShape, type Shape } from '../../shape.js';
import { type Counterpart, counterpartOf, weightNumbers } from './layer-parts.js';
import type { StateDict } from './read-state-dict.js';
import { cellWeights, type TorchTensors } from './recurrent-weights.js';
import { cellsOf, isRecurrent } from './torch-layers.js';
import { nameIn } from './torch-modules.js';

/** What a layer takes of a state dict. */
export interface Loading {
  /** Shapes of the tensors by name. */
  readonly wanted: ReadonlyMap<string, Shape>;
  /** Puts them into the layer, where {@link misfitsOf} finds nothing. */
  readonly load: () => void;
}

/** @param first of a recurrent layer, its place among the layers of the module. */
export function loadingOf(layer: Layer<unknown>, module: string, first: number, state: StateDict): Loading {
  const numbers = (tensor: string): Float32Array => state.get(tensor)!.data as Float32Array;
  if (!isRecurrent(layer)) {
    const { parts } = counterpartOf(layer) as Counterpart;
    return {
      wanted: new Map(parts.map(({ role, shape }) => [nameIn(module, role), shape])),
      load: () => {
        for (const part of parts)
          part.variable.assign(weightNumbers(part, numbers(nameIn(module, part.role))) as Float32Array);
      },
    };
  }
  const cells = cellsOf(layer, module, first);
  return {
    wanted: new Map(
      cells.flatMap(({ shapes, nameOf }) =>
        Object.entries(shapes).map(([role, shape]): [string, Shape] => [nameOf(role), shape]),
      ),
    ),
    load: () => {
      for (const { sizes, weights, shapes, nameOf } of cells) {
        const tensors = Object.fromEntries(Object.keys(shapes).map((role) => [role, numbers(nameOf(role))]));
        const values = cellWeights(sizes, tensors as unknown as TorchTensors);
        for (const [role, variable] of weights) variable.assign(values[role]);
      }
    },
  };
}

/** What of a state dict is missing, no floats, or of another shape. */
export function misfitsOf(wanted: ReadonlyMap<string, Shape>, state: StateDict): string[] {
  return [...wanted].flatMap(([name, shape]) => {
    const found = state.get(name);
    if (found === undefined) return [`\`${name}\` is missing`];
    if (found.dtype !== 'F32' && found.dtype !== 'F64') return [`\`${name}\` holds ${found.storedDtype}`];
    return String(found.shape) === String(shape)
      ? []
      : [`\`${name}\` is ${describeShape(found.shape)} and not ${describeShape(shape)}`];
  });
}
