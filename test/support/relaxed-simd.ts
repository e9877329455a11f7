import { setFlagsFromString } from 'node:v8';

/**
 * Run before every test file: Node 20 has relaxed SIMD behind a flag, later versions and browsers have it at hand. With
 * it every family of tiles that any host would choose can be tested on this one. Kernels without it are tested by their
 * name.
 */
if (Number(process.versions.node.split('.')[0]) < 22) setFlagsFromString('--experimental-wasm-relaxed-simd');
