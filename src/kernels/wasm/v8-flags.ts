import { setFlagsFromString } from 'node:v8';

/**
 * Lets V8 compile WebAssembly to the processor's wider instructions, as far as this Node has them behind flags: fused
 * multiply-add on Node 20 (`--experimental-wasm-relaxed-simd`), and on Node 24 and later pairs of vectors as one of 256
 * bits (`--experimental-wasm-revectorize`). Call it before anything is computed; `rondo` on the command line does.
 *
 * The kernels' start-up probe compares every family with a known product and takes the fastest that is right, so a host
 * where the flags bring nothing, or something wrong, computes as before. Results agree with those of other hosts to
 * float32 rounding.
 *
 * @returns the flags that were set
 */
export function allowWideKernels(): readonly string[] {
  const version = Number(process.versions.node.split('.')[0]);
  const flags =
    version < 22 ? ['--experimental-wasm-relaxed-simd'] : version >= 24 ? ['--experimental-wasm-revectorize'] : [];
  for (const flag of flags) setFlagsFromString(flag);
  return flags;
}
