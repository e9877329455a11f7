import { refuseUnknownOptions, RondoError, requireCount, unknownName } from '../errors.js';
import { BlasAccelerator } from './blas/accelerator.js';
import { type BlasSearch, findBlas } from './blas/find.js';
import { advantageOf, compareSpeeds, type ProductSpeed } from './blas/probe.js';
import { currentBackend } from './select.js';
import { WasmBackend } from './wasm/backend.js';

const where = 'useBlas';
const occasions = ['always', 'faster', 'never'] as const;
/** A library must be this much faster to displace the kernels here, because measurements are noisy. */
const leastAdvantage = 1.05;

export interface BlasOptions {
  /** Path or name of the shared library. Default: OpenBLAS, Accelerate, MKL or BLIS in the usual places; the environment variable RONDO_BLAS names another. */
  library?: string;
  /**
   * `always` (default) lets the library compute every product that is large enough; `faster` measures first, and changes
   * nothing where WebAssembly is as fast; `never` computes everything in WebAssembly again.
   */
  when?: (typeof occasions)[number];
  /** Threads of the library. Default 1, which repeats from run to run and leaves other cores alone. */
  threads?: number;
}

/** What {@link useBlas} came to. */
export interface BlasReport {
  readonly isUsed: boolean;
  /** Path of the library and what it says about itself; null with `never`. */
  readonly library: string | null;
  readonly version: string | null;
  /** What was measured; empty unless asked for `faster`. */
  readonly measured: readonly ProductSpeed[];
}

/**
 * Lets an installed BLAS compute the large matrix products of the current backend, in the memory where they lie. It needs
 * the npm package `koffi`. The library is tested against float64 first. Results differ from those without it by float32
 * rounding, so a training that is to resume with the same bits needs the same library.
 *
 * @example
 * const { isUsed, version } = await useBlas({ when: 'faster' });
 *
 * @throws BACKEND_UNAVAILABLE where koffi or a library that multiplies right is missing, or the backend is another than `wasm`; UNKNOWN_NAME; OUT_OF_RANGE
 */
export async function useBlas(options: BlasOptions = {}): Promise<BlasReport> {
  refuseUnknownOptions(where, options, ['library', 'when', 'threads']);
  const { library: path, when = 'always', threads = 1 } = options;
  if (!occasions.includes(when)) throw unknownName(where, 'occasion', when, occasions);
  requireCount(where, 'threads', threads);
  const backend = acceleratedBackend();
  if (when === 'never') {
    backend.accelerator = undefined;
    return { isUsed: false, library: null, version: null, measured: [] };
  }
  const search = await findBlas(path);
  const { library } = search;
  if (library === undefined) throw missing(search, path);
  if (library.setThreads !== undefined) library.setThreads(threads);
  else if (options.threads !== undefined) throw fixedThreads(library.path, threads);
  const accelerator = new BlasAccelerator(library);
  const measured = when === 'faster' ? compareSpeeds(backend, accelerator) : [];
  const isUsed = when === 'always' || advantageOf(measured) > leastAdvantage;
  backend.accelerator = isUsed ? accelerator : undefined;
  return { isUsed, library: library.path, version: library.version, measured };
}

function acceleratedBackend(): WasmBackend {
  const backend = currentBackend();
  if (backend instanceof WasmBackend && !backend.isDeterministic) return backend;
  throw new RondoError('BACKEND_UNAVAILABLE', {
    where,
    what: 'a BLAS cannot compute for the backend in use.',
    expected: 'the backend wasm, not made deterministic',
    received: backend instanceof WasmBackend ? 'wasm, deterministic' : backend.name,
    fix: "call useBackend('wasm') before, or leave the BLAS out.",
  });
}

function missing({ koffiFault, refused }: BlasSearch, path: string | undefined): RondoError {
  if (koffiFault !== undefined) {
    return new RondoError('BACKEND_UNAVAILABLE', { where, what: 'a BLAS cannot be called.', received: koffiFault, fix: 'run npm install koffi.' });
  }
  return new RondoError('BACKEND_UNAVAILABLE', {
    where,
    what: path === undefined ? 'no installed BLAS was found.' : 'the BLAS cannot be used.',
    expected: 'a shared library with cblas_sgemm that multiplies right',
    received: refused.map(({ path: tried, reason }) => (reason.includes(tried) ? reason : `${tried}: ${reason}`)).join('; '),
    fix: path === undefined ? 'install OpenBLAS (apt install libopenblas0, brew install openblas), or name a library.' : 'give the path of OpenBLAS or another CBLAS, or leave it out to search the usual places.',
  });
}

function fixedThreads(path: string, threads: number): RondoError {
  return new RondoError('BACKEND_UNAVAILABLE', {
    where,
    what: 'this BLAS has no function that sets its threads.',
    received: `threads ${threads} for ${path}`,
    fix: 'leave `threads` out; for Accelerate set the environment variable VECLIB_MAXIMUM_THREADS.',
  });
}
