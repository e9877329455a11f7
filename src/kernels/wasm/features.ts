import { f32x4, i32x4, instantiate, ModuleBuilder, type Value, v128 } from './assembler.js';

/** Whether the host accepts a module whose only function computes this value. */
function accepts(value: () => Value<'v128'>): boolean {
  const module = new ModuleBuilder();
  module.func('run', { params: [] }, (f) => f.storeV128(0, value()));
  return WebAssembly.validate(module.toBytes());
}

let simd: boolean | undefined;
let relaxedSimd: boolean | undefined;
let relaxedDot: boolean | undefined;

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

/**
 * Whether the host computes the relaxed dot product of bytes, and computes it right: the baseline compiler of V8 11.3,
 * which Node 20 has, counts products twice.
 */
export function hasRelaxedDot(): boolean {
  relaxedDot ??= hasRelaxedSimd() && multipliesBytesRight();
  return relaxedDot;
}

function multipliesBytesRight(): boolean {
  const module = new ModuleBuilder();
  module.func('run', { params: [] }, (f) => {
    // As kernels have it, and all from memory: which registers operands are in decides whether it goes wrong.
    const b = f.let(v128.load(0, 16));
    const sums = [f.let(v128.load(0, 32)), f.local('v128')];
    for (const sum of sums) f.set(sum, i32x4.relaxed_dot_i8x16_i7x16_add_s(v128.load(0), b, sum));
    sums.forEach((sum, i) => f.storeV128(0, sum, 48 + 16 * i));
    f.storeV128(0, i32x4.relaxed_dot_i8x16_i7x16_add_s(v128.load(0), v128.load(0, 16), v128.load(0, 32)), 80);
  });
  const memory = new WebAssembly.Memory({ initial: 1 });
  const bytes = new Int8Array(memory.buffer);
  const words = new Int32Array(memory.buffer);
  for (let i = 0; i < 16; i++) {
    bytes[i] = i % 4 < 2 ? -127 : 100 - i;
    bytes[16 + i] = 127 - i;
  }
  words.set([1, -2, 3, -4], 8);
  instantiate(module.toBytes(), memory).run();
  return Array.from({ length: 4 }, (_, lane) => {
    let sum = 0;
    for (let i = 4 * lane; i < 4 * lane + 4; i++) sum += bytes[i] * bytes[16 + i];
    const added = sum + words[8 + lane];
    return words[12 + lane] === added && words[16 + lane] === sum && words[20 + lane] === added;
  }).every(Boolean);
}
