import { Body, type Operation, Value } from './body.js';
import { outsideUses, pressureOf } from './body-uses.js';
import { loadHome, type Pools } from './body-writer.js';
import type { LastLanes, Passage } from './element-access.js';
import { type KernelContext, UPPER_LANES } from './kernel-context.js';
import type { LoopVariable } from './loop-variable.js';
import type { Memory } from './registers.js';
import { columnIndex } from './row-addresses.js';
import { scheduled } from './schedule.js';
import { X64VectorCode } from './vector-code.js';

/**
 * How many vectors are computed side by side: the larger number where registers suffice for it. Two were faster than
 * one even where some of their values went to the stack (bench/pointwise.ts, Zen 5).
 */
const widths = { avx2: { most: 2, least: 2 }, avx512: { most: 4, least: 2 } } as const;
/** The share of the registers that variables of a loop may take. */
const MOST_VARIABLES = 3 / 8;
/** The share of the others that may wait for their uses; what is left holds operands for a while, and values from outside. */
const MOST_LIVE = 13 / 16;

/** Adds the computation of one step to a body; of a part of a vector, `lanes` are those that count. */
export type WriteStep = (code: X64VectorCode, lanes: LastLanes | undefined) => void;

interface WholeStep {
  readonly width: number;
  readonly operations: readonly Operation[];
}

/**
 * A loop over the columns of a row: over several vectors at a time, over single vectors, and the rest. Values from
 * outside of it are kept in the registers that are left.
 */
export class ColumnWalk {
  readonly #kernel: KernelContext;
  readonly #variables: readonly LoopVariable[];
  readonly #whole: readonly WholeStep[];
  readonly #last: readonly Operation[];
  readonly #lanes: Value;
  readonly #pools: Pools;
  readonly #hoisted = new Map<Value, number>();
  readonly #passages: Passage[] = [];

  constructor(kernel: KernelContext, variables: readonly LoopVariable[], write: WriteStep) {
    this.#kernel = kernel;
    this.#variables = variables;
    const { isa } = kernel.unit;
    const { vector, mask } = kernel.pools;
    const free = [...vector];
    const mostVariables = Math.floor(MOST_VARIABLES * vector.length);
    variables.forEach((variable, i) => variable.place(i < mostVariables ? free.pop() : undefined));
    const { most, least } = widths[isa];
    const operationsOf = (width: number, lanes?: LastLanes): readonly Operation[] => {
      const body = new Body();
      write(new X64VectorCode({ body, constants: kernel.constants, unit: kernel.unit, width }), lanes);
      return body.operations;
    };
    const wide = operationsOf(most);
    const isTooWide = most > least && pressureOf(wide) >= free.length;
    const main = scheduled(isTooWide ? operationsOf(least) : wide, Math.floor(MOST_LIVE * free.length));
    this.#whole = [
      { width: isTooWide ? least : most, operations: main },
      { width: 1, operations: operationsOf(1) },
    ];
    const spare = free.length - 1 - pressureOf(main);
    const outside = [...outsideUses(main)].sort(([, a], [, b]) => b - a);
    for (const [value] of outside.slice(0, Math.max(0, spare))) this.#hoisted.set(value, free.pop()!);
    this.#pools = { vector: free, mask };
    this.#lanes = new Value({
      kind: isa === 'avx512' ? 'mask' : 'vector',
      fixed: kernel.lanesRegister(free),
    });
    this.#last = operationsOf(1, {
      mask: this.#lanes,
      upper: isa === 'avx512' ? new Value({ kind: 'mask', fixed: UPPER_LANES }) : undefined,
      pass: (row, bytes, isInput) => {
        const passage = { row, bytes, buffer: kernel.frame.vector(), isInput };
        this.#passages.push(passage);
        return passage.buffer;
      },
    });
  }

  /** Writes the loading of the values that stay in registers, or of some of them. */
  hoist(isMeant: (value: Value) => boolean = () => true): void {
    const { code, unit } = this.#kernel;
    for (const [value, index] of this.#hoisted)
      if (isMeant(value)) loadHome(code, unit.register(index), value.home!.place, value.home!.isRepeated);
  }

  /** Writes the loop. */
  write(): void {
    const { code, unit, columns } = this.#kernel;
    for (const variable of this.#variables) variable.begin(code);
    code.arith('xor', columnIndex, columnIndex, 32);
    for (const step of this.#whole) this.#loop(step, this.#kernel.endOf(step.width));
    const done = code.label();
    code.arith('cmp', columnIndex, columns);
    code.jumpIf('equal', done);
    const { fixed } = this.#lanes;
    for (const passage of this.#passages) if (passage.isInput) this.#kernel.copyLast(passage);
    this.#kernel.loadLanes(fixed!);
    const { vector, mask } = this.#pools;
    const isVector = unit.isa === 'avx2';
    this.#kernel.writeBody(
      this.#last,
      { vector: isVector ? vector.filter((index) => index !== fixed) : vector, mask },
      this.#hoisted,
    );
    for (const passage of this.#passages) if (!passage.isInput) this.#kernel.copyLast(passage);
    code.bind(done);
    for (const variable of this.#variables) variable.end(code);
  }

  #loop({ width, operations }: WholeStep, end: Memory): void {
    const { code, unit } = this.#kernel;
    const behind = code.label();
    code.arith('cmp', columnIndex, end);
    code.jumpIf('aboveEqual', behind);
    code.alignTo(32);
    const again = code.bind();
    this.#kernel.writeBody(operations, this.#pools, this.#hoisted);
    code.arith('add', columnIndex, width * unit.lanes);
    code.arith('cmp', columnIndex, end);
    code.jumpIf('below', again);
    code.bind(behind);
  }
}
