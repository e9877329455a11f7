import { RondoError, refuseUnknownOptions, requireCount, unknownName } from '../errors.js';
import type { Callback, Computation, TrainingContext } from '../training/callbacks/callback.js';
import type { Trainable } from '../training/trainable.js';
import { type CompressibleWeight, compressibleWeights, fitsFormat } from './compressible-weights.js';
import { RoundedWeights } from './rounded-weights.js';
import { type RoundedFormat, roundedFormats } from './rounding-programs.js';

export interface QuantizationAwareOptions {
  /**
   * The step after which training sees rounded weights; 0 for all of it. Default half of all steps, or 0 where a dataset is
   * of unknown length.
   */
  from?: number | undefined;
  /** Weights that will not be rounded: the `exclude` of {@link quantize}; a file of 4 bits has all that fit. */
  exclude?: readonly string[] | undefined;
  /**
   * What the model is to become: `int8` (default), as {@link quantize} makes it, or `int4`, as files with
   * `weightFormat: 'int4'` hold it, in groups of 32 inputs.
   */
  format?: RoundedFormat | undefined;
}

/**
 * Trains for weights of 8 or 4 bits (quantization-aware training): loss and gradients of a step are those of the weights as
 * `quantize` would round them, whole multiples of the largest weight of each output over 127 (with 4 bits, of each 32 inputs
 * of an output over 7), and the optimizer changes the unrounded weights along them. The derivative goes straight through the
 * rounding. Jacob et al. 2018, "Quantization and training of neural networks for efficient integer-arithmetic-only inference",
 * section 3; Bengio, Leonard and Courville 2013, "Estimating or propagating gradients through stochastic neurons for
 * conditional computation".
 *
 * Validation measures the rounded weights, before `from` too. Between steps and in files the model has the unrounded
 * weights, so that it can be trained on; `quantize(model)`, or a file of 4 bits, gives the very weights that were
 * validated. What weights of 8 bits multiply is rounded too, to 7 bits: that part is not simulated.
 *
 * Kernels, recurrent kernels and embeddings are rounded, of every cell, a user's own too; pruned weights stay 0. It takes
 * the memory of these weights once more, and a few passes over them in each step. A resumed run ends with the same bits.
 *
 * @example
 * await model.fit(x, y, { epochs: 20, callbacks: [new QuantizationAware()] });
 * const small = await quantize(model);
 *
 * @throws OUT_OF_RANGE, UNKNOWN_NAME; of weights and steps when training begins; USAGE where no weight can be rounded, such
 *   as those of a compressed model
 */
export class QuantizationAware implements Callback {
  readonly name = 'quantizationAware';
  readonly #given: number | undefined;
  #from = 0;
  readonly #exclude: readonly string[];
  readonly #format: RoundedFormat;
  #rounded: RoundedWeights | undefined;

  constructor(options: QuantizationAwareOptions = {}) {
    const where = 'QuantizationAware';
    refuseUnknownOptions(where, options, ['from', 'exclude', 'format']);
    const { from, exclude = [], format = 'int8' } = options;
    if (!roundedFormats.includes(format)) throw unknownName(where, 'format', String(format), roundedFormats);
    if (from !== undefined) requireCount(where, 'from', from, 0);
    this.#given = from;
    this.#exclude = exclude;
    this.#format = format;
  }

  /** Names of the weights that it rounds. @throws UNKNOWN_NAME; USAGE where there are none */
  roundedNames(model: Pick<Trainable, 'namedWeights'>): string[] {
    return this.#weightsOf(model).map(([name]) => name);
  }

  onTrainBegin({ model, epochs, numBatches }: TrainingContext): void {
    if (model.isBuilt) this.#weightsOf(model);
    this.#from = this.#given ?? Math.floor(((numBatches ?? 0) * epochs) / 2);
    if (numBatches === undefined || this.#from < epochs * numBatches) return;
    throw new RondoError('OUT_OF_RANGE', {
      where: 'QuantizationAware',
      what: 'training ends before it sees rounded weights.',
      expected: `below ${epochs * numBatches}, the steps of all epochs`,
      received: `${this.#from}`,
      fix: 'give a smaller `from`, or train for more epochs.',
      option: 'from',
    });
  }

  onComputeBegin(computation: Computation, { model, numSteps }: TrainingContext): void {
    if (computation === 'step' && numSteps <= this.#from) return;
    // Data may have made the weights after training began.
    this.#rounded ??= new RoundedWeights(
      this.#weightsOf(model).map(([, weight]) => weight),
      this.#format,
    );
    this.#rounded.round();
  }

  onComputeEnd(): void {
    this.#rounded?.putBack();
  }

  onTrainEnd(): void {
    // Another callback may have failed between the two.
    this.#rounded?.putBack();
    this.#rounded?.dispose();
    this.#rounded = undefined;
  }

  onTrainError(): void {
    this.onTrainEnd();
  }

  #weightsOf(model: Pick<Trainable, 'namedWeights'>): [name: string, weight: CompressibleWeight][] {
    const where = 'QuantizationAware';
    const weights = compressibleWeights(where, model, this.#exclude);
    const chosen = weights.filter(([, weight]) => fitsFormat(weight, this.#format));
    if (chosen.length > 0) return chosen;
    const isCompressed = [...model.namedWeights()].some(([, { variable }]) => variable.compressed !== undefined);
    throw new RondoError('USAGE', {
      where,
      what: isCompressed
        ? 'the weights of the model are compressed already.'
        : 'no weight of the model can be rounded.',
      expected: 'a kernel of a recurrent or Dense layer, or an embedding',
      fix: isCompressed
        ? 'train the model that was compressed, and compress it again.'
        : 'leave the callback out, or exclude fewer weights.',
    });
  }
}
