import { type DType, dtypes } from '../dtype.js';
import { RondoError, unknownName } from '../errors.js';
import { currentBackend } from '../kernels/select.js';
import { describeShape, type Shape, sizeOf } from '../shape.js';

/** @internal @throws UNKNOWN_NAME */
export function requireDtype(where: string, dtype: DType): void {
  if (!dtypes.includes(dtype)) throw unknownName(where, 'element type', String(dtype), dtypes);
}

/** Optimizers add small updates, which other types would lose. @throws UNKNOWN_NAME, USAGE */
export function requireVariableType({ name, trainable }: { name: string; trainable: boolean }, dtype: DType): void {
  requireDtype(`Variable ${name}`, dtype);
  if (!trainable || dtype === currentBackend().floatType) return;
  throw new RondoError('USAGE', {
    where: `Variable ${name}`,
    what: `a variable of ${dtype} cannot be trained.`,
    fix: 'give trainable: false, or ops.cast it after training.',
  });
}

/** @internal @throws SHAPE_MISMATCH where numbers do not fill a shape */
export function requireValues(where: string, shape: Shape, count: number): void {
  const isShape = Array.isArray(shape) && shape.every((axis) => Number.isInteger(axis) && axis >= 0);
  if (isShape && sizeOf(shape) === count) return;
  throw new RondoError('SHAPE_MISMATCH', {
    where,
    what: isShape
      ? 'the numbers do not fill the shape.'
      : 'the shape has an axis that is no whole number of at least 0.',
    expected: isShape ? `${sizeOf(shape)} numbers for ${describeShape(shape)}` : 'whole numbers of at least 0',
    received: isShape ? `${count} numbers` : Array.isArray(shape) ? describeShape(shape) : String(shape),
    fix: 'correct the shape, or give one number per element.',
  });
}
