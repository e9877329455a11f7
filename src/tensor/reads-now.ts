import { RondoError } from '../errors.js';
import type { Backend } from '../kernels/contract.js';

/** @internal @param instead what to write in place of reading at once. @throws BACKEND_UNAVAILABLE */
export function requireReadsNow(
  backend: Backend,
  where: string,
  instead: string,
): asserts backend is Backend & Required<Pick<Backend, 'readNow'>> {
  if (backend.readNow !== undefined) return;
  throw new RondoError('BACKEND_UNAVAILABLE', {
    where,
    what: `\`${backend.name}\` cannot be read synchronously.`,
    fix: `${instead}.`,
  });
}
