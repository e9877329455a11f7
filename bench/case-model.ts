import { currentBackend, losses, ops, optimizers, RNN, scope, type Tensor, tensor, valueAndGradients, type Variable } from '../src/index.js';
import { type BenchCase, isStreaming } from './cases.js';
import { repeatableNumbers } from './numbers.js';

/** Numbers that a case computes with, under a name: what a peer is given too. */
export interface CaseArray {
  readonly name: string;
  readonly shape: readonly number[];
  readonly values: Float32Array;
}

const squaredError = losses.meanSquaredError();

/** The layers of a case with weights and data, run as a user's program would run them. */
export class CaseModel {
  /** `input`, `target`, then `weight0`, ...: the weights of every layer from the bottom to the top. */
  readonly arrays: readonly CaseArray[];
  /** Backend memory that the last run held when it had computed everything, besides weights and optimizer state. */
  stepBytes = 0;
  readonly input: Tensor;
  readonly target: Tensor;
  private readonly layers: readonly RNN[];
  private readonly weights: readonly Variable[];
  private readonly optimizer: optimizers.Optimizer;

  /** @param epsilon of Adam; by default the optimizer's own. */
  constructor(benchCase: BenchCase, epsilon?: number) {
    const { cell, batch, timesteps, features, units } = benchCase;
    const stateful = isStreaming(benchCase);
    this.layers = Array.from({ length: benchCase.layers }, (_, i) => new RNN({ name: `layer${i}`, cell, units, returnSequences: true, stateful }));
    this.layers.forEach((layer, i) => layer.ensureBuilt([null, null, i === 0 ? features : units]));
    this.weights = this.layers.flatMap((layer) => layer.trainableWeights);
    this.optimizer = optimizers.adam({ learningRate: 1e-3, ...(epsilon === undefined ? {} : { epsilon }) });
    const weightScale = 1 / Math.sqrt(units);
    const wanted: [name: string, shape: readonly number[], scale: number][] = [
      ['input', [batch, timesteps, features], 1],
      ['target', [batch, timesteps, units], 1],
      ...this.weights.map(({ shape }, i): [string, readonly number[], number] => [`weight${i}`, shape, weightScale]),
    ];
    this.arrays = wanted.map(([name, shape, scale], i) => ({ name, shape, values: repeatableNumbers(shape.reduce((a, b) => a * b, 1), scale, i + 1) }));
    const [input, target, ...values] = this.arrays;
    this.input = tensor(input.values, input.shape);
    this.target = tensor(target.values, target.shape);
    this.weights.forEach((weight, i) => weight.assign(values[i].values));
  }

  /** One forward pass; a streaming case carries its state on to the next. @returns the output, `[batch, timesteps, units]` flat. */
  infer(): ArrayLike<number> {
    return scope(() => {
      const output = this.forward(false).dataSync();
      this.noteMemory();
      return output;
    });
  }

  /** One optimizer step, with the gradient by the input as a layer below would need it. @returns the loss before it. */
  train(): number {
    return scope(() => {
      const { value, gradients } = this.gradients();
      this.optimizer.applyGradients(gradients.slice(1), this.weights);
      this.noteMemory();
      return value.item();
    });
  }

  /** The loss and its gradients by the input and by every weight, without a step. */
  lossAndGradients(): readonly ArrayLike<number>[] {
    return scope(() => {
      const { value, gradients } = this.gradients();
      return [value, ...gradients].map((result) => result.dataSync());
    });
  }

  private gradients(): { value: Tensor; gradients: Tensor[] } {
    return valueAndGradients(() => ops.mean(squaredError.values(this.target, this.forward(true))), [this.input, ...this.weights]);
  }

  private forward(training: boolean): Tensor {
    return this.layers.reduce((output, layer) => layer.apply(output, { training }), this.input);
  }

  private noteMemory(): void {
    this.stepBytes = currentBackend().memory().temporaryBytes;
  }
}
