import type { PointwiseProgram } from '../expression/program.js';
import type { QuantizedMatrix } from '../kernels/compressed-matrix.js';

/**
 * A model as a list of operations on arrays: what every emitter writes in its language. Nothing here knows layers or cells.
 *
 * @typeParam B what stands for an array, @typeParam N for a size or place: both are those of one run while it is noted.
 */
export type OperationOf<B, N> =
  | LoopOf<B, N>
  | PointwiseOf<B, N>
  | ProductOf<B, N>
  | QuantizedProductOf<B, N>
  | GatherOf<B, N>
  | LookUpOf<B, N>
  | FillOf<B, N>;

/** A size or place: a number, or one that grows with the length of the sequence. */
export type Amount = number | GrowingAmount;

/** `fixed + perStep * length`. */
export interface GrowingAmount {
  readonly fixed: number;
  readonly perStep: number;
}

export type Operation = OperationOf<Store, Amount>;

/** What an array is to a program. */
export type StoreRole = 'constant' | 'state' | 'input' | 'work';

/** An array of a program. */
export interface Store {
  readonly name: string;
  readonly role: StoreRole;
  readonly size: Amount;
  /** Whether it holds whole numbers, such as indices. */
  readonly isWhole: boolean;
  /** Of constants their numbers, of states what they begin with. */
  readonly numbers: Float64Array | undefined;
}

/** A place in an array, read or written as rows; in a loop it moves on by `stepStride` at each step. */
export interface PlaceOf<B, N> {
  readonly store: B;
  readonly offset: N;
  readonly rowStride: N;
  readonly stepStride: N;
}

export type Place = PlaceOf<Store, Amount>;

/** Operations that are repeated in order; loops do not nest. */
export interface LoopOf<B, N> {
  readonly kind: 'loop';
  readonly count: N;
  readonly body: readonly OperationOf<B, N>[];
}

/** A pointwise program over `[rows, columns]`; see `PointwiseCall` of the kernels. */
export interface PointwiseOf<B, N> {
  readonly kind: 'pointwise';
  readonly program: PointwiseProgram;
  readonly rows: N;
  readonly columns: N;
  readonly inputs: Readonly<Record<string, PlaceOf<B, N>>>;
  readonly outputs: Readonly<Record<string, PlaceOf<B, N>>>;
  readonly scalars: Readonly<Record<string, ScalarOf<N>>>;
}

/** A number of a call: one that is known, a size, or one divided by a size, as the mean over a sequence has it. */
export type ScalarOf<N> = number | { readonly kind: 'size' | 'reciprocal'; readonly size: N };

/** `c [m, n] = op(a) op(b)`, added to c where `accumulate`. */
export interface ProductOf<B, N> {
  readonly kind: 'product';
  readonly m: N;
  readonly n: N;
  readonly k: N;
  readonly a: PlaceOf<B, N>;
  readonly b: PlaceOf<B, N>;
  readonly c: PlaceOf<B, N>;
  readonly transposeA: boolean;
  readonly transposeB: boolean;
  readonly accumulate: boolean;
}

/** A product with columns of a matrix of 8 bits, by rows that are rounded to 7. */
export interface QuantizedProductOf<B, N> {
  readonly kind: 'quantized';
  readonly m: N;
  readonly n: N;
  readonly firstColumn: number;
  readonly matrix: QuantizedMatrix;
  readonly a: PlaceOf<B, N>;
  readonly c: PlaceOf<B, N>;
  readonly accumulate: boolean;
}

/** Row i of the target is row `indices[i]` of the source, zeros where that is negative. */
export interface GatherOf<B, N> {
  readonly kind: 'gather';
  readonly columns: N;
  readonly indices: IndicesOf<N>;
  readonly source: PlaceOf<B, N>;
  readonly target: PlaceOf<B, N>;
}

/** The same by indices that are numbers of the program, such as those of words. */
export interface LookUpOf<B, N> {
  readonly kind: 'lookUp';
  readonly columns: N;
  readonly count: N;
  readonly numRows: N;
  readonly indices: PlaceOf<B, N>;
  readonly source: PlaceOf<B, N>;
  readonly target: PlaceOf<B, N>;
}

export interface FillOf<B, N> {
  readonly kind: 'fill';
  readonly size: N;
  readonly value: number;
  readonly target: PlaceOf<B, N>;
}

/** Indices that are the same at every run: evenly spaced, in windows, or one by one. */
export type IndicesOf<N> = EvenIndices<N> | WindowIndices<N> | ListedIndices;

/** `first + i * step` for `count` i. */
export interface EvenIndices<N> {
  readonly kind: 'even';
  readonly count: N;
  readonly first: N;
  readonly step: N;
}

/** For i of `count`, j of `width`: `first + i * step + j * innerStep` where that is from 0 to before `limit`, else -1. */
export interface WindowIndices<N> {
  readonly kind: 'windows';
  readonly count: N;
  readonly width: N;
  readonly first: N;
  readonly step: N;
  readonly innerStep: N;
  readonly limit: N;
}

export interface ListedIndices {
  readonly kind: 'list';
  readonly values: Int32Array;
}

/** Numbers that go in or come out, in a place of the program. */
export interface Port {
  readonly name: string;
  readonly place: Place;
  readonly size: Amount;
  /** Of a step, or of a whole sequence; null for the length. */
  readonly shape: readonly (number | null)[];
  /** Of an input: whether it holds indices, and of how many rows. */
  readonly numRows?: number | undefined;
}

/** What a program is: one step that carries states on, or a whole sequence at once. */
export interface Program {
  readonly kind: 'step' | 'sequence';
  readonly stores: readonly Store[];
  readonly operations: readonly Operation[];
  readonly inputs: readonly Port[];
  readonly outputs: readonly Port[];
}
