import { add, constant, mul, select } from '../expression/build.js';
import { applyPointwise, type PointwiseFunction } from '../tensor/pointwise.js';
import type { Tensor } from '../tensor/tensor.js';
import { Dropout, type DropoutOptions } from './dropout.js';
import { bernoulli } from './dropout-mask.js';

/** What SELU tends to for low values: -1.0507 * 1.67326. */
const LOWEST = -1.0507009873554805 * 1.6732632423543772;

/** What is dropped becomes {@link LOWEST}; then all is scaled and moved. */
const dropped: PointwiseFunction = {
  name: 'alpha dropout',
  build: ([x, keeps], { scale, shift }) => add(mul(select(keeps, x, constant(LOWEST)), scale), shift),
  scalars: ['scale', 'shift'],
};

/**
 * Sets a random share of the values to what the activation `selu` gives at its lowest, and scales and moves all, so that
 * values of mean 0 and variance 1 keep both; in training alone. Klambauer et al. 2017, "Self-normalizing neural
 * networks", section "New dropout technique". Draws follow `setSeed`.
 *
 * @throws OUT_OF_RANGE, SHAPE_MISMATCH
 */
export class AlphaDropout extends Dropout {
  override readonly className = 'AlphaDropout';

  constructor(options: DropoutOptions) {
    super(options, 'AlphaDropout');
  }

  protected override drop(input: Tensor): Tensor {
    const { rate } = this;
    const scale = 1 / Math.sqrt((1 - rate) * (1 + rate * LOWEST ** 2));
    const keeps = bernoulli(this.noiseShape(input.shape), 1 - rate, 1);
    return applyPointwise(dropped, [input, keeps], { scale, shift: -scale * LOWEST * rate });
  }
}
