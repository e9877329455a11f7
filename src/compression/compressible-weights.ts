import { unknownName } from '../errors.js';
import { fitsInt4 } from '../io/int4-tensors.js';
import { mostInputs } from '../kernels/compressed-matrix.js';
import type { LayerWeight } from '../layers/layer.js';
import type { WeightForm } from '../tensor/compressed-weights.js';
import { matrixSizes } from '../tensor/matrix-sizes.js';
import type { Trainable } from '../training/trainable.js';
import type { RoundedFormat } from './rounding-programs.js';

/** A weight that products and look-ups alone read. */
export type CompressibleWeight = LayerWeight & { readonly form: WeightForm };

/**
 * The weights of a model that could have another form, by name, but for those that have one.
 *
 * @param excluded names of weights, or of layers before a `/`. @throws UNKNOWN_NAME for names that there are not
 */
export function compressibleWeights(
  where: string,
  model: Pick<Trainable, 'namedWeights'>,
  excluded: readonly string[],
): [name: string, weight: CompressibleWeight][] {
  const weights = [...model.namedWeights()];
  const names = weights.map(([name]) => name);
  const isOf = (name: string, given: string): boolean => name === given || name.startsWith(`${given}/`);
  for (const given of excluded)
    if (!names.some((name) => isOf(name, given))) throw unknownName(where, 'weight', given, names);
  return weights.filter(
    (entry): entry is [string, CompressibleWeight] =>
      entry[1].form !== undefined &&
      entry[1].variable.compressed === undefined &&
      !excluded.some((given) => isOf(entry[0], given)),
  );
}

/** Whether a weight can have so few bits. */
export function fitsFormat(weight: CompressibleWeight, format: RoundedFormat): boolean {
  return format === 'int8' ? fitsInt8(weight) : fitsInt4(weight.variable.shape);
}

/** Whether a weight can have 8 bits: sums over more inputs would not fit. */
export function fitsInt8(weight: CompressibleWeight): boolean {
  return matrixSizes(weight.variable.shape, weight).k <= mostInputs;
}
