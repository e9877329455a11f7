import { setFlagsFromString } from 'node:v8';
import { describe, expect, it } from 'vitest';
import { describeHost } from '../../src/kernels/describe-host.js';
import { allowWideKernels } from '../../src/kernels/wasm/v8-flags.js';

const leastNode = 24;
const node = Number(process.versions.node.split('.')[0]);
const name = "conformance with V8's 256-bit code";

/**
 * Kernels, cells and layers once more, with pairs of vectors compiled as one; the laws say nothing about instructions.
 * A test file is a process of its own, so the flag changes no other test.
 */
if (node < leastNode) {
  it.skip(`${name} (not run: Node ${leastNode} or later can widen vectors, this is ${process.version})`, () =>
    undefined);
} else {
  const flags = allowWideKernels();
  const { simd, wasm } = describeHost();
  describe(name, () => {
    it('is switched on before the first kernel', () => expect(flags).toEqual(['--experimental-wasm-revectorize']));
    it.skipIf(!simd.isWidened)(
      'runs the wide tiles' +
        (simd.isWidened ? '' : ' (not run: no 256-bit vectors were seen here; the tests below ran all families)'),
      () => expect(wasm.tiles).toMatch(/^wide/),
    );
    it('computes right numbers with every family', () =>
      expect(wasm.measured.filter(({ isRight }) => !isRight)).toEqual([]));
  });
  // V8 widens what its optimizing compiler compiles; without the other one that is every kernel, from its first call.
  setFlagsFromString('--no-liftoff');
  await import('../../src/kernels/wasm/matmul.test.js');
  await import('../../src/kernels/wasm/pointwise.test.js');
  await import('../../src/kernels/wasm/pointwise-random.test.js');
  await import('../../src/kernels/wasm/numerics.test.js');
  await import('./cells.test.js');
  await import('./layers.test.js');
  await import('./merging.test.js');
  await import('./attention.test.js');
  await import('./element-types.test.js');
}
