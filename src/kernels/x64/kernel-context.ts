import { bytesOf } from '../../dtype.js';
import { argumentPlaces, MOST_LANES } from '../vector/pointwise-layout.js';
import type { Assembler } from './assembler.js';
import type { Operation, Value } from './body.js';
import { BodyWriter, type Pools } from './body-writer.js';
import { Constants } from './constants.js';
import type { Passage, TypedRow } from './element-access.js';
import { Frame } from './frame.js';
import { KernelRefusal } from './kernel-refusal.js';
import type { Isa } from './processor.js';
import { at, k, type Memory, rax, rdx, rsp, xmm } from './registers.js';
import { argumentBlock, columnIndex, RowAddresses } from './row-addresses.js';
import { VectorUnit } from './vector-unit.js';

/** The mask registers that hold the lanes of a row's last part, and those of its upper half. */
const LAST_LANES = 1;
export const UPPER_LANES = 2;

/** What the parts of one function share while it is written: its code, its stack, its constants, where its arrays are. */
export class KernelContext {
  readonly code: Assembler;
  readonly unit: VectorUnit;
  readonly frame = new Frame();
  readonly constants: Constants;
  readonly addresses: RowAddresses;
  /** Rows that are left, columns, and the bytes of a row buffer. */
  readonly rows = this.frame.word();
  readonly columns = this.frame.word();
  readonly paddedBytes = this.frame.word();
  readonly #ends = new Map<number, Memory>();
  readonly #stack = this.frame.word();
  /** How many columns the last part of a row has. */
  readonly #numLast = this.frame.word();
  readonly #lanes = this.frame.vector();

  constructor(code: Assembler, isa: Isa) {
    this.code = code;
    this.unit = new VectorUnit(isa);
    this.constants = new Constants(code, this.unit);
    this.addresses = new RowAddresses(code, this.frame);
  }

  /** All vector registers and mask registers that bodies may use. */
  get pools(): Pools {
    const { isa, numRegisters } = this.unit;
    return {
      vector: Array.from({ length: numRegisters }, (_, i) => i),
      mask: isa === 'avx512' ? [3, 4, 5, 6, 7] : [],
    };
  }

  /** Where the columns end that are computed so many vectors at a time. */
  endOf(width: number): Memory {
    let end = this.#ends.get(width);
    if (end === undefined) {
      end = this.frame.word();
      this.#ends.set(width, end);
    }
    return end;
  }

  writeBody(operations: readonly Operation[], pools: Pools, hoisted: ReadonlyMap<Value, number> = new Map()): void {
    const { code, unit, frame, addresses } = this;
    addresses.forget();
    const operandOf = addresses.operandOf.bind(addresses);
    new BodyWriter(operations, { code, unit, frame, pools, hoisted, operandOf }).write();
    addresses.forget();
  }

  /** The number that a value for the lanes of a row's last part is fixed to, of those that are free. */
  lanesRegister(free: readonly number[]): number {
    return this.unit.isa === 'avx512' ? LAST_LANES : free[free.length - 1];
  }

  /** Writes what makes that register hold them. */
  loadLanes(index: number): void {
    if (this.unit.isa === 'avx2') this.code.op('vmovups', this.unit.register(index), this.#lanes);
  }

  /** Writes the copying of a row's last part, element by element, to the stack or from there. */
  copyLast({ row, bytes, buffer, isInput }: Passage): void {
    const { code, addresses } = this;
    addresses.forget();
    code.lea(rax, at(addresses.registerOf(row), 0, columnIndex, bytes));
    addresses.forget();
    code.arith('xor', columnIndex, columnIndex, 32);
    const again = code.bind();
    const [inRow, onStack] = [at(rax, 0, columnIndex, bytes), { ...buffer, index: columnIndex, scale: bytes }];
    const [from, to] = isInput ? [inRow, onStack] : [onStack, inRow];
    if (bytes === 8) {
      code.load64(rdx, from);
      code.store64(to, rdx);
    } else if (bytes === 4) {
      code.load32(rdx, from);
      code.store32(to, rdx);
    } else {
      code.loadNarrow(rdx, from, bytes);
      code.storeNarrow(to, rdx, bytes);
    }
    code.arith('add', columnIndex, 1);
    code.arith('cmp', columnIndex, this.#numLast);
    code.jumpIf('below', again);
    code.load64(columnIndex, this.endOf(1));
  }

  /** Writes what puts the first element of a row, as single precision and in all lanes, at a place on the stack. */
  convertElement({ row, dtype }: TypedRow, to: Memory): void {
    const { code, addresses } = this;
    addresses.forget();
    const from = at(addresses.registerOf(row));
    addresses.forget();
    const number = xmm(0);
    if (dtype === 'float64') {
      code.op('vmovsd', number, from);
      code.op('vcvtsd2ss', number, number, number);
    } else if (dtype === 'float32' || dtype === 'int32') code.op('vmovss', number, from);
    else {
      code.loadNarrow(rax, from, bytesOf[dtype] as 1 | 2, dtype === 'int8');
      code.op('vmovd', number, rax);
    }
    if (dtype === 'bfloat16') code.opWith('vpslld', { immediate: 16 }, number, number);
    else if (dtype === 'float16') code.op('vcvtph2ps', number, number);
    else if (dtype === 'int8' || dtype === 'uint8' || dtype === 'int32') code.op('vcvtdq2ps', number, number);
    const all = this.unit.register(0);
    code.op('vbroadcastss', all, number);
    code.op('vmovupsStore', to, all);
  }

  /**
   * Writes a function: `body` is what it does, `load` what comes before that.
   *
   * @throws KernelRefusal where it takes more of the stack than there may be
   */
  writeFunction(body: () => void, load: () => void): void {
    const { code } = this;
    const [beginning, start] = [code.label(), code.label()];
    code.jump(beginning);
    code.alignTo(64);
    code.bind(start);
    body();
    const { saved } = this.addresses;
    code.load64(rsp, this.#stack);
    for (const register of [...saved].reverse()) code.pop(register);
    code.ret();
    // How large the frame is shows only here.
    if (this.frame.bytes > mostFrameBytes)
      throw new KernelRefusal(`a kernel would take ${this.frame.bytes} bytes of the stack.`);
    code.bind(beginning);
    for (const register of saved) code.push(register);
    code.mov(rax, rsp);
    code.arith('and', rsp, -64);
    // Systems grow the stack page by page.
    let rest = this.frame.bytes;
    for (; rest > PAGE; rest -= PAGE) {
      code.arith('sub', rsp, PAGE);
      code.store64(at(rsp), rax);
    }
    code.arith('sub', rsp, rest);
    code.store64(this.#stack, rax);
    this.#loadSizes();
    load();
    code.jump(start);
  }

  #loadSizes(): void {
    const { code } = this;
    const { lanes } = this.unit;
    code.load32(rax, at(argumentBlock, argumentPlaces.rows));
    code.store64(this.rows, rax);
    code.load32(rdx, at(argumentBlock, argumentPlaces.columns));
    code.store64(this.columns, rdx);
    for (const [width, end] of this.#ends) {
      code.mov(rax, rdx);
      code.arith('and', rax, -width * lanes);
      code.store64(end, rax);
    }
    code.mov(rax, rdx);
    code.arith('add', rax, MOST_LANES - 1);
    code.arith('and', rax, -MOST_LANES);
    code.shift('shl', rax, 2);
    code.store64(this.paddedBytes, rax);
    code.arith('and', rdx, lanes - 1);
    code.store64(this.#numLast, rdx);
    if (this.unit.isa === 'avx512') {
      // Of the numbers, then by themselves of those whose doubles are in the upper half.
      this.unit.mask(code, rdx, rax, LAST_LANES - 1);
      code.shift('shr', rax, 8);
      code.op('kmovw', k(UPPER_LANES), rax);
    } else {
      const register = this.unit.register(0);
      this.unit.mask(code, rdx, rax, register);
      code.op('vmovupsStore', this.#lanes, register);
    }
  }
}

const PAGE = 4096;
/** koffi calls with a stack of 2 MiB, on which there is more than this. */
export const mostFrameBytes = 1 << 20;
