import { denseMatrix } from '../kernels/compress-matrix.js';
import { provideCompressedEngine } from '../kernels/compressed-engine.js';
import type { CompressedMatrix } from '../kernels/compressed-matrix.js';
import type { Backend, PlacedMatrix } from '../kernels/contract.js';
import { compressedProduct } from '../kernels/reference/compressed-product.js';
import { CompressedProducts } from '../kernels/wasm/compressed-products.js';
import { type Shape, sizeOf } from '../shape.js';
import { transposed } from '../transposed.js';

/**
 * How the matrices of a weight lie in it: `matrix` is `[k, n]`, or `[heads, k, n]` with one for each head, or one whose
 * inputs or outputs are several axes, and multiplied as it is; `table` is `[n, k]`, whose rows are looked up, and which is
 * multiplied transposed.
 */
export type WeightForm = 'matrix' | 'table';

/** Matrices as they were laid out on a backend. */
interface Placement {
  readonly backend: Backend;
  readonly segment: number;
  readonly placed: readonly PlacedMatrix[];
}

/** Gives back the memory of matrices that are dropped with their weights. */
const dropped = new FinalizationRegistry<readonly Placement[]>(free);

/** The numbers of a variable in a smaller form: what products read. They do not change. */
export class CompressedWeights {
  /** None is given up before all are, since recorded steps read them where they are. */
  readonly #placements: Placement[] = [];

  constructor(
    readonly shape: Shape,
    readonly form: WeightForm,
    /** One for each head; of a weight with several axes of inputs or outputs, one in all. */
    readonly matrices: readonly CompressedMatrix[],
  ) {
    provideCompressedEngine({ wasm: CompressedProducts, reference: compressedProduct });
  }

  /** All numbers as they lie in the shape; a new array. */
  numbers(): Float32Array {
    const all = new Float32Array(sizeOf(this.shape));
    this.matrices.forEach((matrix, head) => {
      const dense = denseMatrix(matrix);
      all.set(this.form === 'table' ? transposed(dense, matrix.k, matrix.n) : dense, head * dense.length);
    });
    return all;
  }

  /** Rows of a table, one behind the other; zeros where an index is negative. */
  rows(indices: ArrayLike<number>): Float32Array {
    const [table] = this.matrices;
    const { k, n } = table;
    const rows = new Float32Array(indices.length * k);
    if (table.kind !== 'int8') throw new TypeError('tables have 8-bit weights');
    for (let row = 0; row < indices.length; row++) {
      const index = indices[row];
      if (index < 0) continue;
      for (let i = 0; i < k; i++) rows[row * k + i] = table.values[i * n + index] * table.scales[index];
    }
    return rows;
  }

  /**
   * The matrices on a backend, for products of whole segments; undefined where their form is that of other segments, so
   * that products need the numbers themselves. @throws OUT_OF_MEMORY
   */
  placedOn(backend: Backend, segment: number): readonly PlacedMatrix[] | undefined {
    if (this.matrices.some((matrix) => matrix.kind === 'blocks' && matrix.segment !== segment)) return undefined;
    const found = this.#placements.find((place) => place.backend === backend && place.segment === segment);
    if (found !== undefined) return found.placed;
    const placed: PlacedMatrix[] = [];
    try {
      for (const matrix of this.matrices) placed.push(backend.placeMatrix(matrix, segment));
    } catch (error) {
      free([{ backend, segment, placed }]);
      throw error;
    }
    if (this.#placements.length === 0) dropped.register(this, this.#placements, this);
    this.#placements.push({ backend, segment, placed });
    return placed;
  }

  /** Gives the memory on backends back. */
  dispose(): void {
    dropped.unregister(this);
    free(this.#placements.splice(0));
  }
}

function free(placements: readonly Placement[]): void {
  for (const { backend, placed } of placements)
    for (const { buffers } of placed) for (const buffer of buffers) backend.free(buffer);
}
