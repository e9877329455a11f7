import { it } from 'vitest';
import { findBlas } from '../../src/kernels/blas/find.js';
import type { BlasLibrary } from '../../src/kernels/blas/library.js';

const { library, koffiFault } = await findBlas();

/** Registers tests that need a BLAS: `not run`, with the reason, where none is installed. */
export async function withBlas(name: string, register: (library: BlasLibrary) => void | Promise<void>): Promise<void> {
  if (library !== undefined) await register(library);
  else it.skip(`${name} (not run: ${koffiFault ?? 'no BLAS is installed'})`, () => undefined);
}
