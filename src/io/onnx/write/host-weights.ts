import type { Layer } from '../../../layers/layer.js';
import type { Shape } from '../../../shape.js';
import type { CompressedWeights } from '../../../tensor/compressed-weights.js';
import type { Variable } from '../../../tensor/variable.js';
import { transposed } from '../../../transposed.js';

/** The numbers of a weight, on the host. */
export interface HostWeight {
  readonly shape: Shape;
  readonly values: ArrayLike<number>;
  /** Where it has 8 bits. */
  readonly quantized?: QuantizedWeight | undefined;
}

/** Whole numbers as they lie in a weight's shape, each times the scale of its place along an axis. */
export interface QuantizedWeight {
  readonly values: Int8Array;
  readonly scales: Float32Array;
  readonly axis: 0 | 1;
}

/** The weights of a model, read from their device before anything is written. */
export class HostWeights {
  readonly #of = new Map<Variable, HostWeight>();

  static async read(layers: Iterable<Layer<unknown>>): Promise<HostWeights> {
    const weights = new HostWeights();
    for (const layer of layers)
      for (const [, { variable }] of layer.namedWeights('')) {
        if (!weights.#of.has(variable))
          weights.#of.set(variable, {
            shape: variable.shape,
            values: await variable.data(),
            quantized: variable.compressed && quantizedOf(variable.compressed),
          });
      }
    return weights;
  }

  /** The weights of one layer by their paths below it: `kernel`, `cell/kernel`. */
  below(layer: Layer<unknown>): ReadonlyMap<string, HostWeight> {
    return new Map([...layer.namedWeights('')].map(([path, { variable }]) => [path.slice(1), this.#of.get(variable)!]));
  }
}

/** One matrix of 8 bits in a shape of two axes; others are written as the numbers that they stand for. */
function quantizedOf({ form, matrices, shape }: CompressedWeights): QuantizedWeight | undefined {
  const [matrix] = matrices;
  if (matrices.length !== 1 || shape.length !== 2 || matrix.kind !== 'int8') return undefined;
  const { k, n, values, scales } = matrix;
  // A table lies in its shape row by row, [n, k].
  return form === 'table' ? { values: transposed(values, k, n), scales, axis: 0 } : { values, scales, axis: 1 };
}
