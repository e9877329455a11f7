import type { ActivationName } from '../expression/activations.js';
import { activation } from '../expression/activations.js';
import { add } from '../expression/build.js';
import type { Shape } from '../shape.js';
import { activate } from '../tensor/arithmetic.js';
import { applyPointwise, type PointwiseFunction } from '../tensor/pointwise.js';
import type { Tensor } from '../tensor/tensor.js';
import type { Variable } from '../tensor/variable.js';
import type { ConstraintLike } from './constraints.js';
import type { InitializerLike } from './initializers.js';
import { type Json, Layer, type LayerOptions, type WeightOptions } from './layer.js';
import { plainOptions } from './plain-options.js';
import type { RegularizerLike } from './regularizers.js';
import { weightOptions } from './weight-options.js';

/** Keras 3's options of layers that compute `activation(x * kernel + bias)`. */
export interface KernelOptions extends LayerOptions {
  /** Default linear. */
  activation?: ActivationName | undefined;
  /** Default true. */
  useBias?: boolean | undefined;
  /** Default glorotUniform. */
  kernelInitializer?: InitializerLike | undefined;
  /** Default zeros. */
  biasInitializer?: InitializerLike | undefined;
  kernelRegularizer?: RegularizerLike | undefined;
  biasRegularizer?: RegularizerLike | undefined;
  kernelConstraint?: ConstraintLike | undefined;
  biasConstraint?: ConstraintLike | undefined;
}

/** Names of {@link KernelOptions} that are about the weights. */
export const kernelWeightOptionNames: readonly string[] = [
  'useBias',
  'kernelInitializer',
  'biasInitializer',
  'kernelRegularizer',
  'biasRegularizer',
  'kernelConstraint',
  'biasConstraint',
];

/** What Dense and Conv1D have in common: a kernel, a bias, and an activation applied in one pass with the bias. */
export abstract class KernelLayer extends Layer {
  protected kernel!: Variable;
  protected bias: Variable | undefined;
  protected readonly activation: ActivationName;
  readonly #kernelOptions: WeightOptions;
  readonly #biasOptions: WeightOptions;

  constructor(
    defaultName: string,
    protected readonly options: KernelOptions,
    known: readonly string[],
  ) {
    super(defaultName, options, ['activation', ...kernelWeightOptionNames, ...known]);
    this.activation = options.activation ?? 'linear';
    activation(this.activation, `${defaultName}.activation`);
    this.#kernelOptions = weightOptions(defaultName, 'kernel', options, 'glorotUniform');
    this.#biasOptions = weightOptions(defaultName, 'bias', options, 'zeros');
  }

  override getConfig(): Record<string, Json | undefined> {
    return {
      ...plainOptions(this.options),
      ...this.baseConfig(),
      activation: this.activation,
      useBias: this.options.useBias ?? true,
    };
  }

  /**
   * Makes kernel and bias.
   *
   * @param shape `[...inputs, width]`. @param isMatrix whether the kernel is multiplied as one matrix of all inputs
   */
  protected addKernel(shape: Shape, width: number, isMatrix = true): void {
    const place = isMatrix ? ({ form: 'matrix', inputAxes: shape.length - 1 } as const) : {};
    this.kernel = this.addWeight('kernel', shape, { ...this.#kernelOptions, ...place });
    if (this.options.useBias ?? true) this.bias = this.addWeight('bias', [width], this.#biasOptions);
  }

  /** `activation(product + bias)`. */
  protected activated(product: Tensor): Tensor {
    return activatedSum(this.activation, product, this.bias);
  }
}

/** @internal `activation(x + bias)`, or of x alone. */
export function activatedSum(activation: ActivationName, x: Tensor, bias: Tensor | undefined): Tensor {
  return bias === undefined ? activate(activation, x) : applyPointwise(biased(activation), [x, bias]);
}

const biasedFunctions = new Map<string, PointwiseFunction>();

/** `activation(x + bias)` as one pass; softmax runs along the last axis. */
function biased(name: string): PointwiseFunction {
  let fn = biasedFunctions.get(name);
  if (fn === undefined) {
    const build = activation(name);
    fn = { name: `${name} with bias`, build: ([x, bias]) => build(add(x, bias)), alongRows: name === 'softmax' };
    biasedFunctions.set(name, fn);
  }
  return fn;
}
