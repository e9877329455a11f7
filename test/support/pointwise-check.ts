import { setFlagsFromString } from 'node:v8';
import type { Access } from '../../src/expression/build.js';
import { formatExpression, Interpreter } from '../../src/expression/interpret.js';
import type { PointwiseProgram, Reduce } from '../../src/expression/program.js';
import type { PointwiseCall, Strided } from '../../src/kernels/contract.js';
import { type WasmBuffer, WasmMemory } from '../../src/kernels/wasm/memory.js';
import { pointwiseOn } from './kernels-on.js';
import { type Bounded, boundedValue, HALF_ULP, sum } from './rounding-bound.js';

// Node 20 and 21 have relaxed SIMD behind a flag; it must be set before the first module is compiled.
if (Number(process.versions.node.split('.')[0]) < 22) setFlagsFromString('--experimental-wasm-relaxed-simd');

export const memory = new WasmMemory();

/** Kernels with both kinds of multiply-add. */
export const kinds = [
  { name: 'plain', kernels: pointwiseOn(memory, { relaxed: false }) },
  { name: 'relaxed', kernels: pointwiseOn(memory, { relaxed: true }) },
];

/** Numbers with ties, zeros and signs. */
export function numbersFrom(seed: number): () => number {
  let state = seed + 1;
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    const kind = (state >>> 20) % 8;
    return kind === 0 ? 0 : kind === 1 ? 1 : Math.fround((state / 2 ** 32) * 6 - 3);
  };
}

/** A buffer filled with a value that a kernel must neither read into a result nor overwrite. */
const GUARD = 12345.678;

interface Placed {
  readonly buffer: WasmBuffer;
  readonly array: Strided;
  readonly place: (row: number, column: number) => number;
}

function place(access: Access, rows: number, columns: number, slack: number): Placed {
  const rowStride = access === 'element' ? columns + slack : access === 'row' ? slack : 0;
  const extent = access === 'element' ? rows * (columns + slack) : access === 'row' ? rows * slack + 1 : columns;
  const buffer = memory.allocate(slack + extent + 9);
  memory.floats.fill(GUARD, buffer.address / 4, buffer.address / 4 + buffer.size);
  return {
    buffer,
    // What has one value per column does not move from row to row, whatever its stride.
    array: { buffer, offset: slack, rowStride: access === 'column' ? 3 : rowStride },
    place: (row, column) => buffer.address / 4 + slack + row * rowStride + (access === 'row' ? 0 : column),
  };
}

const accessOfReduce: Readonly<Record<Reduce, Access>> = {
  none: 'element',
  rows: 'column',
  columns: 'row',
  all: 'scalar',
  perRow: 'row',
};

export interface Block {
  readonly rows: number;
  readonly columns: number;
  /** By how much rows are longer than their columns, and where arrays begin in their buffers. */
  readonly slack: number;
  readonly seed: number;
}

/**
 * Runs a program over random numbers, compares every output with the interpreter, and the rest of the arrays' memory
 * with what it held before. `inPlace` says which outputs may lie over an element input.
 */
export function checkPointwise(
  kernels: ReturnType<typeof pointwiseOn>,
  program: PointwiseProgram,
  inPlace: readonly boolean[],
  { rows, columns, slack, seed }: Block,
): void {
  const random = numbersFrom(seed);
  const inputs = new Map<string, Placed>();
  const held: WasmBuffer[] = [];
  for (const { name, access } of program.inputs) {
    const placed = place(access, rows, columns, slack);
    held.push(placed.buffer);
    inputs.set(name, placed);
    for (let row = 0; row < (access === 'column' ? 1 : rows); row++) {
      for (let column = 0; column < (access === 'row' ? 1 : columns); column++)
        memory.floats[placed.place(row, column)] = random();
    }
  }
  const scalars = Object.fromEntries(program.scalars.map((name) => [name, random()]));
  const before = memory.floats.slice();
  const overlaid = [...inputs.values()].filter((_, i) => program.inputs[i].access === 'element');
  const outputs = new Map<string, Placed>();
  program.outputs.forEach(({ name, reduce, accumulate }, i) => {
    const shared = reduce === 'none' && !accumulate && inPlace[i] ? overlaid.pop() : undefined;
    const placed =
      shared ??
      place(
        accessOfReduce[reduce],
        rows,
        columns,
        reduce === 'columns' || reduce === 'perRow' ? Math.max(1, slack) : slack,
      );
    if (shared === undefined) held.push(placed.buffer);
    outputs.set(name, placed);
  });
  const start = memory.floats.slice();
  const read = (name: string, row: number, column: number): number =>
    scalars[name] ?? before[inputs.get(name)!.place(row, column)];

  const call: PointwiseCall = {
    program,
    rows,
    columns,
    scalars,
    inputs: Object.fromEntries([...inputs].map(([name, { array }]) => [name, array])),
    outputs: Object.fromEntries([...outputs].map(([name, { array }]) => [name, array])),
  };
  kernels.run(call);

  const written = new Set<number>();
  const interpreter = new Interpreter(read, columns);
  const compare = (at: number, { value, error }: Bounded, what: string): void => {
    written.add(at);
    const difference = Math.abs(memory.floats[at] - value);
    if (error < 1e6 && !(difference <= error)) {
      throw new Error(`${what}: ${memory.floats[at]} instead of ${value}, tolerance ${error}`);
    }
  };
  for (const { name, expression, reduce, accumulate } of program.outputs) {
    const { place: placeOf } = outputs.get(name)!;
    const exact = (row: number, column: number): Bounded => {
      const bounded = boundedValue(expression, read, columns, row, column);
      if (!Object.is(bounded.value, interpreter.at(expression, row, column)))
        throw new Error('the interpreter disagrees with the bound');
      return bounded;
    };
    const all = Array.from({ length: rows }, (_, row) =>
      Array.from({ length: columns }, (_, column) => exact(row, column)),
    );
    const expectAt = (at: number, terms: readonly Bounded[], summed: boolean): void => {
      const added = summed ? sum(terms) : terms[0];
      const result = accumulate ? sum([added, { value: start[at], error: 0 }]) : added;
      // Sums over rows are taken in single precision within a block.
      const blocked =
        reduce === 'rows' ? terms.length * HALF_ULP * terms.reduce((size, { value }) => size + Math.abs(value), 0) : 0;
      compare(
        at,
        { value: result.value, error: result.error + blocked },
        `${name} = ${reduce} of ${formatExpression(expression)}`,
      );
    };
    if (reduce === 'perRow') for (let row = 0; row < rows; row++) expectAt(placeOf(row, 0), [exact(row, 0)], false);
    if (reduce === 'all') expectAt(placeOf(0, 0), all.flat(), true);
    for (let row = 0; row < rows; row++) {
      if (reduce === 'columns') expectAt(placeOf(row, 0), all[row], true);
      for (let column = 0; column < columns; column++)
        if (reduce === 'none') expectAt(placeOf(row, column), [all[row][column]], false);
    }
    if (reduce === 'rows')
      for (let column = 0; column < columns; column++)
        expectAt(
          placeOf(0, column),
          all.map((values) => values[column]),
          true,
        );
  }
  for (const buffer of held) {
    for (let at = buffer.address / 4; at < buffer.address / 4 + buffer.size; at++) {
      if (!written.has(at) && memory.floats[at] !== start[at])
        throw new Error(
          `something was written ${at - buffer.address / 4} elements into a buffer, outside of every output`,
        );
    }
    memory.free(buffer);
  }
}
