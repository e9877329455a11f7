import { describeValue, RondoError } from '../errors.js';

/** The shape of one sample. @throws OUT_OF_RANGE where it is no list of sizes */
export function requireInputShape(where: string, shape: readonly (number | null)[]): readonly (number | null)[] {
  if (Array.isArray(shape) && shape.every((axis) => axis === null || (Number.isInteger(axis) && axis >= 1)))
    return shape;
  throw new RondoError('OUT_OF_RANGE', {
    where,
    what: '`inputShape` is no shape of one sample.',
    expected: 'a list of whole numbers of at least 1, null for any size',
    received: Array.isArray(shape) ? `[${shape.map(describeValue).join(', ')}]` : describeValue(shape),
    fix: 'leave out the batch axis, as in inputShape: [null, 7].',
  });
}
