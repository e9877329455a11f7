import type { Backend } from '../../src/kernels/contract.js';
import { createReferenceBackend } from '../../src/kernels/reference/backend.js';
import { type BackendName, backendNames, useBackend } from '../../src/kernels/select.js';
import { WasmBackend } from '../../src/kernels/wasm/backend.js';
import { tileFamilies } from '../../src/kernels/wasm/matmul-tiles.js';

/** A backend as some host would run it. */
export interface ConformanceBackend {
  readonly title: string;
  readonly name: BackendName;
  make(): Backend;
}

/**
 * WebAssembly with every family of tiles; plain ones belong to hosts without relaxed SIMD, and to deterministic
 * backends.
 */
export const wasmOfEveryFamily: readonly ConformanceBackend[] = tileFamilies.map((family) => ({
  title: `wasm with ${family.name} tiles`,
  name: 'wasm',
  make: () => new WasmBackend({ deterministic: family.madd === 'plain', threads: 1 }, family),
}));

/** Everything that a conformance test runs on. */
export const conformanceBackends: ConformanceBackend[] = [
  { title: 'reference', name: 'reference', make: createReferenceBackend },
  ...wasmOfEveryFamily,
];

/** What the laws of cells are tested on: they say nothing about families of tiles. */
export const lawBackends: ConformanceBackend[] = backendNames.map((name) => ({
  title: name,
  name,
  make: () => useBackend(name),
}));

/** Lets the conformance tests that are imported from now on run on one backend alone. */
export function conformOn(backend: ConformanceBackend): void {
  for (const all of [conformanceBackends, lawBackends]) all.splice(0, all.length, backend);
}
