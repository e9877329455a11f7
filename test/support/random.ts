import type { Layer } from '../../src/layers/layer.js';
import type { Random } from '../../src/random.js';
import { type Shape, sizeOf } from '../../src/shape.js';
import { type Tensor, tensor } from '../../src/tensor/tensor.js';

/** Normal numbers, in float64. */
export function normals(shape: Shape, random: Random, scale = 1): Tensor {
  return tensor(
    Float64Array.from({ length: sizeOf(shape) }, () => scale * random.normal()),
    shape,
  );
}

/**
 * Gives every weight of a built layer normal values, biases too, so that no two parts of a weight are equal; moving
 * variances are above 0.
 */
export function randomise(layer: Layer<unknown>, random: Random, scale = 0.5): void {
  for (const [path, { variable }] of layer.namedWeights()) {
    const isVariance = path.endsWith('Variance');
    const draw = (): number => scale * (isVariance ? 1 + random.uniform() : random.normal());
    variable.assign(Float64Array.from({ length: variable.size }, draw));
  }
}
