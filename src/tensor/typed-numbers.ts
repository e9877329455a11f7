import { bytesOf, type DType, decoded, dtypes, encodeInto, storedArray } from '../dtype.js';
import { RondoError, unknownName } from '../errors.js';
import { currentBackend } from '../kernels/select.js';
import type { HostNumbers } from './nested.js';

/** @internal @throws UNKNOWN_NAME */
export function requireDtype(where: string, dtype: DType): void {
  if (!dtypes.includes(dtype)) throw unknownName(where, 'element type', String(dtype), dtypes);
}

/** What elements of a type hold of some numbers. */
export function roundedNumbers(dtype: DType, numbers: HostNumbers): Float32Array | Float64Array {
  const stored = storedArray(dtype, new ArrayBuffer(bytesOf[dtype] * numbers.length), 0, numbers.length);
  encodeInto(dtype, stored, numbers);
  return decoded(dtype, stored);
}

/** Optimizers add small updates, which other types would lose. @throws UNKNOWN_NAME, USAGE */
export function requireVariableType({ name, trainable }: { name: string; trainable: boolean }, dtype: DType): void {
  requireDtype(`Variable ${name}`, dtype);
  if (!trainable || dtype === currentBackend().floatType) return;
  throw new RondoError('USAGE', {
    where: `Variable ${name}`,
    what: `a variable of ${dtype} cannot be trained.`,
    expected: 'the type in which the backend computes, for what optimizers change',
    received: dtype,
    fix: 'give trainable: false, or train it first and ops.cast it then.',
  });
}
