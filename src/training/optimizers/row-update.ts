import { leaf, neg } from '../../expression/build.js';
import { type PointwiseProgram, pointwiseProgram } from '../../expression/program.js';
import type { Strided } from '../../kernels/contract.js';
import { currentBackend } from '../../kernels/select.js';
import { gatherInto } from '../../tensor/gather.js';
import type { RowGradient } from '../../tensor/row-gradient.js';
import type { Tensor } from '../../tensor/tensor.js';
import type { Variable } from '../../tensor/variable.js';

const negate = pointwiseProgram('negate', [{ name: 'y', expression: neg(leaf('x')) }]);

/** An update of the rows that have a gradient. */
export interface RowUpdate {
  /** Of `gradient` and of what is updated, by its name. */
  readonly program: PointwiseProgram;
  /** A weight and what is remembered of it, all of one shape; changed in place. */
  readonly own: Readonly<Record<string, Variable>>;
  readonly gradient: RowGradient;
  /** What else the program reads, one value for all. */
  readonly inputs: Readonly<Record<string, Strided>>;
  readonly scalars: Readonly<Record<string, number>>;
}

/** Copies the rows out, updates the copies, and puts them back; the bits are those of an update in place. */
export function updateRows({ program, own, gradient, inputs, scalars }: RowUpdate): void {
  const { indices, columns, rows } = gradient;
  if (indices.length === 0) return;
  const backend = currentBackend();
  const flat = (values: Tensor): Strided => ({ ...values.viewOn(backend), rowStride: values.size });
  const copies = Object.entries(own).map(([name, all]) => {
    const copy = (): Tensor => gatherInto([indices.length, columns], all, columns, indices);
    return { name, all, before: copy(), after: copy() };
  });
  const places = Object.fromEntries(copies.map(({ name, after }) => [name, flat(after)]));
  backend.pointwise({
    program,
    rows: 1,
    columns: rows.size,
    inputs: { ...inputs, ...places, gradient: flat(rows) },
    outputs: places,
    scalars,
  });
  for (const { all, before, after } of copies) {
    // A number less itself is exactly 0, and 0 and a number are exactly that number.
    backend.pointwise({
      program: negate,
      rows: 1,
      columns: before.size,
      inputs: { x: flat(before) },
      outputs: { y: flat(before) },
    });
    for (const target of [before, after])
      backend.scatterAddRows({ columns, indices, source: all.viewOn(backend), target: target.viewOn(backend) });
  }
}
