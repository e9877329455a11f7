import { RondoError } from '../errors.js';
import { currentBackend } from '../kernels/select.js';
import { describeShape } from '../shape.js';
import { bestLabels, type ChainConstraints, labelMarginals } from '../tensor/chain-decoding.js';
import { chainLoss, countedSteps, scoresAt } from '../tensor/chain-loss.js';
import type { ChainWeights } from '../tensor/linear-chain.js';
import { requireReadsNow } from '../tensor/reads-now.js';
import { type ChainNumbers, softened, taughtChainLoss } from '../tensor/taught-chain-loss.js';
import type { Tensor } from '../tensor/tensor.js';
import type { Variable } from '../tensor/variable.js';
import { setChain } from './chain-scores.js';
import { requireSequence, titleOf } from './input-axes.js';
import { type Json, knownAxis, Layer, type LayerOptions, type OpenShape, singleInput } from './layer.js';
import type { Mask } from './mask.js';

export interface CRFOptions extends LayerOptions {
  /**
   * What decoding may return; by default everything. Training does not use them, so that data may break them. See
   * `tagConstraints`.
   */
  constraints?: ChainConstraints | undefined;
}

/** The weights of the chain whose scores a tensor holds. */
interface ChainVariables {
  readonly transitions: Variable;
  readonly start: Variable;
  readonly end: Variable;
}

/** Label scores on the host, as `Model.predict` returns them. */
export interface LabelScores {
  /** `[batch, time, labels]` */
  readonly scores: Tensor;
  /** `[batch * time]`, 0 where a step is padding; by default all count. */
  readonly mask?: Mask | undefined;
  /** What {@link CRF.readWeights} gave, on a device that is read asynchronously only. */
  readonly weights?: ChainWeights | undefined;
}

/**
 * A linear-chain conditional random field over label scores `[batch, time, labels]`, which go through unchanged: the
 * layer adds learned scores of neighbouring labels, and of the first and the last label. Train with the loss `crf`,
 * which is the negative log-likelihood of whole label sequences, and read the best sequences with {@link CRF.decode}.
 *
 * @example
 * const crf = new CRF();
 * const lstm = new LSTM({ units: 32, returnSequences: true, inputShape: [null, 8] });
 * const model = new Sequential([new Bidirectional({ layer: lstm }), new Dense({ units: 5 }), crf]);
 * model.compile({ optimizer: 'adam', loss: 'crf' });
 * const labels = crf.decode({ scores: await model.predict(x) });
 *
 * @throws SHAPE_MISMATCH. Lafferty, McCallum and Pereira 2001, "Conditional random fields"
 */
export class CRF extends Layer {
  readonly className = 'CRF';
  readonly constraints: ChainConstraints | undefined;
  protected override readonly passesMask = true;
  #variables: ChainVariables | undefined;

  constructor(options: CRFOptions = {}) {
    super('CRF', options, ['constraints']);
    this.constraints = options.constraints;
  }

  override computeOutputShape(inputShape: OpenShape): OpenShape {
    requireSequence(
      this,
      inputShape,
      this.buildShape?.at(2) ?? null,
      'give the layer one score for every label at every step, for example from a Dense layer.',
    );
    return inputShape;
  }

  override build(inputShape: OpenShape): void {
    const K = knownAxis('CRF', inputShape, 2, 'labels');
    this.#requireConstraints(K);
    const weight = (name: string, shape: readonly number[]): Variable =>
      this.addWeight(name, shape, { initializer: 'zeros' });
    this.#variables = {
      transitions: weight('transitions', [K, K]),
      start: weight('start', [K]),
      end: weight('end', [K]),
    };
  }

  override call(inputs: Tensor | readonly Tensor[]): Tensor {
    const scores = singleInput(this.name, inputs);
    this.computeOutputShape(scores.shape);
    const variables = this.#variables!;
    setChain(scores, {
      lossesOf: (targets, mask) => chainLoss({ scores, ...variables, targets, mask }),
      taughtLossesOf: (teacher, temperature, mask) =>
        taughtChainLoss({ scores, ...variables, teacher, temperature, mask }),
      read: async () => ({
        shape: scores.shape,
        scores: await scores.readNumbers(),
        weights: await this.readWeights(),
      }),
      marginalsOf,
    });
    return scores;
  }

  override getConfig(): Record<string, Json | undefined> {
    return { ...this.baseConfig(), constraints: this.constraints && { ...this.constraints } };
  }

  /**
   * By sequence: the labels of the highest score, one for each step that counts. The constraints always hold. @throws
   * OUT_OF_RANGE where they allow none
   */
  decode({ scores, mask, weights = this.#weightsNow() }: LabelScores): Int32Array[] {
    this.computeOutputShape(scores.shape);
    return perSequence(scores, mask, (own) => bestLabels(own, weights, this.constraints).labels);
  }

  /**
   * By sequence: `P(label at step t)` for every step that counts and every label, `[steps, labels]`, among what the
   * constraints allow.
   */
  marginals({ scores, mask, weights = this.#weightsNow() }: LabelScores): Float64Array[] {
    this.computeOutputShape(scores.shape);
    return perSequence(scores, mask, (own) => labelMarginals(own, weights, this.constraints));
  }

  /** The chain's weights as they are now, for decoding; where nothing can be read at once. @throws USAGE */
  async readWeights(): Promise<ChainWeights> {
    return weightsOfChain(await Promise.all(this.chainVariables.map((one) => one.data())));
  }

  #weightsNow(): ChainWeights {
    requireReadsNow(currentBackend(), titleOf(this), 'give it `weights: await crf.readWeights()`');
    return weightsOfChain(this.chainVariables.map((one) => one.dataSync()));
  }

  /** @internal Transitions, start and end. @throws USAGE before the layer has any */
  get chainVariables(): readonly Variable[] {
    if (this.#variables === undefined)
      throw new RondoError('USAGE', {
        where: titleOf(this),
        what: 'the layer has no weights yet.',
        fix: 'run the model it belongs to first.',
      });
    const { transitions, start, end } = this.#variables;
    return [transitions, start, end];
  }

  #requireConstraints(K: number): void {
    if (this.constraints === undefined) return;
    const { start, end, next } = this.constraints;
    const where = titleOf(this);
    if (start.length !== K || end.length !== K || next.length !== K || next.some((row) => row.length !== K)) {
      throw new RondoError('SHAPE_MISMATCH', {
        where,
        what: 'the constraints do not fit the labels.',
        expected: `${K} labels`,
        received: `start ${start.length}, end ${end.length}, next ${describeShape([next.length, next[0]?.length ?? 0])}`,
        fix: 'make the constraints from the list of all labels.',
      });
    }
    if (!start.includes(true) || !end.includes(true)) {
      throw new RondoError('OUT_OF_RANGE', {
        where,
        what: `the constraints allow no label at the ${start.includes(true) ? 'end' : 'start'}.`,
        expected: 'at least one',
        fix: 'add a label that may stand anywhere, such as `O`.',
      });
    }
  }
}

/** @internal The weights of {@link CRF.chainVariables}, from their numbers. */
export function weightsOfChain([transitions, start, end]: readonly ArrayLike<number>[]): ChainWeights {
  return {
    labels: start.length,
    transitions: Float64Array.from(transitions),
    start: Float64Array.from(start),
    end: Float64Array.from(end),
  };
}

function marginalsOf(
  { shape, scores, weights }: ChainNumbers,
  temperature: number,
  mask: ArrayLike<number> | undefined,
): Float64Array {
  const [batch, time, K] = shape;
  const soft = softened(weights!, temperature);
  const all = new Float64Array(batch * time * K);
  for (let b = 0; b < batch; b++) {
    const steps = countedSteps(b, time, mask);
    const own = scoresAt(scores, steps, K).map((score) => score / temperature);
    const marginals = labelMarginals(own, soft);
    steps.forEach((step, t) => all.set(marginals.subarray(t * K, (t + 1) * K), step * K));
  }
  return all;
}

function perSequence<T>(scores: Tensor, mask: Mask | undefined, decode: (own: Float64Array) => T): T[] {
  const [batch, time, K] = scores.shape;
  if (mask !== undefined && mask.length !== batch * time) {
    throw new RondoError('SHAPE_MISMATCH', {
      where: 'CRF.decode',
      what: '`mask` does not fit the scores.',
      expected: `${batch} * ${time} entries`,
      received: String(mask.length),
      fix: 'give one 0 or 1 for every step of every sequence.',
    });
  }
  const values = scores.hostNumbers();
  return Array.from({ length: batch }, (_, b) => decode(scoresAt(values, countedSteps(b, time, mask), K)));
}
