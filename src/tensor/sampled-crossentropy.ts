import { RondoError } from '../errors.js';
import { add, detach, equal, exp, log, max, rowMax, rowSum, select, sub } from '../expression/build.js';
import { describeShape } from '../shape.js';
import * as arithmetic from './arithmetic.js';
import { requireLabels } from './class-labels.js';
import { gatherTensor } from './gather.js';
import { matmul } from './matmul.js';
import { reshape } from './movement.js';
import { requireTensors } from './operands.js';
import { applyPointwise, type PointwiseFunction } from './pointwise.js';
import { sum } from './reduce.js';
import { scope, type Tensor, tensor } from './tensor.js';

/** Classes that stand for all others. */
export interface CandidateClasses {
  /** Drawn with replacement; one that is a row's own label is left out for that row. */
  readonly classes: Int32Array;
  /** By candidate: how often the drawing is expected to give its class. */
  readonly expectedCounts: Float64Array;
}

export interface SampledCrossentropyOptions {
  /** `[classes]` */
  bias?: Tensor | undefined;
  /** What each row's loss is multiplied with in the total. Default 1. */
  weights?: ArrayLike<number> | undefined;
}

// Operands: label and logit of the row's own class, logits of the candidates, and of each candidate the class and the
// logarithm of its expected count.
const lossOfRow: PointwiseFunction = {
  name: 'sampledCrossentropy',
  build: ([label, own, x, candidate, logCount]) => {
    const others = select(equal(candidate, label), -Infinity, sub(x, logCount));
    const largest = detach(max(rowMax(others), own));
    return sub(log(add(rowSum(exp(sub(others, largest))), exp(sub(own, largest)))), sub(own, largest));
  },
  alongRows: true,
  perRow: true,
};

/**
 * An estimate of the cross-entropy of a softmax with class labels from a few classes besides the labels:
 *
 *     loss[i] = ln(exp(x[i, y]) + sum over candidates c != y of exp(x[i, c]) / n[c]) - x[i, y],   x = hidden kernel' + bias
 *
 * with y the row's label and n[c] the expected count of c among the candidates: what is inside the logarithm has the
 * full sum as its expectation. Hidden `[rows, units]`, kernel `[classes, units]`, of which only the rows of labels and
 * candidates are read and have a gradient. Bengio and Senecal 2008, "Adaptive importance sampling to accelerate
 * training of a neural probabilistic language model", section III; Jean et al. 2015, "On using very large target
 * vocabulary for neural machine translation", section 3. The label, which is always counted, is not corrected (Blanc
 * and Rendle 2018, "Adaptive sampled softmax with kernel based sampling", eq. 3).
 *
 * @returns the weighted sum of the losses `[]`, and the losses `[rows]`; both have derivatives.
 * @throws SHAPE_MISMATCH; OUT_OF_RANGE for labels or candidates that are no class
 */
export function sampledCrossentropy(
  hidden: Tensor,
  kernel: Tensor,
  labels: Int32Array,
  candidates: CandidateClasses,
  options: SampledCrossentropyOptions = {},
): { total: Tensor; losses: Tensor } {
  const { bias, weights } = options;
  requireTensors('sampledCrossentropy', bias === undefined ? [hidden, kernel] : [hidden, kernel, bias]);
  requireFit(hidden, kernel, labels, candidates, options);
  const [rows, units] = hidden.shape;
  const { classes, expectedCounts } = candidates;
  return scope(() => {
    const rowsOf = (indices: Int32Array): Tensor => gatherTensor(kernel, [indices.length, units], units, indices);
    const biasOf = (indices: Int32Array, shape: readonly number[]): Tensor | 0 =>
      bias === undefined ? 0 : gatherTensor(bias, shape, 1, indices);
    const own = arithmetic.add(
      reshape(sum(arithmetic.mul(hidden, rowsOf(labels)), -1), [rows, 1]),
      biasOf(labels, [rows, 1]),
    );
    const others = arithmetic.add(
      matmul(hidden, rowsOf(classes), { transposeB: true }),
      biasOf(classes, [classes.length]),
    );
    const operands = [
      tensor(labels, [rows, 1]),
      own,
      others,
      tensor(classes, [classes.length]),
      tensor(expectedCounts.map(Math.log), [classes.length]),
    ];
    const losses = applyPointwise(lossOfRow, operands);
    const weighted =
      weights === undefined ? losses : arithmetic.mul(losses, tensor(Float64Array.from(weights), [rows]));
    return { total: sum(weighted), losses };
  });
}

function requireFit(
  hidden: Tensor,
  kernel: Tensor,
  labels: Int32Array,
  { classes, expectedCounts }: CandidateClasses,
  { bias, weights }: SampledCrossentropyOptions,
): void {
  const [rows, units] = hidden.shape;
  const [numClasses] = kernel.shape;
  const fits =
    hidden.shape.length === 2 &&
    kernel.shape.length === 2 &&
    kernel.shape[1] === units &&
    labels.length === rows &&
    classes.length > 0 &&
    expectedCounts.length === classes.length &&
    (bias === undefined || (bias.shape.length === 1 && bias.size === numClasses)) &&
    (weights === undefined || weights.length === rows);
  if (!fits) {
    throw new RondoError('SHAPE_MISMATCH', {
      where: 'sampledCrossentropy',
      what: 'the operands do not fit together.',
      expected:
        'hidden [rows, units], kernel [classes, units], bias [classes], a label and a weight for each row, an ' +
        'expected count for each candidate',
      received:
        `hidden ${describeShape(hidden.shape)}, kernel ${describeShape(kernel.shape)}, ` +
        `${bias === undefined ? '' : `bias ${describeShape(bias.shape)}, `}${labels.length} labels, ` +
        `${classes.length} candidates`,
      fix: 'reshape or transpose one of them.',
    });
  }
  requireLabels('sampledCrossentropy', labels, numClasses);
  requireLabels('sampledCrossentropy', classes, numClasses, { name: 'the candidates' });
}
