import { describeValue, RondoError } from '../errors.js';
import { describeShape, type Shape } from '../shape.js';
import { Tensor } from './tensor.js';

/** @internal @throws USAGE where something other than a tensor is given. */
export function requireTensors(where: string, values: readonly unknown[]): void {
  for (const value of values) {
    if (value instanceof Tensor) continue;
    throw new RondoError('USAGE', {
      where,
      what: 'an operand is not a tensor.',
      expected: 'a tensor',
      received: describeValue(value),
      fix: 'make one with tensor(...).',
    });
  }
}

/** @internal {@link axisIn} of a tensor's shape. @throws USAGE where it is no tensor; OUT_OF_RANGE */
export function axisOf(where: string, source: Tensor, axis: number): number {
  requireTensors(where, [source]);
  return axisIn(where, source.shape, axis);
}

/**
 * @internal An axis counted from the front, where negative ones count from the end. @throws OUT_OF_RANGE where there is
 * no such axis
 */
export function axisIn(where: string, shape: Shape, axis: number): number {
  const rank = shape.length;
  if (Number.isInteger(axis) && axis >= -rank && axis < rank) return axis < 0 ? rank + axis : axis;
  throw new RondoError('OUT_OF_RANGE', {
    where,
    what: `a tensor of shape ${describeShape(shape)} has no axis ${axis}.`,
    expected: rank === 0 ? 'a tensor with at least one axis' : `a whole number from ${-rank} to ${rank - 1}`,
    received: String(axis),
    fix: rank === 0 ? 'reshape it first.' : 'correct the axis.',
  });
}
