import { RondoError } from '../errors.js';
import type { Backend } from './contract.js';
import { createWasmBackend, type WasmBackend } from './wasm/backend.js';

let instance: WasmBackend | undefined;
let wantedThreads: number | undefined;

/** The one WebAssembly backend that `useBackend('wasm')` chooses, made when it is first asked for. @throws BACKEND_UNAVAILABLE */
export function wasmBackend(): WasmBackend {
  return (instance ??= startedBackend('wasm', () =>
    createWasmBackend(wantedThreads === undefined ? {} : { threads: wantedThreads }),
  ));
}

/** The same where it was made. */
export function wasmInstance(): WasmBackend | undefined {
  return instance;
}

/** How many threads it computes with from now on, or when it is made. @throws BACKEND_UNAVAILABLE */
export function resizeWasm(threads: number): void {
  instance?.threads.resize(threads);
  wantedThreads = threads;
}

/** What `make` gives. @throws BACKEND_UNAVAILABLE where the host cannot run it */
export function startedBackend<Kind extends Backend>(name: string, make: () => Kind): Kind {
  try {
    return make();
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
}
