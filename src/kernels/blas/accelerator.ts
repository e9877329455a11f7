import type { Accelerator, PlacedProduct } from '../acceleration.js';
import type { MatmulCall } from '../contract.js';
import type { BlasLibrary } from './library.js';

/**
 * Smaller products end sooner in WebAssembly: a call of a library costs a fifth of a microsecond, and its packing more.
 */
const leastMultiplyAdds = 1 << 14;
/** Libraries pack b first, which a few rows do not repay; the kernels here read b where it is. */
const leastRows = 8;
const leastColumns = 2;

/** The products of the WebAssembly backend by an installed library, in the same memory. */
export class BlasAccelerator implements Accelerator {
  readonly name: string;
  readonly #library: BlasLibrary;

  constructor(library: BlasLibrary) {
    this.name = library.version;
    this.#library = library;
  }

  takes({ m, n, k }: Pick<MatmulCall, 'm' | 'n' | 'k'>): boolean {
    return m >= leastRows && n >= leastColumns && m * n * k >= leastMultiplyAdds;
  }

  multiply(product: PlacedProduct): void {
    this.#library.multiply(product);
  }
}
