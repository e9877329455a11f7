import { beforeAll, describe, expect, it } from 'vitest';
import { useBackend } from '../../src/kernels/select.js';
import { createWasmBackend, type WasmBackend } from '../../src/kernels/wasm/backend.js';
import { conformOn } from '../support/conformance-backends.js';
import { withBlas } from '../support/installed-blas.js';

/** The suite once more, with every product of the WebAssembly backend computed by an installed BLAS, however small. */
await withBlas('conformance with a BLAS', async (library) => {
  let numProducts = 0;
  const accelerate = (backend: WasmBackend): WasmBackend => {
    backend.acceleration.accelerator = {
      name: library.version,
      takes: ({ m, n, k }) => m > 0 && n > 0 && k > 0,
      multiply: (product) => {
        numProducts++;
        library.multiply(product);
      },
    };
    return backend;
  };
  conformOn({ title: 'wasm with a BLAS', name: 'wasm', make: () => accelerate(createWasmBackend({ threads: 1 })) });
  beforeAll(() => {
    const backend = accelerate(useBackend('wasm') as WasmBackend);
    backend.threads.resize(1);
  });
  await import('./cells.test.js');
  await import('./layers.test.js');
  await import('./laws.test.js');
  await import('./regularisation-laws.test.js');

  describe('the BLAS', () => {
    it('computed the products of the tests above', () => expect(numProducts).toBeGreaterThan(1000));
  });
});
