/**
 * Times the emitted pointwise kernels on one core, after comparing each with the double-precision interpreter; those of
 * machine code where they can run (the package koffi must be found from the bundle):
 *
 *     npx esbuild bench/pointwise.ts --bundle --platform=node --format=esm --external:koffi --outfile=dist/pointwise.mjs
 *     node dist/pointwise.mjs
 *
 * Node 20 has relaxed SIMD behind a flag, which is set here before the first kernel is compiled.
 */
import { cpus, loadavg } from 'node:os';
import { setFlagsFromString } from 'node:v8';
import { lstm } from '../src/cells/lstm.js';
import { planCell } from '../src/cells/plan.js';
import {
  add,
  div,
  type Expression,
  exp,
  leaf,
  mul,
  rowMax,
  rowSum,
  sigmoid,
  sqrt,
  square,
  sub,
  tanh,
} from '../src/expression/build.js';
import { Interpreter } from '../src/expression/interpret.js';
import { type PointwiseProgram, pointwiseProgram } from '../src/expression/program.js';
import type { Buffer, PointwiseCall, Strided } from '../src/kernels/contract.js';
import { WasmMemory } from '../src/kernels/wasm/memory.js';
import { pointwiseOn } from '../test/support/kernels-on.js';
import { machineCodes } from '../test/support/machine-code.js';
import { pointwiseMachineCodeOn } from '../test/support/pointwise-machine-code.js';

if (process.versions.node.startsWith('20.')) setFlagsFromString('--experimental-wasm-relaxed-simd');

const WARM_UP_MS = 100;
const REPEATS = 60;
const REPEAT_MS = 3;

const lstmPlan = planCell(lstm);
const forward = lstmPlan.trainingStages.flatMap(({ programs }) => programs)[0].program;
const backward = lstmPlan.backward(true).stages.flatMap(({ programs }) => programs)[0].program;

/** Where an array of a cell's program lies in a row of gate slots: activated gates over the input products. */
function gateSlot(name: string): { buffer: string; slot: number } | undefined {
  const [role, what] = name.split('.');
  if (role === 'saved') return { buffer: 'input', slot: lstmPlan.savedSlots[Number(what)] };
  const slot = (lstm.gates as readonly string[]).indexOf(what);
  return slot < 0 ? undefined : { buffer: role, slot };
}

function softmax(): PointwiseProgram {
  const exponentials = exp(sub(leaf('x'), rowMax(leaf('x'))));
  return pointwiseProgram('softmax', [{ name: 'y', expression: div(exponentials, rowSum(exponentials)) }]);
}

function adam(): PointwiseProgram {
  const gradient = leaf('gradient');
  const mean = add(mul(0.9, leaf('mean')), mul(0.1, gradient));
  const variance = add(mul(0.999, leaf('variance')), mul(0.001, square(gradient)));
  return pointwiseProgram('adam', [
    { name: 'nextMean', expression: mean },
    { name: 'nextVariance', expression: variance },
    {
      name: 'nextWeight',
      expression: sub(leaf('weight'), div(mul(leaf('rate', 'scalar'), mean), add(sqrt(variance), 1e-7))),
    },
  ]);
}

function unaryProgram(name: string, operation: (a: Expression) => Expression): PointwiseProgram {
  return pointwiseProgram(name, [{ name: 'y', expression: operation(leaf('x')) }]);
}

const columnSums = pointwiseProgram('column sums', [{ name: 'sum', expression: leaf('x'), reduce: 'rows' }]);

interface Case {
  readonly program: PointwiseProgram;
  readonly rows: number;
  readonly columns: number;
}

const cases: readonly Case[] = [
  { program: forward, rows: 32, columns: 128 },
  { program: backward, rows: 32, columns: 128 },
  // As much as the first-level cache holds: what the arrays of a whole step cost more.
  { program: forward, rows: 1, columns: 256 },
  { program: backward, rows: 1, columns: 256 },
  { program: unaryProgram('exp', exp), rows: 32, columns: 128 },
  { program: unaryProgram('sigmoid', sigmoid), rows: 32, columns: 128 },
  { program: unaryProgram('tanh', tanh), rows: 32, columns: 128 },
  { program: softmax(), rows: 32, columns: 1000 },
  { program: adam(), rows: 64, columns: 128 },
  { program: columnSums, rows: 512, columns: 128 },
];

/** Repeatable numbers between -3 and 3. */
function numbers(size: number, seed: number): Float32Array {
  let state = seed;
  return Float32Array.from({ length: size }, () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return (state / 2 ** 32) * 6 - 3;
  });
}

/** Kernels of one kind; `prepare` gives what runs a call some times over. */
interface Kind {
  readonly name: string;
  prepare(call: PointwiseCall): (times: number) => void;
}

class Bound {
  readonly call: PointwiseCall;
  readonly run: (times: number) => void;
  readonly #data = new Map<string, Float32Array>();
  readonly #memory: WasmMemory;

  constructor(
    memory: WasmMemory,
    kind: Kind,
    readonly item: Case,
  ) {
    this.#memory = memory;
    const { program, rows, columns } = item;
    const slots = new Map<string, Buffer>();
    const array = (name: string): [string, Strided] => {
      const place = gateSlot(name);
      if (place === undefined)
        return [name, { buffer: memory.allocate(rows * columns), offset: 0, rowStride: columns }];
      if (!slots.has(place.buffer)) slots.set(place.buffer, memory.allocate(rows * columns * lstmPlan.gateSlots));
      return [
        name,
        { buffer: slots.get(place.buffer)!, offset: place.slot * columns, rowStride: lstmPlan.gateSlots * columns },
      ];
    };
    const inputs = Object.fromEntries(program.inputs.map(({ name }) => array(name)));
    const outputs = Object.fromEntries(program.outputs.map(({ name }) => array(name)));
    program.inputs.forEach(({ name, access }, i) => {
      const values = numbers(access === 'column' ? columns : rows * columns, i + 1);
      if (name === 'variance') values.forEach((value, j) => (values[j] = Math.abs(value)));
      this.#data.set(name, values);
      const { rowStride } = inputs[name];
      const start = memory.byteAddress(inputs[name]) / 4;
      for (let row = 0; row * columns < values.length; row++)
        memory.floats.set(values.subarray(row * columns, (row + 1) * columns), start + row * rowStride);
    });
    this.call = {
      program,
      rows,
      columns,
      inputs,
      outputs,
      scalars: Object.fromEntries(program.scalars.map((name) => [name, 0.001])),
    };
    this.run = kind.prepare(this.call);
  }

  /** The largest difference from the interpreter after one run, relative to values above 1. */
  largestError(): number {
    const { program, rows, columns, outputs } = this.call;
    this.run(1);
    const read = (name: string, row: number, column: number): number => {
      const values = this.#data.get(name);
      return values === undefined ? 0.001 : values[values.length === columns ? column : row * columns + column];
    };
    const interpreter = new Interpreter(read, columns);
    let largest = 0;
    for (const { name, expression, reduce } of program.outputs) {
      const start = this.#memory.byteAddress(outputs[name]) / 4;
      const compare = (place: number, expected: number): void => {
        const error = Math.abs(this.#memory.floats[start + place] - expected) / Math.max(1, Math.abs(expected));
        largest = Math.max(largest, error);
      };
      const sums = new Float64Array(columns);
      for (let row = 0; row < (reduce === 'rows' ? rows : Math.min(rows, 3)); row++) {
        for (let column = 0; column < columns; column++) {
          const value = interpreter.at(expression, row, column);
          sums[column] += value;
          if (reduce === 'none') compare(row * outputs[name].rowStride + column, value);
        }
      }
      if (reduce === 'rows') sums.forEach((sum, column) => compare(column, sum));
    }
    return largest;
  }

  /** Nanoseconds per call, over about `forMs`. */
  time(forMs: number): number {
    let calls = 0;
    const start = performance.now();
    let elapsedMs = 0;
    while (elapsedMs < forMs) {
      this.run(16);
      calls += 16;
      elapsedMs = performance.now() - start;
    }
    return (elapsedMs * 1e6) / calls;
  }
}

function report(name: string, bounds: readonly Bound[], perCall = false): void {
  const errors = bounds.map((bound) => bound.largestError());
  for (const bound of bounds) bound.time(WARM_UP_MS);
  const times = bounds.map((): number[] => []);
  for (let repeat = 0; repeat < REPEATS; repeat++) bounds.forEach((bound, i) => times[i].push(bound.time(REPEAT_MS)));
  const columns = bounds.map((bound, i) => {
    const { rows, columns: width } = bound.item;
    times[i].sort((a, b) => a - b);
    const scale = perCall ? 1 : rows * width;
    const [best, median] = [times[i][0] / scale, times[i][REPEATS >> 1] / scale];
    return `${best.toFixed(2).padStart(8)} ${median.toFixed(2).padStart(8)} ${errors[i].toExponential(1).padStart(9)}`;
  });
  console.log(name.padEnd(26), columns.join('   |'));
}

console.log(`${cpus()[0].model}, Node ${process.versions.node}, load ${loadavg()[0].toFixed(1)}`);
const memory = new WasmMemory();
const wasm = (name: string, relaxed: boolean): Kind => {
  const kernels = pointwiseOn(memory, { relaxed });
  return {
    name,
    prepare: (call) => (times) => {
      for (let i = 0; i < times; i++) kernels.run(call);
    },
  };
};
const native = machineCodes.flatMap(({ code, isa }): Kind[] => {
  if (code === undefined) return [];
  const kernels = pointwiseMachineCodeOn(memory, code);
  return [{ name: isa, prepare: (call) => kernels.prepare(call).run }];
});
const kinds = [wasm('relaxed', true), wasm('plain', false), ...native];
console.log('ns per element, one core: best, median, error of', kinds.map(({ name }) => name).join(' | '));
const only = process.argv[2];
for (const item of cases) {
  if (only !== undefined && !item.program.name.includes(only)) continue;
  report(
    `${item.program.name} [${item.rows}, ${item.columns}]`,
    kinds.map((kind) => new Bound(memory, kind, item)),
  );
}
report(
  'ns per call (18 arrays)',
  kinds.map((kind) => new Bound(memory, kind, { program: forward, rows: 1, columns: 4 })),
  true,
);
