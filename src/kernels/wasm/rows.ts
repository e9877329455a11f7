import { bytesOf } from '../../dtype.js';
import type { GatherCall, IndexView, View } from '../contract.js';
import { type FunctionBuilder, f32, f32x4, i32, type Local, type ModuleBuilder, v128 } from './assembler.js';
import type { CallWriter } from './call-writer.js';
import { type KernelModules, LazyKernels, writeKernel } from './kernel-modules.js';
import type { WasmMemory } from './memory.js';

type I32 = Local<'i32'>;

/** More than any source has: indices of the host are checked there. */
const mostRows = 0x7fffffff;

/** Rows picked by index (embeddings, sorted and packed batches), and filling. */
export class RowKernels {
  readonly #memory: WasmMemory;
  readonly #kernels: LazyKernels<'gather' | 'gather_bytes' | 'scatter_add' | 'fill'>;

  constructor(memory: WasmMemory, modules: KernelModules) {
    this.#memory = memory;
    this.#kernels = new LazyKernels(modules, {
      gather: writeGather,
      gather_bytes: (module) =>
        writeByIndex(
          module,
          'gather_bytes',
          0,
          (f, source, row, bytes) => f.copyMemory(row, source, bytes),
          (f, row, bytes) => f.fillMemory(row, 0, bytes),
        ),
      scatter_add: (module) =>
        writeByIndex(module, 'scatter_add', 2, (f, source, row, columns) => addRow(f, row, source, columns)),
      fill: writeFill,
    });
  }

  /** Puts indices where kernels can read them, in the open scope, unless they are there. @returns their address */
  place(indices: Int32Array | IndexView): number {
    if (!(indices instanceof Int32Array)) return this.#memory.byteAddress(indices);
    const address = this.#memory.temporaryBytes(4 * indices.length);
    this.#memory.integers.set(indices, address / 4);
    return address;
  }

  /**
   * Writes the call for `count` rows of a gather (`target[i] = source[indices[i]]`, zeros where negative) from the
   * `first`th on.
   */
  writeGather(writer: CallWriter, call: GatherCall, indices: number, first: number, count: number): void {
    this.#write(
      writer,
      bytesOf[call.source.buffer.dtype] === 4 ? 'gather' : 'gather_bytes',
      call,
      indices,
      first,
      count,
    );
  }

  /** Writes the call for `source[indices[i]] += target[i]`, in index order; negative indices are ignored. */
  writeScatterAdd(writer: CallWriter, call: GatherCall, indices: number): void {
    this.#write(writer, 'scatter_add', call, indices, 0, call.indices.length);
  }

  writeFill(writer: CallWriter, view: View, size: number, value: number): void {
    writer.beginCall(this.#kernels.numberOf('fill'));
    writer.address(view, size);
    writer.int(size);
    writer.float(value);
    writer.endCall();
  }

  #write(
    writer: CallWriter,
    kernel: 'gather' | 'gather_bytes' | 'scatter_add',
    { columns, source, target, numRows = mostRows }: GatherCall,
    indices: number,
    first: number,
    count: number,
  ): void {
    const rowBytes = bytesOf[source.buffer.dtype] * columns;
    writer.beginCall(this.#kernels.numberOf(kernel));
    for (const word of [count, kernel === 'gather_bytes' ? rowBytes : columns, indices + 4 * first]) writer.int(word);
    writer.address(source, 0);
    writer.address({ ...target, offset: target.offset + columns * first }, columns * count);
    // Rows that the source has no room for count as absent.
    writer.int(Math.min(numRows, Math.floor((source.buffer.size - source.offset) / columns)));
    writer.endCall();
  }
}

/** Adds `gather`: (count, columns, indices, source, target, numRows). Rows by index; zeros where there is none. */
export function writeGather(module: ModuleBuilder): void {
  writeByIndex(module, 'gather', 2, copyRow, (f, row, columns) => f.fillMemory(row, 0, i32.shl(columns, 2)));
}

type RowOperation = (f: FunctionBuilder, source: I32, target: I32, columns: I32) => void;

/**
 * (count, columns, indices, source, target, numRows): an operation for every pair of an indexed row and a row of target.
 *
 * @param shift how many bytes a column has, as a power of 2
 */
function writeByIndex(
  module: ModuleBuilder,
  name: string,
  shift: 0 | 2,
  operation: RowOperation,
  onNegative?: (f: FunctionBuilder, row: I32, columns: I32) => void,
): void {
  const byIndex = module.func(
    name,
    { params: ['i32', 'i32', 'i32', 'i32', 'i32', 'i32'] },
    (f, count, columns, indices, source, target, numRows) => {
      const stride = f.let(shift === 0 ? columns : i32.shl(columns, shift));
      f.loop((again) => {
        const index = f.let(i32.load(indices));
        f.if(
          // Unsigned, negative ones are beyond every row.
          i32.lt_u(index, numRows),
          () => operation(f, f.let(i32.add(source, i32.mul(index, stride))), f.let(target), columns),
          () => onNegative?.(f, target, columns),
        );
        f.set(indices, i32.add(indices, 4));
        f.set(target, i32.add(target, stride));
        f.set(count, i32.sub(count, 1));
        f.brIf(again, count);
      });
    },
  );
  writeKernel(module, byIndex);
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
function forElements(
  f: FunctionBuilder,
  columns: I32,
  addresses: readonly I32[],
  four: () => void,
  one: () => void,
): void {
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

/** Adds `fill`: (address, count, value). */
export function writeFill(module: ModuleBuilder): void {
  const fill = module.func('fill', { params: ['i32', 'i32', 'f32'] }, (f, address, count, value) => {
    const vector = f.let(f32x4.splat(value));
    forElements(
      f,
      count,
      [address],
      () => f.storeV128(address, vector),
      () => f.storeF32(address, value),
    );
  });
  writeKernel(module, fill);
}
