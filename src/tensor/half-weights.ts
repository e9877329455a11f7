import { RondoError } from '../errors.js';
import { halfMatrix } from '../kernels/compress-matrix.js';
import { currentBackend } from '../kernels/select.js';
import { type HalfType, halfWords, numbersOfHalves } from '../rounding.js';
import { CompressedWeights } from './compressed-weights.js';
import { type MatrixPlace, matricesOf } from './matrix-sizes.js';
import type { Variable } from './variable.js';

/**
 * Lets products read the numbers of a weight in 16 bits, where the backend can; no number changes, since they are of that
 * type exactly. @returns whether it can
 */
export function keepHalves(variable: Variable, place: MatrixPlace, type: HalfType): boolean {
  const { supported } = currentBackend().supports('halfWeights');
  if (place.form === 'table' || !supported || variable.compressed !== undefined) return false;
  const matrices = matricesOf(Float32Array.from(variable.dataSync()), variable.shape, place);
  const halves = matrices.map(({ values, k, n }) => halfMatrix(type, values, { k, n }));
  variable.keepHalves(new CompressedWeights(variable.shape, place.form, halves));
  return true;
}

/** Numbers of a weight as the nearest that the type has. @throws OUT_OF_RANGE where it holds finite ones no longer */
export function roundedToHalf(where: string, name: string, type: HalfType, numbers: ArrayLike<number>): Float32Array {
  const halves = numbersOfHalves(type, halfWords(type, numbers));
  if (halves.every((value, i) => Number.isFinite(value) === Number.isFinite(numbers[i]))) return halves;
  throw new RondoError('OUT_OF_RANGE', {
    where,
    what: `\`${name}\` has numbers that ${type} cannot hold.`,
    expected: type === 'float16' ? 'numbers from -65504 to 65504' : 'numbers of its range',
    received: 'larger ones',
    fix:
      type === 'float16'
        ? 'use `bfloat16`, or leave the weights in single precision.'
        : 'leave the weights in single precision.',
  });
}
