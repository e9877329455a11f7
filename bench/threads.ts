import { RondoError } from '../src/index.js';

/**
 * Makes Rondo compute on `numThreads` threads. The one place of the benchmarks that does: everything that takes
 * `--threads` calls it before anything is computed.
 *
 * @throws BACKEND_UNAVAILABLE for more threads than there are.
 */
export async function useThreads(numThreads: number, where: string): Promise<void> {
  if (numThreads === 1) return;
  throw new RondoError('BACKEND_UNAVAILABLE', {
    where,
    what: `the library cannot run on ${numThreads} threads.`,
    expected: '--threads 1',
    received: `--threads ${numThreads}`,
    fix: 'leave --threads out: this version computes on one thread.',
  });
}
