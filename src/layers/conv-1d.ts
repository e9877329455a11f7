import { assignTensor } from '../tensor/accumulate.js';
import * as ops from '../tensor/index.js';
import { withoutTape } from '../tensor/tape.js';
import { Variable } from '../tensor/variable.js';
import { Convolution, type ConvolutionOptions } from './convolution.js';
import type { Stepper } from './stepper.js';

export interface Conv1DOptions extends ConvolutionOptions {
  kernelSize: number;
  strides?: number | undefined;
  dilationRate?: number | undefined;
}

/**
 * Convolution along time: `y[t] = activation(sum over k of x[t * strides + k * dilationRate] kernel[k] + bias)`, with
 * Keras 3's options and defaults. Input `[batch, time, features]`, output `[batch, windows, filters]`, kernel
 * `[kernelSize, features / groups, filters]`.
 *
 * Masks are as {@link Convolution} says: padded sequences give what they give alone. With `valid`, none of a sequence
 * shorter than a window counts; with `same` and strides, windows stand where the padded length puts them. A `causal`
 * convolution without strides can be run one time step at a time.
 *
 * @throws SHAPE_MISMATCH also where no window fits; OUT_OF_RANGE, UNKNOWN_NAME, USAGE
 */
export class Conv1D extends Convolution {
  readonly className = 'Conv1D';

  constructor(options: Conv1DOptions) {
    super('Conv1D', options, ['time'], ['valid', 'same', 'causal']);
  }

  /** The state is what later windows still see of the input, zeros at first. */
  override stepper(batch: number): Stepper {
    const [steps] = this.axes;
    const reach = steps.dilationRate * (steps.kernelSize - 1);
    const sees = steps.padding === 'causal' || reach === 0;
    if (!sees || steps.strides > 1) return super.stepper(batch);
    if (reach === 0) return { states: new Map(), step: (input) => this.apply(input) };
    const features = this.buildShape!.at(-1)!;
    const past = new Variable([batch, reach, features], new Float32Array(batch * reach * features), 'past', false);
    return {
      states: new Map([['past', past]]),
      step: (input) => {
        const seen = ops.concatenate([past, input], 1);
        const output = this.activated(this.product(seen, undefined, [{ ...steps, padding: 'valid' }]));
        withoutTape(() => assignTensor(past, ops.slice(seen, 1, 1)));
        return output;
      },
    };
  }
}
