import {
  Activation,
  currentBackend,
  type Layer,
  losses,
  type ModelStream,
  optimizers,
  Sequential,
  scope,
  type Tensor,
  tensor,
  type Variable,
  valueAndGradients,
} from '../src/index.js';
import { type CaseArray, clearPadding, dataOf, maskOfLengths, randomArray } from './case-data.js';
import { buildLayers, layersOf } from './case-layers.js';
import { type BenchCase, isStreaming, lengthsOf } from './cases.js';

/** The layers of a case with weights and data, run as a user's program would run them. */
export class CaseModel {
  /** What {@link dataOf} gives, then `weight0`, ...: the weights of every layer from the bottom to the top. */
  readonly arrays: readonly CaseArray[];
  /** The last of {@link arrays}. */
  readonly weightArrays: readonly CaseArray[];
  /** Backend memory that the last run held when it had computed everything, besides weights and optimizer state. */
  stepBytes = 0;
  readonly input: Tensor;
  readonly target: Tensor;
  readonly #layers: readonly Layer[];
  readonly #weights: readonly Variable[];
  readonly #optimizer: optimizers.Optimizer;
  readonly #loss: losses.Loss;
  readonly #softmax: Activation | undefined;
  readonly #lengths: readonly number[] | undefined;
  readonly #mask: Uint8Array | undefined;

  /** Of a streaming case. */
  readonly #stream: ModelStream | undefined;

  /** @param epsilon of Adam; by default the optimizer's own. */
  constructor(benchCase: BenchCase, epsilon?: number) {
    const { timesteps, units, features, numWords } = benchCase;
    this.#layers = layersOf(benchCase, { softmax: false });
    buildLayers(this.#layers, features);
    this.#weights = this.#layers.flatMap((layer) => layer.trainableWeights);
    this.#optimizer = optimizers.adam({ learningRate: 1e-3, ...(epsilon === undefined ? {} : { epsilon }) });
    this.#loss =
      numWords === undefined ? losses.meanSquaredError() : losses.sparseCategoricalCrossentropy({ fromLogits: true });
    this.#softmax = numWords === undefined ? undefined : new Activation({ activation: 'softmax' });
    this.#lengths = lengthsOf(benchCase);
    this.#mask = this.#lengths && maskOfLengths(this.#lengths, timesteps);
    const data = dataOf(benchCase);
    this.weightArrays = this.#weights.map(({ shape }, i) =>
      randomArray(`weight${i}`, shape, 1 / Math.sqrt(units), i + 3),
    );
    this.arrays = [...data, ...this.weightArrays];
    this.input = tensor(data[0].values, data[0].shape);
    this.target = tensor(data[1].values, data[1].shape);
    this.#weights.forEach((weight, i) => weight.assign(this.weightArrays[i].values));
    if (isStreaming(benchCase))
      this.#stream = new Sequential(this.#layers, { inputShape: [null, features] }).stream({
        batchSize: benchCase.batch,
      });
  }

  /**
   * One forward pass; a streaming case carries its state on to the next.
   *
   * @returns the output, `[batch, timesteps, units]` flat, or the probability of every word. Padding holds the last
   * state.
   */
  infer(): ArrayLike<number> {
    if (this.#stream !== undefined) return this.#stream.step(this.arrays[0].values).slice();
    return scope(() => {
      const top = this.#forward(false);
      const output = (this.#softmax === undefined ? top : this.#softmax.apply(top)).dataSync();
      this.#noteMemory();
      return output;
    });
  }

  /** The output with zeros at padding, as the libraries are compared. */
  comparedOutput(): Float32Array {
    const values = Float32Array.from(this.infer());
    if (this.#lengths !== undefined) clearPadding({ shape: this.target.shape, values }, this.#lengths);
    return values;
  }

  /** One optimizer step, with the gradient by the input as a layer below would need it. @returns the loss before it. */
  train(): number {
    return scope(() => {
      const { value, gradients } = this.#gradients();
      this.#optimizer.applyGradients(gradients.slice(1), this.#weights);
      this.#noteMemory();
      return value.item();
    });
  }

  /** The loss and its gradients by the input and by every weight, without a step. */
  lossAndGradients(): readonly ArrayLike<number>[] {
    return scope(() => {
      const { value, gradients } = this.#gradients();
      return [value, ...gradients].map((result) => result.dataSync());
    });
  }

  #gradients(): { value: Tensor; gradients: Tensor[] } {
    const mask = this.#mask && tensor(Float32Array.from(this.#mask), this.target.shape.slice(0, 2));
    return valueAndGradients(
      () => losses.lossValue(this.#loss, this.target, this.#forward(true), { mask }),
      [this.input, ...this.#weights],
    );
  }

  #forward(training: boolean): Tensor {
    return this.#layers.reduce((output, layer) => layer.apply(output, { training, mask: this.#mask }), this.input);
  }

  #noteMemory(): void {
    this.stepBytes = currentBackend().memory().temporaryBytes;
  }
}
