import type { Assembler } from './assembler.js';
import type { Isa } from './processor.js';
import { at, type GeneralRegister, k, type Memory, type VectorRegister, xmm, ymm, zmm } from './registers.js';

/** Vectors of an instruction set, and how the first lanes of one are read and written without what follows. */
export class VectorUnit {
  readonly isa: Isa;
  /** Numbers of single precision in a vector. */
  readonly lanes: number;
  readonly bytes: number;
  readonly bits: 256 | 512;
  readonly numRegisters: number;

  constructor(isa: Isa) {
    this.isa = isa;
    this.lanes = isa === 'avx512' ? 16 : 8;
    this.bytes = 4 * this.lanes;
    this.bits = isa === 'avx512' ? 512 : 256;
    this.numRegisters = isa === 'avx512' ? 32 : 16;
  }

  register(index: number): VectorRegister {
    return this.isa === 'avx512' ? zmm(index) : ymm(index);
  }

  clear(code: Assembler, register: VectorRegister): void {
    if (register.index < 16) code.op('vxorps', xmm(register.index), xmm(register.index), xmm(register.index));
    else code.op('vpxord', register, register, register);
  }

  /**
   * Makes masks of `vectors` neighbouring vectors whose first lanes count, as many as `count` says (at most all); they
   * are held by registers of masks from k1 on, or by the given vector registers. Changes `scratch`.
   */
  masks(
    code: Assembler,
    count: GeneralRegister,
    vectors: 1 | 2,
    scratch: GeneralRegister,
    registers: readonly VectorRegister[] = [],
  ): void {
    if (this.isa === 'avx512') {
      code.movConstant(scratch, 0xffffffff);
      code.op('bzhi', scratch, scratch, count);
      code.op('kmovw', k(1), scratch);
      if (vectors === 2) {
        code.shift('shr', scratch, 16);
        code.op('kmovw', k(2), scratch);
      }
      return;
    }
    this.maskPlace(code, count, scratch, vectors);
    for (let i = 0; i < vectors; i++) code.op('vmovups', registers[i], at(scratch, 32 * i));
  }

  /** Makes one mask, in k1 + `mask` or in a vector register, of the first `count` lanes. Changes `scratch`. */
  mask(code: Assembler, count: GeneralRegister, scratch: GeneralRegister, mask: number | VectorRegister): void {
    if (typeof mask === 'number') {
      code.movConstant(scratch, 0xffffffff);
      code.op('bzhi', scratch, scratch, count);
      code.op('kmovw', k(1 + mask), scratch);
    } else {
      this.maskPlace(code, count, scratch, 1);
      code.op('vmovups', mask, at(scratch));
    }
  }

  /** place = where the masks of `vectors` vectors lie, of which the first `count` lanes count. AVX2 alone. */
  maskPlace(code: Assembler, count: GeneralRegister, place: GeneralRegister, vectors: number): void {
    const lanes = vectors * this.lanes;
    code.lea(place, code.constant(...Array.from({ length: 2 * lanes }, (_, i) => (i < lanes ? -1 : 0))));
    code.arith('add', place, 4 * lanes);
    code.shift('shl', count, 2);
    code.arith('sub', place, count);
    code.shift('shr', count, 2);
  }

  /** Reads the lanes that count, the others become 0. The mask is in k1 + `mask`, or in a vector register. */
  loadMasked(code: Assembler, to: VectorRegister, from: Memory, mask: number | VectorRegister): void {
    if (typeof mask === 'number') code.opWith('vmovups', { mask: k(1 + mask), zeroing: true }, to, from);
    else code.op('vmaskmovps', to, mask, from);
  }

  storeMasked(code: Assembler, to: Memory, from: VectorRegister, mask: number | VectorRegister): void {
    if (typeof mask === 'number') code.opWith('vmovupsStore', { mask: k(1 + mask) }, to, from);
    else code.op('vmaskmovpsStore', to, mask, from);
  }
}

/** Where one of up to 15 rows is: registers that hold the first, the sixth and the eleventh row, a stride and its triple. */
export function rowPlace(
  bases: readonly GeneralRegister[],
  stride: GeneralRegister,
  triple: GeneralRegister,
  row: number,
  displacement = 0,
): Memory {
  const base = bases[Math.floor(row / 5)];
  const step = row % 5;
  if (step === 0) return at(base, displacement);
  if (step === 3) return at(base, displacement, triple);
  return at(base, displacement, stride, step as 1 | 2 | 4);
}

/** bases = the sixth and the eleventh row. */
export function pointAtRows(code: Assembler, bases: readonly GeneralRegister[], stride: GeneralRegister): void {
  for (let i = 1; i < bases.length; i++) {
    code.lea(bases[i], at(bases[i - 1], 0, stride, 4));
    code.arith('add', bases[i], stride);
  }
}
