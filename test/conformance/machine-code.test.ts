import { it } from 'vitest';
import { useBackend } from '../../src/kernels/select.js';
import { WasmBackend } from '../../src/kernels/wasm/backend.js';
import { conformOn } from '../support/conformance-backends.js';
import { machineCodeOf } from '../support/machine-code.js';

const isa = 'avx512';
const { code, reason } = machineCodeOf(isa);
const name = `conformance with machine code of ${isa}`;

/** Kernels, cells, layers and laws once more, with kernels of machine code; a test file is a process of its own. */
if (code === undefined) {
  it.skip(`${name} (not run: ${reason})`, () => undefined);
} else {
  const make = () => new WasmBackend({ threads: 1 }, undefined, code);
  conformOn({ title: `machine code of ${isa}`, name: 'wasm', make: () => useBackend(make()) });
  await import('./cells.test.js');
  await import('./layers.test.js');
  await import('./merging.test.js');
  await import('./attention.test.js');
  await import('./element-types.test.js');
  await import('./laws.test.js');
  await import('./heads.test.js');
  await import('./matmul-batches.test.js');
}
