import { CodeBuffer } from './code-buffer.js';
import {
  type Arithmetic,
  arithmetic,
  type Condition,
  conditions,
  type VectorInstruction,
  type VectorName,
  vectorInstructions,
} from './instructions.js';
import { displacementUnit, extensionsOf, type Fields, fieldsOf, type Operand } from './operand-fields.js';
import type { GeneralRegister, Label, MaskRegister, Memory } from './registers.js';

export type { Operand } from './operand-fields.js';

/** What an instruction takes besides its operands. */
export interface Details {
  /** The constant of 8 bits, of instructions that have one. */
  readonly immediate?: number;
  /** Lanes that count (EVEX); the others keep what the destination holds, or become 0 with `zeroing`. */
  readonly mask?: MaskRegister;
  readonly zeroing?: boolean;
  /** One element in memory is repeated in all lanes (EVEX). */
  readonly broadcast?: boolean;
  /** The width in bits, where it does not follow from the registers. */
  readonly bits?: 128 | 256 | 512;
}

const noDetails: Details = {};

/**
 * Writes x86-64 machine code: general instructions as methods, vector instructions by name ({@link op}), jumps to
 * labels, and constants that lie behind the code. VEX forms are used where they exist and suffice, since they are
 * shorter. Sizes are 64 bits for general registers, unless a name says 32.
 */
export class Assembler extends CodeBuffer {
  // Vector instructions.

  /** Writes the vector instruction of a name, its operands in the order of Intel's manual: the destination first. */
  op(name: VectorName, ...operands: readonly Operand[]): void {
    this.#vectorInstruction(name, noDetails, operands);
  }

  /** The same with a constant, a mask or a broadcast. */
  opWith(name: VectorName, details: Details, ...operands: readonly Operand[]): void {
    this.#vectorInstruction(name, details, operands);
  }

  // Code is written by programs that have just started, so this costs as little as it may before V8 optimizes it.
  #vectorInstruction(name: VectorName, details: Details, operands: readonly Operand[]): void {
    const instruction: VectorInstruction = vectorInstructions[name];
    const fields = fieldsOf(instruction, operands);
    let bits: number = instruction.bits ?? details.bits ?? 128;
    let needsEvex = instruction.toMask && operands[0].kind === 'mask';
    for (const operand of operands) {
      if (operand.kind !== 'vector') continue;
      if (operand.bits > bits && instruction.bits === undefined) bits = operand.bits;
      if (operand.index > 15) needsEvex = true;
    }
    needsEvex ||=
      instruction.encodings === 'evex' || bits === 512 || details.mask !== undefined || details.broadcast === true;
    if (needsEvex && instruction.encodings === 'vex') throw new Error(`${name} has no form for these operands`);
    const tail = (instruction.hasImmediate ? 1 : 0) + (fields.last === undefined ? 0 : 1);
    this.reserve();
    if (needsEvex) this.#evex(instruction, fields, bits, details, tail);
    else this.#vex(instruction, fields, bits, tail);
    if (fields.last !== undefined) this.u8(fields.last << 4);
    if (instruction.hasImmediate) this.u8(details.immediate ?? 0);
  }

  /** Clears the upper halves, which instructions of SSE would otherwise wait for. */
  vzeroupper(): void {
    this.write(0xc5, 0xf8, 0x77);
  }

  #vex({ map, prefix, opcode, w }: VectorInstruction, { reg, vvvv, rm }: Fields, bits: number, tail: number): void {
    const { x, b } = extensionsOf(rm);
    const r = reg >> 3;
    const last = ((~vvvv & 15) << 3) | (bits === 256 ? 4 : 0) | prefix;
    const bytes = this.bytes;
    if (map === 1 && w === 0 && x === 0 && b === 0) {
      bytes[this.written++] = 0xc5;
      bytes[this.written++] = ((r ^ 1) << 7) | last;
    } else {
      bytes[this.written++] = 0xc4;
      bytes[this.written++] = ((r ^ 1) << 7) | ((x ^ 1) << 6) | ((b ^ 1) << 5) | map;
      bytes[this.written++] = (w << 7) | last;
    }
    bytes[this.written++] = opcode;
    this.#modRm(reg, rm, 1, tail);
  }

  #evex(
    instruction: VectorInstruction,
    { reg, vvvv, rm }: Fields,
    bits: number,
    { mask, zeroing = false, broadcast = false }: Details,
    tail: number,
  ): void {
    const { map, prefix, opcode, evexW } = instruction;
    const extensions = extensionsOf(rm);
    const x = rm.kind === 'vector' ? (rm.index >> 4) & 1 : extensions.x;
    const first =
      ((~(reg >> 3) & 1) << 7) | ((x ^ 1) << 6) | ((extensions.b ^ 1) << 5) | ((~(reg >> 4) & 1) << 4) | map;
    const length = bits === 512 ? 2 : bits === 256 ? 1 : 0;
    const third =
      (zeroing ? 0x80 : 0) |
      (length << 5) |
      (broadcast ? 0x10 : 0) |
      ((~(vvvv >> 4) & 1) << 3) |
      (mask === undefined ? 0 : mask.index);
    const bytes = this.bytes;
    bytes[this.written++] = 0x62;
    bytes[this.written++] = first;
    bytes[this.written++] = (evexW << 7) | ((~vvvv & 15) << 3) | 4 | prefix;
    bytes[this.written++] = third;
    bytes[this.written++] = opcode;
    this.#modRm(reg, rm, broadcast ? instruction.element : displacementUnit(instruction, bits), tail);
  }

  // General instructions.

  /** to = from. */
  mov(to: GeneralRegister, from: GeneralRegister): void {
    this.#general(0x89, from, to, true);
  }

  /** to = a constant. */
  movConstant(to: GeneralRegister, value: number | bigint): void {
    const whole = BigInt(value);
    if (whole >= 0n && whole < 1n << 32n) {
      this.#rex(false, 0, 0, to.index);
      this.u8(0xb8 + (to.index & 7));
      this.u32(Number(whole));
    } else if (whole < 0n && whole >= -(1n << 31n)) {
      this.#rex(true, 0, 0, to.index);
      this.write(0xc7, 0xc0 | (to.index & 7));
      this.u32(Number(whole));
    } else {
      this.#rex(true, 0, 0, to.index);
      this.u8(0xb8 + (to.index & 7));
      this.u32(Number(BigInt.asUintN(32, whole)));
      this.u32(Number(BigInt.asUintN(32, whole >> 32n)));
    }
  }

  /** to = a 32-bit word in memory, its upper half 0. */
  load32(to: GeneralRegister, from: Memory | Label): void {
    this.#general(0x8b, to, from, false);
  }

  /** to = a 32-bit word in memory with its sign. */
  load32Signed(to: GeneralRegister, from: Memory | Label): void {
    this.#general(0x63, to, from, true);
  }

  /** to = a byte or a word of 16 bits in memory, with zeros above or with its sign. */
  loadNarrow(to: GeneralRegister, from: Memory, bytes: 1 | 2, isSigned = false): void {
    this.#rexFor(false, to.index, from);
    this.write(0x0f, (isSigned ? 0xbe : 0xb6) | (bytes - 1));
    this.#modRm(to.index, from, 1, 0);
  }

  /** Stores the lowest byte, or the lowest 16 bits, of rax, rcx, rdx or rbx, or of r8 and above. */
  storeNarrow(to: Memory, from: GeneralRegister, bytes: 1 | 2): void {
    if (bytes === 2) this.u8(0x66);
    this.#rexFor(false, from.index, to);
    this.u8(0x88 | (bytes - 1));
    this.#modRm(from.index, to, 1, 0);
  }

  load64(to: GeneralRegister, from: Memory | Label): void {
    this.#general(0x8b, to, from, true);
  }

  store32(to: Memory, from: GeneralRegister): void {
    this.#general(0x89, from, to, false);
  }

  store64(to: Memory, from: GeneralRegister): void {
    this.#general(0x89, from, to, true);
  }

  /** to = the address. */
  lea(to: GeneralRegister, address: Memory | Label): void {
    this.#general(0x8d, to, address, true);
  }

  /** `to = to operation by`; `cmp` sets flags alone. */
  arith(operation: Arithmetic, to: GeneralRegister, by: GeneralRegister | number | Memory, size: 32 | 64 = 64): void {
    const digit = arithmetic[operation];
    const isWide = size === 64;
    if (typeof by !== 'number') {
      if (by.kind === 'general') this.#general(8 * digit + 1, by, to, isWide);
      else this.#general(8 * digit + 3, to, by, isWide);
      return;
    }
    this.#rex(isWide, 0, 0, to.index);
    if (by >= -128 && by < 128) this.write(0x83, 0xc0 | (digit << 3) | (to.index & 7), by & 255);
    else {
      if (to.index === 0) this.u8(8 * digit + 5);
      else this.write(0x81, 0xc0 | (digit << 3) | (to.index & 7));
      this.u32(by);
    }
  }

  /** The 32-bit word in memory, operation a register. */
  arithMemory32(operation: Arithmetic, to: Memory, by: GeneralRegister): void {
    this.#general(8 * arithmetic[operation] + 1, by, to, false);
  }

  /** to = to * by. */
  imul(to: GeneralRegister, by: GeneralRegister | Memory): void {
    this.#rexFor(true, to.index, by);
    this.write(0x0f, 0xaf);
    this.#modRm(to.index, by, 1, 0);
  }

  /** to = from * a constant. */
  imulConstant(to: GeneralRegister, from: GeneralRegister, by: number): void {
    const isShort = by >= -128 && by < 128;
    this.#rexFor(true, to.index, from);
    this.u8(isShort ? 0x6b : 0x69);
    this.#modRm(to.index, from, 1, isShort ? 1 : 4);
    if (isShort) this.u8(by & 255);
    else this.u32(by);
  }

  /** Shifts by a constant: left, or right with zeros. */
  shift(kind: 'shl' | 'shr', to: GeneralRegister, by: number): void {
    this.#rex(true, 0, 0, to.index);
    const digit = { shl: 4, shr: 5 }[kind];
    if (by === 1) this.write(0xd1, 0xc0 | (digit << 3) | (to.index & 7));
    else this.write(0xc1, 0xc0 | (digit << 3) | (to.index & 7), by);
  }

  neg(to: GeneralRegister): void {
    this.#rex(true, 0, 0, to.index);
    this.write(0xf7, 0xd8 | (to.index & 7));
  }

  /** rax, rdx = rdx:rax / by, the rest of it (without signs). */
  div(by: GeneralRegister): void {
    this.#rex(true, 0, 0, by.index);
    this.write(0xf7, 0xf0 | (by.index & 7));
  }

  /** Sets the flags of `a & b`. */
  test(a: GeneralRegister, b: GeneralRegister): void {
    this.#general(0x85, b, a, true);
  }

  /** to = from where the condition holds. */
  cmov(condition: Condition, to: GeneralRegister, from: GeneralRegister): void {
    this.#rexFor(true, to.index, from);
    this.write(0x0f, 0x40 | conditions[condition]);
    this.#modRm(to.index, from, 1, 0);
  }

  push(register: GeneralRegister): void {
    this.#rex(false, 0, 0, register.index);
    this.u8(0x50 + (register.index & 7));
  }

  pop(register: GeneralRegister): void {
    this.#rex(false, 0, 0, register.index);
    this.u8(0x58 + (register.index & 7));
  }

  jump(to: Label): void {
    this.u8(0xe9);
    this.distance(to, 0);
  }

  jumpIf(condition: Condition, to: Label): void {
    this.write(0x0f, 0x80 | conditions[condition]);
    this.distance(to, 0);
  }

  call(to: Label | GeneralRegister | Memory): void {
    if (to.kind === 'label') {
      this.u8(0xe8);
      this.distance(to, 0);
    } else {
      this.#rexFor(false, 0, to);
      this.u8(0xff);
      this.#modRm(2, to, 1, 0);
    }
  }

  ret(): void {
    this.u8(0xc3);
  }

  /** Copies rcx bytes from rsi to rdi, or writes rcx bytes of al to rdi; moves all three. */
  repeatBytes(kind: 'movs' | 'stos'): void {
    this.write(0xf3, { movs: 0xa4, stos: 0xaa }[kind]);
  }

  /** Asks for a cache line, to keep it in the first level, or from the second on. */
  prefetch(level: 't0' | 't1', from: Memory): void {
    this.#rexFor(false, 0, from);
    this.write(0x0f, 0x18);
    this.#modRm({ t0: 1, t1: 2 }[level], from, 1, 0);
  }

  /** What the processor says of itself to eax and ecx; overwrites eax, ebx, ecx and edx. */
  cpuid(): void {
    this.write(0x0f, 0xa2);
  }

  /** The state register that ecx names, into edx and eax. */
  xgetbv(): void {
    this.write(0x0f, 0x01, 0xd0);
  }

  // Fields.

  #general(opcode: number, reg: GeneralRegister, rm: GeneralRegister | Memory | Label, isWide: boolean): void {
    this.#rexFor(isWide, reg.index, rm);
    this.u8(opcode);
    this.#modRm(reg.index, rm, 1, 0);
  }

  #rexFor(isWide: boolean, reg: number, rm: Operand): void {
    const { x, b } = extensionsOf(rm);
    this.#rex(isWide, reg, x << 3, b << 3);
  }

  #rex(isWide: boolean, reg: number, index: number, base: number): void {
    const rex = (isWide ? 8 : 0) | ((reg >> 3) << 2) | ((index >> 3) << 1) | (base >> 3);
    if (rex !== 0) this.u8(0x40 | rex);
  }

  /**
   * @param unit what a short displacement counts, in bytes
   * @param tail how many bytes of the instruction follow
   */
  #modRm(reg: number, rm: Operand, unit: number, tail: number): void {
    const field = (reg & 7) << 3;
    if (rm.kind === 'label') {
      this.u8(field | 5);
      this.distance(rm, tail);
      return;
    }
    if (rm.kind !== 'memory') {
      this.u8(0xc0 | field | (rm.index & 7));
      return;
    }
    const { base, index, scale, displacement } = rm;
    const low = base.index & 7;
    const isShort = displacement % unit === 0 && displacement / unit >= -128 && displacement / unit < 128;
    // Without a displacement, this base would mean another form.
    const mode = displacement === 0 && low !== 5 ? 0 : isShort ? 0x40 : 0x80;
    if (index === undefined && low !== 4) this.u8(mode | field | low);
    else {
      if (index?.index === 4) throw new Error('rsp cannot be an index');
      this.write(mode | field | 4, (Math.log2(scale) << 6) | ((index === undefined ? 4 : index.index & 7) << 3) | low);
    }
    if (mode === 0x40) this.u8((displacement / unit) & 255);
    else if (mode === 0x80) this.u32(displacement);
  }
}
