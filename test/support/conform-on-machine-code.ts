import { it } from 'vitest';
import { useBackend } from '../../src/kernels/select.js';
import { WasmBackend } from '../../src/kernels/wasm/backend.js';
import type { Isa } from '../../src/kernels/x64/processor.js';
import { conformOn } from './conformance-backends.js';
import { machineCodeOf } from './machine-code.js';

/**
 * Runs conformance tests once more, with kernels of machine code; a test file is a process of its own. Cells and layers
 * with every set of instructions, the others with the widest, whose kernels have more cases.
 */
export async function conformOnMachineCode(isa: Isa): Promise<void> {
  const { code, reason } = machineCodeOf(isa);
  const title = `machine code of ${isa}`;
  if (code === undefined) {
    it.skip(`conformance with ${title} (not run: ${reason})`, () => undefined);
    return;
  }
  conformOn({ title, name: 'wasm', make: () => useBackend(new WasmBackend({ threads: 1 }, undefined, code)) });
  await import('../conformance/cells.test.js');
  await import('../conformance/layers.test.js');
  if (isa !== 'avx512' && machineCodeOf('avx512').code !== undefined) return;
  await import('../conformance/merging.test.js');
  await import('../conformance/attention.test.js');
  await import('../conformance/element-types.test.js');
  await import('../conformance/laws.test.js');
  await import('../conformance/heads.test.js');
  await import('../conformance/matmul-batches.test.js');
}
