import type { Assembler } from './assembler.js';
import { emitRounding, headerBytes } from './int8-rounding.js';
import { Int8Tiles, panelBytes, panelOutputs, quads, rowBytes, strideC } from './int8-tiles.js';
import type { Processor } from './processor.js';
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
} from './registers.js';

/**
 * Products with 8-bit weights, as int8-products.ts of wasm defines them: the same words as arguments, the same layout
 * and the same bits. Four products a lane are one instruction where the processor has it (VNNI), else three.
 *
 * Letters: a panel is 32 outputs, a quad four inputs; the weights of a panel are `[quads][32][4]`.
 */
const rowsAtOnce = 16;
const edgeBytes = 4 * panelOutputs;

/** The words of the arguments. */
const words = {
  m: 0,
  k: 1,
  segments: 2,
  segment: 3,
  a: 4,
  strideA: 5,
  weights: 6,
  scales: 7,
  sums: 8,
  c: 9,
  strideC: 10,
  accumulate: 11,
  workspace: 12,
} as const;

/** What the loops keep on the stack, in bytes from its end. */
const kept = { segment: 0, segments: 8, rowsLeft: 16, a: 24, c: 32, rows: 40, outputs: 48, target: 56 } as const;
const frameBytes = 72;

/** Registers that are the same throughout, besides those of tiles. */
const [base, block] = [rbp, rbx];

/** Adds the kernel `int8_product`. */
export function emitInt8Product(code: Assembler, processor: Processor): Label {
  return new Int8Product(code, processor).emit();
}

class Int8Product {
  readonly #code: Assembler;
  readonly #isWide: boolean;
  readonly #tiles: Int8Tiles;

  constructor(code: Assembler, processor: Processor) {
    this.#code = code;
    this.#isWide = processor.hasAvx512;
    this.#tiles = new Int8Tiles(code, processor, this.#word('accumulate'));
  }

  emit(): Label {
    const code = this.#code;
    const round = emitRounding(code, this.#word('k'));
    // Tiles of one row and several panels keep enough sums in flight; those of several rows read weights once.
    const wide = this.#isWide ? 4 : 2;
    const tall = this.#isWide ? 4 : 2;
    const panels = this.#tiles.emit(1, wide);
    const tallTile = this.#tiles.emit(tall, 1);
    const single = this.#tiles.emit(1, 1);

    code.alignTo(16);
    const label = code.bind();
    const saved = [rbx, rbp, r12, r13, r14, r15];
    for (const register of saved) code.push(register);
    code.arith('sub', rsp, frameBytes);
    code.mov(base, rdi);
    code.mov(block, rsi);
    this.#load(quads, 'k');
    code.arith('add', quads, 3);
    code.shift('shr', quads, 2);
    code.movConstant(rowBytes, headerBytes + 15);
    code.lea(rowBytes, at(rowBytes, 0, quads, 4));
    code.arith('and', rowBytes, -16);
    code.mov(panelBytes, quads);
    code.shift('shl', panelBytes, 7);
    this.#load(strideC, 'strideC');
    this.#joinSegments();
    this.#load(rax, 'm');
    this.#keep('rowsLeft', rax);
    this.#pointer(rax, 'a');
    this.#keep('a', rax);
    this.#pointer(rax, 'c');
    this.#keep('c', rax);

    const [nextRows, done] = [code.label(), code.label()];
    code.bind(nextRows);
    code.load64(rcx, this.#place('rowsLeft'));
    code.test(rcx, rcx);
    code.jumpIf('lessEqual', done);
    code.movConstant(rax, rowsAtOnce);
    code.arith('cmp', rcx, rax);
    code.cmov('greater', rcx, rax);
    this.#keep('rows', rcx);
    this.#roundRows(round);
    this.#segments({ panels, panelsAtOnce: wide, tallTile, tall, single });
    code.load64(rcx, this.#place('rows'));
    code.load64(rax, this.#place('rowsLeft'));
    code.arith('sub', rax, rcx);
    this.#keep('rowsLeft', rax);
    code.load32(rax, this.#word('strideA'));
    code.imul(rax, rcx);
    code.arith('add', rax, this.#place('a'));
    this.#keep('a', rax);
    code.imul(rcx, strideC);
    code.arith('add', rcx, this.#place('c'));
    this.#keep('c', rcx);
    code.jump(nextRows);

    code.bind(done);
    code.arith('add', rsp, frameBytes);
    for (const register of [...saved].reverse()) code.pop(register);
    code.ret();
    return label;
  }

  /** Segments of whole panels are one long segment. */
  #joinSegments(): void {
    const code = this.#code;
    this.#load(rax, 'segment');
    this.#load(rcx, 'segments');
    const apart = code.label();
    code.mov(rdx, rax);
    code.arith('and', rdx, panelOutputs - 1);
    code.jumpIf('notEqual', apart);
    code.imul(rax, rcx);
    code.movConstant(rcx, 1);
    code.bind(apart);
    this.#keep('segment', rax);
    this.#keep('segments', rcx);
  }

  #roundRows(round: Label): void {
    const code = this.#code;
    // r10 counts, r8 is the row, r9 where it goes: the rounding keeps all three.
    code.load64(r10, this.#place('rows'));
    code.load64(r8, this.#place('a'));
    this.#rounded(r9);
    const next = code.bind();
    code.call(round);
    code.load32(rax, this.#word('strideA'));
    code.arith('add', r8, rax);
    code.arith('add', r9, rowBytes);
    code.arith('sub', r10, 1);
    code.jumpIf('greater', next);
  }

  /** Walks over the panels: rdi weights, r10 their scales, r11 their sums. */
  #segments(tiles: { panels: Label; panelsAtOnce: number; tallTile: Label; tall: number; single: Label }): void {
    const { panels, panelsAtOnce, tallTile, tall, single } = tiles;
    const code = this.#code;
    this.#pointer(rdi, 'weights');
    this.#pointer(r10, 'scales');
    this.#pointer(r11, 'sums');
    code.load64(rax, this.#place('c'));
    this.#keep('target', rax);
    const [nextPanel, severalRows, onePanel, panelDone, nextSegment, finished] = this.#labels(6);
    const segment = code.bind();
    code.load64(rax, this.#place('segment'));
    this.#keep('outputs', rax);

    code.bind(nextPanel);
    code.load64(r9, this.#place('outputs'));
    code.test(r9, r9);
    code.jumpIf('lessEqual', nextSegment);
    this.#rounded(rdx);
    code.load64(r8, this.#place('target'));
    code.load64(rsi, this.#place('rows'));
    code.arith('cmp', rsi, 1);
    code.jumpIf('greater', severalRows);
    code.arith('cmp', r9, panelsAtOnce * panelOutputs);
    code.jumpIf('less', onePanel);
    code.call(panels);
    this.#advance(panelsAtOnce);
    code.jump(nextPanel);

    // rsi rows are left.
    code.bind(severalRows);
    code.arith('cmp', rsi, tall);
    code.jumpIf('less', onePanel);
    code.call(tallTile);
    code.imulConstant(rax, rowBytes, tall);
    code.arith('add', rdx, rax);
    code.imulConstant(rax, strideC, tall);
    code.arith('add', r8, rax);
    code.arith('sub', rsi, tall);
    code.jump(severalRows);

    code.bind(onePanel);
    code.test(rsi, rsi);
    code.jumpIf('lessEqual', panelDone);
    code.call(single);
    code.arith('add', rdx, rowBytes);
    code.arith('add', r8, strideC);
    code.arith('sub', rsi, 1);
    code.jump(onePanel);
    code.bind(panelDone);
    this.#advance(1);
    code.jump(nextPanel);

    code.bind(nextSegment);
    // `target` is behind the last whole panel; the outputs that it went too far are negative by now.
    code.load64(rax, this.#place('outputs'));
    code.shift('shl', rax, 2);
    code.arith('add', rax, this.#place('target'));
    this.#keep('target', rax);
    code.load64(rax, this.#place('segments'));
    code.arith('sub', rax, 1);
    this.#keep('segments', rax);
    code.jumpIf('lessEqual', finished);
    code.jump(segment);
    code.bind(finished);
    // The next rows begin with the first segment again.
    this.#joinSegments();
  }

  /** Moves on by whole panels. */
  #advance(panels: number): void {
    const code = this.#code;
    code.imulConstant(rax, panelBytes, panels);
    code.arith('add', rdi, rax);
    code.arith('add', r10, 4 * panelOutputs * panels);
    code.arith('add', r11, 4 * panelOutputs * panels);
    code.load64(rax, this.#place('target'));
    code.arith('add', rax, 4 * panelOutputs * panels);
    this.#keep('target', rax);
    code.load64(rax, this.#place('outputs'));
    code.arith('sub', rax, panelOutputs * panels);
    this.#keep('outputs', rax);
  }

  #labels(count: number): Label[] {
    return Array.from({ length: count }, () => this.#code.label());
  }

  #place(name: keyof typeof kept): Memory {
    return at(rsp, kept[name]);
  }

  #keep(name: keyof typeof kept, value: GeneralRegister): void {
    this.#code.store64(this.#place(name), value);
  }

  #word(name: keyof typeof words): Memory {
    return at(block, 4 * words[name]);
  }

  #load(to: GeneralRegister, name: keyof typeof words): void {
    this.#code.load32(to, this.#word(name));
  }

  /** The address that an argument names. */
  #pointer(to: GeneralRegister, name: keyof typeof words): void {
    this.#load(to, name);
    this.#code.arith('add', to, base);
  }

  /** Where the rounded rows begin. */
  #rounded(to: GeneralRegister): void {
    this.#pointer(to, 'workspace');
    this.#code.arith('add', to, edgeBytes);
  }
}
