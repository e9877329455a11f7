import { RondoError } from '../../errors.js';
import { type ChainOfScores, chainOf } from '../../layers/chain-scores.js';
import type { Mask } from '../../layers/mask.js';
import type { Shape } from '../../shape.js';
import { SUM_SLACK } from '../../tensor/class-labels.js';
import * as ops from '../../tensor/index.js';
import type { ChainNumbers } from '../../tensor/taught-chain-loss.js';
import { scope, type Tensor } from '../../tensor/tensor.js';
import type { HostArray } from '../host-data.js';
import { hostTensor } from '../rows.js';
import { layersBelow } from '../snapshot.js';
import type { Trainable } from '../trainable.js';
import { likeliestClasses, type SparseRows } from './likeliest-classes.js';

/** The distributions that a teacher predicts for one batch. */
export interface TaughtRows extends SparseRows {
  /** How many distributions there are: one a row of the batch, or one for each of its steps. */
  readonly rows: number;
  /** `[batch, ..., classes]` */
  readonly shape: Shape;
}

/** What a teacher computed for one batch. */
interface Asked {
  readonly output: Tensor;
  /** Of which the output holds the scores, if any. */
  readonly chain: ChainOfScores | undefined;
  readonly mask: Mask | undefined;
}

/** Added to probabilities before their logarithm is taken; in the range of float32. */
const LEAST_PROBABILITY = 1e-30;

/** A trained model that is asked what it thinks of batches. */
export class Teacher {
  readonly #model: Trainable;
  readonly #where: string;
  /** Of what its head gives without a softmax; undefined before the first batch. */
  #givesProbabilities: boolean | undefined;

  constructor(model: Trainable, where: string) {
    this.#model = model;
    this.#where = where;
  }

  /** Whether it carries states from batch to batch; known once it was asked. */
  get carriesStates(): boolean {
    return [...layersBelow(this.#model)].some(([, layer]) => layer.carriedStates().size > 0);
  }

  forget(): void {
    this.#model.resetStates();
  }

  /**
   * The likeliest classes of each distribution, and their probabilities at a temperature.
   *
   * @throws SHAPE_MISMATCH; USAGE where its outputs are no distributions
   */
  async ask(inputs: readonly HostArray[], temperature: number, topK: number): Promise<TaughtRows> {
    this.#requireInputs(inputs);
    const softened = (logits: Tensor): Tensor => ops.softmax(ops.mul(logits, 1 / temperature));
    const isFirst = this.#givesProbabilities === undefined;
    let asked: Asked | undefined;
    let output = scope(() => {
      asked = this.#run(inputs);
      return isFirst || asked.chain !== undefined ? asked.output : softened(asked.output);
    });
    const classes = output.shape.at(-1)!;
    const k = Math.min(topK, classes);
    const { chain, mask } = asked!;
    if (chain !== undefined) {
      const all = chain.marginalsOf(await chain.read(), temperature, mask);
      return { ...likeliestClasses(all, classes, k), rows: all.length / classes, shape: output.shape };
    }
    if (isFirst) {
      this.#givesProbabilities ??= isDistribution(await output.readNumbers(), classes);
      const raw = output;
      output = scope(() => softened(this.#logits(raw)));
    }
    const all = await output.readNumbers();
    return { ...likeliestClasses(all, classes, k), rows: all.length / classes, shape: output.shape };
  }

  /**
   * The distributions over sequences of labels, as chains; one in which every step stands for itself where the teacher has
   * none.
   *
   * @throws SHAPE_MISMATCH; USAGE where its outputs are no distributions
   */
  async askSequences(inputs: readonly HostArray[]): Promise<ChainNumbers> {
    this.#requireInputs(inputs);
    let asked: Asked | undefined;
    let output = scope(() => (asked = this.#run(inputs)).output);
    const { chain } = asked!;
    if (chain !== undefined) return chain.read();
    this.#givesProbabilities ??= isDistribution(await output.readNumbers(), output.shape.at(-1)!);
    const raw = output;
    output = this.#givesProbabilities ? scope(() => this.#logits(raw)) : raw;
    return { shape: output.shape, scores: await output.readNumbers(), weights: undefined };
  }

  #requireInputs(inputs: readonly HostArray[]): void {
    const shapes = inputs.map(({ shape }) => shape.slice(1));
    this.#model.requireInputShapes(shapes, this.#where);
  }

  /** What goes into the softmax, or the output where it has none. */
  #run(inputs: readonly HostArray[]): Asked {
    const { heads } = this.#model.runBatch(inputs.map(hostTensor), { training: false });
    const [head] = heads;
    if (heads.length !== 1 || head.activation === 'sigmoid')
      throw this.#noDistribution(heads.length === 1 ? 'a sigmoid' : `${heads.length} outputs`);
    if (head.activation === 'softmax') {
      this.#givesProbabilities = false;
      return { output: head.logits(), chain: undefined, mask: head.mask };
    }
    const values = head.values();
    const chain = chainOf(values);
    return { output: chain === undefined ? this.#logits(values) : values, chain, mask: head.mask };
  }

  #logits(output: Tensor): Tensor {
    return this.#givesProbabilities ? ops.log(ops.add(output, LEAST_PROBABILITY)) : output;
  }

  #noDistribution(received: string): RondoError {
    return new RondoError('USAGE', {
      where: this.#where,
      what: 'the teacher does not predict one distribution over classes.',
      expected: 'a model that ends in a softmax, or in what goes into one',
      received,
      fix: 'train the student on the outputs themselves: student.fit(x, await teacher.predict(x)).',
    });
  }
}

/** Whether each row could be probabilities; rows of logits do not add up to 1 by chance. */
function isDistribution(values: ArrayLike<number>, classes: number): boolean {
  for (let start = 0; start < values.length; start += classes) {
    let sum = 0;
    for (let i = start; i < start + classes; i++) {
      if (!(values[i] >= 0)) return false;
      sum += values[i];
    }
    if (!(Math.abs(sum - 1) <= SUM_SLACK)) return false;
  }
  return values.length > 0;
}
