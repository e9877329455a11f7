import { RondoError, refuseUnknownOptions, requireCount, unknownName } from '../errors.js';
import { type AcceleratedBackend, canAccelerate } from './acceleration.js';
import { BlasAccelerator } from './blas/accelerator.js';
import { type BlasSearch, findBlas } from './blas/find.js';
import type { Refusal } from './blas/library.js';
import { advantageOf, compareSpeeds, type ProductSpeed } from './blas/probe.js';
import type { Support } from './contract.js';
import { currentBackend } from './select.js';
import { wasmBackend } from './wasm-instance.js';

const where = 'useBlas';
const occasions = ['always', 'faster', 'never'] as const;
/**
 * A library's large products must be this much faster for a training to be: the steps of a recurrence gain less, since
 * the kernels here lay the weights out once for all steps.
 */
const leastAdvantage = 1.4;

export interface BlasOptions {
  /**
   * Path or name of the shared library. Default: OpenBLAS, Accelerate, MKL or BLIS in the usual places; the environment
   * variable RONDO_BLAS names another.
   */
  library?: string | undefined;
  /**
   * `always` (default) lets the library compute every product that is large enough; `faster` measures first, and
   * changes nothing where a training would hardly gain; `never` computes everything in WebAssembly again.
   */
  when?: (typeof occasions)[number] | undefined;
  /** Threads of the library. Default 1, which repeats from run to run and leaves other cores alone. */
  threads?: number | undefined;
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
 * Lets an installed BLAS compute the large matrix products of the current backend, in the memory where they lie. It
 * needs the npm package `koffi`. The library is tested against float64 first. Results differ from those without it by
 * float32 rounding, so a training that is to resume with the same bits needs the same library.
 *
 * @example
 * const { isUsed, version } = await useBlas({ when: 'faster' });
 *
 * @throws BACKEND_UNAVAILABLE where koffi or a library that multiplies right is missing, or the backend is another than
 * `wasm`; UNKNOWN_NAME; OUT_OF_RANGE
 */
export async function useBlas(options: BlasOptions = {}): Promise<BlasReport> {
  refuseUnknownOptions(where, options, ['library', 'when', 'threads']);
  const { library: path, when = 'always', threads = 1 } = options;
  if (!occasions.includes(when)) throw unknownName(where, 'occasion', when, occasions);
  requireCount(where, 'threads', threads);
  const backend = acceleratedBackend();
  if (when === 'never') {
    backend.acceleration.accelerator = undefined;
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
  backend.acceleration.accelerator = isUsed ? accelerator : undefined;
  return { isUsed, library: library.path, version: library.version, measured };
}

/** What {@link describeBlas} finds. */
export interface BlasDescription {
  /** Whether the npm package koffi is there. */
  readonly koffi: Support;
  /** Whether a library was found that multiplies right. */
  readonly found: Support;
  readonly library: string | null;
  readonly version: string | null;
  /** Its products on one thread beside those of the kernels on the backend's threads. */
  readonly measured: readonly ProductSpeed[];
  /** How many times faster it is over them, as a geometric mean; null where there is none. */
  readonly advantage: number | null;
  /** Whether that is enough for a training to gain. */
  readonly isWorthwhile: boolean;
}

/** Looks for an installed BLAS and times it, without using it; `library` as in {@link BlasOptions}. */
export async function describeBlas({ library: path }: Pick<BlasOptions, 'library'> = {}): Promise<BlasDescription> {
  const { koffiFault, library, refused } = await findBlas(path);
  const koffi = { supported: koffiFault === undefined, reason: koffiFault ?? 'the npm package koffi loads.' };
  if (library === undefined) {
    const reason =
      koffiFault === undefined
        ? `none of these is a BLAS that can be used: ${triedIn(refused)}.`
        : 'nothing was looked for, because koffi is missing or does not load.';
    return {
      koffi,
      found: { supported: false, reason },
      library: null,
      version: null,
      measured: [],
      advantage: null,
      isWorthwhile: false,
    };
  }
  library.setThreads?.(1);
  const measured = compareSpeeds(wasmBackend(), new BlasAccelerator(library));
  const found = { supported: true, reason: 'it multiplies right in every form.' };
  const advantage = advantageOf(measured);
  return {
    koffi,
    found,
    library: library.path,
    version: library.version,
    measured,
    advantage,
    isWorthwhile: advantage > leastAdvantage,
  };
}

function acceleratedBackend(): AcceleratedBackend {
  const backend = currentBackend();
  if (canAccelerate(backend) && !backend.acceleration.isDeterministic) return backend;
  throw new RondoError('BACKEND_UNAVAILABLE', {
    where,
    what: 'a BLAS cannot compute for the backend in use.',
    expected: 'the backend wasm, not made deterministic',
    received: canAccelerate(backend) ? `${backend.name}, deterministic` : backend.name,
    fix: "call useBackend('wasm') before, or leave the BLAS out.",
  });
}

function missing({ koffiFault, refused }: BlasSearch, path: string | undefined): RondoError {
  if (koffiFault !== undefined) {
    return new RondoError('BACKEND_UNAVAILABLE', {
      where,
      what: 'a BLAS cannot be called.',
      received: koffiFault,
      fix: 'run npm install koffi.',
    });
  }
  return new RondoError('BACKEND_UNAVAILABLE', {
    where,
    what: path === undefined ? 'no installed BLAS was found.' : 'the BLAS cannot be used.',
    expected: 'a shared library with cblas_sgemm that multiplies right',
    received: triedIn(refused),
    fix:
      path === undefined
        ? 'install OpenBLAS (apt install libopenblas0, brew install openblas), or name a library.'
        : 'give the path of OpenBLAS or another CBLAS, or leave it out to search the usual places.',
  });
}

function triedIn(refused: readonly Refusal[]): string {
  return refused.map(({ path, reason }) => (reason.includes(path) ? reason : `${path}: ${reason}`)).join('; ');
}

function fixedThreads(path: string, threads: number): RondoError {
  return new RondoError('BACKEND_UNAVAILABLE', {
    where,
    what: 'this BLAS has no function that sets its threads.',
    received: `threads ${threads} for ${path}`,
    fix: 'leave `threads` out; for Accelerate set the environment variable VECLIB_MAXIMUM_THREADS.',
  });
}
