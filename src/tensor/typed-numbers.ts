import { type DType, dtypes } from '../dtype.js';
import { RondoError, unknownName } from '../errors.js';
import { currentBackend } from '../kernels/select.js';

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
