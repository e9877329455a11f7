/** A general register: 64 bits, or its low 32. */
export interface GeneralRegister {
  readonly kind: 'general';
  /** Its number in instructions, 0 to 15. */
  readonly index: number;
}

/** A vector register at a width; those from 16 on, and 512 bits, need AVX-512. */
export interface VectorRegister {
  readonly kind: 'vector';
  /** 0 to 31. */
  readonly index: number;
  readonly bits: 128 | 256 | 512;
}

/** A register of one bit for each lane (AVX-512). As a mask, 0 means that all lanes count. */
export interface MaskRegister {
  readonly kind: 'mask';
  /** 0 to 7. */
  readonly index: number;
}

/** A place in memory: `base + index * scale + displacement`, in bytes. */
export interface Memory {
  readonly kind: 'memory';
  readonly base: GeneralRegister;
  readonly index?: GeneralRegister | undefined;
  readonly scale: 1 | 2 | 4 | 8;
  readonly displacement: number;
}

/** A place in the code, or in the constants behind it; known once it is bound. */
export interface Label {
  readonly kind: 'label';
  readonly id: number;
}

const general = (index: number): GeneralRegister => ({ kind: 'general', index });

export const rax = general(0);
export const rcx = general(1);
export const rdx = general(2);
export const rbx = general(3);
export const rsp = general(4);
export const rbp = general(5);
export const rsi = general(6);
export const rdi = general(7);
export const r8 = general(8);
export const r9 = general(9);
export const r10 = general(10);
export const r11 = general(11);
export const r12 = general(12);
export const r13 = general(13);
export const r14 = general(14);
export const r15 = general(15);

export const xmm = (index: number): VectorRegister => ({ kind: 'vector', index, bits: 128 });
export const ymm = (index: number): VectorRegister => ({ kind: 'vector', index, bits: 256 });
export const zmm = (index: number): VectorRegister => ({ kind: 'vector', index, bits: 512 });
export const k = (index: number): MaskRegister => ({ kind: 'mask', index });

/** The place `displacement` bytes behind `base`, and behind `index * scale` where there is one. */
export function at(
  base: GeneralRegister,
  displacement = 0,
  index?: GeneralRegister,
  scale: Memory['scale'] = 1,
): Memory {
  return { kind: 'memory', base, index, scale, displacement };
}
