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

/**
 * Adds `gather`, `gather_bytes` and `scatter_add`, rows picked by index, and `fill`; their arguments are those of
 * wasm/rows.ts.
 */
export function emitRowKernels(
  code: Assembler,
  isa: Isa,
): Record<'gather' | 'gather_bytes' | 'scatter_add' | 'fill', Label> {
  const rows = new RowKernels(code, isa);
  const value = rows.vector(0);
  const copy: Step = (source, target) => {
    code.op('vmovups', value, source);
    code.op('vmovupsStore', target, value);
  };
  const clear = (): void => code.op('vxorps', ymm(0), ymm(0), ymm(0));
  return {
    gather: rows.byIndex({
      columnBytes: 4,
      present: () =>
        rows.alongRow(copy, (source, target) => {
          rows.loadPart(value, source);
          rows.storePart(target, value);
        }),
      absent: () => {
        clear();
        rows.spread(value);
      },
    }),
    gather_bytes: rows.byIndex({
      columnBytes: 1,
      present: () => rows.alongRow(copy, () => rows.partByBytes('movs')),
      absent: () => {
        clear();
        rows.alongRow(
          (_, target) => code.op('vmovupsStore', target, value),
          () => rows.partByBytes('stos'),
        );
      },
    }),
    scatter_add: rows.byIndex({
      columnBytes: 4,
      present: () =>
        rows.alongRow(
          (source, target) => {
            code.op('vmovups', value, target);
            code.op('vaddps', value, value, source);
            code.op('vmovupsStore', source, value);
          },
          (source, target) => {
            const other = rows.vector(1);
            rows.loadPart(value, target);
            rows.loadPart(other, source);
            code.op('vaddps', value, value, other);
            rows.storePart(source, value);
          },
        ),
    }),
    fill: rows.fill(),
  };
}

/** What happens to a vector: of the indexed row, and of the row in order. */
type Step = (source: Memory, target: Memory) => void;

interface RowWork {
  readonly columnBytes: 1 | 4;
  /** What happens where the index names a row, and where it does not. */
  present(): void;
  absent?(): void;
}

/** Places in the row in order, and the indexed one; how far a walk along them is; whole vectors; a row's bytes. */
const [target, row, place, wholeBytes, stride] = [rdx, rax, rsi, rbx, r12];

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
  byIndex({ columnBytes, present, absent }: RowWork): Label {
    const code = this.#code;
    const [count, columns, indices, source, numRows] = [r8, r9, r10, r11, rcx];
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
    if (columnBytes === 4) code.shift('shl', stride, 2);
    code.mov(wholeBytes, stride);
    code.arith('and', wholeBytes, -this.#unit.bytes);
    code.arith('and', columns, this.#unit.bytes / columnBytes - 1);
    if (columnBytes === 4) this.#maskOf();

    const [next, isAbsent, done] = [code.label(), code.label(), code.label()];
    const again = code.bind();
    code.load32(row, at(indices));
    // Unsigned, negative ones are beyond every row.
    code.arith('cmp', row, numRows, 32);
    code.jumpIf('aboveEqual', isAbsent);
    code.imul(row, stride);
    code.arith('add', row, source);
    present();
    code.bind(next);
    code.arith('add', indices, 4);
    code.arith('add', target, stride);
    code.arith('sub', count, 1);
    code.jumpIf('greater', again);
    code.jump(done);
    code.bind(isAbsent);
    absent?.();
    code.jump(next);
    code.bind(done);
    code.pop(r12);
    code.pop(rbx);
    code.ret();
    return label;
  }

  /** Copies a row's last part byte by byte, or clears it. */
  partByBytes(kind: 'movs' | 'stos'): void {
    const code = this.#code;
    code.push(rcx);
    code.lea(rdi, at(target, 0, place));
    if (kind === 'movs') code.lea(rsi, at(row, 0, place));
    else code.movConstant(rax, 0);
    code.mov(rcx, r9);
    code.repeatBytes(kind);
    code.pop(rcx);
  }

  /** Writes a vector all along the row in order. */
  spread(value: VectorRegister): void {
    this.alongRow(
      (_, to) => this.#code.op('vmovupsStore', to, value),
      (_, to) => this.storePart(to, value),
    );
  }

  /** (address, count, value) */
  fill(): Label {
    const code = this.#code;
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
    this.spread(value);
    code.pop(rbx);
    code.ret();
    return label;
  }

  /** Walks with `place`, a distance in bytes, over the whole vectors and the part that r9, columns or bytes, is. */
  alongRow(whole: Step, part: Step): void {
    const code = this.#code;
    const [source, to] = [at(row, 0, place), at(target, 0, place)];
    const [rest, done] = [code.label(), code.label()];
    code.arith('xor', place, place, 32);
    const again = code.bind();
    code.arith('cmp', place, wholeBytes);
    code.jumpIf('aboveEqual', rest);
    whole(source, to);
    code.arith('add', place, this.#unit.bytes);
    code.jump(again);
    code.bind(rest);
    code.test(r9, r9);
    code.jumpIf('equal', done);
    part(source, to);
    code.bind(done);
  }

  /** Lets the first r9 lanes count; overwrites rax. */
  #maskOf(): void {
    this.#unit.mask(this.#code, r9, rax, this.#mask);
  }
}
