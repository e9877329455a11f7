import type { Random } from '../random.js';
import { type AddTile, tileHeap } from './double-tile.js';

// m rows, n columns (m >= n); a block holds B reflections. Matrices are stored in panels of 4 columns, `[n / 4][m][4]`,
// so that the product of two of them reads both from start to end.
const B = 32;
/** Rows of one pass through a product: as many as keep both operands in the first two caches. */
const ROWS = 256;

/**
 * A random matrix with orthonormal columns, uniformly distributed (Haar): the Q of the QR decomposition of a matrix of
 * normal numbers, with the signs that make the diagonal of R positive. R is never needed, because the reflection of
 * each step depends on normal numbers of its own (Stewart 1980, "The efficient generation of random orthogonal
 * matrices", section 3); reflections are applied in blocks `I - V T V'` (Schreiber and Van Loan 1989, "A
 * storage-efficient WY representation for products of Householder transformations").
 *
 * @returns `[m, n]` row-major, m at least n.
 */
export function orthonormalColumns(m: number, n: number, random: Random, kind?: 'vector' | 'scalar'): Float64Array {
  const product = new ReflectionProduct(m, n, kind);
  for (let start = product.width - B; start >= 0; start -= B) product.multiplyBlock(start, random);
  return product.columns();
}

/** `Q = H_1 ... H_n [I; 0] D`, worked out from the last block of reflections to the first. */
class ReflectionProduct {
  readonly width: number;
  /** Rows of a panel of Q. */
  readonly #height: number;

  /** Rows of a panel of V: some more, so that the panels do not fall on each other in the cache. */
  readonly #stride: number;
  readonly #heap: Float64Array;
  readonly #addTile: AddTile;

  /** Q, at 0 of the heap, `[width / 4][height][4]`. */
  readonly #q = 0;
  /** V of the block at hand, `[B / 4][stride][4]`; row 0 is row `start` of Q. */
  readonly #v: number;

  /** Some rows of V, `[ROWS / 4][B][4]`. */
  readonly #vRows: number;

  /** `V' Q` and `-T V' Q`, `[columns / 4][B][4]`. */
  readonly #product: number;
  readonly #weighted: number;

  /** T of the block at hand, `[B, B]`, upper triangular. */
  readonly #t = new Float64Array(B * B);

  readonly #m: number;
  readonly #n: number;

  constructor(m: number, n: number, kind: 'vector' | 'scalar' | undefined) {
    this.#m = m;
    this.#n = n;
    this.width = roundUp(n, B);
    // The last block may reach below the matrix where n is no multiple of B.
    this.#height = roundUp(Math.max(m, this.width), 4);
    this.#stride = this.#height + ROWS;
    this.#v = this.width * this.#height;
    this.#vRows = this.#v + B * this.#stride;
    this.#product = this.#vRows + ROWS * B;
    this.#weighted = this.#product + B * this.width;
    ({ heap: this.#heap, addTile: this.#addTile } = tileHeap(this.#weighted + B * this.width, kind));
  }

  /** Multiplies by the reflections `start` to `start + B` from the left. */
  multiplyBlock(start: number, random: Random): void {
    this.#heap.fill(0, this.#v, this.#v + B * this.#stride);
    const count = Math.min(B, this.#n - start);
    const scales: number[] = [];
    for (let j = 0; j < count; j++) scales.push(this.#drawReflection(start, j, random));
    this.#fillT(scales);
    this.#applyBlock(start);
  }

  /** The columns as a row-major matrix. */
  columns(): Float64Array {
    const m = this.#m;
    const n = this.#n;
    const heap = this.#heap;
    const height = this.#height;
    const result = new Float64Array(m * n);
    for (let j = 0; j < n; j++) for (let i = 0; i < m; i++) result[i * n + j] = heap[this.#q + placeOf(height, i, j)];
    return result;
  }

  /**
   * Draws the vector v of the reflection `I - scale v v'` that maps a normal vector x to an axis, and starts the column
   * of Q with the sign of R's diagonal. @returns scale
   */
  #drawReflection(start: number, j: number, random: Random): number {
    const heap = this.#heap;
    const stride = this.#stride;
    const rows = this.#m - start;
    let square = 0;
    for (let i = j; i < rows; i++) {
      const x = random.normal();
      heap[this.#v + placeOf(stride, i, j)] = x;
      square += x * x;
    }
    const at = this.#v + placeOf(stride, j, j);
    const first = heap[at];
    const norm = Math.sqrt(square);
    // x is mapped to -sign(first) |x|, the sign that does not cancel.
    const sign = first < 0 ? -1 : 1;
    heap[at] = first + sign * norm;
    heap[this.#q + placeOf(this.#height, start + j, start + j)] = -sign;
    return norm === 0 ? 0 : 1 / (norm * (norm + Math.abs(first)));
  }

  /** T of the product of the reflections: `T[:j, j] = -scale_j T[:j, :j] (V' V)[:j, j]`, `T[j, j] = scale_j`. */
  #fillT(scales: readonly number[]): void {
    const t = this.#t;
    const heap = this.#heap;
    this.#multiplyTransposed(this.#v, this.#stride, 0, B);
    t.fill(0);
    scales.forEach((scale, j) => {
      t[j * B + j] = scale;
      for (let i = 0; i < j; i++) {
        let sum = 0;
        for (let l = i; l < j; l++) sum += t[i * B + l] * heap[this.#product + placeOf(B, l, j)];
        t[i * B + j] = -scale * sum;
      }
    });
  }

  /** `Q[start:, start:] -= V T V' Q[start:, start:]`. */
  #applyBlock(start: number): void {
    const heap = this.#heap;
    const height = this.#height;
    const stride = this.#stride;
    const addTile = this.#addTile;
    const numRows = height - start;
    const numColumns = this.width - start;
    this.#multiplyTransposed(this.#q + placeOf(height, 0, start), height, start, numColumns);
    for (let column = 0; column < numColumns; column += 4)
      this.#weigh(this.#product + column * B, this.#weighted + column * B);
    for (let from = 0; from < numRows; from += ROWS) {
      const count = Math.min(ROWS, numRows - from);
      for (let j = 0; j < B; j++) {
        const source = this.#v + placeOf(stride, from, j);
        for (let i = 0; i < count; i++) heap[this.#vRows + placeOf(B, j, i)] = heap[source + 4 * i];
      }
      for (let column = 0; column < numColumns; column += 4) {
        const target = this.#q + placeOf(height, start + from, start + column);
        for (let i = 0; i < count; i += 4) addTile(this.#vRows + i * B, this.#weighted + column * B, B, target + 4 * i);
      }
    }
  }

  /** `product = V' M[row:]` for a matrix stored at `matrix` in panels of `matrixHeight` rows. */
  #multiplyTransposed(matrix: number, matrixHeight: number, row: number, numColumns: number): void {
    const numRows = this.#height - row;
    this.#heap.fill(0, this.#product, this.#product + B * numColumns);
    for (let from = 0; from < numRows; from += ROWS) {
      const depth = Math.min(ROWS, numRows - from);
      for (let column = 0; column < numColumns; column += 4) {
        const operand = matrix + placeOf(matrixHeight, row + from, column);
        for (let i = 0; i < B; i += 4)
          this.#addTile(this.#v + placeOf(this.#stride, from, i), operand, depth, this.#product + column * B + 4 * i);
      }
    }
  }

  /** `-T` times one panel of the product. */
  #weigh(source: number, target: number): void {
    const heap = this.#heap;
    const t = this.#t;
    for (let i = 0; i < B; i++) {
      let s0 = 0,
        s1 = 0,
        s2 = 0,
        s3 = 0;
      for (let l = i; l < B; l++) {
        const factor = t[i * B + l];
        const at = source + 4 * l;
        s0 -= factor * heap[at];
        s1 -= factor * heap[at + 1];
        s2 -= factor * heap[at + 2];
        s3 -= factor * heap[at + 3];
      }
      const at = target + 4 * i;
      heap[at] = s0;
      heap[at + 1] = s1;
      heap[at + 2] = s2;
      heap[at + 3] = s3;
    }
  }
}

/** Where row and column are in a matrix stored in panels of 4 columns. */
function placeOf(height: number, row: number, column: number): number {
  const lane = column % 4;
  return (column - lane) * height + row * 4 + lane;
}

function roundUp(size: number, multiple: number): number {
  return Math.ceil(size / multiple) * multiple;
}
