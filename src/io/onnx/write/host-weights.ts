import type { Layer } from '../../../layers/layer.js';
import type { Shape } from '../../../shape.js';
import type { Variable } from '../../../tensor/variable.js';

/** The numbers of a weight, on the host. */
export interface HostWeight {
  readonly shape: Shape;
  readonly values: ArrayLike<number>;
}

/** The weights of a model, read from their device before anything is written. */
export class HostWeights {
  readonly #of = new Map<Variable, HostWeight>();

  static async read(layers: Iterable<Layer<unknown>>): Promise<HostWeights> {
    const weights = new HostWeights();
    for (const layer of layers)
      for (const [, { variable }] of layer.namedWeights('')) {
        if (!weights.#of.has(variable))
          weights.#of.set(variable, { shape: variable.shape, values: await variable.data() });
      }
    return weights;
  }

  /** The weights of one layer by their paths below it: `kernel`, `cell/kernel`. */
  below(layer: Layer<unknown>): ReadonlyMap<string, HostWeight> {
    return new Map([...layer.namedWeights('')].map(([path, { variable }]) => [path.slice(1), this.#of.get(variable)!]));
  }
}
