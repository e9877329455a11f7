import { RondoError, refuseUnknownOptions, requireNumber } from '../errors.js';
import { currentBackend } from '../kernels/select.js';
import { sizeOf } from '../shape.js';
import { asRows } from './accumulate.js';
import { requireLabels, SUM_SLACK } from './class-labels.js';
import { columnNumbers } from './column-numbers.js';
import { applyPointwise } from './pointwise.js';
import { softCrossentropy, softTargetPrograms } from './soft-targets-programs.js';
import { emptyTensor, type Tensor, tensor } from './tensor.js';

/** What {@link SoftTargets} are made of. */
export interface SoftTargetsOptions {
  /** How many rows there are: one for each distribution that a model predicts. */
  rows: number;
  /** `[rows, k]`, row after row: the classes that are named, each once in its row. */
  classes: ArrayLike<number>;
  /** `[rows, k]`: their probabilities. What a row leaves to 1 is that of all other classes together. */
  probabilities: ArrayLike<number>;
  /** T: what logits are divided by before they are held against the probabilities. Default 1. */
  temperature?: number | undefined;
  /** How much the distributions count, from 0 to 1 (default); the labels count the rest. */
  alpha?: number | undefined;
}

/** A chunk of logits and what becomes of it; see `softmaxCrossentropy`. */
export interface LogitsChunk {
  /** The first of its rows. */
  readonly start: number;
  readonly numRows: number;
  readonly classes: number;
  /** `[numRows, classes]`, without the bias; where it `derives`, they become the derivative of `counted`. */
  readonly logits: Tensor;
  readonly bias: Tensor | undefined;
  /** Of its rows. */
  readonly labels: Int32Array;
  readonly derives: boolean;
  /** `[all rows]`, written: `-ln p` of the labels, what counts in the total, and the likeliest classes. */
  readonly losses: Tensor;
  readonly counted: Tensor;
  readonly predicted: Tensor | undefined;
}

/** Added to logits to take their classes out of a sum; in the range of float32. */
const FAR_BELOW = -1e30;

/**
 * Distributions over classes as sparse rows, which a model is held against beside its labels. A row with label l, logits
 * x and targets `q[i]` for the classes that it names has the loss
 *
 *     (1 - alpha) (-ln p[l]) + alpha T^2 (-sum_i q[i] ln s[i] - (1 - sum_i q[i]) ln (1 - sum_i s[i]))
 *     p = softmax(x),   s = softmax(x / T)
 *
 * All classes that are not named are one: the targets say how likely they are together and nothing of each. Where every
 * class is named that is the cross-entropy with q. The factor T^2 keeps gradients at one size whatever T is. Hinton,
 * Vinyals and Dean 2015, "Distilling the knowledge in a neural network", section 2.
 *
 * @throws SHAPE_MISMATCH, OUT_OF_RANGE, UNKNOWN_NAME
 */
export class SoftTargets {
  readonly rows: number;
  /** k: how many classes each row names. */
  readonly width: number;
  readonly classes: Int32Array;
  readonly probabilities: Float64Array;
  readonly temperature: number;
  readonly alpha: number;
  /** By row: the probability of all other classes together. */
  readonly #rest: Float64Array;

  constructor(options: SoftTargetsOptions) {
    const where = 'SoftTargets';
    refuseUnknownOptions(where, options, ['rows', 'classes', 'probabilities', 'temperature', 'alpha']);
    const { rows, classes, probabilities, temperature = 1, alpha = 1 } = options;
    requireNumber(where, 'temperature', temperature, 'a number above 0', (t) => t > 0 && Number.isFinite(t));
    requireNumber(where, 'alpha', alpha, 'a number from 0 to 1', (share) => share >= 0 && share <= 1);
    this.rows = rows;
    this.width = rows === 0 ? 0 : classes.length / rows;
    if (!Number.isInteger(this.width) || classes.length !== probabilities.length || (rows > 0 && this.width === 0))
      throw new RondoError('SHAPE_MISMATCH', {
        where,
        what: 'the rows are not of one length.',
        expected: 'as many classes as probabilities, the same number of them in each row',
        received: `${classes.length} classes and ${probabilities.length} probabilities in ${rows} rows`,
        fix: 'give rows of equal length; a class may have the probability 0.',
      });
    this.classes = Int32Array.from(classes);
    this.probabilities = Float64Array.from(probabilities);
    this.temperature = temperature;
    this.alpha = alpha;
    this.#rest = Float64Array.from({ length: rows }, (_, row) => this.#restOf(row));
  }

  /** 1 less the probabilities of a row. @throws OUT_OF_RANGE for what is no part of a distribution */
  #restOf(row: number): number {
    const { width } = this;
    const own = this.probabilities.subarray(row * width, (row + 1) * width);
    const named = new Set(this.classes.subarray(row * width, (row + 1) * width));
    const sum = own.reduce((total, probability) => total + probability, 0);
    if (own.every((probability) => probability >= 0) && sum <= 1 + SUM_SLACK && named.size === width)
      return Math.max(0, 1 - sum);
    throw new RondoError('OUT_OF_RANGE', {
      where: 'SoftTargets',
      what: `row ${row} is no part of a distribution.`,
      expected: 'different classes, and probabilities from 0 whose sum is at most 1',
      received: named.size < width ? 'a class twice' : `probabilities whose sum is ${sum}`,
      fix: 'give each class once, with its probability.',
    });
  }

  /** @internal @throws SHAPE_MISMATCH, OUT_OF_RANGE; USAGE beside smoothed labels */
  requireFit(where: string, { rows, classes, labelSmoothing = 0 }: RowsOfClasses): void {
    if (labelSmoothing > 0)
      throw new RondoError('USAGE', {
        where,
        what: 'labels are either smoothed or held beside soft targets.',
        expected: 'labelSmoothing 0',
        received: String(labelSmoothing),
        fix: 'leave `labelSmoothing` out: soft targets smooth labels by what they know.',
      });
    if (rows !== this.rows || this.width > classes)
      throw new RondoError('SHAPE_MISMATCH', {
        where,
        what: 'the soft targets do not fit the predictions.',
        expected: `${rows} rows of at most ${classes} classes`,
        received: `${this.rows} rows of ${this.width}`,
        fix: 'give one row for each distribution that the model predicts.',
      });
    requireLabels(where, this.classes, classes, { shape: [rows, this.width], name: 'the soft targets' });
    // Of rounding only: no class is left that could have it.
    if (this.width === classes) this.#rest.fill(0);
  }

  /** @internal Works a chunk of logits off. */
  scoreChunk(chunk: LogitsChunk): void {
    const { start, numRows, classes, logits, bias, labels, derives, predicted } = chunk;
    const { width: k, temperature, alpha } = this;
    const backend = currentBackend();
    const programs = softTargetPrograms({ hasBias: bias !== undefined, predicted: predicted !== undefined });
    const named = this.classes.subarray(start * k, (start + numRows) * k);
    const places = named.map((own, i) => Math.floor(i / k) * classes + own);
    const ofLabels = labels.map((label, row) => row * classes + label);
    const view = (values: Tensor) => values.viewOn(backend);
    const gathered = (source: Tensor, indices: Int32Array): Tensor => {
      const target = emptyTensor([indices.length]);
      backend.gatherRows({ columns: 1, indices, source: view(source), target: view(target) });
      return target;
    };
    const added = (indices: Int32Array, values: Tensor): void =>
      backend.scatterAddRows({ columns: 1, indices, source: view(logits), target: view(values) });
    const perRow = (): Tensor => emptyTensor([numRows]);
    const column = (values: Tensor) => asRows(values, 1);
    const scalars = { alpha, labelShare: 1 - alpha, inverseTemperature: 1 / temperature };

    const probability = tensor(this.probabilities.slice(start * k, (start + numRows) * k), [numRows, k]);
    const all = { rows: numRows, columns: classes };
    const few = { rows: numRows, columns: k };
    const x = asRows(logits, classes);
    const ofAll = { x, ...(bias && { bias: asRows(bias, 1) }) };
    const ofNamed = {
      logit: asRows(gathered(logits, places), k),
      ...(bias && { bias: asRows(gathered(bias, named), k) }),
      probability: asRows(probability, k),
    };
    const ofLabel = gathered(logits, ofLabels);
    const biasOfLabel = bias && gathered(bias, labels);

    const largest = perRow();
    backend.pointwise({
      ...{ program: programs.largest, ...all },
      inputs: { ...ofAll, ...(predicted && { index: asRows(columnNumbers(classes), 1) }) },
      outputs: { largest: column(largest), ...(predicted && { predicted: asRows(predicted, 1, start) }) },
    });
    const [namedSum, namedSoftSum, expected, otherSum, otherSoftSum] = Array.from({ length: 5 }, perRow);
    backend.pointwise({
      ...{ program: programs.named, ...few, scalars },
      inputs: { ...ofNamed, largest: column(largest) },
      outputs: { sum: column(namedSum), softSum: column(namedSoftSum), expected: column(expected) },
    });
    // What is left is summed by itself: as a difference it would be nothing but rounding where it is small.
    added(places, tensor(new Float64Array(places.length).fill(FAR_BELOW), [places.length]));
    backend.pointwise({
      ...{ program: programs.others, ...all, scalars },
      inputs: { ...ofAll, largest: column(largest) },
      outputs: { sum: column(otherSum), softSum: column(otherSoftSum) },
    });

    const [hardFactor, softFactor, otherFactor, minusLabelShare] = Array.from({ length: 4 }, perRow);
    const rest = tensor(this.#rest.slice(start, start + numRows), [numRows]);
    const inOne = (values: Tensor, from = 0) => asRows(values, numRows, from);
    const sums = { namedSum, namedSoftSum, expected, otherSum, otherSoftSum, largest, rest, ofLabel };
    const factors = { hardFactor, softFactor, otherFactor, minusLabelShare };
    backend.pointwise({
      ...{ program: programs.losses, rows: 1, columns: numRows, scalars },
      inputs: byName({ ...sums, ...(biasOfLabel && { biasOfLabel }) }, inOne),
      outputs: { loss: inOne(chunk.losses, start), counted: inOne(chunk.counted, start), ...byName(factors, inOne) },
    });
    if (!derives) return;

    backend.pointwise({
      ...{ program: programs.otherSlopes, ...all, scalars },
      inputs: { ...ofAll, ...byName({ largest, hardFactor, otherFactor }, column) },
      outputs: { slope: x },
    });
    const slopes = emptyTensor([numRows, k]);
    backend.pointwise({
      ...{ program: programs.namedSlopes, ...few, scalars },
      inputs: { ...ofNamed, ...byName({ largest, hardFactor, softFactor }, column) },
      outputs: { slope: asRows(slopes, k) },
    });
    added(places, slopes);
    added(ofLabels, minusLabelShare);
  }

  /**
   * @internal The part of the distributions in the losses, of logits that are stored: `[..., classes]` to `[...]`.
   * Differentiable by the logits.
   */
  softLosses(where: string, logits: Tensor): Tensor {
    const leading = logits.shape.slice(0, -1);
    const classes = logits.shape.at(-1) ?? 1;
    this.requireFit(where, { rows: sizeOf(leading), classes });
    const full = new Float64Array(this.rows * classes).fill(-1);
    const { width } = this;
    this.classes.forEach((own, i) => {
      full[Math.floor(i / width) * classes + own] = this.probabilities[i];
    });
    const operands = [tensor(full, logits.shape), logits, tensor(this.#rest, [...leading, 1])];
    return applyPointwise(softCrossentropy, operands, { alpha: this.alpha, inverseTemperature: 1 / this.temperature });
  }
}

/** What soft targets are held against. */
interface RowsOfClasses {
  readonly rows: number;
  readonly classes: number;
  readonly labelSmoothing?: number | undefined;
}

function byName<Result>(
  values: Readonly<Record<string, Tensor>>,
  as: (values: Tensor) => Result,
): Record<string, Result> {
  return Object.fromEntries(Object.entries(values).map(([name, own]) => [name, as(own)]));
}
