import type { Leaf } from '../../expression/build.js';
import type { ProgramOutput } from '../../expression/program.js';
import { type FunctionBuilder, i32, type Local, type Value, v128 } from './assembler.js';
import type { PointwisePlan } from './pointwise-plan.js';
import { type RowAccess, VECTOR_BYTES } from './row-access.js';
import { ROW_SUM_BUFFERS } from './row-sums.js';

/**
 * The arguments of a kernel lie in a block of memory, four bytes each, because a call with dozens of parameters is
 * slow: rows, columns, every array's address and row stride in bytes (inputs, then outputs), the address of the
 * workspace, the scalars.
 */
const arraysOffset = 8;

function scratchOffset({ inputs, outputs }: PointwisePlan['program']): number {
  return arraysOffset + 8 * (inputs.length + outputs.length);
}

/** The workspace a kernel needs: row buffers, each padded to whole vectors. */
export function scratchBytes(plan: PointwisePlan, columns: number): number {
  const numSums = plan.program.outputs.filter(({ reduce }) => reduce === 'rows').length;
  return Math.ceil(columns / 4) * VECTOR_BYTES * (plan.numCaches + ROW_SUM_BUFFERS * numSums);
}

/** An array of the call: the address of its current row, and how far it moves from row to row where it does. */
interface ArrayLocals {
  readonly address: Local<'i32'>;
  readonly stride?: Local<'i32'> | undefined;
}

/** Reads the argument block at a kernel's start and moves the arrays from row to row. */
export class PointwiseArguments {
  readonly #inputs = new Map<string, ArrayLocals>();
  readonly #outputs = new Map<string, ArrayLocals>();
  readonly #scratch: Local<'i32'>;
  readonly #f: FunctionBuilder;
  readonly #plan: PointwisePlan;
  readonly #block: Local<'i32'>;

  constructor(f: FunctionBuilder, plan: PointwisePlan, block: Local<'i32'>) {
    this.#f = f;
    this.#plan = plan;
    this.#block = block;
    const { inputs, outputs } = plan.program;
    let offset = arraysOffset;
    const array = (moves: boolean): ArrayLocals => {
      const address = f.let(i32.load(block, offset));
      const stride = moves ? f.let(i32.load(block, offset + 4)) : undefined;
      offset += 8;
      return { address, stride };
    };
    for (const { name, access } of inputs) this.#inputs.set(name, array(access !== 'column'));
    for (const { name, reduce } of outputs) this.#outputs.set(name, array(reduce !== 'rows' && reduce !== 'all'));
    this.#scratch = f.let(i32.load(block, offset));
  }

  input(name: string): Local<'i32'> {
    return this.#inputs.get(name)!.address;
  }

  output({ name }: ProgramOutput): Local<'i32'> {
    return this.#outputs.get(name)!.address;
  }

  /** The value of a row or scalar leaf, in all lanes. */
  splat(leaf: Leaf): Value<'v128'> {
    if (leaf.access === 'row') return v128.load32_splat(this.input(leaf.name));
    const { program } = this.#plan;
    return v128.load32_splat(this.#block, scratchOffset(program) + 4 + 4 * program.scalars.indexOf(leaf.name));
  }

  /** The next of the workspace's row buffers. */
  rowBuffer(access: RowAccess): Local<'i32'> {
    const address = this.#f.let<'i32'>(this.#scratch);
    this.#f.set(this.#scratch, i32.add(this.#scratch, access.paddedBytes));
    return address;
  }

  nextRow(): void {
    for (const { address, stride } of [...this.#inputs.values(), ...this.#outputs.values()]) {
      if (stride !== undefined) this.#f.set(address, i32.add(address, stride));
    }
  }
}
