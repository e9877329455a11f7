import { RondoError } from '../errors.js';
import { describeShape, placeOf, type Shape } from '../shape.js';

/** @internal @throws OUT_OF_RANGE for a label that is no class, naming it and its place */
export function requireLabels(
  where: string,
  labels: ArrayLike<number>,
  classes: number,
  { shape = [labels.length], name = 'the targets' }: { shape?: Shape | undefined; name?: string | undefined } = {},
): void {
  for (let i = 0; i < labels.length; i++) {
    const label = labels[i];
    if (label >= 0 && label < classes && Number.isInteger(label)) continue;
    throw new RondoError('OUT_OF_RANGE', {
      where,
      what: `${name} hold something that is no class, at ${describeShape(placeOf(i, shape))}.`,
      expected: `a whole number from 0 to ${classes - 1}`,
      received: String(label),
      fix:
        `number the classes from 0, give the last layer more than ${classes} units, or give padding that a mask ` +
        'leaves out any class.',
    });
  }
}

/** How far the probabilities of a distribution may add up to something other than 1: rounding of float16 over many classes. */
export const SUM_SLACK = 1e-2;
