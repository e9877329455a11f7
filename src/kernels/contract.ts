import type { CellPlan } from '../cells/plan.js';
import type { DType, FloatType } from '../dtype.js';
import type { PointwiseProgram } from '../expression/program.js';
import type { CompressedMatrix, halfPanelOutputs } from './compressed-matrix.js';

/**
 * The whole boundary between Rondo and what computes for it: a device that holds memory, and the kernels that work on it.
 * Rules that hold for every backend and are tested by one conformance suite:
 *
 * - Work runs in call order. A `read` sees everything called before it.
 * - The caller owns outputs and workspace; a backend keeps nothing between calls but compiled kernels.
 * - Sizes and offsets are counted in elements, never bytes. Matrices are row-major.
 * - Arguments have been checked by the caller.
 *
 * How a backend shares work among threads, lays matrices out for them or runs loops is its own affair; what the CPU
 * backends have in common lies below, in {@link CpuLoopHost} of sequence/loop-host.ts.
 *
 * Letters: B batch, T time steps, N packed rows (the sum over steps of their active rows), U units, G gates.
 */
export interface Backend extends Device, Kernels {
  /** How many threads compute; absent where that is not for the host to say. */
  readonly threads?: ThreadControl | undefined;
}

/** Memory, and the way there and back. Reading is asynchronous; a host that sees the memory can read at once. */
export interface Device {
  readonly name: string;
  /** What it computes in; the type of buffers for which none is named. */
  readonly floatType: FloatType;
  /** Whether the backend can do something, and why not where it cannot. */
  supports(capability: Capability): Support;
  /**
   * Whether calls are noted, to be written as a program, and nothing is computed: there are no numbers for the host to
   * look at, so indices stay on the device, unchecked. By default false.
   */
  readonly isNoting?: boolean | undefined;

  /** A zeroed buffer of `size` elements that lives until `free`. @throws OUT_OF_MEMORY */
  allocate(size: number, dtype?: DType): Buffer;
  free(buffer: Buffer): void;
  /** Opens a scope: buffers taken with `temporary` inside it are given back together at its end. Scopes nest. */
  openScope(): void;
  closeScope(): void;
  /** A buffer (contents undefined) that lives until the innermost open scope closes. @throws OUT_OF_MEMORY */
  temporary(size: number, dtype?: DType): Buffer;
  /** Memory use, for leak checks and reports. */
  memory(): MemoryReport;

  /** Stores numbers as elements of the buffer's type. */
  write(view: View, data: ArrayLike<number>): void;
  /** `size` elements as the numbers that they stand for, in single precision where that is exact. */
  read(view: View, size: number): Promise<Float32Array | Float64Array>;
  /** The same at once, on backends whose memory the host can see; undefined on others. */
  readonly readNow?: ((view: View, size: number) => Float32Array | Float64Array) | undefined;
  /** The same without an allocation: as many elements as `target` has are copied there. */
  readonly readInto?: ((view: View, target: Float32Array | Float64Array) => void) | undefined;
  fill(view: View, size: number, value: number): void;
}

/** The calls that compute. An output of a pointwise program may be the same view as one of its inputs. */
export interface Kernels {
  pointwise(call: PointwiseCall): void;
  matmul(call: MatmulCall): void;
  /**
   * Lays a compressed matrix out for products, whose columns are then asked for in whole segments. Its buffers live until
   * they are freed. Weights of 16 bits are for backends with `halfWeights`.
   *
   * @throws OUT_OF_MEMORY
   */
  placeMatrix(matrix: CompressedMatrix, segment: number): PlacedMatrix;
  compressedMatmul(call: CompressedMatmulCall): void;
  gatherRows(call: GatherCall): void;
  scatterAddRows(call: GatherCall): void;
  /** Runs layers along time; those given together do not depend on each other. */
  recurrentForward(calls: readonly RecurrentForwardCall[]): void;
  recurrentBackward(calls: readonly RecurrentBackwardCall[]): void;

  /**
   * Carries out `work` and notes what it computes, to be computed again from what buffers of {@link Device.allocate} then
   * hold. What `work` writes to temporaries stays as it is; it must not read anything back. Undefined on backends
   * that have nothing to gain from it.
   *
   * @throws USAGE where `work` reads numbers back
   */
  readonly record?: ((work: () => void) => Recording) | undefined;
}

/** The threads of a backend, the caller's included. */
export interface ThreadControl {
  /** How many compute now; workers start in their own time. */
  readonly numServing: number;
  /** Changes how many are wanted. @throws OUT_OF_RANGE; BACKEND_UNAVAILABLE where the memory cannot be shared */
  resize(threads: number): void;
}

/** Operations on fixed places, ready to be carried out again. */
export interface Recording {
  /** Whether the backend would compute the same way now; false once its threads have changed. */
  readonly isCurrent: boolean;
  run(): void;
  /** Gives its memory back; it cannot be run afterwards. */
  free(): void;
}

/** `halfWeights`: it multiplies with weights of 16 bits as they are. */
export type Capability = 'relaxedSimd' | 'threads' | 'float64' | 'readNow' | 'halfWeights';
export interface Support {
  readonly supported: boolean;
  /** Why, in a sentence, for reports and errors. */
  readonly reason: string;
}

export interface MemoryReport {
  /** Elements' bytes held by `allocate`. */
  persistentBytes: number;
  /** Bytes of open scopes. */
  temporaryBytes: number;
  /** The most ever used at once. */
  peakBytes: number;
}

/** Memory of a backend; only the backend that made it can look inside. */
export interface Buffer {
  /** In elements. */
  readonly size: number;
  readonly dtype: DType;
}

/** A place in a buffer. */
export interface View {
  readonly buffer: Buffer;
  /** In elements. */
  readonly offset: number;
}

/** A view read or written as rows. */
export interface Strided extends View {
  /** Elements from one row to the next; for `row` access from one value to the next (0 repeats one value). */
  readonly rowStride: number;
}

/**
 * Runs a program over `[rows, columns]`. Element arrays are contiguous along a row. `column` inputs and outputs reduced
 * over rows are `columns` contiguous values; row inputs and outputs reduced over columns have one value per row,
 * `rowStride` apart; outputs reduced over all are one value. An output without `reduce` whose expression is one value
 * per row is still written at every element.
 *
 * Arrays may have any type: they are loaded into the backend's float type and rounded where they are stored. Outputs
 * that are reduced have the backend's float type.
 */
export interface PointwiseCall {
  readonly program: PointwiseProgram;
  readonly rows: number;
  readonly columns: number;
  readonly inputs: Readonly<Record<string, Strided>>;
  readonly outputs: Readonly<Record<string, Strided>>;
  readonly scalars?: Readonly<Record<string, number>> | undefined;
}

/**
 * `c = op(a) op(b) + (accumulate ? c : 0)` where op(a) is `[m, k]`, op(b) `[k, n]`, c `[m, n]`; `transposeA` says that
 * a is stored `[k, m]`, `transposeB` that b is stored `[n, k]`. Row strides let a matrix be a range of another's
 * columns. c overlaps neither a nor b; all have the backend's float type. With k = 0, c becomes 0 (or stays, where
 * accumulated). `batch` makes it a product for each of several matrices of these sizes and row strides, in one call.
 */
export interface MatmulCall {
  readonly m: number;
  readonly n: number;
  readonly k: number;
  readonly a: Strided;
  readonly b: Strided;
  readonly c: Strided;
  readonly transposeA?: boolean | undefined;
  readonly transposeB?: boolean | undefined;
  readonly accumulate?: boolean | undefined;
  readonly batch?: MatmulBatch | undefined;
}

/**
 * Matrix i of `count` lies `i * stride` elements behind the first: op(a) is `[count, m, k]`, op(b) `[count, k, n]`, c
 * `[count, m, n]`, though rows of one matrix may lie between rows of another. `strideA` or `strideB` 0 repeats one
 * matrix in every product; with `strideC` 0 there is one c `[m, n]`, the sum of all products, added in order. Otherwise
 * no two matrices of c overlap. Each product has the bits it has in a call of its own. With `count` 0 nothing is done.
 */
export interface MatmulBatch {
  readonly count: number;
  readonly strideA: number;
  readonly strideB: number;
  readonly strideC: number;
}

/** A compressed matrix on a backend; only that can look inside. */
export interface PlacedMatrix {
  readonly matrix: CompressedMatrix;
  readonly segment: number;
  /** Its memory. */
  readonly buffers: readonly Buffer[];
}

/**
 * `c = a w + (accumulate ? c : 0)` with some columns of a compressed matrix w: whole segments, n columns from
 * `firstColumn` on; of weights of 16 bits also a part of one segment that begins at a multiple of {@link halfPanelOutputs}
 * in it. a is `[m, K]`, c `[m, n]`, rows `rowStride` apart; c does not overlap a. Where w has 8-bit weights,
 * each row of a is rounded first: with `low` and `high` its least and largest value, at most and at least 0,
 * `a = scale (q - zero)`, `scale = (high - low) / 127`, `zero = round(-low / scale)`, `q = round(a / scale) + zero`.
 * Rounding is to the nearest, ties to even, in single precision.
 */
export interface CompressedMatmulCall {
  readonly m: number;
  readonly n: number;
  readonly a: Strided;
  readonly matrix: PlacedMatrix;
  readonly firstColumn: number;
  readonly c: Strided;
  readonly accumulate?: boolean | undefined;
}

/**
 * gatherRows: `target[i] = source[indices[i]]` for each of `indices.length` rows of `columns` values; a negative index
 * gives a row of zeros. scatterAddRows is its adjoint: `source[indices[i]] += target[i]`, in index order, negative
 * indices ignored. Source and target do not overlap and have one type, for scatterAddRows the backend's float type.
 */
export interface GatherCall {
  readonly columns: number;
  /** Checked on the host, or on the device, where one that is not below `numRows` counts as negative. */
  readonly indices: Int32Array | IndexView;
  readonly source: View;
  readonly target: View;
  /** How many rows the source has; wanted where indices are on the device. */
  readonly numRows?: number | undefined;
}

/** Indices of type int32 on the device. */
export interface IndexView extends View {
  readonly length: number;
}

/**
 * One recurrent layer along time, over packed rows: step t works on the first `activeRows[t]` rows of the batch
 * (non-increasing, because rows are sorted by length), stored one step after the other.
 */
export interface RecurrentCall {
  readonly plan: CellPlan;
  readonly units: number;
  /** By name, the widths that the cell has besides the units. */
  readonly widths?: Readonly<Record<string, number>> | undefined;
  /** H, a divisor of the units: a gate's unit multiplies the operand's units of its own head only. 1 where absent. */
  readonly heads?: number | undefined;
  /** B. */
  readonly batch: number;
  readonly activeRows: Int32Array;
  /**
   * Weights by role. `recurrentKernel` is `[units, gates * units]`, with several heads
   * `[heads, units / heads, gates * units / heads]`; biases are `[gates * units]`, vectors `[units]`.
   */
  readonly weights: RecurrentWeights;
  /**
   * `[N, gateSlots * units]` (see {@link CellPlan.gateSlots}): on entry of the forward pass the first `gates` slots of
   * a row hold the input products; on return the slots hold what the backward pass keeps.
   */
  readonly gates: View;
  /** By state: `[B + N, units]`. Rows 0..B-1 hold the initial state on entry; the state after step t follows. */
  readonly states: Readonly<Record<string, View>>;
  /** By operand of {@link CellPlan.operands}: `[N, units]`; what later products multiplied. */
  readonly operands: readonly View[];
  /** `[N, units]` where the cell's output is not one of its states. */
  readonly output?: View | undefined;
  /** By name: `[B, units]` masks constant over time, or `[N, units]` masks of each step, as the plan declares. */
  readonly masks: Readonly<Record<string, View>>;
  readonly scalars: Readonly<Record<string, number>>;
  /** What steps attend to, where the cell has a kernel of it. */
  readonly memory?: RecurrentMemory | undefined;
}

/** What each sequence attends to: S keys, each of width A with a value of width V. Sequences are in the batch's order. */
export interface RecurrentMemory {
  /** S, at least 1. */
  readonly numKeys: number;
  /** `[B, S, A]`. */
  readonly keys: View;
  /** `[B, S, V]`. */
  readonly values: View;
  /** By row of the run: its sequence in the batch. */
  readonly sequenceOf: Int32Array;
  /** By row of the run: of its sequence, the keys behind which none counts. */
  readonly lengths: Int32Array;
  /** `[B, S]` by row of the run: 0 where a key does not count; absent where all do. */
  readonly mask?: View | undefined;
  /** `[A]`, of additive scores. */
  readonly scale?: View | undefined;
  /** `[N, S]`: receives the share of each key in what each step is given. */
  readonly shares: View;
}

export interface RecurrentWeights {
  readonly recurrentKernel?: View | undefined;
  readonly bias?: View | undefined;
  readonly recurrentBias?: View | undefined;
  /** By name: the cell's own kernels, `[from, to]`. */
  readonly kernels?: Readonly<Record<string, View>> | undefined;
  readonly vectors: Readonly<Record<string, View>>;
}

/** Weights of a run in a smaller form; those that are given here are absent among the others. */
export interface CompressedRecurrentWeights {
  /** One for each head. */
  readonly recurrentKernel?: readonly PlacedMatrix[] | undefined;
  /** By name: the cell's own kernels. */
  readonly kernels: Readonly<Record<string, PlacedMatrix>>;
}

export interface RecurrentForwardCall extends RecurrentCall {
  readonly compressed?: CompressedRecurrentWeights | undefined;
  /** Whether to keep what the backward pass needs. */
  readonly training: boolean;
}

/**
 * Backpropagation through time for a finished forward call. `gates` and `states` are as the forward pass left them;
 * `gates` may be overwritten.
 */
export interface RecurrentBackwardCall extends RecurrentCall {
  /** `[N, units]`: dL/d(output of each step); absent where only the final states count. */
  readonly dOutput?: View | undefined;
  /** By state `[N, units]`: dL/d(state after each step), besides what the steps after it make of it. */
  readonly dShown?: Readonly<Record<string, View>> | undefined;
  /** By state `[B, units]`: dL/d(final state) on entry, dL/d(initial state) on return. */
  readonly dStates: Readonly<Record<string, View>>;
  /**
   * `[N, gates * units]`, rows `rowStride` apart: receives dL/d(input products). May be `gates` where the plan allows
   * it.
   */
  readonly dInput: Strided;
  /** Where wanted: the gradient is added to what the view holds. */
  readonly dWeights: RecurrentWeights;
  readonly dMemory?: MemoryGradientViews | undefined;
}

/** Gradients are added to what these hold; those that are absent are not wanted. */
export interface MemoryGradientViews {
  /** `[B, S, A]`. */
  readonly keys?: View | undefined;
  /** `[B, S, V]`. */
  readonly values?: View | undefined;
  /** `[A]`. */
  readonly scale?: View | undefined;
  /** `[N, S]`: dL/d(shares), which is read. */
  readonly shares?: View | undefined;
}
