import type { Backend, View } from '../kernels/contract.js';
import { currentBackend } from '../kernels/select.js';
import type { Shape } from '../shape.js';
import { addInto, addTensors, constantTensor, copyOf } from './accumulate.js';
import { type FlatArray, Tensor } from './tensor.js';

/**
 * A gradient that is zero but for some rows of equal length: an embedding's, of which a batch reads few rows. As a
 * tensor it has all its numbers, which are made when somebody asks for them; optimizers look at the rows alone.
 */
export class RowGradient extends Tensor {
  /**
   * @param indices of the rows, ascending, each once; row i is the numbers from `i * columns` on.
   * @param rows `[indices.length, columns]`
   */
  constructor(
    shape: Shape,
    readonly indices: Int32Array,
    readonly rows: Tensor,
  ) {
    super(shape, undefined);
  }

  /** Numbers in a row. */
  get columns(): number {
    return this.rows.shape[1];
  }

  /** How many rows there are with those of zeros. */
  get numRows(): number {
    return this.size / this.columns;
  }

  override async data(): Promise<FlatArray> {
    return this.#spread(await this.rows.data());
  }

  override dataSync(): FlatArray {
    return this.#spread(this.rows.dataSync());
  }

  /** @internal */
  override outliveScope(): void {
    this.rows.outliveScope();
  }

  protected override writeNumbers(backend: Backend, view: View): void {
    backend.fill(view, this.size, 0);
    backend.scatterAddRows({
      columns: this.columns,
      indices: this.indices,
      source: view,
      target: this.rows.viewOn(backend),
    });
  }

  #spread(rows: FlatArray): FlatArray {
    const all = rows instanceof Float32Array ? new Float32Array(this.size) : new Float64Array(this.size);
    this.indices.forEach((index, i) =>
      all.set(rows.subarray(i * this.columns, (i + 1) * this.columns), index * this.columns),
    );
    return all;
  }
}

/** @internal The numbers of a gradient that may differ from zero. */
export function numbersOf(gradient: Tensor): Tensor {
  return gradient instanceof RowGradient ? gradient.rows : gradient;
}

/**
 * @internal The gradient of rows that were read by index: each row of `values` is added at its index, in their order,
 * negative ones are left out.
 */
export function rowGradient(shape: Shape, columns: number, indices: Int32Array, values: Tensor): RowGradient {
  const distinct = ascending(indices);
  return new RowGradient(shape, distinct, addedUp(distinct, columns, [{ indices, rows: values }]));
}

/**
 * @internal The sum of two gradients of the same tensor; of rows, where both are. The bits are those of whole tensors.
 */
export function addGradients(a: Tensor, b: Tensor): Tensor {
  if (a instanceof RowGradient && b instanceof RowGradient && a.columns === b.columns) {
    const indices = ascending([...a.indices, ...b.indices]);
    return new RowGradient(a.shape, indices, addedUp(indices, a.columns, [a, b]));
  }
  if (a instanceof RowGradient) return b instanceof RowGradient ? addTensors(a, b) : withRows(b, a);
  return b instanceof RowGradient ? withRows(a, b) : addTensors(a, b);
}

/** @internal Adds a gradient to a whole tensor, in place. */
export function addGradientInto(sum: Tensor, added: Tensor): void {
  if (added instanceof RowGradient) scatterRows(sum, added);
  else addInto(sum, added);
}

function withRows(all: Tensor, rows: RowGradient): Tensor {
  const sum = copyOf(all);
  scatterRows(sum, rows);
  return sum;
}

function scatterRows(sum: Tensor, { rows, indices, columns }: RowGradient): void {
  const backend = currentBackend();
  backend.scatterAddRows({ columns, indices, source: sum.viewOn(backend), target: rows.viewOn(backend) });
}

function addedUp(
  distinct: Int32Array,
  columns: number,
  parts: readonly { readonly indices: Int32Array; readonly rows: Tensor }[],
): Tensor {
  const backend = currentBackend();
  const places = new Map<number, number>();
  distinct.forEach((index, place) => places.set(index, place));
  const sum = constantTensor([distinct.length, columns], 0);
  for (const { indices, rows } of parts) {
    backend.scatterAddRows({
      columns,
      indices: indices.map((index) => places.get(index) ?? -1),
      source: sum.viewOn(backend),
      target: rows.viewOn(backend),
    });
  }
  return sum;
}

/** The indices that are not negative, each once. */
function ascending(indices: Iterable<number>): Int32Array {
  const distinct = new Set(indices);
  return Int32Array.from(distinct)
    .filter((index) => index >= 0)
    .sort();
}
