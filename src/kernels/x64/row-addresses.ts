import type { Assembler } from './assembler.js';
import type { ElementPlace, Place, RowAddress } from './body.js';
import type { Frame } from './frame.js';
import {
  at,
  type GeneralRegister,
  type Memory,
  r8,
  r9,
  r10,
  r11,
  r12,
  r13,
  r14,
  r15,
  rax,
  rbp,
  rbx,
  rcx,
  rdi,
  rdx,
  rsi,
} from './registers.js';

/** The address of the memory's first byte, and that of the arguments, as the function receives them. */
export const memoryBase = rdi;
export const argumentBlock = rsi;
/** The column that a walk has reached. */
export const columnIndex = rcx;
/** Registers for a few instructions at a time; they also hold addresses for which no register was left. */
export const scratch: readonly GeneralRegister[] = [rax, rdx];
/** Those that hold addresses; from the fifth on, a function must leave them as it found them. */
const addressRegisters = [r8, r9, r10, r11, rbx, rbp, r12, r13, r14, r15] as const;
const NUM_FREE = 4;

interface Row extends RowAddress {
  /** The register or the place on the stack that holds the address. */
  readonly register: GeneralRegister | undefined;
  readonly slot: Memory | undefined;
  /** Where in the block of arguments its stride is, and where it is kept as 64 bits. */
  readonly stride: { readonly argument: Memory; readonly slot: Memory } | undefined;
  readonly argument: Memory | undefined;
}

/** Addresses of the current row of every array: the first arrays' in registers, the others' on the stack. */
export class RowAddresses {
  readonly #rows: Row[] = [];
  /** Whose addresses the scratch registers hold. */
  readonly #held: (RowAddress | undefined)[] = [];
  #next = 0;
  readonly #code: Assembler;
  readonly #frame: Frame;

  constructor(code: Assembler, frame: Frame) {
    this.#code = code;
    this.#frame = frame;
  }

  /** Registers that the function must leave as it found them. */
  get saved(): readonly GeneralRegister[] {
    return this.#rows.flatMap(({ register }) => register ?? []).slice(NUM_FREE);
  }

  /** An array of the arguments, whose address is at a place in their block, its stride behind; see {@link load}. */
  argument(place: number, moves: boolean): RowAddress {
    const stride = moves ? { argument: at(argumentBlock, place + 4), slot: this.#frame.word() } : undefined;
    return this.#add({ argument: at(argumentBlock, place), stride });
  }

  /** An array in the workspace. */
  buffer(): RowAddress {
    return this.#add({ argument: undefined, stride: undefined });
  }

  #add(given: Pick<Row, 'argument' | 'stride'>): RowAddress {
    const index = this.#rows.length;
    const register = addressRegisters[index];
    const slot = register === undefined ? this.#frame.word() : undefined;
    this.#rows.push({ index, register, slot, ...given });
    return this.#rows[index];
  }

  /** Writes the reading of all addresses, and of the strides where `rows`, a place on the stack, holds more than 1. */
  load(rows: Memory): void {
    const code = this.#code;
    this.forget();
    for (const { register, slot, argument } of this.#rows) {
      if (argument === undefined) continue;
      const target = register ?? rax;
      code.load32(target, argument);
      code.arith('add', target, memoryBase);
      if (slot !== undefined) code.store64(slot, target);
    }
    const single = code.label();
    code.load64(rcx, rows);
    code.arith('sub', rcx, 1);
    code.jumpIf('belowEqual', single);
    for (const { argument, stride } of this.#rows) {
      if (argument === undefined || stride === undefined) continue;
      // Addresses count modulo 2^32: a stride that would leave them leads backwards.
      code.load32(rax, stride.argument);
      code.mov(rdx, rax);
      code.imul(rdx, rcx);
      this.#addArgument(argument);
      code.shift('shr', rdx, 32);
      const forwards = code.label();
      code.jumpIf('equal', forwards);
      code.load32Signed(rax, stride.argument);
      code.bind(forwards);
      code.store64(stride.slot, rax);
    }
    code.bind(single);
  }

  /** rdx += a 32-bit word. */
  #addArgument(argument: Memory): void {
    const code = this.#code;
    code.push(rcx);
    code.load32(rcx, argument);
    code.arith('add', rdx, rcx);
    code.pop(rcx);
  }

  /** Writes a register with the address of a buffer to where it belongs. */
  set(row: RowAddress, from: GeneralRegister): void {
    const { register, slot } = this.#rows[row.index];
    if (register === undefined) this.#code.store64(slot!, from);
    else this.#code.mov(register, from);
  }

  /** The register that holds an address; valid until the next but one is asked for. */
  registerOf(row: RowAddress): GeneralRegister {
    const { register, slot } = this.#rows[row.index];
    if (register !== undefined) return register;
    const found = this.#held.indexOf(row);
    if (found >= 0) return scratch[found];
    const place = this.#next;
    this.#next = 1 - place;
    this.#held[place] = row;
    this.#code.load64(scratch[place], slot!);
    return scratch[place];
  }

  operandOf(place: Place): Memory {
    if (!isElement(place)) return place;
    const { row, step, offset } = place;
    const base = this.registerOf(row);
    return step === 0 ? at(base, offset) : at(base, offset, columnIndex, step);
  }

  /** The scratch registers hold something else from here on, or may. */
  forget(): void {
    this.#held.length = 0;
  }

  nextRow(): void {
    const code = this.#code;
    this.forget();
    for (const { register, slot, stride } of this.#rows) {
      if (stride === undefined) continue;
      if (register !== undefined) code.arith('add', register, stride.slot);
      else {
        code.load64(rax, slot!);
        code.arith('add', rax, stride.slot);
        code.store64(slot!, rax);
      }
    }
  }
}

function isElement(place: Place): place is ElementPlace {
  return 'row' in place;
}
