import { RondoError, requireCount, requireNumber } from '../errors.js';
import { requireLabels } from '../tensor/class-labels.js';
import { gatherTensor, scatterAdd } from '../tensor/gather.js';
import * as ops from '../tensor/index.js';
import { placesOfLargest } from '../tensor/reduce.js';
import type { ScoredLabels } from '../tensor/softmax-crossentropy.js';
import { withoutTape } from '../tensor/tape.js';
import { scope, type Tensor } from '../tensor/tensor.js';
import { Dense } from './dense.js';
import type { InitializerLike } from './initializers.js';
import { requireFeatures } from './input-axes.js';
import {
  type CallOptions,
  type Json,
  knownAxis,
  Layer,
  type LayerOptions,
  type OpenShape,
  singleInput,
} from './layer.js';
import { lazyHead, type OutputHead, refuseSpreadLabels, type ScoreOptions } from './output-head.js';
import { plainOptions } from './plain-options.js';

export interface AdaptiveSoftmaxOptions extends LayerOptions {
  /** Number of classes, numbered from the most frequent on. */
  units: number;
  /** Where clusters begin, ascending: classes before the first are in the head, as many clusters as cutoffs follow. */
  cutoffs: readonly number[];
  /**
   * Cluster i reads its input through a projection to `floor(features / divValue^(i + 1))` numbers, at least one.
   * Default 4.
   */
  divValue?: number | undefined;
  /** Whether the head has a bias. Default false. */
  headBias?: boolean | undefined;
  /** Of every kernel. Default glorotUniform. */
  kernelInitializer?: InitializerLike | undefined;
}

/** Classes that share a projection. */
interface Cluster {
  readonly first: number;
  readonly size: number;
  readonly projection: Dense;
  readonly output: Dense;
}

/** Numbers held at once where the likeliest class is looked for. */
const MOST_NUMBERS = 1 << 21;

/**
 * A softmax over many classes in two levels: the head has the frequent classes and one entry for each cluster of rarer
 * ones, and a class of a cluster has the probability of its cluster times that within it. Labels are scored (by
 * `sparseCategoricalCrossentropy` as the model's one loss) with the head and, for the rows of a cluster's labels alone,
 * that cluster. Grave et al. 2017, "Efficient softmax approximation for GPUs", section 4.3, with PyTorch's defaults.
 *
 * It is a distribution of its own, not an approximation: output, evaluation and metrics are exact, and sum to 1.
 * Input `[batch, ..., features]`, output probabilities `[batch, ..., units]`; a mask goes on with the output.
 *
 * @throws OUT_OF_RANGE, SHAPE_MISMATCH; in training USAGE for `labelSmoothing`
 */
export class AdaptiveSoftmax extends Layer {
  readonly className = 'AdaptiveSoftmax';
  protected override readonly passesMask = true;
  readonly units: number;
  readonly cutoffs: readonly number[];
  readonly divValue: number;
  readonly #head: Dense;
  #clusters: readonly Cluster[] = [];
  readonly #options: AdaptiveSoftmaxOptions;

  constructor(options: AdaptiveSoftmaxOptions) {
    super('AdaptiveSoftmax', options, ['units', 'cutoffs', 'divValue', 'headBias', 'kernelInitializer']);
    this.#options = options;
    const { units, cutoffs, divValue = 4, headBias = false, kernelInitializer } = options;
    requireCount('AdaptiveSoftmax', 'units', units);
    requireNumber('AdaptiveSoftmax', 'divValue', divValue, 'a number of at least 1', (value) => value >= 1);
    const ascends =
      Array.isArray(cutoffs) &&
      cutoffs.length > 0 &&
      cutoffs.every((cutoff, i) => Number.isInteger(cutoff) && cutoff > (cutoffs[i - 1] ?? 0) && cutoff < units);
    if (!ascends) {
      throw new RondoError('OUT_OF_RANGE', {
        where: 'AdaptiveSoftmax',
        what: '`cutoffs` do not divide the classes.',
        expected: `ascending whole numbers from 1 to ${units - 1}`,
        received: JSON.stringify(cutoffs) ?? 'nothing',
        fix: 'give for example [2000, 10000] for 50000 classes.',
      });
    }
    this.units = units;
    this.cutoffs = cutoffs;
    this.divValue = divValue;
    this.#head = new Dense({ units: cutoffs[0] + cutoffs.length, useBias: headBias, kernelInitializer });
  }

  override get sublayers(): ReadonlyMap<string, Layer<unknown>> {
    const tails = this.#clusters.flatMap(({ projection, output }, i): [string, Dense][] => [
      [`projection${i}`, projection],
      [`output${i}`, output],
    ]);
    return new Map<string, Layer<unknown>>([['head', this.#head], ...tails]);
  }

  override computeOutputShape(inputShape: OpenShape): OpenShape {
    requireFeatures(this, inputShape, this.buildShape?.at(-1) ?? null);
    return [...inputShape.slice(0, -1), this.units];
  }

  override build(inputShape: OpenShape): void {
    const features = knownAxis('AdaptiveSoftmax', inputShape, -1, 'features');
    const { kernelInitializer } = this.#options;
    this.#head.ensureBuilt([null, features]);
    this.#clusters = this.cutoffs.map((first, i) => {
      const width = Math.max(1, Math.floor(features / this.divValue ** (i + 1)));
      const size = (this.cutoffs[i + 1] ?? this.units) - first;
      const projection = new Dense({ units: width, useBias: false, kernelInitializer });
      const output = new Dense({ units: size, useBias: false, kernelInitializer });
      projection.ensureBuilt([null, features]);
      output.ensureBuilt([null, width]);
      return { first, size, projection, output };
    });
  }

  override call(inputs: Tensor | readonly Tensor[], options: CallOptions): Tensor {
    return this.callHead(inputs, options).values();
  }

  /** The logits are logarithms of the probabilities, whose softmax is the probabilities. */
  override callHead(inputs: Tensor | readonly Tensor[], { mask }: CallOptions): OutputHead {
    const input = singleInput(this.name, inputs);
    this.computeOutputShape(input.shape);
    const shape = [...input.shape.slice(0, -1), this.units];
    const hidden = ops.reshape(input, [-1, input.shape[input.shape.length - 1]]);
    const logits = (): Tensor => ops.reshape(this.#logProbabilities(hidden), shape);
    return lazyHead({
      shape,
      mask,
      activation: 'softmax',
      values: (known) => (known === undefined ? ops.exp(logits()) : ops.softmax(known)),
      logits,
      // Compressed weights have no scores of single labels.
      score: this.weights.some(({ compressed }) => compressed !== undefined)
        ? undefined
        : (labels, options) => scope(() => this.#score(hidden, labels, options)),
    });
  }

  override getConfig(): Record<string, Json | undefined> {
    return {
      ...plainOptions(this.#options),
      ...this.baseConfig(),
      divValue: this.divValue,
      headBias: this.#options.headBias ?? false,
    };
  }

  #score(hidden: Tensor, labels: Int32Array, options: ScoreOptions): ScoredLabels {
    refuseSpreadLabels(this.name, options);
    const { weights, predicted } = options;
    const [shortlist] = this.cutoffs;
    requireLabels(this.className, labels, this.units);
    // By row: the cluster of its label, -1 for the head.
    const clusterOf = labels.map((label) => this.cutoffs.filter((first) => label >= first).length - 1);
    const inHead = this.#head.applyHead(hidden).score!(
      labels.map((label, row) => (clusterOf[row] < 0 ? label : shortlist + clusterOf[row])),
      { weights, predicted: false },
    );
    let { total, losses } = inHead;
    this.#clusters.forEach(({ first, projection, output }, i) => {
      const rows = Int32Array.from(labels.keys()).filter((row) => clusterOf[row] === i);
      if (rows.length === 0) return;
      const own = projection.apply(gatherTensor(hidden, [rows.length, hidden.shape[1]], hidden.shape[1], rows));
      const within = output.applyHead(own).score!(
        rows.map((row) => labels[row] - first),
        { weights: Float64Array.from(rows, (row) => weights[row]), predicted: false },
      );
      total = ops.add(total, within.total);
      losses = withoutTape(() => ops.add(losses, scatterAdd(within.losses, losses.shape, 1, rows)));
    });
    return { total, losses, predicted: predicted ? withoutTape(() => this.#likeliest(hidden)) : undefined };
  }

  /** `[rows, units]` */
  #logProbabilities(hidden: Tensor): Tensor {
    const [shortlist] = this.cutoffs;
    const head = ops.logSoftmax(this.#head.apply(hidden));
    const tails = this.#clusters.map(({ projection, output }, i) =>
      ops.add(
        ops.slice(head, 1, shortlist + i, shortlist + i + 1),
        ops.logSoftmax(output.apply(projection.apply(hidden))),
      ),
    );
    return ops.concatenate([ops.slice(head, 1, 0, shortlist), ...tails], 1);
  }

  #likeliest(hidden: Tensor): Tensor {
    const [numRows] = hidden.shape;
    const step = Math.max(1, Math.floor(MOST_NUMBERS / this.units));
    const found: Tensor[] = [];
    for (let start = 0; start < numRows; start += step)
      found.push(placesOfLargest(this.#logProbabilities(ops.slice(hidden, 0, start, Math.min(numRows, start + step)))));
    return found.length === 1 ? found[0] : ops.concatenate(found, 0);
  }
}
