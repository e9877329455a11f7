import { RondoError, refuseUnknownOptions, unknownName } from '../errors.js';
import { blockSparse, quantizeMatrix } from '../kernels/compress-matrix.js';
import type { CompressedMatrix } from '../kernels/compressed-matrix.js';
import { blockOutputs } from '../kernels/compressed-matrix.js';
import { CompressedWeights } from '../tensor/compressed-weights.js';
import { matrixSizes } from '../tensor/matrix-sizes.js';
import type { Model } from '../training/model.js';
import { transposed } from '../transposed.js';
import { type CompressibleWeight, compressibleWeights, fitsInt8 } from './compressible-weights.js';

/** Forms of weights that products read as they are. */
export const weightFormats = ['int8', 'blocks'] as const;

/**
 * - `int8`: whole numbers from -127 to 127 with a scale for each output. What they multiply is rounded to 7 bits, so
 *   results change a little.
 * - `blocks`: of a pruned weight, the blocks of 16 outputs at one input that are not zero. Results stay the same but for
 *   the order of sums.
 */
export type WeightFormat = (typeof weightFormats)[number];

export interface CompressWeightsOptions {
  /** Names of weights that stay as they are, as {@link Model.namedWeights} gives them, or of layers before a `/`. */
  exclude?: readonly string[] | undefined;
}

/** Fewer zeros than this share of its blocks are not worth another form. */
const leastZeros = 0.5;

/**
 * Gives the weights of a model another form in place: those that products and look-ups alone read, which are kernels,
 * recurrent kernels and embeddings. They take less memory, in files too, and steps take less time; they can no longer be
 * trained. Of format `blocks`, those change of which at least half of the blocks are zero.
 *
 * @returns the names of the weights that have changed
 * @throws UNKNOWN_NAME for another format, and for excluded names that there are not; USAGE where the model has no weights;
 *   NOT_FINITE, before anything has changed
 */
export function compressWeights(model: Model, format: WeightFormat, options: CompressWeightsOptions = {}): string[] {
  const where = 'compressWeights';
  refuseUnknownOptions(where, options, ['exclude']);
  if (!weightFormats.includes(format)) throw unknownName(where, 'format', String(format), weightFormats);
  if (!model.isBuilt)
    throw new RondoError('USAGE', {
      where,
      what: 'the model has no weights yet.',
      fix: 'give it an inputShape, or train it first.',
    });
  const chosen = compressibleWeights(where, model, options.exclude ?? []).filter(
    ([, weight]) => format !== 'int8' || fitsInt8(weight),
  );
  for (const [name, { variable }] of chosen)
    if (!variable.dataSync().every(Number.isFinite))
      throw new RondoError('NOT_FINITE', {
        where,
        what: `the weight \`${name}\` is not finite.`,
        fix: 'use the weights of an earlier epoch.',
      });
  const changed: string[] = [];
  for (const [name, weight] of chosen) {
    const { variable, form, segment } = weight;
    const all = matricesOf(weight);
    const matrices = all.map(({ values, k, n }) =>
      format === 'int8' ? quantizeMatrix(values, { k, n }) : blockSparse(values, { k, n }, segment),
    );
    if (format === 'blocks' && (form === 'table' || shareOfBlocks(matrices, segment) > 1 - leastZeros)) continue;
    variable.compress(new CompressedWeights(variable.shape, form, matrices));
    changed.push(name);
  }
  return changed;
}

/** The matrices `[k, n]` of a weight. */
function matricesOf(weight: CompressibleWeight): { values: Float32Array; k: number; n: number }[] {
  const all = Float32Array.from(weight.variable.dataSync());
  const { count, k, n } = matrixSizes(weight.variable.shape, weight);
  if (weight.form === 'table') return [{ values: transposed(all, n, k), k, n }];
  const size = k * n;
  return Array.from({ length: count }, (_, head) => ({
    values: all.subarray(head * size, (head + 1) * size),
    k,
    n,
  }));
}

/** Of all blocks, those that are kept. */
function shareOfBlocks(matrices: readonly CompressedMatrix[], segment: number | undefined): number {
  let kept = 0;
  let all = 0;
  for (const matrix of matrices) {
    if (matrix.kind !== 'blocks') continue;
    const { k, n, inputs } = matrix;
    kept += inputs.length;
    all += (k * n * Math.ceil((segment ?? n) / blockOutputs)) / (segment ?? n);
  }
  return kept / all;
}
