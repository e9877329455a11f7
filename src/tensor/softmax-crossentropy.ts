import { refuseUnknownOptions, requireNumber } from '../errors.js';
import type { Strided } from '../kernels/contract.js';
import { currentBackend } from '../kernels/select.js';
import { asRows, constantTensor } from './accumulate.js';
import { columnNumbers } from './column-numbers.js';
import { requireTensors } from './operands.js';
import type { SoftTargets } from './soft-targets.js';
import {
  addToBias,
  type CrossentropyPrograms,
  crossentropyPrograms,
  scaleRows,
  spreadOverRow,
  sumToBias,
  timesFactor,
  weightedTotal,
} from './softmax-crossentropy-programs.js';
import { type Sizes, sizesOf } from './softmax-crossentropy-sizes.js';
import { type Backward, isActive, operation } from './tape.js';
import { emptyTensor, scope, type Tensor, tensor } from './tensor.js';

export interface SoftmaxCrossentropyOptions {
  /** Whether the kernel is stored `[classes, units]`, as an embedding's table is. Default false: `[units, classes]`. */
  transposeKernel?: boolean | undefined;
  /** `[classes]`, added to every row of logits. */
  bias?: Tensor | undefined;
  /** What each row's loss is multiplied with in the total. Default 1. */
  weights?: ArrayLike<number> | undefined;
  /** Whether the likeliest class of each row is wanted. Default false. */
  predicted?: boolean | undefined;
  /** How much of each label's weight is spread evenly over the classes in the total, from 0 (default) to 1. */
  labelSmoothing?: number | undefined;
  /** Distributions that the total holds the rows against beside their labels; not with smoothed labels. */
  softTargets?: SoftTargets | undefined;
  /** The most logits held at once; see {@link softmaxCrossentropy}. Default 2,097,152. */
  mostLogits?: number | undefined;
}

const optionNames: readonly (keyof SoftmaxCrossentropyOptions)[] = [
  'transposeKernel',
  'bias',
  'weights',
  'predicted',
  'labelSmoothing',
  'softTargets',
  'mostLogits',
];

/** Rows of labels, scored. */
export interface ScoredLabels {
  /**
   * `[]`: the weighted sum of the losses, of smoothed labels or with soft targets where that was asked for. Only this
   * has a derivative.
   */
  readonly total: Tensor;
  /** `[rows]`: `-ln p` of each row's label. */
  readonly losses: Tensor;
  /** `[rows]`: the class of the largest logit, the first of several; where it was asked for. */
  readonly predicted: Tensor | undefined;
}

/**
 * The cross-entropy of `softmax(hidden kernel + bias)` with class labels, without the logits of all rows ever being
 * stored.
 *
 *     loss[i] = ln(sum_j exp(x[i, j])) - x[i, label[i]],   x = hidden kernel + bias
 *     total   = sum_i weights[i] loss[i]
 *
 * Hidden `[rows, units]`, kernel `[units, classes]` (or transposed), labels `[rows]`. Rows are worked off in chunks of
 * at most `mostLogits` numbers (at least one row), so memory does not grow with the rows. The upstream gradient of the
 * total is one number, so derivatives up to that factor are made while a chunk's exponentials are at hand: three
 * products in all, and nothing is computed again. Milakov and Gimelshein 2018, "Online normalizer calculation for
 * softmax", section 1, for the shift by the row's largest logit. With smoothing e, the total's part of a row is
 * `(1 - e) loss[i]` and e times the mean of that over all classes as its label; its derivative costs one pass over the
 * logits. What soft targets add to a row is said at {@link SoftTargets}.
 *
 * @throws SHAPE_MISMATCH; OUT_OF_RANGE for a label that is no class, or `labelSmoothing`; UNKNOWN_NAME for an option;
 *   USAGE for smoothed labels and soft targets together
 */
export function softmaxCrossentropy(
  hidden: Tensor,
  kernel: Tensor,
  labels: ArrayLike<number>,
  options: SoftmaxCrossentropyOptions = {},
): ScoredLabels {
  refuseUnknownOptions('softmaxCrossentropy', options, optionNames);
  const { bias, weights, predicted = false, labelSmoothing = 0, softTargets } = options;
  requireNumber(
    'softmaxCrossentropy',
    'labelSmoothing',
    labelSmoothing,
    'a number from 0 to 1',
    (share) => share >= 0 && share <= 1,
  );
  const inputs = bias === undefined ? [hidden, kernel] : [hidden, kernel, bias];
  requireTensors('softmaxCrossentropy', inputs);
  const sizes = sizesOf(hidden, kernel, labels, options);
  softTargets?.requireFit('softmaxCrossentropy', { rows: sizes.rows, classes: sizes.classes, labelSmoothing });
  return scope(() => {
    let losses!: Tensor;
    let classes: Tensor | undefined;
    const [total] = operation(inputs, () => {
      const of = { weights, predicted, labelSmoothing, softTargets };
      const operands = { hidden, kernel, bias, labels: Int32Array.from(labels), ...of };
      const run = new Scoring(sizes, operands);
      ({ losses, predicted: classes } = run);
      return { outputs: [run.total], backward: run.backward };
    });
    return { total, losses, predicted: classes };
  });
}

interface Operands {
  readonly hidden: Tensor;
  readonly kernel: Tensor;
  readonly bias: Tensor | undefined;
  readonly labels: Int32Array;
  readonly weights: ArrayLike<number> | undefined;
  readonly predicted: boolean;
  readonly labelSmoothing: number;
  readonly softTargets: SoftTargets | undefined;
}

/** One run over all chunks; the derivatives up to the upstream factor, where they are wanted. */
class Scoring {
  readonly total: Tensor;
  readonly losses: Tensor;
  readonly predicted: Tensor | undefined;
  /** What the total is the weighted sum of: the losses, unless labels are smoothed or are not all that counts. */
  readonly #counted: Tensor;
  readonly #dHidden: Tensor | undefined;
  readonly #dKernel: Tensor | undefined;
  readonly #dBias: Tensor | undefined;
  readonly #logits: Tensor;
  readonly #scaled: Tensor;
  readonly #weights: Tensor;
  readonly #programs: CrossentropyPrograms;
  readonly #operands: Operands;

  readonly #sizes: Sizes;

  constructor(sizes: Sizes, operands: Operands) {
    this.#sizes = sizes;
    this.#operands = operands;
    const { rows, units, classes, chunkRows } = sizes;
    const { hidden, kernel, bias, weights } = operands;
    const derivative = (operand: Tensor | undefined): Tensor | undefined =>
      operand !== undefined && isActive(operand)
        ? rows === 0
          ? constantTensor(operand.shape, 0)
          : emptyTensor(operand.shape)
        : undefined;
    [this.#dHidden, this.#dKernel, this.#dBias] = [hidden, kernel, bias].map(derivative);
    this.losses = emptyTensor([rows]);
    const isSmoothed = operands.labelSmoothing > 0;
    this.#counted = isSmoothed || operands.softTargets !== undefined ? emptyTensor([rows]) : this.losses;
    this.predicted = operands.predicted ? emptyTensor([rows]) : undefined;
    this.#weights = weights === undefined ? constantTensor([rows], 1) : tensor(Float64Array.from(weights), [rows]);
    this.#logits = emptyTensor([Math.min(rows, chunkRows), classes]);
    this.#scaled = emptyTensor(this.#dKernel === undefined ? [0] : [Math.min(rows, chunkRows), units]);
    this.#programs = crossentropyPrograms({
      hasBias: bias !== undefined,
      predicted: operands.predicted,
      derives: this.#derives,
      isSmoothed,
    });
    for (let start = 0; start < rows; start += chunkRows) this.#chunk(start, Math.min(chunkRows, rows - start));
    this.total = rows === 0 ? constantTensor([], 0) : this.#weightedSum();
  }

  readonly backward: Backward = ([dTotal], wanted) => {
    const dHidden = this.#dHidden;
    const dKernel = this.#dKernel;
    const dBias = this.#dBias;
    return [dHidden, dKernel, dBias]
      .slice(0, wanted.length)
      .map((gradient, i) => (dTotal && wanted[i] && gradient ? multiplied(gradient, dTotal) : undefined));
  };

  get #derives(): boolean {
    return this.#dHidden !== undefined || this.#dKernel !== undefined || this.#dBias !== undefined;
  }

  #chunk(start: number, numRows: number): void {
    const { units, classes, transposeKernel } = this.#sizes;
    const { hidden, kernel, bias, labels, softTargets } = this.#operands;
    currentBackend().matmul({
      m: numRows,
      n: classes,
      k: units,
      a: asRows(hidden, units, start * units),
      b: asRows(kernel, transposeKernel ? units : classes),
      c: asRows(this.#logits, classes),
      transposeB: transposeKernel,
    });
    if (softTargets === undefined) return this.#scoreLabels(start, numRows);
    softTargets.scoreChunk({
      ...{ start, numRows, classes, bias, predicted: this.predicted },
      ...{ logits: this.#logits, labels: labels.subarray(start, start + numRows), derives: this.#derives },
      ...{ losses: this.losses, counted: this.#counted },
    });
    if (this.#derives) this.#derive(start, numRows, asRows(this.#weights, 1, start));
  }

  /** From the logits of a chunk to its losses and derivatives. */
  #scoreLabels(start: number, numRows: number): void {
    const backend = currentBackend();
    const programs = this.#programs;
    const logits = this.#logits;
    const { classes } = this.#sizes;
    const { bias, labels, labelSmoothing } = this.#operands;
    const isSmoothed = labelSmoothing > 0;
    const x = asRows(logits, classes);
    const ofLabels = labels.subarray(start, start + numRows);
    const places = Int32Array.from(ofLabels, (label, i) => i * classes + label);
    const [ofLabel, biasOfLabel, sum, largest, scale, minusSum] = Array.from({ length: 6 }, () =>
      emptyTensor([numRows]),
    );
    const [distances, minusShare] = isSmoothed ? [emptyTensor([numRows]), emptyTensor([numRows])] : [sum, sum];
    backend.gatherRows({
      columns: 1,
      indices: places,
      source: logits.viewOn(backend),
      target: ofLabel.viewOn(backend),
    });
    if (bias !== undefined)
      backend.gatherRows({
        columns: 1,
        indices: ofLabels,
        source: bias.viewOn(backend),
        target: biasOfLabel.viewOn(backend),
      });

    backend.pointwise({
      program: programs.exponentials,
      rows: numRows,
      columns: classes,
      inputs: {
        x,
        ...(bias && { bias: asRows(bias, 1) }),
        ...(this.predicted && { index: asRows(columnNumbers(classes), 1) }),
      },
      outputs: {
        ...(this.#derives && { exponential: x }),
        sum: asRows(sum, 1),
        largest: asRows(largest, 1),
        ...(isSmoothed && { distances: asRows(distances, 1) }),
        ...(this.predicted && { predicted: asRows(this.predicted, 1, start) }),
      },
    });
    const row = (values: Tensor, from = 0): Strided => asRows(values, numRows, from);
    backend.pointwise({
      program: programs.losses,
      rows: 1,
      columns: numRows,
      inputs: {
        sum: row(sum),
        largest: row(largest),
        ofLabel: row(ofLabel),
        ...(bias && { biasOfLabel: row(biasOfLabel) }),
        ...(this.#derives && { weight: row(this.#weights, start) }),
        ...(isSmoothed && { distances: row(distances) }),
      },
      outputs: {
        loss: row(this.losses, start),
        ...(isSmoothed && { smoothed: row(this.#counted, start) }),
        ...(this.#derives && { scale: row(scale), minusSum: row(minusSum) }),
        ...(this.#derives && isSmoothed && { minusShare: row(minusShare) }),
      },
      ...(isSmoothed && { scalars: { labelSmoothing, smoothingOfClass: labelSmoothing / classes } }),
    });
    if (!this.#derives) return;
    if (isSmoothed)
      backend.pointwise({
        program: spreadOverRow,
        rows: numRows,
        columns: classes,
        inputs: { x, share: asRows(minusShare, 1) },
        outputs: { y: x },
      });
    // The exponentials less their sum at the label: times `scale`, that is dL/dx.
    backend.scatterAddRows({
      columns: 1,
      indices: places,
      source: logits.viewOn(backend),
      target: minusSum.viewOn(backend),
    });
    this.#derive(start, numRows, asRows(scale, 1));
  }

  /**
   * dL/d(operands) of a chunk whose logits have become `dL/dx / scale`: the scale of a row goes to the smaller factor.
   */
  #derive(start: number, numRows: number, byRow: Strided): void {
    const backend = currentBackend();
    const dHidden = this.#dHidden;
    const dKernel = this.#dKernel;
    const dBias = this.#dBias;
    const logits = this.#logits;
    const scaled = this.#scaled;
    const { units, classes, transposeKernel } = this.#sizes;
    const { hidden, kernel } = this.#operands;
    const dx = asRows(logits, classes);
    if (dHidden !== undefined) {
      const own = asRows(dHidden, units, start * units);
      backend.matmul({
        m: numRows,
        n: units,
        k: classes,
        a: dx,
        b: asRows(kernel, transposeKernel ? units : classes),
        c: own,
        transposeB: !transposeKernel,
      });
      backend.pointwise({
        program: scaleRows,
        rows: numRows,
        columns: units,
        inputs: { x: own, scale: byRow },
        outputs: { y: own },
      });
    }
    if (dKernel !== undefined) {
      const h = asRows(scaled, units);
      backend.pointwise({
        program: scaleRows,
        rows: numRows,
        columns: units,
        inputs: { x: asRows(hidden, units, start * units), scale: byRow },
        outputs: { y: h },
      });
      const accumulate = start > 0;
      if (transposeKernel)
        backend.matmul({
          m: classes,
          n: units,
          k: numRows,
          a: dx,
          b: h,
          c: asRows(dKernel, units),
          transposeA: true,
          accumulate,
        });
      else
        backend.matmul({
          m: units,
          n: classes,
          k: numRows,
          a: h,
          b: dx,
          c: asRows(dKernel, classes),
          transposeA: true,
          accumulate,
        });
    }
    if (dBias !== undefined) {
      backend.pointwise({
        program: start > 0 ? addToBias : sumToBias,
        rows: numRows,
        columns: classes,
        inputs: { x: dx, scale: byRow },
        outputs: { sum: asRows(dBias, 1) },
      });
    }
  }

  #weightedSum(): Tensor {
    const total = emptyTensor([]);
    const { rows } = this.#sizes;
    currentBackend().pointwise({
      program: weightedTotal,
      rows: 1,
      columns: rows,
      inputs: { loss: asRows(this.#counted, rows), weight: asRows(this.#weights, rows) },
      outputs: { total: asRows(total, 0) },
    });
    return total;
  }
}

/** In place: nobody else holds the derivative. */
function multiplied(gradient: Tensor, factor: Tensor): Tensor {
  const place = asRows(gradient, gradient.size);
  if (gradient.size > 0)
    currentBackend().pointwise({
      program: timesFactor,
      rows: 1,
      columns: gradient.size,
      inputs: { x: place, factor: asRows(factor, 0) },
      outputs: { y: place },
    });
  return gradient;
}
