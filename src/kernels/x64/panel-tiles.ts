import type { Assembler } from './assembler.js';
import { headerBytes } from './int8-rounding.js';
import type { Processor } from './processor.js';
import {
  at,
  type GeneralRegister,
  k,
  type Label,
  type MaskRegister,
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
  type VectorRegister,
} from './registers.js';
import { VectorUnit } from './vector-unit.js';

/** How the weights of a panel, the outputs that are computed together, lie. */
export interface PanelForm {
  /** Outputs of a panel. */
  readonly outputs: number;
  /** A block is the weights of all its outputs at one input, or at four neighbouring ones where they have 8 bits. */
  readonly weights: 'float32' | 'int8';
  /** Whether blocks are kept for all inputs, or for those that are listed. */
  readonly inputs: 'all' | 'listed';
}

/** What tiles are given; they keep all of it. */
export const tileRegisters = {
  /** The first row: of floats, or rounded. */
  source: rdx,
  /** The panel's blocks, how many there are, and where their inputs are listed, as distances in bytes. */
  weights: rdi,
  numBlocks: r15,
  inputs: r14,
  /** Of rounded sums: by output. */
  scales: r10,
  sums: r11,
  /** The place in c, how many outputs are left from there (those beyond are not touched), and whether c is added. */
  target: r8,
  outputs: r9,
  accumulate: rbx,
  /** Distances of rows in bytes. */
  strideA: r13,
  strideC: r12,
} as const;

const [place, second, block] = [rax, rbp, rcx];

/** Writes tiles of products with compressed weights: rows by a panel. */
export class PanelTiles {
  readonly form: PanelForm;
  readonly #code: Assembler;
  readonly #unit: VectorUnit;
  /** Of which instruction the products of bytes are. */
  readonly #dots: 'evex' | 'vex' | 'pairs';
  /** Vectors of a panel. */
  readonly #vectors: number;
  readonly #blockBytes: number;

  constructor(code: Assembler, { hasAvx512, hasAvx512Vnni, hasAvxVnni }: Processor, form: PanelForm) {
    this.#code = code;
    this.form = form;
    const isWide = hasAvx512 && form.outputs >= 16;
    this.#unit = new VectorUnit(isWide ? 'avx512' : 'avx2');
    this.#dots = !isWide && hasAvxVnni ? 'vex' : hasAvx512 && hasAvx512Vnni ? 'evex' : 'pairs';
    this.#vectors = form.outputs / this.#unit.lanes;
    this.#blockBytes = 4 * form.outputs;
  }

  /** Rows of the taller tile: their sums are as many as hide how long a multiply-add takes, and reads are shared. */
  get mostRows(): 2 | 4 {
    return this.#vectors > 2 ? 2 : 4;
  }

  /** A tile of so many rows, at most four; it changes rax, rcx and rbp. */
  emit(rows: number): Label {
    const code = this.#code;
    // Where rows have few sums, blocks take turns on several, which need not wait for each other.
    const chains = Math.max(1, Math.floor((this.#vectors > 1 ? 8 : 4) / (rows * this.#vectors)));
    const sum = (row: number, chain: number, i: number): VectorRegister =>
      this.#unit.register((row * chains + chain) * this.#vectors + i);
    const count = rows * chains * this.#vectors;
    const [spread, product, ones] = [count, count + 1, count + 2].map((i) => this.#unit.register(i));
    const loaded = (i: number): VectorRegister => this.#unit.register(count + 3 + i);
    code.alignTo(32);
    const label = code.bind();
    for (let i = 0; i < count; i++) this.#unit.clear(code, this.#unit.register(i));
    if (this.#usesPairs) code.op('vpbroadcastd', ones, code.constant(0x00010001));
    const atOnce = rows === 1 && this.form.inputs === 'all' ? 2 * chains : chains;
    this.#alongBlocks(rows, atOnce, (turn, rowPlace) => {
      const weights = (i: number): Memory => at(block, turn * this.#blockBytes + this.#unit.bytes * i);
      // Several rows read weights once.
      if (rows > 1) for (let i = 0; i < this.#vectors; i++) code.op('vmovups', loaded(i), weights(i));
      for (let row = 0; row < rows; row++) {
        code.op(this.form.weights === 'int8' ? 'vpbroadcastd' : 'vbroadcastss', spread, rowPlace(row));
        for (let i = 0; i < this.#vectors; i++)
          this.#multiply(sum(row, turn % chains, i), spread, rows > 1 ? loaded(i) : weights(i), product, ones);
      }
    });
    const add = this.form.weights === 'int8' ? 'vpaddd' : 'vaddps';
    for (let row = 0; row < rows; row++)
      for (let chain = 1; chain < chains; chain++)
        for (let i = 0; i < this.#vectors; i++) code.op(add, sum(row, 0, i), sum(row, 0, i), sum(row, chain, i));
    const total = (row: number, i: number): VectorRegister => sum(row, 0, i);
    if (this.form.weights === 'int8') this.#scale(rows, total, { zero: spread, product, scale: ones });
    this.#emitStores(rows, total, [spread, product]);
    return label;
  }

  get #usesPairs(): boolean {
    return this.form.weights === 'int8' && this.#dots === 'pairs';
  }

  /** Writes `take` for each of `atOnce` blocks, for as long as there are so many, then for single ones. */
  #alongBlocks(rows: number, atOnce: number, take: (turn: number, rowPlace: (row: number) => Memory) => void): void {
    const code = this.#code;
    const { source, weights, numBlocks, inputs, strideA } = tileRegisters;
    const isListed = this.form.inputs === 'listed';
    const header = this.form.weights === 'int8' ? headerBytes : 0;
    code.push(numBlocks);
    if (isListed) code.push(inputs);
    code.mov(block, weights);
    // An address has an index once, twice or four times: the fourth row is reached from the second.
    const findRows = (): void => {
      if (rows > 3) code.lea(second, at(place, 0, strideA));
    };
    if (!isListed) {
      code.mov(place, source);
      findRows();
    }
    const several = (count: number): void => {
      for (let turn = 0; turn < count; turn++) {
        if (isListed) {
          code.load32(place, at(inputs, 4 * turn));
          code.arith('add', place, source);
          findRows();
        }
        take(turn, (row) => nth(place, second, strideA, row, header + (isListed ? 0 : 4 * turn)));
      }
      code.arith('add', block, count * this.#blockBytes);
      for (const moved of isListed ? [inputs] : rows > 3 ? [place, second] : [place])
        code.arith('add', moved, 4 * count);
    };
    const [rest, done] = [code.label(), code.label()];
    if (atOnce > 1) {
      code.arith('sub', numBlocks, atOnce);
      code.jumpIf('less', rest);
      const next = code.bind();
      several(atOnce);
      code.arith('sub', numBlocks, atOnce);
      code.jumpIf('greaterEqual', next);
      code.bind(rest);
      code.arith('add', numBlocks, atOnce);
    } else code.test(numBlocks, numBlocks);
    code.jumpIf('equal', done);
    const next = code.bind();
    several(1);
    code.arith('sub', numBlocks, 1);
    code.jumpIf('notEqual', next);
    code.bind(done);
    if (isListed) code.pop(inputs);
    code.pop(numBlocks);
  }

  /** Adds to every lane the product of a number and its weight, or those of four numbers and four weights. */
  #multiply(
    sum: VectorRegister,
    numbers: VectorRegister,
    weights: Memory | VectorRegister,
    product: VectorRegister,
    ones: VectorRegister,
  ): void {
    const code = this.#code;
    if (this.form.weights === 'float32') return code.op('vfmadd231ps', sum, numbers, weights);
    if (this.#dots === 'evex') return code.op('vpdpbusd', sum, numbers, weights);
    if (this.#dots === 'vex') return code.op('vpdpbusdVex', sum, numbers, weights);
    code.op('vpmaddubsw', product, numbers, weights);
    code.op('vpmaddwd', product, product, ones);
    code.op('vpaddd', sum, sum, product);
  }

  /** Sums as floats: `scale scales[j] (sum - zero sums[j])`. */
  #scale(
    rows: number,
    total: (row: number, i: number) => VectorRegister,
    { zero, product, scale }: Record<'zero' | 'product' | 'scale', VectorRegister>,
  ): void {
    const code = this.#code;
    const { source, scales, sums, strideA } = tileRegisters;
    if (rows > 3) code.lea(second, at(source, 0, strideA));
    for (let row = 0; row < rows; row++) {
      code.op('vbroadcastss', scale, nth(source, second, strideA, row, 0));
      code.op('vpbroadcastd', zero, nth(source, second, strideA, row, 4));
      for (let i = 0; i < this.#vectors; i++) {
        const offset = this.#unit.bytes * i;
        code.op('vpmulld', product, zero, at(sums, offset));
        code.op('vpsubd', total(row, i), total(row, i), product);
        code.op('vcvtdq2ps', total(row, i), total(row, i));
        code.op('vmulps', product, scale, at(scales, offset));
        code.op('vmulps', total(row, i), total(row, i), product);
      }
    }
  }

  /** Writes results to c, or adds them, and the end of the function. */
  #emitStores(
    rows: number,
    total: (row: number, i: number) => VectorRegister,
    [mask, spare]: readonly VectorRegister[],
  ): void {
    const code = this.#code;
    const { target, outputs, accumulate, strideC } = tileRegisters;
    if (rows > 3) code.lea(second, at(target, 0, strideC));
    const each = (work: (place: Memory, value: VectorRegister, i: number) => void): void => {
      for (let row = 0; row < rows; row++)
        for (let i = 0; i < this.#vectors; i++)
          work(nth(target, second, strideC, row, this.#unit.bytes * i), total(row, i), i);
    };
    const store = (
      add: (place: Memory, value: VectorRegister, i: number) => void,
      write: (place: Memory, value: VectorRegister, i: number) => void,
    ): void => {
      const plain = code.label();
      code.test(accumulate, accumulate);
      code.jumpIf('equal', plain);
      each(add);
      code.bind(plain);
      each(write);
      code.ret();
    };
    const part = code.label();
    code.arith('cmp', outputs, this.form.outputs);
    code.jumpIf('less', part);
    store(
      (from, value) => code.op('vaddps', value, value, from),
      (to, value) => code.op('vmovupsStore', to, value),
    );
    code.bind(part);
    if (this.#unit.isa === 'avx512') {
      this.#unit.masks(code, outputs, this.#vectors as 1 | 2, place);
      store(
        (from, value, i) => code.opWith('vaddps', { mask: k(1 + i) as MaskRegister }, value, value, from),
        (to, value, i) => this.#unit.storeMasked(code, to, value, i),
      );
      return;
    }
    this.#unit.maskPlace(code, outputs, place, this.#vectors);
    const load = (i: number): void => code.op('vmovups', mask, at(place, this.#unit.bytes * i));
    store(
      (from, value, i) => {
        load(i);
        this.#unit.loadMasked(code, spare, from, mask);
        code.op('vaddps', value, value, spare);
      },
      (to, value, i) => {
        load(i);
        this.#unit.storeMasked(code, to, value, mask);
      },
    );
  }
}

/** The n-th place (up to the fourth) of several that are `stride` apart; `second` is the second of four. */
function nth(
  first: GeneralRegister,
  second: GeneralRegister,
  stride: GeneralRegister,
  n: number,
  displacement: number,
): Memory {
  if (n === 0) return at(first, displacement);
  return n === 3 ? at(second, displacement, stride, 2) : at(first, displacement, stride, n as 1 | 2);
}
