import { RondoError, refuseUnknownOptions, unknownName } from '../errors.js';
import { blockSparse, quantizeMatrix } from '../kernels/compress-matrix.js';
import type { CompressedMatrix } from '../kernels/compressed-matrix.js';
import { blockOutputs } from '../kernels/compressed-matrix.js';
import type { HalfType } from '../rounding.js';
import { CompressedWeights } from '../tensor/compressed-weights.js';
import { keepHalves, roundedToHalf } from '../tensor/half-weights.js';
import { matricesOf } from '../tensor/matrix-sizes.js';
import type { Model } from '../training/model.js';
import { type CompressibleWeight, compressibleWeights, fitsInt8 } from './compressible-weights.js';

/** Forms of weights that products read as they are. */
export const weightFormats = ['int8', 'blocks', 'float16', 'bfloat16'] as const;

/**
 * - `int8`: whole numbers from -127 to 127 with a scale for each output. What they multiply is rounded to 7 bits, so
 *   results change a little.
 * - `blocks`: of a pruned weight, the blocks of 16 outputs at one input that are not zero. Results stay the same but for
 *   the order of sums.
 * - `float16` and `bfloat16`: numbers are rounded to 16 bits, of which 11 and 8 count. Machine code reads them so, which
 *   takes down to a fourth of the time of a step; elsewhere products are as fast as before. In memory they lie twice, once
 *   in the order in which products read them, and so take no less of it. Such weights can be trained on, in single
 *   precision from then on; `saveModel` writes them in 16 bits with that `weightFormat`.
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
 * recurrent kernels and embeddings. Steps take less time; those of 8 bits and of blocks take less memory, too, and can no
 * longer be trained. Of format `blocks`, those change of which at least half of the blocks are zero.
 *
 * @returns the names of the weights that have changed
 * @throws UNKNOWN_NAME for another format, and for excluded names that there are not; USAGE where the model has no weights;
 *   NOT_FINITE and OUT_OF_RANGE, before anything has changed
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
  if (format === 'float16' || format === 'bfloat16') return roundToHalf(chosen, format);
  const changed: string[] = [];
  for (const [name, weight] of chosen) {
    const { variable, form, segment } = weight;
    const all = matricesOf(Float32Array.from(variable.dataSync()), variable.shape, weight);
    const matrices = all.map(({ values, k, n }) =>
      format === 'int8' ? quantizeMatrix(values, { k, n }) : blockSparse(values, { k, n }, segment),
    );
    if (format === 'blocks' && (form === 'table' || shareOfBlocks(matrices, segment) > 1 - leastZeros)) continue;
    variable.compress(new CompressedWeights(variable.shape, form, matrices));
    changed.push(name);
  }
  return changed;
}

/** @throws OUT_OF_RANGE for numbers that the type cannot hold */
function roundToHalf(chosen: readonly [name: string, weight: CompressibleWeight][], type: HalfType): string[] {
  const halves = chosen.map(([name, { variable }]) =>
    roundedToHalf('compressWeights', name, type, variable.dataSync()),
  );
  for (const [i, [, weight]] of chosen.entries()) {
    weight.variable.assign(halves[i]);
    keepHalves(weight.variable, weight, type);
  }
  return chosen.map(([name]) => name);
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
