import type { HalfType } from '../../rounding.js';
import { halfPanelOutputs } from '../compressed-matrix.js';
import type { Assembler } from './assembler.js';
import type { Isa } from './processor.js';
import {
  at,
  type GeneralRegister,
  type Label,
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
  rsp,
  type VectorRegister,
} from './registers.js';
import { branch, countDown } from './routine.js';
import { rowPlace, type VectorUnit } from './vector-unit.js';

/** Rows of a tile at most: what the registers hold sums of. */
export const mostHalfRows: Readonly<Record<Isa, number>> = { avx2: 3, avx512: 14 };

/** Registers that a tile is given; it changes those that point somewhere. */
export const halfTileRegisters = {
  /** K. */
  depth: rax,
  /** The first, sixth and eleventh row of a. */
  a: [rbx, r10, r11],
  strideA: rcx,
  tripleA: rdx,
  weights: r8,
  panelBytes: rsi,
  c: [rdi, r13, r14],
  strideC: rbp,
  tripleC: r12,
} as const;

/** AVX2, whose tiles have no sixth row: where the masks of a panel's columns lie, and 0 where all count. */
const [masks, isEdge] = [r11, r15];
/** The fourth panel. */
const fourthPanel = r9;
/** The caller's first variable: whether sums are added to c. */
const accumulate = at(rsp, 8);

/** How far ahead of its reading a panel is asked for, in bytes. */
const weightsAhead = 2048;

/** Writes tiles of products with weights of 16 bits: rows by panels. */
export class HalfTiles {
  readonly #code: Assembler;
  readonly #unit: VectorUnit;
  readonly #type: HalfType;
  /** Vectors of a panel. */
  readonly #vectors: number;

  constructor(code: Assembler, unit: VectorUnit, type: HalfType) {
    this.#code = code;
    this.#unit = unit;
    this.#type = type;
    this.#vectors = halfPanelOutputs / unit.lanes;
  }

  /** For the tiles that follow: how many columns of a panel count. Changes `scratch`. */
  prepareMasks(count: GeneralRegister, scratch: GeneralRegister): void {
    if (this.#unit.isa === 'avx512') return this.#unit.masks(this.#code, count, 2, scratch);
    this.#code.mov(isEdge, count);
    this.#code.arith('sub', isEdge, halfPanelOutputs);
    this.#unit.maskPlace(this.#code, count, masks, this.#vectors);
  }

  /** A function of rows by panels; of several panels all columns count. */
  emit(rows: number, panels: number): Label {
    const code = this.#code;
    const unit = this.#unit;
    const { depth, a, strideA, tripleA, weights, panelBytes } = halfTileRegisters;
    const sum = (row: number, panel: number, i: number): VectorRegister =>
      unit.register((row * panels + panel) * this.#vectors + i);
    const count = rows * panels * this.#vectors;
    // A pair of vectors of weights, numbers of a, as many as there is room for, and the mask of upper halves.
    const pair = [unit.register(count), unit.register(count + 1)];
    const upper = unit.numRegisters - 1;
    const spare = upper - (count + 2) + (this.#type === 'bfloat16' ? 0 : 1);
    const isKept = rows <= spare;
    const number = (row: number): VectorRegister => unit.register(count + 2 + (row % Math.min(spare, rows)));
    code.alignTo(64);
    const label = code.bind();
    for (let i = 0; i < count; i++) unit.clear(code, unit.register(i));
    if (this.#type === 'bfloat16') code.op('vpbroadcastd', unit.register(upper), code.constant(0xffff0000));
    if (panels > 3) {
      code.lea(fourthPanel, at(weights, 0, panelBytes, 2));
      code.arith('add', fourthPanel, panelBytes);
    }
    countDown(code, depth, () => {
      const broadcast = (row: number): void => code.op('vbroadcastss', number(row), rowPlace(a, strideA, tripleA, row));
      if (isKept) for (let row = 0; row < rows; row++) broadcast(row);
      for (let panel = 0; panel < panels; panel++) {
        const place = (offset: number): Memory => panelPlace(panel, offset);
        if (panels === 1) code.prefetch('t0', place(weightsAhead));
        for (let i = 0; i < this.#vectors / 2; i++) {
          const vectors = this.#loadPair(pair, unit.register(upper), place, i);
          for (let row = 0; row < rows; row++) {
            if (!isKept) broadcast(row);
            pair.forEach((register, j) => code.op('vfmadd231ps', sum(row, panel, vectors[j]), number(row), register));
          }
        }
      }
      for (const base of a.slice(0, Math.ceil(rows / 5))) code.arith('add', base, 4);
      code.arith('add', weights, 2 * halfPanelOutputs);
      if (panels > 3) code.arith('add', fourthPanel, 2 * halfPanelOutputs);
    });
    this.#emitEnd(rows, panels, sum);
    code.ret();
    return label;
  }

  /** Makes single-precision numbers of two vectors of weights. @returns which vectors of the panel they are */
  #loadPair(
    [first, second]: readonly VectorRegister[],
    upper: VectorRegister,
    place: (offset: number) => Memory,
    pair: number,
  ): readonly [number, number] {
    const code = this.#code;
    const { bytes } = this.#unit;
    if (this.#type === 'float16') {
      code.op('vcvtph2ps', first, place(pair * bytes));
      code.op('vcvtph2ps', second, place(pair * bytes + bytes / 2));
      return [2 * pair, 2 * pair + 1];
    }
    code.op('vmovups', second, place(pair * bytes));
    code.opWith('vpslld', { immediate: 16 }, first, second);
    code.op('vandps', second, second, upper);
    return [pair, pair + this.#vectors / 2];
  }

  /** Writes the sums, or adds them to c. */
  #emitEnd(rows: number, panels: number, sum: (row: number, panel: number, i: number) => VectorRegister): void {
    const code = this.#code;
    const unit = this.#unit;
    const { c, strideC, tripleC } = halfTileRegisters;
    const [free, mask] = [unit.numRegisters - 1, unit.numRegisters - 2].map((i) => unit.register(i));
    for (let i = 1; i < Math.ceil(rows / 5); i++) {
      code.lea(c[i], at(c[i - 1], 0, strideC, 4));
      code.arith('add', c[i], strideC);
    }
    const each = (
      isMasked: boolean,
      body: (value: VectorRegister, place: Memory, mask: number | VectorRegister | undefined) => void,
    ): void => {
      for (let panel = 0; panel < panels; panel++)
        for (let i = 0; i < this.#vectors; i++) {
          if (isMasked && unit.isa === 'avx2') code.op('vmovups', mask, at(masks, unit.bytes * i));
          for (let row = 0; row < rows; row++) {
            const offset = 4 * (panel * halfPanelOutputs + unit.lanes * i);
            const which = !isMasked ? undefined : unit.isa === 'avx512' ? i : mask;
            body(sum(row, panel, i), rowPlace(c, strideC, tripleC, row, offset), which);
          }
        }
    };
    const write = (isMasked: boolean): void => {
      code.load64(rax, accumulate);
      code.test(rax, rax);
      branch(code, 'notEqual', () =>
        each(isMasked, (value, place, lanes) => {
          if (lanes === undefined) return code.op('vaddps', value, value, place);
          unit.loadMasked(code, free, place, lanes);
          code.op('vaddps', value, value, free);
        }),
      );
      each(isMasked, (value, place, lanes) => {
        if (lanes === undefined) code.op('vmovupsStore', place, value);
        else unit.storeMasked(code, place, value, lanes);
      });
    };
    if (panels > 1) return write(false);
    if (unit.isa === 'avx512') return write(true);
    code.test(isEdge, isEdge);
    branch(
      code,
      'equal',
      () => write(false),
      () => write(true),
    );
  }
}

/** A place in one of up to four panels. */
function panelPlace(panel: number, offset: number): Memory {
  const { weights, panelBytes } = halfTileRegisters;
  if (panel === 0) return at(weights, offset);
  return panel === 3 ? at(fourthPanel, offset) : at(weights, offset, panelBytes, panel as 1 | 2);
}
