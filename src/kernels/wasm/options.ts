import { RondoError, refuseUnknownOptions } from '../../errors.js';
import { hostThreads } from './threads/host.js';

export interface WasmBackendOptions {
  /** The same bits on every processor: products and sums are rounded separately, which is slower. Default false. */
  deterministic?: boolean | undefined;
  /** A memory that worker threads can share. Default: where the host allows it. */
  sharedMemory?: boolean | undefined;
  /**
   * How many threads compute, the caller's included. Default: as many as the host has cores, at most 8; 1 in a page
   * that is not cross-origin isolated. Results do not depend on it. Workers are started when there is first work for
   * them.
   */
  threads?: number | undefined;
  /** Machine code where there is any, see `describeMachineCode` of `rondo/node`. Default true, unless deterministic. */
  machineCode?: boolean | undefined;
}

/** Without being asked, no more threads than this: small models do not fill them. */
const mostThreadsByDefault = 8;
const mostThreads = 256;
export const isolationFix =
  'serve the page with the headers Cross-Origin-Opener-Policy: same-origin and Cross-Origin-Embedder-Policy: ' +
  'require-corp.';

/** The threads that compute where nobody says how many: one a core, where workers can share memory. */
export function defaultThreads(): number {
  const { cores, canShare } = hostThreads();
  return canShare ? Math.min(cores, mostThreadsByDefault) : 1;
}

/** @throws OUT_OF_RANGE */
export function requireThreads(where: string, threads: number): void {
  if (Number.isInteger(threads) && threads >= 1 && threads <= mostThreads) return;
  throw new RondoError('OUT_OF_RANGE', {
    where,
    what: '`threads` is not a number of threads.',
    expected: `a whole number of 1 to ${mostThreads}`,
    received: String(threads),
    fix: 'give the number of cores to use.',
  });
}

/** @throws UNKNOWN_NAME, OUT_OF_RANGE; BACKEND_UNAVAILABLE where threads are asked for and memory cannot be shared */
export function requireOptions(where: string, options: WasmBackendOptions): void {
  refuseUnknownOptions(where, options, ['deterministic', 'sharedMemory', 'threads', 'machineCode']);
  if (options.threads !== undefined) requireThreads(where, options.threads);
  if ((options.threads ?? 1) > 1 && (!hostThreads().canShare || options.sharedMemory === false)) {
    throw new RondoError('BACKEND_UNAVAILABLE', {
      where: where,
      what: 'threads need a memory that workers can share.',
      received: options.sharedMemory === false ? 'sharedMemory: false' : hostThreads().reason,
      fix: options.sharedMemory === false ? 'leave out sharedMemory.' : isolationFix,
    });
  }
}
