import { refuseUnknownOptions, requireCount, unknownName } from '../../errors.js';
import type { Configuration } from '../../layers/configured.js';
import type { Json } from '../../layers/layer.js';
import { type Metric, type MetricBatch, requireEqualShapes, weightsOf } from './metric.js';

/** Options of {@link auc}. */
export interface AucOptions {
  /** True against false positive rate, or precision against recall. Default ROC. */
  curve?: 'ROC' | 'PR' | undefined;
  /**
   * Evaluates the curve at this many evenly spaced thresholds, in constant memory, as Keras (there 200). Default: at
   * every score.
   */
  numThresholds?: number | undefined;
}

/** A point of the curve: the weights of the positives and negatives whose score is above a threshold. */
interface Point {
  readonly truePositives: number;
  readonly falsePositives: number;
}

/** Scores with a label, in arrays that grow. */
class Scores {
  #score = new Float64Array(256);
  /** The weight, negative for negatives. */
  #signed = new Float64Array(256);
  #count = 0;

  add(score: number, isPositive: boolean, weight: number): void {
    if (this.#count === this.#score.length) {
      const larger = (values: Float64Array): Float64Array<ArrayBuffer> => {
        const copy = new Float64Array(2 * values.length);
        copy.set(values);
        return copy;
      };
      this.#score = larger(this.#score);
      this.#signed = larger(this.#signed);
    }
    this.#score[this.#count] = score;
    this.#signed[this.#count++] = isPositive ? weight : -weight;
  }

  get state(): Json {
    return [Array.from(this.#score.subarray(0, this.#count)), Array.from(this.#signed.subarray(0, this.#count))];
  }

  set state(state: Json) {
    const [score, signed] = state as unknown as [number[], number[]];
    this.#count = 0;
    score.forEach((value, i) => this.add(value, signed[i] > 0, Math.abs(signed[i])));
  }

  /** From all positives down to none, one point per distinct score. */
  points(): Point[] {
    const order = Uint32Array.from({ length: this.#count }, (_, i) => i).sort(
      (a, b) => this.#score[b] - this.#score[a],
    );
    const points: Point[] = [{ truePositives: 0, falsePositives: 0 }];
    let truePositives = 0;
    let falsePositives = 0;
    order.forEach((at, i) => {
      if (this.#signed[at] > 0) truePositives += this.#signed[at];
      else falsePositives -= this.#signed[at];
      const isLastOfEqual = i + 1 === order.length || this.#score[order[i + 1]] !== this.#score[at];
      if (isLastOfEqual) points.push({ truePositives, falsePositives });
    });
    return points.reverse();
  }
}

/**
 * Weights by the interval of scores they fall into: interval i is (i / (n - 1), (i + 1) / (n - 1)], 0 is in the first.
 */
class Buckets {
  readonly #positives: Float64Array;
  readonly #negatives: Float64Array;

  readonly #numThresholds: number;

  constructor(numThresholds: number) {
    this.#numThresholds = numThresholds;
    this.#positives = new Float64Array(numThresholds);
    this.#negatives = new Float64Array(numThresholds);
  }

  add(score: number, isPositive: boolean, weight: number): void {
    const inside = Math.min(Math.max(score, 0), 1);
    const bucket = Math.max(0, Math.ceil(inside * (this.#numThresholds - 1)) - 1);
    (isPositive ? this.#positives : this.#negatives)[bucket] += weight;
  }

  get state(): Json {
    return [Array.from(this.#positives), Array.from(this.#negatives)];
  }

  set state(state: Json) {
    const [positives, negatives] = state as unknown as [number[], number[]];
    this.#positives.set(positives);
    this.#negatives.set(negatives);
  }

  points(): Point[] {
    const points = new Array<Point>(this.#numThresholds);
    let truePositives = 0;
    let falsePositives = 0;
    for (let i = this.#numThresholds - 1; i >= 0; i--) {
      truePositives += this.#positives[i];
      falsePositives += this.#negatives[i];
      points[i] = { truePositives, falsePositives };
    }
    return points;
  }
}

/** The area under a curve of binary scores. */
class AreaUnderCurve implements Metric {
  readonly name = 'auc';
  readonly better = 'higher';
  #scores!: Scores | Buckets;

  readonly #curve: 'ROC' | 'PR';
  readonly #numThresholds: number | undefined;

  constructor(curve: 'ROC' | 'PR', numThresholds: number | undefined) {
    this.#curve = curve;
    this.#numThresholds = numThresholds;
    this.reset();
  }

  reset(): void {
    this.#scores = this.#numThresholds === undefined ? new Scores() : new Buckets(this.#numThresholds);
  }

  update(batch: MetricBatch): void {
    requireEqualShapes('auc', batch);
    const { yTrue, yPred } = batch;
    const weight = weightsOf('auc', batch, yPred.shape);
    for (let i = 0; i < yPred.data.length; i++) {
      const w = weight(i);
      if (w > 0) this.#scores.add(yPred.data[i], yTrue.data[i] !== 0, w);
    }
  }

  result(): number {
    const points = this.#scores.points();
    return this.#curve === 'ROC' ? areaUnderRoc(points) : areaUnderPrecisionRecall(points);
  }

  getState(): Json {
    return this.#scores.state;
  }

  setState(state: Json): void {
    this.#scores.state = state;
  }

  getConfig(): Configuration {
    return { name: 'auc', config: { curve: this.#curve, numThresholds: this.#numThresholds } };
  }
}

/**
 * The trapezoidal area: the share of pairs of a positive and a negative that are ranked correctly, ties counting half.
 */
function areaUnderRoc(points: readonly Point[]): number {
  let area = 0;
  for (let i = 0; i + 1 < points.length; i++) {
    area +=
      ((points[i].falsePositives - points[i + 1].falsePositives) *
        (points[i].truePositives + points[i + 1].truePositives)) /
      2;
  }
  return area / (points[0].truePositives * points[0].falsePositives);
}

/**
 * Between two points true positives grow linearly with all positives, so precision does not:
 * `slope (dtp + intercept log(p1 / p0)) / positives`. Davis and Goadrich 2006, "The relationship between
 * precision-recall and ROC curves", section 4.
 */
function areaUnderPrecisionRecall(points: readonly Point[]): number {
  let area = 0;
  for (let i = 0; i + 1 < points.length; i++) {
    const [high, low] = [points[i], points[i + 1]];
    const above = high.truePositives + high.falsePositives;
    const below = low.truePositives + low.falsePositives;
    if (above === below) continue;
    const gained = high.truePositives - low.truePositives;
    const slope = gained / (above - below);
    const intercept = low.truePositives - slope * below;
    area += slope * (gained + (below > 0 ? intercept * Math.log(above / below) : 0));
  }
  return area / points[0].truePositives;
}

/**
 * The area under the ROC or the precision-recall curve of binary scores (every element of the predictions counts).
 * Keeps all scores of an epoch and is exact, where Keras's default is an approximation by 200 thresholds. NaN where one
 * of the two classes is missing. Hanley and McNeil 1982, "The meaning and use of the area under a ROC curve".
 *
 * @throws UNKNOWN_NAME, OUT_OF_RANGE
 */
export function auc(options: AucOptions = {}): Metric {
  refuseUnknownOptions('auc', options, ['curve', 'numThresholds']);
  const { curve = 'ROC', numThresholds } = options;
  if (curve !== 'ROC' && curve !== 'PR') throw unknownName('auc', 'curve', String(curve), ['ROC', 'PR']);
  if (numThresholds !== undefined) requireCount('auc', 'numThresholds', numThresholds, 2);
  return new AreaUnderCurve(curve, numThresholds);
}
