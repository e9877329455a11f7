import type { Leaf } from '../../expression/build.js';
import type { ProgramOutput } from '../../expression/program.js';
import { argumentPlaces } from '../vector/pointwise-layout.js';
import type { PointwisePlan } from '../vector/pointwise-plan.js';
import { type FunctionBuilder, i32, type Local, type Value, v128 } from './assembler.js';
import type { RowAccess } from './row-access.js';

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
    const array = (index: number, moves: boolean): ArrayLocals => {
      const place = argumentPlaces.array(index);
      const address = f.let(i32.load(block, place));
      const stride = moves ? f.let(i32.load(block, place + 4)) : undefined;
      return { address, stride };
    };
    inputs.forEach(({ name, access }, i) => this.#inputs.set(name, array(i, access !== 'column')));
    outputs.forEach(({ name, reduce }, i) =>
      this.#outputs.set(name, array(inputs.length + i, reduce !== 'rows' && reduce !== 'all')),
    );
    this.#scratch = f.let(i32.load(block, argumentPlaces.scratch(plan)));
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
    return v128.load32_splat(this.#block, argumentPlaces.scalar(this.#plan, leaf.name));
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
