import type { HalfType } from '../rounding.js';

/**
 * Matrices in smaller forms, for products with what a net computes. Letters: K inputs, N outputs; a segment is the
 * columns of one gate, whose kernels begin anew with each.
 */
export type CompressedMatrix = QuantizedMatrix | BlockSparseMatrix | HalfMatrix;

interface MatrixSizes {
  /** K. */
  readonly k: number;
  /** N. */
  readonly n: number;
}

/**
 * Weights of 8 bits: `w[i, j] = values[i, j] scales[j]` with whole values from -127 to 127. What they multiply is
 * rounded too, see {@link activationLevels}.
 */
export interface QuantizedMatrix extends MatrixSizes {
  readonly kind: 'int8';
  /** `[K, N]`, row by row. */
  readonly values: Int8Array;
  /** `[N]`. */
  readonly scales: Float32Array;
}

/** How many outputs a block of a {@link BlockSparseMatrix} has. */
export const blockOutputs = 16;

/**
 * Weights of which whole blocks are zero and are not kept: a block is {@link blockOutputs} neighbouring outputs of a
 * segment (fewer at its end) at one input.
 */
export interface BlockSparseMatrix extends MatrixSizes {
  readonly kind: 'blocks';
  /** Columns of a segment, a divisor of N. */
  readonly segment: number;
  /** By panel of outputs, segment by segment: where its blocks begin; then how many there are in all. */
  readonly starts: Int32Array;
  /** By block: the input. */
  readonly inputs: Int32Array;
  /** `[blocks, 16]`: zeros where a segment ends within a block. */
  readonly values: Float32Array;
}

/** Weights of 16 bits, exactly the single-precision numbers that they stand for. */
export interface HalfMatrix extends MatrixSizes {
  readonly kind: HalfType;
  /** `[K, N]`, row by row: words of that type. */
  readonly values: Uint16Array;
}

export function isHalf(matrix: CompressedMatrix): matrix is HalfMatrix {
  return matrix.kind === 'float16' || matrix.kind === 'bfloat16';
}

/** Outputs whose weights of 16 bits lie together. */
export const halfPanelOutputs = 32;

/**
 * What is left out of 8-bit weights where they are zeros: {@link int8BlockOutputs} neighbouring outputs of a segment at
 * {@link blockInputs} neighbouring inputs. It changes no result, so it is a matter of kernels and files alone.
 */
export const [int8BlockOutputs, blockInputs] = [8, 4];

/** Blocks are left out where they are at least this share. */
export const leastZeroBlocks = 0.5;

/** The largest whole number of a weight of 8 bits. */
export const largestWeight = 127;

/**
 * What 8-bit weights multiply has whole values from 0 to 127: with 7 bits, sums of pairs of products fit 16 bits, so that
 * every processor computes the same.
 */
export const activationLevels = 127;

/** Inputs of a matrix of 8 bits at most: sums of products have 32 bits. */
export const mostInputs = Math.floor(2 ** 31 / (largestWeight * activationLevels)) - 1;

/** How the values of one row are rounded: `a = scale (q - zero)`, q from 0 to {@link activationLevels}. */
export interface RowRounding {
  readonly scale: number;
  /** The whole number that stands for 0. */
  readonly zero: number;
}

/** How many panels of `width` outputs the segments of a matrix have. */
export function numPanels(n: number, segment: number, width: number): number {
  return (n / segment) * Math.ceil(segment / width);
}
