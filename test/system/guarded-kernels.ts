/**
 * Runs kernels of machine code on arrays that begin or end where pages begin that may neither be read nor written: one
 * number beyond an array ends the process by a signal. Prints how many calls it made; `beyond` makes one that reaches
 * too far. Arguments: the set of instructions.
 */
import { createRequire } from 'node:module';
import { planCell } from '../../src/cells/plan.js';
import { libraryCells } from '../../src/cells/registry.js';
import { bytesOf, type DType } from '../../src/dtype.js';
import { leaf, mul } from '../../src/expression/build.js';
import { type PointwiseProgram, pointwiseProgram } from '../../src/expression/program.js';
import { blockSparse, halfMatrix, quantizeMatrix } from '../../src/kernels/compress-matrix.js';
import { provideCompressedEngine } from '../../src/kernels/compressed-engine.js';
import type { Strided } from '../../src/kernels/contract.js';
import type { Koffi } from '../../src/kernels/koffi.js';
import { compressedProduct } from '../../src/kernels/reference/compressed-product.js';
import { WasmBackend } from '../../src/kernels/wasm/backend.js';
import { CompressedProducts } from '../../src/kernels/wasm/compressed-products.js';
import type { WasmBuffer } from '../../src/kernels/wasm/memory.js';
import { X64MachineCode } from '../../src/kernels/x64/machine-code.js';
import type { Isa } from '../../src/kernels/x64/processor.js';
import { Random } from '../../src/random.js';
import { pageBytes as page, pageProtection } from '../support/page-protection.js';

const [isa, mode] = process.argv.slice(2) as [Isa, string | undefined];
const require = createRequire(import.meta.url);
const koffi = require('koffi') as Koffi;
const code = new X64MachineCode({ koffi, koffiPath: require.resolve('koffi'), platform: process.platform }, isa);
const backend = new WasmBackend({ threads: 1, sharedMemory: true }, undefined, code);
const protect = pageProtection(koffi);
const random = new Random(1);
provideCompressedEngine({ wasm: CompressedProducts, reference: compressedProduct });

/** Where the memory's first byte is; only a view of what is there is looked at. */
const probe = backend.allocate(1) as WasmBuffer;
const base = Number(koffi.address(new Uint8Array(probe.owner.memory.buffer)));

interface Guarded {
  readonly buffer: WasmBuffer;
  readonly guards: readonly number[];
}
const open: Guarded[] = [];

/** An array with pages before and behind it that may not be touched, at its beginning or at its end exactly. */
function guarded(size: number, rowStride: number, atEnd: boolean, dtype: DType = 'float32'): Strided {
  const bytes = bytesOf[dtype];
  const inner = Math.max(1, Math.ceil((bytes * size) / page)) * page;
  const buffer = backend.allocate((inner + 3 * page) / bytes, dtype) as WasmBuffer;
  const first = Math.ceil((base + buffer.address) / page) * page;
  const guards = [first, first + page + inner];
  const start = (first + page - base - buffer.address) / bytes;
  const offset = atEnd ? start + inner / bytes - size : start;
  backend.write(
    { buffer, offset },
    Float32Array.from({ length: size }, () => 2 * random.uniform() - 1),
  );
  for (const guard of guards) protect(guard, page, 'nothing');
  open.push({ buffer, guards });
  return { buffer, offset, rowStride };
}

function closeAll(): void {
  for (const { buffer, guards } of open.splice(0)) {
    for (const guard of guards) protect(guard, page, 'readAndWrite');
    backend.free(buffer);
  }
}

let numCalls = 0;
function each(work: (atEnd: boolean) => void): void {
  for (const atEnd of [false, true]) {
    work(atEnd);
    numCalls++;
    closeAll();
  }
}

function runProgram(program: PointwiseProgram, rows: number, columns: number): void {
  each((atEnd) => {
    const sizeOf = (access: string): number =>
      access === 'column' ? columns : access === 'row' ? rows : access === 'one' ? 1 : rows * columns;
    const strideOf = (access: string): number => (access === 'row' ? 1 : columns);
    const array = (access: string): Strided => guarded(sizeOf(access), strideOf(access), atEnd);
    const accessOf = { none: 'element', rows: 'column', columns: 'row', perRow: 'row', all: 'one' } as const;
    backend.pointwise({
      program,
      rows,
      columns,
      inputs: Object.fromEntries(program.inputs.map(({ name, access }) => [name, array(access)])),
      outputs: Object.fromEntries(program.outputs.map(({ name, reduce }) => [name, array(accessOf[reduce])])),
      scalars: Object.fromEntries(program.scalars.map((name) => [name, 0.5])),
    });
  });
}

const columnsToTry = [1, 3, 8, 15, 17, 40];
for (const cell of libraryCells) {
  const plan = planCell(cell);
  const stages = [...plan.trainingStages, ...plan.inferenceStages, ...plan.backward(true).stages];
  for (const { program } of stages.flatMap(({ programs }) => programs))
    for (const columns of columnsToTry) runProgram(program, 1 + (columns % 3), columns);
}

if (mode === 'beyond') {
  // The second row lies in the pages behind the array, of which the buffer's size says nothing.
  const program = pointwiseProgram('beyond', [{ name: 'y', expression: mul(leaf('x'), 2) }]);
  const x = guarded(8, 8, true);
  const y = guarded(16, 8, true);
  backend.pointwise({ program, rows: 2, columns: 8, inputs: { x }, outputs: { y } });
}

const halfTypes = ['float16', 'bfloat16'] as const;
const sizes = [
  [1, 1, 1],
  [1, 37, 19],
  [3, 65, 33],
  [7, 16, 8],
  [15, 33, 70],
  [29, 49, 17],
  [64, 70, 300],
  [2, 1, 50],
];
for (const [m, n, k] of sizes)
  for (const transposeA of [false, true])
    for (const transposeB of [false, true])
      each((atEnd) => {
        const a = guarded(m * k, transposeA ? m : k, atEnd);
        const b = guarded(k * n, transposeB ? k : n, atEnd);
        const c = guarded(m * n, n, atEnd);
        backend.matmul({ m, n, k, a, b, c, transposeA, transposeB, accumulate: m % 2 === 1 });
      });

for (const [m, segment, k] of sizes) {
  const n = 2 * segment;
  const whole = Float32Array.from({ length: k * n }, () => random.normal());
  // One block of 16 outputs at 4 inputs of a segment is kept in ten.
  const pruned = whole.map((value, i) => {
    const [input, output] = [Math.floor(i / n), (i % n) % segment];
    return (Math.floor(input / 4) + 3 * Math.floor(output / 16)) % 10 === 0 ? value : 0;
  });
  for (const compressed of [
    quantizeMatrix(whole, { k, n }),
    quantizeMatrix(pruned, { k, n }),
    blockSparse(pruned, { k, n }, segment),
    ...halfTypes.map((type) => halfMatrix(type, whole, { k, n })),
  ]) {
    const matrix = backend.placeMatrix(compressed, segment);
    for (const accumulate of [false, true])
      each((atEnd) => {
        const a = guarded(m * k, k, atEnd);
        backend.compressedMatmul({ m, n, a, matrix, firstColumn: 0, c: guarded(m * n, n, atEnd), accumulate });
      });
  }
}
for (const columns of columnsToTry)
  each((atEnd) => {
    const rowsOf = (dtype: DType) => ({
      columns,
      indices: Int32Array.of(2, -1, 0, 1),
      source: guarded(3 * columns, columns, atEnd, dtype),
      target: guarded(4 * columns, 0, atEnd, dtype),
    });
    backend.gatherRows(rowsOf('uint8'));
    const rows = rowsOf('float32');
    backend.gatherRows(rows);
    backend.scatterAddRows(rows);
    backend.fill(rows.target, 4 * columns, 1);
  });
console.log(numCalls);
