import type { GatherCall, View } from '../contract.js';
import { type Exports, f32, f32x4, type FunctionBuilder, i32, instantiate, type Local, ModuleBuilder, v128 } from './assembler.js';
import type { WasmMemory } from './memory.js';

type I32 = Local<'i32'>;

/** Rows picked by index (embeddings, sorted and packed batches), and filling. */
export class RowKernels {
  readonly #memory: WasmMemory;
  readonly #exports: Exports;

  constructor(memory: WasmMemory) {
    this.#memory = memory;
    this.#exports = instantiate(rowsModule({ sharedMemory: memory.isShared, maximumPages: memory.maximumPages }), memory.memory);
  }

  /** `target[i] = source[indices[i]]`; a negative index gives zeros. */
  gather({ columns, indices, source, target }: GatherCall): void {
    this.#run(this.#exports.gather, columns, indices, source, target);
  }

  /** `source[indices[i]] += target[i]`, in index order; negative indices are ignored. */
  scatterAdd({ columns, indices, source, target }: GatherCall): void {
    this.#run(this.#exports.scatter_add, columns, indices, source, target);
  }

  fill(view: View, size: number, value: number): void {
    this.#exports.fill(this.#memory.byteAddress(view), size, value);
  }

  #run(kernel: (...args: number[]) => number, columns: number, indices: Int32Array, source: View, target: View): void {
    if (columns === 0 || indices.length === 0) return;
    const memory = this.#memory;
    memory.openScope();
    const address = memory.temporaryBytes(4 * indices.length);
    memory.integers.set(indices, address / 4);
    kernel(indices.length, columns, address, memory.byteAddress(source), memory.byteAddress(target));
    memory.closeScope();
  }
}

function rowsModule(limits: { sharedMemory: boolean; maximumPages: number }): Uint8Array<ArrayBuffer> {
  const module = new ModuleBuilder(limits);
  writeByIndex(module, 'gather', copyRow, (f, row, columns) => f.fillMemory(row, 0, i32.shl(columns, 2)));
  writeByIndex(module, 'scatter_add', (f, source, row, columns) => addRow(f, row, source, columns));
  writeFill(module);
  return module.toBytes();
}

type RowOperation = (f: FunctionBuilder, source: I32, target: I32, columns: I32) => void;

/** (count, columns, indices, source, target): an operation for every pair of an indexed row and a row of target. */
function writeByIndex(module: ModuleBuilder, name: string, operation: RowOperation, onNegative?: (f: FunctionBuilder, row: I32, columns: I32) => void): void {
  module.func(name, { params: ['i32', 'i32', 'i32', 'i32', 'i32'] }, (f, count, columns, indices, source, target) => {
    const stride = f.let(i32.shl(columns, 2));
    f.loop((again) => {
      const index = f.let(i32.load(indices));
      f.if(
        i32.ge_s(index, 0),
        () => operation(f, f.let(i32.add(source, i32.mul(index, stride))), f.let(target), columns),
        () => onNegative?.(f, target, columns),
      );
      f.set(indices, i32.add(indices, 4));
      f.set(target, i32.add(target, stride));
      f.set(count, i32.sub(count, 1));
      f.brIf(again, count);
    });
  });
}

function copyRow(f: FunctionBuilder, source: I32, target: I32, columns: I32): void {
  forElements(
    f,
    columns,
    [source, target],
    () => f.storeV128(target, v128.load(source)),
    () => f.storeF32(target, f32.load(source)),
  );
}

/** `target += source` */
function addRow(f: FunctionBuilder, source: I32, target: I32, columns: I32): void {
  forElements(
    f,
    columns,
    [source, target],
    () => f.storeV128(target, f32x4.add(v128.load(target), v128.load(source))),
    () => f.storeF32(target, f32.add(f32.load(target), f32.load(source))),
  );
}

/** Walks along a row four elements at a time, then one at a time; a row of one column costs two comparisons. */
function forElements(f: FunctionBuilder, columns: I32, addresses: readonly I32[], four: () => void, one: () => void): void {
  const repeat = (count: I32, bytes: number, body: () => void): void =>
    f.if(count, () =>
      f.loop((again) => {
        body();
        for (const address of addresses) f.set(address, i32.add(address, bytes));
        f.set(count, i32.sub(count, 1));
        f.brIf(again, count);
      }),
    );
  repeat(f.let(i32.shr_u(columns, 2)), 16, four);
  repeat(f.let(i32.and(columns, 3)), 4, one);
}

/** (address, count, value) */
function writeFill(module: ModuleBuilder): void {
  module.func('fill', { params: ['i32', 'i32', 'f32'] }, (f, address, count, value) => {
    const vector = f.let(f32x4.splat(value));
    forElements(
      f,
      count,
      [address],
      () => f.storeV128(address, vector),
      () => f.storeF32(address, value),
    );
  });
}
