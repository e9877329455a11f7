import type { Isa } from './processor.js';
import type { Label, MaskRegister, Memory, VectorRegister } from './registers.js';

/** What the instructions offer. */
export interface VectorSet {
  readonly isa: Isa;
  /** Numbers of single precision in a vector. */
  readonly lanes: 8 | 16;
  readonly bits: 256 | 512;
  readonly bytes: 32 | 64;
  readonly numRegisters: 16 | 32;
}

export const vectorSets: Readonly<Record<Isa, VectorSet>> = {
  avx2: { isa: 'avx2', lanes: 8, bits: 256, bytes: 32, numRegisters: 16 },
  avx512: { isa: 'avx512', lanes: 16, bits: 512, bytes: 64, numRegisters: 32 },
};

/** Numbers in the largest vector: what row buffers are padded to, whatever the instructions. */
export const MOST_LANES = 16;

export type Register = VectorRegister | MaskRegister;

/** Where a value lies that needs no register: all of it, or one number that an instruction repeats in all lanes. */
export interface Home {
  readonly place: Memory | Label;
  readonly isRepeated: boolean;
}

export function vectorRegister({ bits }: VectorSet, index: number): VectorRegister {
  return { kind: 'vector', index, bits };
}
