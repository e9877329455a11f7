/** Sets of instructions that kernels are written for: of 256 bits with AVX2 and FMA, of 512 bits with AVX-512. */
export const isas = ['avx2', 'avx512'] as const;
export type Isa = (typeof isas)[number];

/** What an x86-64 processor can do, and the system allows. */
export interface Processor {
  /** AVX2, FMA, BMI2 and F16C. */
  readonly hasAvx2: boolean;
  /** AVX-512 F, BW, DQ and VL. */
  readonly hasAvx512: boolean;
  /** Dot products of bytes in 256 bits, with the prefix of AVX. */
  readonly hasAvxVnni: boolean;
  /** The same in 512 bits. */
  readonly hasAvx512Vnni: boolean;
}

/** How many 32-bit words describe a processor. */
export const descriptionWords = 6;

/**
 * Reads the words that the entry point `describe` writes (item-runner.ts). Bits: Intel 64 and IA-32 Architectures
 * Software Developer's Manual, volume 2, CPUID.
 */
export function processorOf(words: Uint32Array): Processor {
  const [leaf1, leaf7b, leaf7c, , leaf71, state] = words;
  const all = (word: number, ...bits: readonly number[]): boolean => bits.every((bit) => ((word >>> bit) & 1) === 1);
  // XMM and YMM; masks and both parts of ZMM.
  const savesYmm = all(state, 1, 2);
  const savesZmm = savesYmm && all(state, 5, 6, 7);
  const hasAvx2 = savesYmm && all(leaf1, 12, 27, 28, 29) && all(leaf7b, 5, 8);
  const hasAvx512 = hasAvx2 && savesZmm && all(leaf7b, 16, 17, 30, 31);
  return {
    hasAvx2,
    hasAvx512,
    hasAvxVnni: hasAvx2 && all(leaf71, 4),
    hasAvx512Vnni: hasAvx512 && all(leaf7c, 11),
  };
}
