import type { DType } from '../../dtype.js';
import { add, exp, leaf, mul, rowSum, sigmoid, tanh } from '../../expression/build.js';
import { Interpreter } from '../../expression/interpret.js';
import { pointwiseProgram } from '../../expression/program.js';
import type { MatmulCall, Strided, View } from '../contract.js';
import type { MachineCode } from '../machine-code.js';
import { WasmBackend } from '../wasm/backend.js';

/**
 * Not multiples of any tile, and larger than one; the smaller ones go to kernels of few rows. Every start of a program
 * waits for them.
 */
const sizes = [
  [2, 37, 11],
  [17, 35, 9],
] as const;

/** Relative, of what the kernels promise. */
const tolerance = 2e-6;

/** Numbers that repeat late, between -1 and 1. */
const made = (i: number, seed: number): number => ((i * 37 + seed * 11) % 101) / 50 - 1;

/** What the code computes wrong here, compared with float64; undefined where nothing. */
export function faultOfMachineCode(code: MachineCode): string | undefined {
  const backend = new WasmBackend({ threads: 1, sharedMemory: false }, undefined, code);
  return faultOfPrograms(backend) ?? faultOfRows(backend) ?? faultOfProducts(backend);
}

function matrix(backend: WasmBackend, rows: number, columns: number, seed: number): Strided & { values: Float32Array } {
  const values = Float32Array.from({ length: rows * columns }, (_, i) => made(i, seed));
  const view = { buffer: backend.allocate(values.length), offset: 0, rowStride: columns };
  backend.write(view, values);
  return { ...view, values };
}

/** The functions of gates, along rows of one vector and a part of one, and sums along rows and over them. */
function faultOfPrograms(backend: WasmBackend): string | undefined {
  const [rows, columns] = [3, 21];
  const x = leaf('x');
  const gates = mul(sigmoid(x), tanh(mul(x, 3)));
  const program = pointwiseProgram('self-test', [
    { name: 'gates', expression: gates },
    { name: 'others', expression: add(mul(exp(x), leaf('scale', 'column')), rowSum(x)) },
    { name: 'sum', expression: gates, reduce: 'rows' },
  ]);
  const inputs = { x: matrix(backend, rows, columns, 1), scale: matrix(backend, 1, columns, 2) };
  const outputs = {
    gates: matrix(backend, rows, columns, 3),
    others: matrix(backend, rows, columns, 4),
    sum: matrix(backend, 1, columns, 5),
  };
  backend.pointwise({ program, rows, columns, inputs, outputs });
  const interpreter = new Interpreter(
    (name, row, column) => inputs[name as keyof typeof inputs].values[(name === 'x' ? row * columns : 0) + column],
    columns,
  );
  for (const { name, expression, reduce } of program.outputs) {
    const computed = backend.readNow(
      outputs[name as keyof typeof outputs],
      reduce === 'rows' ? columns : rows * columns,
    );
    for (let column = 0; column < columns; column++) {
      const values = Array.from({ length: rows }, (_, row) => interpreter.at(expression, row, column));
      const expected = reduce === 'rows' ? [values.reduce((sum, value) => sum + value)] : values;
      for (const [row, value] of expected.entries()) {
        const received = computed[row * columns + column];
        if (!(Math.abs(received - value) <= tolerance * (1 + Math.abs(value))))
          return `\`${name}\` of a pointwise program is ${received} where ${value} is right.`;
      }
    }
  }
  return undefined;
}

/** Rows by index, of four bytes a number and of one, one of them absent; adding to such rows; filling. */
function faultOfRows(backend: WasmBackend): string | undefined {
  const columns = 21;
  const indices = Int32Array.of(2, -1, 0);
  const size = indices.length * columns;
  const values = Float32Array.from({ length: size }, (_, i) => i);
  const picked = Float32Array.from(values, (_, i) => {
    const index = indices[Math.floor(i / columns)];
    return index < 0 ? 0 : index * columns + (i % columns);
  });
  const filled = (dtype: DType, numbers: Float32Array): View => {
    const view = { buffer: backend.allocate(size, dtype), offset: 0 };
    backend.write(view, numbers);
    return view;
  };
  for (const dtype of ['float32', 'int8'] as const) {
    const rows = { columns, indices, source: filled(dtype, values), target: filled(dtype, values) };
    backend.gatherRows(rows);
    const fault = faultOfNumbers(`row by index of ${dtype}`, backend.readNow(rows.target, size), picked);
    if (fault !== undefined) return fault;
    if (dtype !== 'float32') continue;
    backend.scatterAddRows(rows);
    const sums = values.map((value, i) => (indices.includes(Math.floor(i / columns)) ? 2 * value : value));
    const faultOfSums = faultOfNumbers('row that was added to', backend.readNow(rows.source, size), sums);
    if (faultOfSums !== undefined) return faultOfSums;
    backend.fill({ ...rows.target, offset: 1 }, size - 2, 7);
    const sevens = picked.map((value, i) => (i === 0 || i === size - 1 ? value : 7));
    const faultOfFill = faultOfNumbers('filled row', backend.readNow(rows.target, size), sevens);
    if (faultOfFill !== undefined) return faultOfFill;
  }
  return undefined;
}

/** Numbers that are whole, and the same in every arithmetic. */
function faultOfNumbers(what: string, received: ArrayLike<number>, expected: ArrayLike<number>): string | undefined {
  for (let i = 0; i < expected.length; i++)
    if (received[i] !== expected[i]) return `a ${what} is ${received[i]} where ${expected[i]} is right.`;
  return undefined;
}

function faultOfProducts(backend: WasmBackend): string | undefined {
  for (const [m, n, k] of sizes)
    for (const transposeA of [false, true])
      for (const transposeB of [false, true]) {
        const a = matrix(backend, transposeA ? k : m, transposeA ? m : k, 6);
        const b = matrix(backend, transposeB ? n : k, transposeB ? k : n, 7);
        const fault = faultOfProduct(backend, { m, n, k, a, b, c: matrix(backend, m, n, 8), transposeA, transposeB });
        if (fault !== undefined) return fault;
      }
  return undefined;
}

type ProductToTest = MatmulCall & Record<'a' | 'b', { readonly values: Float32Array }>;

function faultOfProduct(backend: WasmBackend, call: ProductToTest): string | undefined {
  backend.matmul(call);
  const fault = faultOfResult(backend, call);
  if (fault !== undefined) return fault;
  // Once more as a step of a sequence, in an item and with b laid out before.
  const { m, n, k, b, c, transposeB } = call;
  backend.openScope();
  backend.fill(c, m * n, NaN);
  const packed = backend.loops.pack({ m, n, k, b, transposeB, times: 3 });
  backend.loops.parallelFor([[{ numSteps: 1, calls: [{ kind: 'matmul', call: { ...call, packed } }] }]]);
  backend.closeScope();
  return faultOfResult(backend, call);
}

function faultOfResult(backend: WasmBackend, call: ProductToTest): string | undefined {
  const { m, n, k, a, b, c, transposeA, transposeB } = call;
  const computed = backend.readNow(c, m * n);
  for (let i = 0; i < m; i++)
    for (let j = 0; j < n; j++) {
      let sum = 0;
      for (let p = 0; p < k; p++)
        sum += a.values[transposeA ? p * m + i : i * k + p] * b.values[transposeB ? j * k + p : p * n + j];
      const received = computed[i * n + j];
      if (!(Math.abs(received - sum) <= tolerance * k)) return `a product is ${received} where ${sum} is right.`;
    }
  return undefined;
}
