import type { Backend, View } from '../kernels/contract.js';
import { currentBackend } from '../kernels/select.js';
import { type Shape, sameShape } from '../shape.js';
import type { CompressedWeights } from './compressed-weights.js';
import { type FlatArray, Tensor } from './tensor.js';

/** A compressed weight as its one matrix `[k, n]`, which products read as it is. It lives as long as the weight. */
class CompressedView extends Tensor {
  readonly #weight: Tensor;

  constructor(weight: Tensor, shape: Shape) {
    super(shape, undefined, undefined, weight.storedType);
    this.#weight = weight;
  }

  /** @internal */
  override get compressed(): CompressedWeights | undefined {
    return this.#weight.compressed;
  }

  /** @internal */
  override weightsForProducts(backend: Backend): CompressedWeights | undefined {
    return this.#weight.weightsForProducts(backend);
  }

  override async data(): Promise<FlatArray> {
    return this.#weight.data();
  }

  override dataSync(): FlatArray {
    return this.#weight.dataSync();
  }

  /** @internal Written out for the open scope, for whoever does not read the numbers as they are. */
  override storedViewOn(backend: Backend): View {
    return this.#weight.storedViewOn(backend);
  }

  /** @internal */
  override outliveScope(): void {}

  protected override residentIfAny(): undefined {
    return undefined;
  }
}

/** A weight under the shape of its one compressed matrix; undefined where it has none of that shape. */
export function compressedView(weight: Tensor, shape: Shape): Tensor | undefined {
  const smaller = weight.weightsForProducts(currentBackend());
  if (smaller === undefined) return undefined;
  const { form, matrices } = smaller;
  const [{ k, n }] = matrices;
  const isMatrix = form === 'matrix' && matrices.length === 1 && sameShape(shape, [k, n]);
  return isMatrix ? new CompressedView(weight, shape) : undefined;
}
