import { Random } from '../../src/random.js';
import * as ops from '../../src/tensor/index.js';
import { valueAndGradients } from '../../src/tensor/tape.js';
import { type Tensor, tensor } from '../../src/tensor/tensor.js';
import { expectClose } from './close.js';
import { normals } from './random.js';

/**
 * Compares the derivative of `sum(c * compute(inputs))`, with random `c`, by every input with central differences. Runs
 * on the backend in use, which must compute in float64: at a step of 1e-5 the differences are right to about 1e-10 of
 * the third derivative, and rounding adds 1e-11 of the value.
 */
export function expectDerivative(
  compute: (inputs: readonly Tensor[]) => Tensor,
  inputs: readonly Tensor[],
  label = 'derivative',
  tolerance = 1e-7,
): void {
  const cotangent = normals(compute(inputs).shape, new Random(97));
  const loss = (at: readonly Tensor[]): Tensor => ops.sum(ops.mul(compute(at), cotangent));
  const { gradients } = valueAndGradients(() => loss(inputs), inputs);
  inputs.forEach((input, i) => {
    const values = input.dataSync();
    const numeric = values.map((value, j) => {
      const step = 1e-5 * (1 + Math.abs(value));
      const moved = (by: number): number => {
        const at = Float64Array.from(values);
        at[j] += by;
        return loss(inputs.map((other, k) => (k === i ? tensor(at, input.shape) : other))).item();
      };
      return (moved(step) - moved(-step)) / (2 * step);
    });
    expectClose(gradients[i].dataSync(), numeric, tolerance, `${label}, by input ${i}`);
  });
}

/** The message of what `work` throws. */
export function messageOf(work: () => unknown): string {
  try {
    work();
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
  return 'nothing was thrown';
}
