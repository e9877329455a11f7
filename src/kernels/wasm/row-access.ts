import type { DType } from '../../dtype.js';
import type { PartOfVector } from './accumulators.js';
import { type FunctionBuilder, i32, type Local, type Value, v128 } from './assembler.js';
import { loadElements, shiftOf, storeElements } from './element-access.js';
import type { Bundle, WasmVectorCode } from './vector-code.js';

export const VECTOR_BYTES = 16;
export const LANES = 4;
/**
 * Vectors computed side by side in the main loop: the fastest number in bench/pointwise.ts where V8 keeps this order
 * (Node 24).
 */
const UNROLLED = 4;

/** How much of a row is computed at a time: some vectors, or the first lanes of one at the row's end. */
export interface Step {
  readonly vectors: number;
  readonly lanes: PartOfVector | 4;
}

const wholeSteps: readonly Step[] = [
  { vectors: UNROLLED, lanes: 4 },
  { vectors: 1, lanes: 4 },
];
const lastSteps: readonly Step[] = ([1, 2, 3] as const).map((lanes) => ({ vectors: 1, lanes }));

/** A walk over the columns of a row, and the access to what lies at the place it has reached. */
export class RowAccess {
  readonly rowBytes: Local<'i32'>;
  /** The row's length in whole vectors. */
  readonly paddedBytes: Local<'i32'>;
  /** How far the walk is, in bytes. */
  readonly #column: Local<'i32'>;
  readonly #address: Local<'i32'>;
  /** Where the next of several vectors goes, if not beside the first. */
  readonly #next: Local<'i32'> | undefined;

  readonly #f: FunctionBuilder;

  /**
   * @param storesApart computes the address of every vector that is stored. V8 (13.6, `--experimental-wasm-revectorize`)
   *   takes neighbouring stores for a place to widen, and then computes sums in double precision wrong.
   */
  constructor(f: FunctionBuilder, columns: Local<'i32'>, storesApart = false) {
    this.#f = f;
    this.rowBytes = f.let(i32.shl(columns, 2));
    this.paddedBytes = f.let(i32.and(i32.add(this.rowBytes, VECTOR_BYTES - 1), -VECTOR_BYTES));
    this.#column = f.local('i32');
    this.#address = f.local('i32');
    this.#next = storesApart ? f.local('i32') : undefined;
  }

  /**
   * Writes `body` for every step: in a loop over several vectors, in one over single vectors, and for each possible
   * rest.
   */
  walk(body: (step: Step) => void): void {
    const f = this.#f;
    const column = this.#column;
    f.set(column, 0);
    for (const step of wholeSteps) {
      const bytes = step.vectors * VECTOR_BYTES;
      const end = f.let(i32.and(this.rowBytes, -bytes));
      f.if(i32.lt_u(column, end), () =>
        f.loop((again) => {
          body(step);
          f.set(column, i32.add(column, bytes));
          f.brIf(again, i32.lt_u(column, end));
        }),
      );
    }
    const rest = f.let(i32.sub(this.rowBytes, column));
    for (const step of lastSteps) f.if(i32.eq(rest, 4 * step.lanes), () => body(step));
  }

  /** What a row holds at the place of the walk; lanes beyond the row's end are 0 and not read. */
  load(row: Local<'i32'>, { lanes }: Step, code: WasmVectorCode, dtype: DType = 'float32'): Bundle {
    const address = this.#addressIn(row, dtype);
    if (dtype !== 'float32') return loadElements(dtype, address, lanes, code);
    switch (lanes) {
      case 1:
        return code.each(() => v128.load32_zero(address));
      case 2:
        return code.each(() => v128.load64_zero(address));
      case 3:
        return code.each(() => v128.load32_lane(address, v128.load64_zero(address), 2, 8));
      case 4:
        return code.each((i) => v128.load(address, i * VECTOR_BYTES));
    }
  }

  /** Writes to a row at the place of the walk, and nothing beyond its end. */
  store(row: Local<'i32'>, values: Bundle, { lanes }: Step, code: WasmVectorCode, dtype: DType = 'float32'): void {
    const f = this.#f;
    const address = this.#addressIn(row, dtype);
    if (dtype !== 'float32') return storeElements(f, dtype, address, values, lanes, code);
    if (lanes === 4)
      values.forEach((value: Value<'v128'>, i) => {
        if (this.#next === undefined || i === 0) return f.storeV128(address, value, i * VECTOR_BYTES);
        f.set(this.#next, i32.add(row, i32.add(this.#column, i * VECTOR_BYTES)));
        f.storeV128(this.#next, value);
      });
    if (lanes === 2 || lanes === 3) f.storePair(address, values[0], 0);
    if (lanes === 1) f.storeLane(address, values[0], 0);
    if (lanes === 3) f.storeLane(address, values[0], 2, 8);
  }

  #addressIn(row: Local<'i32'>, dtype: DType): Local<'i32'> {
    const shift = shiftOf(dtype);
    const column = this.#column;
    const bytes = shift < 0 ? i32.shr_u(column, -shift) : shift > 0 ? i32.shl(column, shift) : column;
    this.#f.set(this.#address, i32.add(row, bytes));
    return this.#address;
  }
}
