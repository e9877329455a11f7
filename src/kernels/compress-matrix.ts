import { type HalfType, halfWords, nearestWhole, numbersOfHalves } from '../rounding.js';
import {
  type BlockSparseMatrix,
  blockInputs,
  blockOutputs,
  type CompressedMatrix,
  type HalfMatrix,
  int8BlockOutputs,
  isHalf,
  largestWeight,
  leastZeroBlocks,
  numPanels,
  type QuantizedMatrix,
} from './compressed-matrix.js';

interface Sizes {
  /** Inputs. */
  readonly k: number;
  /** Outputs. */
  readonly n: number;
}

/**
 * Rounds weights `[k, n]` to 8 bits, with a scale for each output: the largest of its weights becomes 127 or -127, so
 * that no weight is off by more than half a step. Quotients have single precision and ties go to even, as kernels have it,
 * so that training which rounds on its device sees the same numbers.
 */
export function quantizeMatrix(weights: ArrayLike<number>, { k, n }: Sizes): QuantizedMatrix {
  const largest = new Float64Array(n);
  for (let i = 0; i < k * n; i++) largest[i % n] = Math.max(largest[i % n], Math.abs(weights[i]));
  const scales = Float32Array.from(largest, (value) => value / largestWeight);
  const values = new Int8Array(k * n);
  for (let i = 0; i < k * n; i++) {
    const scale = scales[i % n];
    if (scale > 0)
      values[i] = Math.min(largestWeight, Math.max(-largestWeight, nearestWhole(Math.fround(weights[i] / scale))));
  }
  return { kind: 'int8', k, n, values, scales };
}

/** Rounds weights `[k, n]` to 16 bits. */
export function halfMatrix(type: HalfType, weights: ArrayLike<number>, { k, n }: Sizes): HalfMatrix {
  return { kind: type, k, n, values: halfWords(type, weights) };
}

/**
 * Keeps the blocks of weights `[k, n]` that hold another number than 0. @param segment outputs of one gate; n where there
 * are no gates
 */
export function blockSparse(weights: ArrayLike<number>, { k, n }: Sizes, segment = n): BlockSparseMatrix {
  const starts = new Int32Array(numPanels(n, segment, blockOutputs) + 1);
  const inputs: number[] = [];
  const values: number[] = [];
  let panel = 0;
  for (let first = 0; first < n; first += segment)
    for (let column = 0; column < segment; column += blockOutputs) {
      const outputs = Math.min(blockOutputs, segment - column);
      for (let input = 0; input < k; input++) {
        const block = Array.from({ length: blockOutputs }, (_, i) =>
          i < outputs ? weights[input * n + first + column + i] : 0,
        );
        if (block.every((value) => value === 0)) continue;
        inputs.push(input);
        for (const value of block) values.push(value);
      }
      starts[++panel] = inputs.length;
    }
  return { kind: 'blocks', k, n, segment, starts, inputs: Int32Array.from(inputs), values: Float32Array.from(values) };
}

/** 8-bit weights without their blocks of zeros. */
export interface QuantizedBlocks {
  /** By panel of outputs, segment by segment: where its blocks begin; then how many there are in all. */
  readonly starts: Int32Array;
  /** By block: its first input, a multiple of four. */
  readonly inputs: Int32Array;
  /** `[blocks, 8, 4]`: outputs, inputs; zeros beyond the ends of a segment and of the inputs. */
  readonly values: Int8Array;
}

/** The blocks of 8-bit weights that hold another number than 0; undefined where too many do to leave the others out. */
export function quantizedBlocks({ k, n, values }: QuantizedMatrix, segment: number): QuantizedBlocks | undefined {
  const panels = Math.ceil(segment / int8BlockOutputs);
  const numBlocks = (n / segment) * panels * Math.ceil(k / blockInputs);
  const starts = new Int32Array((n / segment) * panels + 1);
  const inputs: number[] = [];
  const blockSize = int8BlockOutputs * blockInputs;
  let kept = new Int8Array(blockSize * 64);
  for (let panel = 0; panel < starts.length - 1; panel++) {
    const column = (panel % panels) * int8BlockOutputs;
    const outputs = Math.min(int8BlockOutputs, segment - column);
    const first = Math.floor(panel / panels) * segment + column;
    for (let input = 0; input < k; input += blockInputs) {
      const block = inputs.length * blockSize;
      if (block === kept.length) kept = grown(kept);
      let isZero = true;
      for (let i = input; i < Math.min(k, input + blockInputs); i++)
        for (let output = 0; output < outputs; output++) {
          const value = values[i * n + first + output];
          kept[block + output * blockInputs + (i - input)] = value;
          if (value !== 0) isZero = false;
        }
      if (!isZero) inputs.push(input);
    }
    if (inputs.length > (1 - leastZeroBlocks) * numBlocks) return undefined;
    starts[panel + 1] = inputs.length;
  }
  return { starts, inputs: Int32Array.from(inputs), values: kept.slice(0, inputs.length * blockSize) };
}

function grown(values: Int8Array): Int8Array<ArrayBuffer> {
  const larger = new Int8Array(2 * values.length);
  larger.set(values);
  return larger;
}

/** The values `[k, n]` of 8-bit weights that {@link quantizedBlocks} are of. */
export function valuesOfBlocks(
  { starts, inputs, values }: QuantizedBlocks,
  { k, n }: Sizes,
  segment: number,
): Int8Array {
  const panels = Math.ceil(segment / int8BlockOutputs);
  const all = new Int8Array(k * n);
  for (let panel = 0; panel < starts.length - 1; panel++) {
    const column = (panel % panels) * int8BlockOutputs;
    const outputs = Math.min(int8BlockOutputs, segment - column);
    const first = Math.floor(panel / panels) * segment + column;
    for (let block = starts[panel]; block < starts[panel + 1]; block++)
      for (let i = inputs[block]; i < Math.min(k, inputs[block] + blockInputs); i++)
        for (let output = 0; output < outputs; output++)
          all[i * n + first + output] = values[(block * int8BlockOutputs + output) * blockInputs + (i - inputs[block])];
  }
  return all;
}

/** The weights `[k, n]` that a compressed matrix stands for, row by row. */
export function denseMatrix(matrix: CompressedMatrix): Float32Array {
  const { k, n } = matrix;
  if (isHalf(matrix)) return numbersOfHalves(matrix.kind, matrix.values);
  const dense = new Float32Array(k * n);
  if (matrix.kind === 'int8') {
    const { values, scales } = matrix;
    for (let i = 0; i < dense.length; i++) dense[i] = values[i] * scales[i % n];
    return dense;
  }
  const { segment, starts, inputs, values } = matrix;
  let panel = 0;
  for (let first = 0; first < n; first += segment)
    for (let column = 0; column < segment; column += blockOutputs, panel++) {
      const outputs = Math.min(blockOutputs, segment - column);
      for (let block = starts[panel]; block < starts[panel + 1]; block++) {
        const from = block * blockOutputs;
        dense.set(values.subarray(from, from + outputs), inputs[block] * n + first + column);
      }
    }
  return dense;
}
