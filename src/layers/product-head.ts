import type { ActivationName } from '../expression/activations.js';
import { currentBackend } from '../kernels/select.js';
import { activate } from '../tensor/arithmetic.js';
import * as ops from '../tensor/index.js';
import { softmaxCrossentropy } from '../tensor/softmax-crossentropy.js';
import type { Tensor } from '../tensor/tensor.js';
import type { Variable } from '../tensor/variable.js';
import { activatedSum } from './kernel-layer.js';
import type { Mask } from './mask.js';
import { finalActivationOf, lazyHead, type OutputHead } from './output-head.js';

/** What {@link productHead} is made of. */
export interface ProductParts {
  /** `[batch, ..., features]` */
  readonly input: Tensor;
  /** `[features, units]`, or `[units, features]` where it is transposed. */
  readonly kernel: Variable;
  readonly transposeKernel?: boolean | undefined;
  readonly bias: Variable | undefined;
  readonly activation: ActivationName;
  readonly mask: Mask | undefined;
}

/** `activation(input kernel + bias)`, `[batch, ..., units]`. */
export function productHead({ activation, mask, ...parts }: ProductParts): OutputHead {
  const { input, kernel, transposeKernel = false, bias } = parts;
  const [features, units] = transposeKernel ? [...kernel.shape].reverse() : kernel.shape;
  const sum = (last: ActivationName): Tensor =>
    activatedSum(last, ops.matmul(input, kernel, { transposeB: transposeKernel }), bias);
  return lazyHead({
    shape: [...input.shape.slice(0, -1), units],
    mask,
    activation: finalActivationOf(activation),
    values: (logits) => (logits === undefined ? sum(activation) : activate(activation, logits)),
    logits: () => sum('linear'),
    // Labels are scored by kernels that read the numbers themselves, which are to stay in a smaller form.
    score:
      kernel.weightsForProducts(currentBackend()) === undefined && (activation === 'softmax' || activation === 'linear')
        ? (labels, options) =>
            softmaxCrossentropy(ops.reshape(input, [-1, features]), kernel, labels, {
              bias,
              transposeKernel,
              ...options,
            })
        : undefined,
  });
}
