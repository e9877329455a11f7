import { RondoError, unknownName } from '../errors.js';
import type { Backend } from './contract.js';
import { createReferenceBackend } from './reference/backend.js';
import { createWasmBackend, type WasmBackend } from './wasm/backend.js';
import { requireThreads } from './wasm/options.js';

/** The backends a user can name. */
export const backendNames = ['wasm', 'reference'] as const;
export type BackendName = (typeof backendNames)[number];

interface NamedBackends {
  wasm: WasmBackend;
  reference: Backend;
}

const made: Partial<NamedBackends> = {};
let current: Backend | undefined;
let wantedThreads: number | undefined;

const makeWasm = (): WasmBackend => createWasmBackend(wantedThreads === undefined ? {} : { threads: wantedThreads });
/** Only {@link backendNamed} refers to all of them, so that a bundle that names no backend carries `wasm` alone. */
const makers: Record<BackendName, () => Backend> = { wasm: makeWasm, reference: createReferenceBackend };

/**
 * Chooses what computes from now on: `wasm` (float32, the default) or `reference` (float64, slow, for checks). Weights
 * move along when they are next used. Nothing else ever switches the backend.
 *
 * @throws UNKNOWN_NAME; BACKEND_UNAVAILABLE where the host cannot run it.
 */
export function useBackend(backend: BackendName | Backend): Backend {
  if (typeof backend !== 'string') {
    current = backend;
    return backend;
  }
  if (!backendNames.includes(backend)) throw unknownName('useBackend', 'backend', backend, backendNames);
  current = backendNamed(backend);
  return current;
}

/** The backend of a name, made when it is first asked for, without choosing it. @throws BACKEND_UNAVAILABLE */
export function backendNamed(name: BackendName): Backend {
  return madeOnce(name, makers[name]);
}

/** The one WebAssembly backend that `useBackend('wasm')` chooses. @throws BACKEND_UNAVAILABLE */
export function wasmBackend(): WasmBackend {
  return madeOnce('wasm', makeWasm);
}

function madeOnce<Name extends BackendName>(name: Name, make: () => NamedBackends[Name]): NamedBackends[Name] {
  let instance: NamedBackends[Name] | undefined = made[name];
  if (instance === undefined) {
    try {
      instance = make();
    } catch (cause) {
      if (cause instanceof RondoError && cause.code === 'BACKEND_UNAVAILABLE') throw cause;
      throw new RondoError('BACKEND_UNAVAILABLE', {
        where: 'useBackend',
        what: `the backend \`${name}\` cannot start here.`,
        received: cause instanceof Error ? cause.message : String(cause),
        fix:
          name === 'wasm'
            ? 'use a host with WebAssembly SIMD (Node 20.19 or later, or a browser of 2023 or later).'
            : 'report this.',
        cause,
      });
    }
    made[name] = instance;
  }
  return instance;
}

/** The backend in use; `wasm` unless {@link useBackend} said otherwise. */
export function currentBackend(): Backend {
  return (current ??= wasmBackend());
}

/**
 * Chooses how many threads compute from now on, the caller's included; by default as many as there are cores, at most
 * 8. Results do not depend on it.
 *
 * @throws OUT_OF_RANGE; BACKEND_UNAVAILABLE for more than one thread where workers cannot share memory, as in a page
 *   that is not cross-origin isolated
 */
export function setThreads(threads: number): void {
  requireThreads('setThreads', threads);
  for (const backend of new Set([current, made.wasm])) backend?.threads?.resize(threads);
  wantedThreads = threads;
}
