import { createWasmBackend, type WasmBackend } from '../../src/kernels/wasm/backend.js';
import type { WasmBackendOptions } from '../../src/kernels/wasm/options.js';

/** A backend whose workers serve already. */
export async function threadedBackend(threads: number, options: WasmBackendOptions = {}): Promise<WasmBackend> {
  const backend = createWasmBackend({ ...options, threads });
  // Nothing is shared before a worker serves; a large product starts them.
  const size = 128;
  const view = { buffer: backend.allocate(size * size), offset: 0, rowStride: size };
  const c = { ...view, buffer: backend.allocate(size * size) };
  while (backend.threads.numServing < threads) {
    backend.matmul({ m: size, n: size, k: size, a: view, b: view, c });
    await new Promise((resolve) => setTimeout(resolve, 5));
    const { supported, reason } = backend.supports('threads');
    if (!supported) throw new Error(`workers do not start: ${reason}`);
  }
  for (const { buffer } of [view, c]) backend.free(buffer);
  return backend;
}
