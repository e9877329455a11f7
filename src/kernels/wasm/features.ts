import { f32x4, ModuleBuilder, type Value } from './assembler.js';

/** Whether the host accepts a module whose only function computes this value. */
function accepts(value: () => Value<'v128'>): boolean {
  const module = new ModuleBuilder();
  module.func('run', { params: [] }, (f) => f.storeV128(0, value()));
  return WebAssembly.validate(module.toBytes());
}

let simd: boolean | undefined;
let relaxedSimd: boolean | undefined;

/** Whether the host runs 128-bit vectors; everything here needs them. */
export function hasSimd(): boolean {
  simd ??= typeof WebAssembly === 'object' && accepts(() => f32x4.add(1, 2));
  return simd;
}

/** Whether the host runs relaxed SIMD, whose multiply-add rounds once where the processor can. Node 20 does not. */
export function hasRelaxedSimd(): boolean {
  relaxedSimd ??= hasSimd() && accepts(() => f32x4.relaxed_madd(1, 2, 3));
  return relaxedSimd;
}
