import { blockOutputs, int8BlockOutputs } from '../compressed-matrix.js';
import type { Assembler } from './assembler.js';
import { emitRounding, headerBytes } from './int8-rounding.js';
import { type PanelForm, PanelTiles, tileRegisters } from './panel-tiles.js';
import type { Processor } from './processor.js';
import { at, type Label, type Memory, r8, r9, r10, rax, rcx, rsi } from './registers.js';
import { Routine } from './routine.js';

/**
 * Products with compressed weights, as compressed-products.ts of wasm lays them out: the same words as arguments. Those of
 * 8-bit weights have the same bits as its; those of float32 add the products of a block's outputs in another order.
 */
export const compressedKernels = ['int8_product', 'int8_block_product', 'block_product'] as const;

type CompressedKernel = (typeof compressedKernels)[number];

const forms: Readonly<Record<CompressedKernel, PanelForm>> = {
  int8_product: { outputs: 32, weights: 'int8', inputs: 'all' },
  int8_block_product: { outputs: int8BlockOutputs, weights: 'int8', inputs: 'listed' },
  block_product: { outputs: blockOutputs, weights: 'float32', inputs: 'listed' },
};

/** Rows that are rounded together: their bytes stay in the cache while panels pass. */
const rowsAtOnce = 16;

/** Adds one of the kernels. */
export function emitCompressedProduct(code: Assembler, processor: Processor, kernel: CompressedKernel): Label {
  const form = forms[kernel];
  const tiles = new PanelTiles(code, processor, form);
  const rounding = form.weights === 'int8' ? emitRounding(code, rsi) : undefined;
  const walk = new PanelWalk(code, tiles);
  return rounding === undefined ? walk.emitOfFloats() : walk.emitOfBytes(rounding);
}

/** The walk over the panels of all segments, for each over rows. */
class PanelWalk {
  readonly #code: Assembler;
  readonly #form: PanelForm;
  readonly #mostRows: number;
  readonly #tall: Label;
  readonly #single: Label;
  readonly #routine: Routine;

  constructor(code: Assembler, tiles: PanelTiles) {
    this.#code = code;
    this.#form = tiles.form;
    this.#mostRows = tiles.mostRows;
    this.#tall = tiles.emit(tiles.mostRows);
    this.#single = tiles.emit(1);
    this.#routine = new Routine(code, 40);
  }

  emitOfFloats(): Label {
    const code = this.#code;
    const routine = this.#routine;
    const given = routine.arguments(
      ['m', 'segments', 'segment', 'a', 'strideA', 'starts', 'inputs', 'values', 'c', 'strideC', 'accumulate'],
      ['a', 'starts', 'inputs', 'values', 'c'],
    );
    code.load64(tileRegisters.strideA, given.strideA);
    this.#loadTarget(given);
    this.#overPanels({ ...given, rows: given.m, source: given.a, target: given.c }, this.#listedBlocks(given));
    routine.end();
    return routine.label;
  }

  /** @param rounding see {@link emitRounding} */
  emitOfBytes(rounding: Label): Label {
    const code = this.#code;
    const routine = this.#routine;
    const isListed = this.#form.inputs === 'listed';
    const blocks = isListed ? (['starts', 'inputs', 'values'] as const) : (['values'] as const);
    const ofOutputs = ['scales', 'sums'] as const;
    const given = routine.arguments(
      [
        'm',
        'k',
        'segments',
        'segment',
        'a',
        'strideA',
        ...blocks,
        ...ofOutputs,
        'c',
        'strideC',
        'accumulate',
        'workspace',
      ],
      ['a', ...blocks, ...ofOutputs, 'c', 'workspace'],
    );
    const { strideA: rowBytes, numBlocks } = tileRegisters;
    code.load64(rowBytes, given.k);
    code.arith('add', rowBytes, 3);
    code.arith('and', rowBytes, -4);
    code.mov(numBlocks, rowBytes);
    code.shift('shr', numBlocks, 2);
    code.arith('add', rowBytes, headerBytes + 15);
    code.arith('and', rowBytes, -16);
    this.#loadTarget(given);
    // In front of the rounded rows is what a panel takes, which the kernel of WebAssembly uses.
    routine.add(given.workspace, 4 * this.#form.outputs);
    const [target, start, values, scales, sums] = Array.from({ length: 5 }, () => routine.slot());
    routine.forBlocks(given.m, rowsAtOnce, (_, rows) => {
      this.#round(rounding, { ...given, rows });
      routine.set(target, given.c);
      routine.set(values, given.values);
      routine.set(scales, given.scales);
      routine.set(sums, given.sums);
      if (isListed) routine.set(start, given.starts);
      const ofPanel = isListed ? this.#listedBlocks({ ...given, starts: start }) : this.#allBlocks(values);
      this.#overPanels({ ...given, rows, source: given.workspace, target }, () => {
        ofPanel();
        for (const [register, slot] of [
          [tileRegisters.scales, scales],
          [tileRegisters.sums, sums],
        ] as const) {
          code.load64(register, slot);
          routine.add(slot, 4 * this.#form.outputs);
        }
      });
      for (const [array, stride] of [
        [given.a, given.strideA],
        [given.c, given.strideC],
      ] as const) {
        code.load64(rcx, rows);
        code.imul(rcx, stride);
        routine.add(array, rcx);
      }
    });
    routine.end();
    return routine.label;
  }

  #loadTarget({ strideC, accumulate }: Readonly<Record<'strideC' | 'accumulate', Memory>>): void {
    this.#code.load64(tileRegisters.strideC, strideC);
    this.#code.load64(tileRegisters.accumulate, accumulate);
  }

  /** Writes what sets the registers of a panel's blocks, and moves on. */
  #listedBlocks({ starts, inputs, values }: Readonly<Record<'starts' | 'inputs' | 'values', Memory>>): () => void {
    const code = this.#code;
    const registers = tileRegisters;
    return () => {
      code.load64(rax, starts);
      code.load32(rcx, at(rax));
      code.load32(registers.numBlocks, at(rax, 4));
      code.arith('sub', registers.numBlocks, rcx);
      code.load64(rax, inputs);
      code.lea(registers.inputs, at(rax, 0, rcx, 4));
      code.imulConstant(rcx, rcx, 4 * this.#form.outputs);
      code.arith('add', rcx, values);
      code.mov(registers.weights, rcx);
      this.#routine.add(starts, 4);
    };
  }

  /** The same where every panel has as many. */
  #allBlocks(values: Memory): () => void {
    const { weights, numBlocks } = tileRegisters;
    return () => {
      this.#code.load64(weights, values);
      this.#code.imulConstant(rcx, numBlocks, 4 * this.#form.outputs);
      this.#routine.add(values, rcx);
    };
  }

  #round(
    rounding: Label,
    { a, strideA, workspace, k, rows }: Readonly<Record<'a' | 'strideA' | 'workspace' | 'k' | 'rows', Memory>>,
  ): void {
    const code = this.#code;
    code.load64(r8, a);
    code.load64(r9, workspace);
    code.load64(r10, rows);
    code.load64(rsi, k);
    const next = code.bind();
    code.call(rounding);
    code.arith('add', r8, strideA);
    code.arith('add', r9, tileRegisters.strideA);
    code.arith('sub', r10, 1);
    code.jumpIf('notEqual', next);
  }

  /** @param beginPanel writes what sets the registers of a panel, and moves on */
  #overPanels(
    given: Readonly<Record<'segments' | 'segment' | 'rows' | 'source' | 'target', Memory>>,
    beginPanel: () => void,
  ): void {
    const code = this.#code;
    const routine = this.#routine;
    const { source, target, outputs, strideA, strideC } = tileRegisters;
    const rowsLeft = rsi;
    const segmentsLeft = routine.slot();
    routine.set(segmentsLeft, given.segments);
    const nextSegment = code.bind();
    routine.forBlocks(given.segment, this.#form.outputs, (column, width) => {
      beginPanel();
      code.load64(outputs, width);
      code.load64(rowsLeft, given.rows);
      code.load64(source, given.source);
      code.load64(rax, column);
      code.shift('shl', rax, 2);
      code.arith('add', rax, given.target);
      code.mov(target, rax);
      const [single, done] = [code.label(), code.label()];
      const several = code.bind();
      code.arith('cmp', rowsLeft, this.#mostRows);
      code.jumpIf('less', single);
      code.call(this.#tall);
      for (const [place, stride] of [
        [source, strideA],
        [target, strideC],
      ] as const) {
        code.imulConstant(rax, stride, this.#mostRows);
        code.arith('add', place, rax);
      }
      code.arith('sub', rowsLeft, this.#mostRows);
      code.jump(several);
      code.bind(single);
      code.test(rowsLeft, rowsLeft);
      code.jumpIf('equal', done);
      code.call(this.#single);
      code.arith('add', source, strideA);
      code.arith('add', target, strideC);
      code.arith('sub', rowsLeft, 1);
      code.jump(single);
      code.bind(done);
    });
    code.load64(rcx, given.segment);
    code.shift('shl', rcx, 2);
    routine.add(given.target, rcx);
    routine.add(segmentsLeft, -1);
    code.jumpIf('notEqual', nextSegment);
  }
}
