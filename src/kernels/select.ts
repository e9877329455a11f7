import { unknownName } from '../errors.js';
import type { Backend } from './contract.js';
import { createReferenceBackend } from './reference/backend.js';
import { requireThreads } from './wasm/options.js';
import { resizeWasm, startedBackend, wasmBackend, wasmInstance } from './wasm-instance.js';

/** The backends a user can name. */
export const backendNames = ['wasm', 'reference'] as const;
export type BackendName = (typeof backendNames)[number];

let current: Backend | undefined;
let reference: Backend | undefined;

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

/**
 * The backend of a name, made when it is first asked for, without choosing it. Only this refers to all of them, so that a
 * bundle that names no backend carries `wasm` alone. @throws BACKEND_UNAVAILABLE
 */
export function backendNamed(name: BackendName): Backend {
  return name === 'wasm' ? wasmBackend() : (reference ??= startedBackend(name, createReferenceBackend));
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
  resizeWasm(threads);
  if (current !== undefined && current !== wasmInstance()) current.threads?.resize(threads);
}
