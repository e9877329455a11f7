import { RondoError } from '../errors.js';
import { describeShape } from '../shape.js';
import { requireLabels } from './class-labels.js';
import type { Tensor } from './tensor.js';

/** 8 MiB of float32: 209 rows of 10,000 classes. Fewer make the kernel's gradient pass through the cache too often. */
const MOST_LOGITS = 1 << 21;

/** The operands whose sizes must fit. */
interface SizedOptions {
  readonly transposeKernel?: boolean | undefined;
  readonly bias?: Tensor | undefined;
  readonly weights?: ArrayLike<number> | undefined;
  readonly mostLogits?: number | undefined;
}

/** Sizes of a fused softmax cross-entropy. */
export interface Sizes {
  readonly rows: number;
  readonly units: number;
  readonly classes: number;
  readonly transposeKernel: boolean;
  /** Rows of one chunk; the last may have fewer. */
  readonly chunkRows: number;
}

/** @throws SHAPE_MISMATCH; OUT_OF_RANGE for a label that is no class */
export function sizesOf(hidden: Tensor, kernel: Tensor, labels: ArrayLike<number>, options: SizedOptions): Sizes {
  const { transposeKernel = false, bias, weights, mostLogits = MOST_LOGITS } = options;
  const [rows, units] = hidden.shape;
  const [inner, classes] = transposeKernel ? [kernel.shape[1], kernel.shape[0]] : kernel.shape;
  const fits =
    hidden.shape.length === 2 &&
    kernel.shape.length === 2 &&
    inner === units &&
    classes > 0 &&
    labels.length === rows &&
    (bias === undefined || (bias.shape.length === 1 && bias.size === classes)) &&
    (weights === undefined || weights.length === rows);
  if (!fits) {
    const received = [
      `hidden ${describeShape(hidden.shape)}`,
      `kernel ${describeShape(kernel.shape)}`,
      bias && `a bias ${describeShape(bias.shape)}`,
      `${labels.length} labels`,
      weights && `${weights.length} weights`,
    ];
    throw new RondoError('SHAPE_MISMATCH', {
      where: 'softmaxCrossentropy',
      what: 'the operands do not fit together.',
      expected:
        `hidden [rows, units], kernel ${transposeKernel ? '[classes, units]' : '[units, classes]'}, bias ` +
        '[classes], and a label and a weight for each row',
      received: received.filter((part) => part !== undefined).join(', '),
      fix: 'reshape or transpose one of them.',
    });
  }
  requireLabels('softmaxCrossentropy', labels, classes);
  const mostRows = Math.max(1, Math.floor(mostLogits / classes));
  // Chunks of equal size rather than a short last one.
  const chunkRows = Math.max(1, Math.ceil(rows / Math.max(1, Math.ceil(rows / mostRows))));
  return { rows, units, classes, transposeKernel, chunkRows };
}
