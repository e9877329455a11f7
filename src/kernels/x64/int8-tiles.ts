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
  rcx,
  rdi,
  rdx,
  type VectorRegister,
  xmm,
} from './registers.js';
import { VectorUnit } from './vector-unit.js';

/** Outputs whose weights lie together. */
export const panelOutputs = 32;

/** Registers that are the same for all tiles of a product: distances in bytes, and a quarter of the inputs. */
export const [strideC, rowBytes, panelBytes, quads] = [r12, r13, r14, r15];

/** Writes tiles of products with 8-bit weights: rounded rows by panels. */
export class Int8Tiles {
  readonly #code: Assembler;
  readonly #accumulate: Memory;
  readonly #dots: 'evex' | 'vex' | 'pairs';
  readonly #unit: VectorUnit;

  /** @param accumulate where the word is that says whether results are added to c */
  constructor(code: Assembler, { hasAvx512, hasAvx512Vnni, hasAvxVnni }: Processor, accumulate: Memory) {
    this.#code = code;
    this.#accumulate = accumulate;
    this.#unit = new VectorUnit(hasAvx512 ? 'avx512' : 'avx2');
    this.#dots = hasAvx512 && hasAvx512Vnni ? 'evex' : !hasAvx512 && hasAvxVnni ? 'vex' : 'pairs';
  }

  /**
   * A tile of rows by panels: rdx the first rounded row, rdi weights, r10 scales, r11 sums, r8 the place in c, r9 how
   * many outputs are left (of a single panel those beyond are not touched). Keeps all of these, and rsi.
   */
  emit(rows: number, panels: number): Label {
    const code = this.#code;
    const vectors = panelOutputs / this.#unit.lanes;
    const count = rows * panels * vectors;
    const sum = (row: number, panel: number, i: number) => this.#unit.register((row * panels + panel) * vectors + i);
    const [spread, product, ones] = [count, count + 1, count + 2].map((i) => this.#unit.register(i));
    code.alignTo(32);
    const label = code.bind();
    for (let i = 0; i < count; i++) code.op('vpxor', xmm(i), xmm(i), xmm(i));
    if (this.#dots === 'pairs') code.op('vpbroadcastd', ones, code.constant(0x00010001));
    code.push(quads);
    code.push(r9);
    code.lea(rax, at(rdx, headerBytes));
    code.mov(rcx, rdi);
    // An address has an index once, twice or four times: the fourth row or panel is reached from the second.
    if (panels > 3) code.lea(r9, at(rdi, 0, panelBytes));
    if (rows > 3) code.lea(r9, at(rax, 0, rowBytes));
    const next = code.bind();
    for (let row = 0; row < rows; row++) {
      code.op('vpbroadcastd', spread, nth(rax, r9, rowBytes, row, 0));
      for (let panel = 0; panel < panels; panel++)
        for (let i = 0; i < vectors; i++)
          this.#dot(sum(row, panel, i), spread, nth(rcx, r9, panelBytes, panel, this.#unit.bytes * i), product, ones);
    }
    code.arith('add', rax, 4);
    code.arith('add', rcx, 4 * panelOutputs);
    if (panels > 3) code.arith('add', r9, 4 * panelOutputs);
    if (rows > 3) code.arith('add', r9, 4);
    code.arith('sub', quads, 1);
    code.jumpIf('greater', next);
    code.pop(r9);
    code.pop(quads);
    this.#emitStores({ rows, panels, sum, spread, product, scale: ones });
    code.ret();
    return label;
  }

  /** Sums as floats, `scale scales[j] (sum - zero sums[j])`, stored or added to c. */
  #emitStores(tile: {
    rows: number;
    panels: number;
    sum(row: number, panel: number, i: number): VectorRegister;
    spread: VectorRegister;
    product: VectorRegister;
    scale: VectorRegister;
  }): void {
    const { rows, panels, sum, spread: zero, product, scale } = tile;
    const code = this.#code;
    const vectors = panelOutputs / this.#unit.lanes;
    const isPart = panels === 1;
    if (rows > 3) code.lea(rcx, at(rdx, 0, rowBytes));
    for (let row = 0; row < rows; row++) {
      code.op('vbroadcastss', scale, nth(rdx, rcx, rowBytes, row, 0));
      code.op('vpbroadcastd', zero, nth(rdx, rcx, rowBytes, row, 4));
      for (let panel = 0; panel < panels; panel++)
        for (let i = 0; i < vectors; i++) {
          const total = sum(row, panel, i);
          const offset = 4 * (panel * panelOutputs + this.#unit.lanes * i);
          code.op('vpmulld', product, zero, at(r11, offset));
          code.op('vpsubd', total, total, product);
          code.op('vcvtdq2ps', total, total);
          code.op('vmulps', product, scale, at(r10, offset));
          code.op('vmulps', total, total, product);
        }
    }
    if (rows > 3) code.lea(rcx, at(r8, 0, strideC));
    const store = (adds: boolean): void => {
      const masks = isPart ? this.#masks(vectors) : undefined;
      for (let row = 0; row < rows; row++)
        for (let panel = 0; panel < panels; panel++)
          for (let i = 0; i < vectors; i++) {
            const place = nth(r8, rcx, strideC, row, 4 * (panel * panelOutputs + this.#unit.lanes * i));
            this.#store(place, sum(row, panel, i), { mask: masks?.(i), adds, spare: product, zero });
          }
    };
    const [plain, stored] = [code.label(), code.label()];
    code.load32(rax, this.#accumulate);
    code.test(rax, rax);
    code.jumpIf('equal', plain);
    store(true);
    code.jump(stored);
    code.bind(plain);
    store(false);
    code.bind(stored);
  }

  /** What of each vector of a panel counts, by r9, the outputs that are left: mask registers, or where a vector is. */
  #masks(vectors: number): (i: number) => MaskRegister | Memory {
    const code = this.#code;
    code.movConstant(rax, panelOutputs);
    code.arith('cmp', r9, rax);
    code.cmov('less', rax, r9);
    code.push(rdx);
    const isWide = this.#unit.isa === 'avx512';
    if (isWide) this.#unit.masks(code, rax, 2, rdx);
    else {
      this.#unit.maskPlace(code, rax, rdx, vectors);
      code.mov(rax, rdx);
    }
    code.pop(rdx);
    return (i) => (isWide ? k(1 + i) : at(rax, this.#unit.bytes * i));
  }

  #store(
    place: Memory,
    value: VectorRegister,
    {
      mask,
      adds,
      spare,
      zero,
    }: Record<'spare' | 'zero', VectorRegister> & {
      mask: MaskRegister | Memory | undefined;
      adds: boolean;
    },
  ): void {
    const code = this.#code;
    if (mask === undefined) {
      if (adds) code.op('vaddps', value, value, place);
      code.op('vmovupsStore', place, value);
    } else if (mask.kind === 'mask') {
      if (adds) code.opWith('vaddps', { mask }, value, value, place);
      code.opWith('vmovupsStore', { mask }, place, value);
    } else {
      code.op('vmovups', zero, mask);
      if (adds) {
        code.op('vmaskmovps', spare, zero, place);
        code.op('vaddps', value, value, spare);
      }
      code.op('vmaskmovpsStore', place, zero, value);
    }
  }

  /** Adds to every lane the products of its four weights and the four rounded numbers. */
  #dot(
    sum: VectorRegister,
    numbers: VectorRegister,
    weights: Memory,
    product: VectorRegister,
    ones: VectorRegister,
  ): void {
    const code = this.#code;
    if (this.#dots === 'evex') return code.op('vpdpbusd', sum, numbers, weights);
    if (this.#dots === 'vex') return code.op('vpdpbusdVex', sum, numbers, weights);
    code.op('vpmaddubsw', product, numbers, weights);
    code.op('vpmaddwd', product, product, ones);
    code.op('vpaddd', sum, sum, product);
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
