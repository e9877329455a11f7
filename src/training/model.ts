import { RondoError } from '../errors.js';
import type { LayerWeight } from '../layers/layer.js';
import { type CallOptions, type Json, Layer, type LayerOptions, type OpenShape } from '../layers/layer.js';
import { type Random, RandomStream, withRandom } from '../random.js';
import { describeShape, type Shape } from '../shape.js';
import { scope, type Tensor } from '../tensor/tensor.js';
import { Compiled, type CompileOptions } from './compiled.js';
import { type Dataset, isDataset } from './dataset.js';
import { type EvaluateOptions, evaluateModel } from './evaluation.js';
import type { DatasetFitOptions, FitOptions } from './fit-options.js';
import type { History } from './history.js';
import type { ModelData } from './host-data.js';
import { layerNameOf } from './layer-names.js';
import { layersAmong } from './model-layers.js';
import { type ModelOutput, type OutputForm, type Outputs, outputsOf } from './model-outputs.js';
import { ModelStream, type StreamOptions } from './model-stream.js';
import { assignWeights, type NamedWeights, weightTensors } from './model-weights.js';
import type { Optimizer } from './optimizers/index.js';
import { type PredictOptions, predictModel, predictStream } from './prediction.js';
import { sizeOfAll, summaryOf } from './summary.js';
import { type TrainBatchOptions, trainBatch } from './train-batch.js';
import type { Trainable } from './trainable.js';
import { fitModel } from './trainer.js';

export type ModelOptions = Pick<LayerOptions, 'name' | 'trainable'>;

/**
 * Layers put together by a `call` method, with training, evaluation and prediction. Layers are found among the model's
 * own properties, arrays and Maps (not in `#private` fields); the property is the first part of their weights' names.
 * The weights are made when the model first sees data.
 *
 * @example
 * class TwoHeads extends Model {
 *   encoder = new LSTM({ units: 8 });
 *   value = new Dense({ units: 1 });
 *   kind = new Dense({ units: 3, activation: 'softmax' });
 *   call(x: Tensor, options: CallOptions) {
 *     const code = this.encoder.apply(x, options);
 *     return { value: this.value.apply(code), kind: this.kind.apply(code) };
 *   }
 * }
 */
export abstract class Model<Output extends ModelOutput = ModelOutput> extends Layer<Output> implements Trainable {
  readonly className: string;
  /** The order in which `call` takes several inputs that are given by name. */
  readonly inputNames?: readonly string[];
  readonly #stream = new RandomStream();
  #compiled: Compiled | undefined;
  #whyNotCompiled: RondoError | undefined;
  #outputForm: OutputForm | undefined;
  #widths: readonly number[] = [];
  #sampleShapes: readonly Shape[] | undefined;

  constructor(options: ModelOptions = {}, known: readonly string[] = []) {
    super(new.target.name, options, known);
    this.className = new.target.name;
    if (!this.hasGivenName) this.name = layerNameOf(this.className);
  }

  /** Everything needed to make an equal model; a subclass with options of its own adds them. */
  override getConfig(): Record<string, Json | undefined> {
    return { name: this.name, trainable: this.trainable };
  }

  /** Layers make their weights when `call` first reaches them. */
  override build(_inputShape: OpenShape): void {}

  override ensureBuilt(_inputShape: OpenShape): void {
    for (const [name, layer] of this.sublayers)
      if (!layer.hasGivenName && layer.name === layer.className) layer.name = name;
  }

  override get isBuilt(): boolean {
    const inside = [...this.sublayers.values()];
    return inside.length > 0 && inside.every((layer) => layer.isBuilt);
  }

  override computeOutputShape(_inputShape: OpenShape): OpenShape {
    throw new RondoError('USAGE', {
      where: `${this.className}.computeOutputShape`,
      what: 'the output shape of this model is not known without data.',
      fix: 'define computeOutputShape(inputShape) in the class.',
    });
  }

  override get sublayers(): ReadonlyMap<string, Layer<unknown>> {
    return layersAmong(this);
  }

  /** Names inside a model are its own. */
  override linkLayers(): void {}

  /** The weights of a model by itself have no prefix; those of a model inside another have its name. */
  override *namedWeights(prefix = ''): Generator<[path: string, weight: LayerWeight]> {
    for (const [path, weight] of super.namedWeights(prefix)) yield [prefix === '' ? path.slice(1) : path, weight];
  }

  /**
   * Says how to train: an optimizer, a loss and metrics, by name or ready made. With several outputs, losses and
   * metrics are lists or objects by output. Compiling again starts the optimizer anew and keeps the weights.
   *
   * @throws UNKNOWN_NAME
   */
  compile(options: CompileOptions): void {
    this.#compiled = new Compiled(options, `${this.className}.compile`);
  }

  /** The optimizer given to {@link Model.compile}. @throws USAGE before that. */
  get optimizer(): Optimizer {
    return this.requireCompiled('optimizer').optimizer;
  }

  /**
   * Trains on arrays, or on a dataset of batches that may be larger than memory. See {@link FitOptions}.
   *
   * Data that hold NaN, or whose shape does not fit, are refused before any weight changes. A loss or gradient that is
   * not finite ends training with the last good weights.
   *
   * @throws USAGE when not compiled; SHAPE_MISMATCH, NOT_FINITE, OUT_OF_RANGE, DATA_FORMAT
   */
  fit(x: ModelData, y: ModelData, options?: FitOptions<Model>): Promise<History>;
  fit(dataset: Dataset, options?: DatasetFitOptions<Model>): Promise<History>;
  fit(
    data: ModelData | Dataset,
    second?: ModelData | DatasetFitOptions<Model>,
    third?: FitOptions<Model>,
  ): Promise<History> {
    if (isDataset(data)) return fitModel(this, { dataset: data }, this.#datasetOptions('fit', second, third));
    return fitModel(this, { x: data, y: second as ModelData }, third ?? {});
  }

  /** A dataset holds its targets, so options follow it. @throws USAGE where they come third */
  #datasetOptions(what: string, second: unknown, third: unknown): object {
    if (third === undefined) return second ?? {};
    throw new RondoError('USAGE', {
      where: `${this.className}.${what}`,
      what: 'a dataset holds its targets; options follow it.',
      fix: `write ${what}(dataset, options).`,
    });
  }

  /** Loss and metrics on data, by name. @throws as {@link Model.fit}; ABORTED */
  evaluate(x: ModelData, y: ModelData, options?: EvaluateOptions): Promise<Record<string, number>>;
  evaluate(dataset: Dataset, options?: EvaluateOptions): Promise<Record<string, number>>;
  evaluate(
    data: ModelData | Dataset,
    second?: ModelData | EvaluateOptions,
    third?: EvaluateOptions,
  ): Promise<Record<string, number>> {
    if (isDataset(data)) return evaluateModel(this, { dataset: data }, this.#datasetOptions('evaluate', second, third));
    return evaluateModel(this, { x: data, y: second as ModelData }, third ?? {});
  }

  /**
   * The outputs for every row of `x`, computed batch by batch; for an async iterable of batches, the outputs of each
   * batch as it comes.
   *
   * @throws SHAPE_MISMATCH, NOT_FINITE; ABORTED
   */
  predict(x: AsyncIterable<ModelData>, options?: PredictOptions): AsyncGenerator<Output>;
  predict(x: ModelData, options?: PredictOptions): Promise<Output>;
  predict(
    x: ModelData | AsyncIterable<ModelData>,
    options: PredictOptions = {},
  ): Promise<Output> | AsyncGenerator<Output> {
    if (x !== null && typeof x === 'object' && Symbol.asyncIterator in x)
      return predictStream(this, x, options) as AsyncGenerator<Output>;
    return predictModel(this, x, options) as Promise<Output>;
  }

  /**
   * Runs the model one time step at a time, each in little more than the time of its products. Layers may be recurrent
   * (read forwards) or treat every step by itself.
   *
   * @example
   * const stream = model.stream();
   * for (const value of [0.1, 0.4, 0.2]) console.log(stream.step([value])[0]);
   *
   * @throws USAGE naming the layer that cannot be run so, or for a model without weights; UNKNOWN_NAME, OUT_OF_RANGE
   */
  stream<Given extends ModelOutput>(this: Model<Given>, options: StreamOptions = {}): ModelStream<Given> {
    return new ModelStream<Given>(this, options);
  }

  /**
   * One step on one batch; the loss and metrics of that batch alone, from before the step. @throws as {@link Model.fit}
   */
  trainOnBatch(x: ModelData, y: ModelData, options: TrainBatchOptions = {}): Promise<Record<string, number>> {
    return trainBatch(this, x, y, options);
  }

  /** A table of layers, output shapes and numbers of parameters. */
  summary(): string {
    return summaryOf(this);
  }

  /** The number of values in all weights. */
  countParams(): number {
    return sizeOfAll(this.weights);
  }

  /** A copy of all weights by name. */
  getWeights(): Record<string, Tensor> {
    return weightTensors(this);
  }

  /**
   * Replaces all weights; changes nothing unless every name and shape fits. @throws SHAPE_MISMATCH naming each that
   * does not
   */
  setWeights(weights: NamedWeights): void {
    assignWeights(this, weights, `${this.className}.setWeights`);
  }

  /** Also gives back the optimizer's memory; see {@link Layer.dispose}. */
  override dispose(): void {
    super.dispose();
    for (const variable of this.#compiled?.optimizer.stateVariables() ?? []) variable.dispose();
  }

  /** The model's own stream of random numbers, for its weights and its training. */
  get random(): Random {
    return this.#stream.random;
  }

  protected override runWith<Result>(
    inputs: Tensor | readonly Tensor[],
    options: CallOptions,
    call: (inputs: Tensor | readonly Tensor[], options: CallOptions) => Result,
  ): Result {
    return withRandom(this.random, () => super.runWith(inputs, options, call));
  }

  /** @internal */
  requireCompiled(what: string): Compiled {
    if (this.#compiled !== undefined) return this.#compiled;
    const why = this.#whyNotCompiled?.facts;
    throw new RondoError('USAGE', {
      where: `${this.className}.${what}`,
      what: 'the model is not compiled.',
      received: why && `a file with an ${why.what}`,
      fix:
        `${why?.fix ? `${why.fix} Then load the file again; or ` : ''}call compile({ optimizer: 'adam', loss: ... ` +
        '}) first.',
    });
  }

  /**
   * @internal Compiles as a file says, or keeps why that cannot be: it holds something of the user's own, which only
   * the user has.
   */
  compileAsStored(options: CompileOptions): void {
    try {
      this.compile(options);
    } catch (error) {
      if (!(error instanceof RondoError) || error.code !== 'UNKNOWN_NAME') throw error;
      this.#whyNotCompiled = error;
    }
  }

  /** @internal */
  get compiledTraining(): Compiled | undefined {
    return this.#compiled;
  }

  /** @internal Runs the model on a batch. Needs an open scope. */
  runBatch(inputs: readonly Tensor[], options: CallOptions): Outputs {
    const outputs = this.outputsOf(inputs.length === 1 ? inputs[0] : inputs, options);
    if (this.#outputForm === undefined) {
      this.#outputForm = outputs.form;
      this.#widths = outputs.heads.map(({ shape }) => shape.at(-1) ?? 1);
      // The first batch's length is chance where lengths differ: what was noted when the weights were made stays.
      if (this.#sampleShapes === undefined) this.noteBuilt(inputs.map(({ shape }) => shape.slice(1)));
    }
    return outputs;
  }

  /** @internal The outputs in every form they can be had in. */
  protected outputsOf(inputs: Tensor | readonly Tensor[], options: CallOptions): Outputs {
    return this.callHead === undefined
      ? outputsOf(this.apply(inputs, options), this.className)
      : { heads: [this.applyHead(inputs, options)], form: 'one' };
  }

  /** @internal How outputs are arranged; undefined before the first run. */
  get outputArrangement(): OutputForm | undefined {
    return this.#outputForm;
  }

  /** @internal How many tensors `call` returns; 0 before the first run. */
  get numOutputs(): number {
    return this.#widths.length;
  }

  /** @internal By output: the size of its last axis, as it was in the first run; null where it is unknown. */
  get outputWidths(): readonly (number | null)[] {
    return this.#widths;
  }

  /** @internal Shapes of one sample of each input; undefined before the weights are made. */
  get inputSampleShapes(): readonly Shape[] | undefined {
    return this.#sampleShapes;
  }

  /**
   * @internal Makes the weights by a run on one row, unless they exist. @param rows where shapes alone do not do,
   * `[1, ...shape]` each.
   */
  buildOn(_shapes: readonly Shape[], rows: () => readonly Tensor[]): void {
    if (this.#outputForm !== undefined) return;
    scope(() => void this.runBatch(rows(), { training: false }));
    this.resetStates();
  }

  /** @internal Refuses data that the model cannot take, where that is known. @throws SHAPE_MISMATCH */
  requireInputShapes(shapes: readonly Shape[], where: string): void {
    const known = this.#sampleShapes;
    if (known === undefined || known.length === shapes.length) return;
    throw new RondoError('SHAPE_MISMATCH', {
      where,
      what: 'the model takes another number of inputs.',
      expected: `${known.length}`,
      received: `${shapes.length}: ${shapes.map(describeShape).join(', ')}`,
      fix: 'give one array for every input.',
    });
  }

  /** @internal Notes that the weights exist and gives them their names. */
  protected noteBuilt(sampleShapes: readonly Shape[]): void {
    this.#sampleShapes = sampleShapes;
    for (const [path, { variable }] of this.namedWeights()) variable.name = path;
  }
}
