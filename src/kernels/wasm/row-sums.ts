import { addToDoubles, roundedSum } from './accumulators.js';
import { type FunctionBuilder, i32, type Local, v128 } from './assembler.js';
import { type RowAccess, type Step, VECTOR_BYTES } from './row-access.js';
import type { Bundle, WasmVectorCode } from './vector-code.js';

/** The sum over rows of one output, a value per column: fast within a block of rows, exact between blocks. */
export class RowSums {
  readonly #block: Local<'i32'>;
  readonly #total: Local<'i32'>;
  readonly #access: RowAccess;

  readonly #f: FunctionBuilder;

  /** @param buffers addresses of row buffers that lie one behind the other */
  constructor(f: FunctionBuilder, access: RowAccess, buffers: readonly Local<'i32'>[]) {
    this.#f = f;
    this.#access = access;
    [this.#block, this.#total] = buffers;
  }

  clear(): void {
    this.#f.fillMemory(this.#total, 0, i32.shl(this.#access.paddedBytes, 1));
  }

  openBlock(): void {
    this.#f.fillMemory(this.#block, 0, this.#access.paddedBytes);
  }

  /** Adds the values at the place of the walk over the current row. */
  add(values: Bundle, step: Step, code: WasmVectorCode): void {
    this.#access.store(this.#block, code.add(this.#access.load(this.#block, step, code), values), step, code);
  }

  closeBlock(): void {
    const f = this.#f;
    const offset = f.local('i32');
    f.for(offset, 0, this.#access.paddedBytes, VECTOR_BYTES, () => {
      addToDoubles(f, f.let(i32.add(this.#total, i32.shl(offset, 1))), f.let(v128.load(i32.add(this.#block, offset))));
    });
  }

  /** Writes the sums to an output, or adds them to what it holds. */
  store(output: Local<'i32'>, accumulate: boolean): void {
    const f = this.#f;
    const offset = f.local('i32');
    f.for(offset, 0, this.#access.rowBytes, 4, () => {
      const place = f.let(i32.add(output, offset));
      const before = accumulate ? v128.load32_zero(place) : undefined;
      f.storeLane(place, roundedSum(i32.add(this.#total, i32.shl(offset, 1)), before), 0);
    });
  }
}
