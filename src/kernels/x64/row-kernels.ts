import type { Assembler } from './assembler.js';
import type { Isa } from './processor.js';
import {
  at,
  type Label,
  type Memory,
  r8,
  r9,
  r10,
  r11,
  r12,
  rax,
  rbx,
  rcx,
  rdi,
  rdx,
  rsi,
  type VectorRegister,
  ymm,
} from './registers.js';
import { VectorUnit } from './vector-unit.js';

/** Adds `gather` and `scatter_add`, rows picked by index, and `fill`; their arguments are those of wasm/rows.ts. */
export function emitRowKernels(code: Assembler, isa: Isa): Record<'gather' | 'scatter_add' | 'fill', Label> {
  const rows = new RowKernels(code, isa);
  return {
    gather: rows.byIndex(
      (value, source, target) => {
        code.op('vmovups', value, source);
        code.op('vmovupsStore', target, value);
      },
      (value, source, target) => {
        rows.loadPart(value, source);
        rows.storePart(target, value);
      },
      true,
    ),
    scatter_add: rows.byIndex(
      (value, source, target) => {
        code.op('vmovups', value, target);
        code.op('vaddps', value, value, source);
        code.op('vmovupsStore', source, value);
      },
      (value, source, target) => {
        const other = rows.vector(1);
        rows.loadPart(value, target);
        rows.loadPart(other, source);
        code.op('vaddps', value, value, other);
        rows.storePart(source, value);
      },
      false,
    ),
    fill: rows.fill(),
  };
}

/** What happens to a vector: of the indexed row, and of the row in order. */
type Step = (value: VectorRegister, source: Memory, target: Memory) => void;

class RowKernels {
  readonly #code: Assembler;
  readonly #unit: VectorUnit;
  /** The lanes of a row's last part. */
  readonly #mask: number | VectorRegister;

  constructor(code: Assembler, isa: Isa) {
    this.#code = code;
    this.#unit = new VectorUnit(isa);
    this.#mask = isa === 'avx512' ? 0 : this.#unit.register(15);
  }

  vector(index: number): VectorRegister {
    return this.#unit.register(index);
  }

  loadPart(value: VectorRegister, from: Memory): void {
    this.#unit.loadMasked(this.#code, value, from, this.#mask);
  }

  storePart(to: Memory, value: VectorRegister): void {
    this.#unit.storeMasked(this.#code, to, value, this.#mask);
  }

  /** (count, columns, indices, source, target, numRows) */
  byIndex(whole: Step, part: Step, clearsAbsent: boolean): Label {
    const code = this.#code;
    const [count, columns, indices, source, target, numRows] = [r8, r9, r10, r11, rdx, rcx];
    const [stride, wholeBytes, place, row] = [r12, rbx, rsi, rax];
    const value = this.vector(0);
    code.alignTo(16);
    const label = code.bind();
    code.push(rbx);
    code.push(r12);
    code.load32(count, at(rsi));
    code.load32(columns, at(rsi, 4));
    for (const [register, word] of [
      [indices, 2],
      [source, 3],
      [target, 4],
    ] as const) {
      code.load32(register, at(rsi, 4 * word));
      code.arith('add', register, rdi);
    }
    code.load32(numRows, at(rsi, 20));
    code.mov(stride, columns);
    code.shift('shl', stride, 2);
    code.mov(wholeBytes, stride);
    code.arith('and', wholeBytes, -this.#unit.bytes);
    code.arith('and', columns, this.#unit.lanes - 1);
    this.#maskOf();

    const [next, absent, done] = [code.label(), code.label(), code.label()];
    const again = code.bind();
    code.load32(row, at(indices));
    // Unsigned, negative ones are beyond every row.
    code.arith('cmp', row, numRows, 32);
    code.jumpIf('aboveEqual', absent);
    code.imul(row, stride);
    code.arith('add', row, source);
    this.#alongRow(
      () => whole(value, at(row, 0, place), at(target, 0, place)),
      () => part(value, at(row, 0, place), at(target, 0, place)),
    );
    code.bind(next);
    code.arith('add', indices, 4);
    code.arith('add', target, stride);
    code.arith('sub', count, 1);
    code.jumpIf('greater', again);
    code.jump(done);
    code.bind(absent);
    if (clearsAbsent) {
      code.op('vxorps', ymm(0), ymm(0), ymm(0));
      this.#alongRow(
        () => code.op('vmovupsStore', at(target, 0, place), value),
        () => this.storePart(at(target, 0, place), value),
      );
    }
    code.jump(next);
    code.bind(done);
    code.pop(r12);
    code.pop(rbx);
    code.ret();
    return label;
  }

  /** (address, count, value) */
  fill(): Label {
    const code = this.#code;
    const [target, wholeBytes, place] = [rdx, rbx, rsi];
    const value = this.vector(0);
    code.alignTo(16);
    const label = code.bind();
    code.push(rbx);
    code.load32(target, at(rsi));
    code.arith('add', target, rdi);
    code.load32(wholeBytes, at(rsi, 4));
    code.op('vbroadcastss', value, at(rsi, 8));
    code.mov(r9, wholeBytes);
    code.shift('shl', wholeBytes, 2);
    code.arith('and', wholeBytes, -this.#unit.bytes);
    code.arith('and', r9, this.#unit.lanes - 1);
    this.#maskOf();
    this.#alongRow(
      () => code.op('vmovupsStore', at(target, 0, place), value),
      () => this.storePart(at(target, 0, place), value),
    );
    code.pop(rbx);
    code.ret();
    return label;
  }

  /** Walks with rsi, a distance in bytes, over rbx bytes of whole vectors and the part that r9 columns are. */
  #alongRow(whole: () => void, part: () => void): void {
    const code = this.#code;
    const [rest, done] = [code.label(), code.label()];
    code.arith('xor', rsi, rsi, 32);
    const again = code.bind();
    code.arith('cmp', rsi, rbx);
    code.jumpIf('aboveEqual', rest);
    whole();
    code.arith('add', rsi, this.#unit.bytes);
    code.jump(again);
    code.bind(rest);
    code.test(r9, r9);
    code.jumpIf('equal', done);
    part();
    code.bind(done);
  }

  /** Lets the first r9 lanes count; overwrites rax. */
  #maskOf(): void {
    this.#unit.mask(this.#code, r9, rax, this.#mask);
  }
}
