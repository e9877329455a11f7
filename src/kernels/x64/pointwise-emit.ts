import type { Expression, Leaf, RowReduction } from '../../expression/build.js';
import type { ProgramOutput } from '../../expression/program.js';
import { ExpressionCode } from '../vector/expression-code.js';
import { type ArrayTypes, argumentPlaces, BLOCK_ROWS, ROW_SUM_BUFFERS } from '../vector/pointwise-layout.js';
import { isArrayLeaf, type Pass, type PointwisePlan } from '../vector/pointwise-plan.js';
import { type Accumulator, DoubleSum, Largest } from './accumulators.js';
import type { Assembler } from './assembler.js';
import { Body, type Place, type RowAddress, Value } from './body.js';
import { ColumnWalk } from './column-walk.js';
import { type LastLanes, loadElements, storeElements, type TypedRow } from './element-access.js';
import { KernelContext } from './kernel-context.js';
import type { Isa } from './processor.js';
import { at, type Memory, rax, rdx, xmm } from './registers.js';
import { argumentBlock, memoryBase } from './row-addresses.js';
import { RowSums } from './row-sums.js';
import { type Bundle, X64VectorCode } from './vector-code.js';

/**
 * Writes the kernel of a plan as a function at the end of the code. It is entered by a call with the address of the
 * memory's first byte in rdi and that of the argument block (vector/pointwise-layout.ts) in rsi, where addresses and
 * strides count from that byte, modulo 2^32; it leaves rbx, rbp, rsp and r12 to r15 as they were, and upper halves of
 * vectors as they happen to be.
 *
 * @returns how many values its loops keep on the stack because registers do not suffice
 */
export function emitPointwise(code: Assembler, plan: PointwisePlan, types: ArrayTypes, isa: Isa): number {
  const kernel = new KernelContext(code, isa);
  new PointwiseEmitter(kernel, plan, types).emit();
  return kernel.frame.numSpilled;
}

class PointwiseEmitter {
  readonly #kernel: KernelContext;
  readonly #code: Assembler;
  readonly #plan: PointwisePlan;
  readonly #inputs = new Map<string, TypedRow>();
  readonly #outputs = new Map<string, TypedRow>();
  readonly #buffers: RowAddress[] = [];

  /** What is the same for the current row, or for the whole call. */
  readonly #rowValues = new Map<Expression, Value>();
  readonly #caches: readonly TypedRow[];

  /** The outputs summed over rows, and those summed over columns or over everything. */
  readonly #rowSums = new Map<ProgramOutput, RowSums>();
  readonly #sums = new Map<ProgramOutput, DoubleSum>();

  constructor(kernel: KernelContext, plan: PointwisePlan, types: ArrayTypes) {
    this.#kernel = kernel;
    this.#code = kernel.code;
    this.#plan = plan;
    const { addresses } = kernel;
    const { inputs, outputs } = plan.program;
    inputs.forEach(({ name, access }, i) => {
      const row = addresses.argument(argumentPlaces.array(i), access !== 'column');
      this.#inputs.set(name, { row, dtype: types.inputs[i] });
    });
    outputs.forEach(({ name, reduce }, i) => {
      const row = addresses.argument(argumentPlaces.array(inputs.length + i), reduce !== 'rows' && reduce !== 'all');
      this.#outputs.set(name, { row, dtype: types.outputs[i] });
    });
    const rowBuffers = (count: number): RowAddress[] => Array.from({ length: count }, () => this.#rowBuffer());
    this.#caches = rowBuffers(plan.numCaches).map((row) => ({ row, dtype: 'float32' }));
    for (const output of outputs) {
      if (output.reduce === 'rows') this.#rowSums.set(output, new RowSums(kernel, rowBuffers(ROW_SUM_BUFFERS)));
      else if (output.reduce === 'columns' || output.reduce === 'all') this.#sums.set(output, new DoubleSum(kernel));
    }
  }

  emit(): void {
    const { rows, addresses } = this.#kernel;
    this.#kernel.writeFunction(
      () => {
        this.#computeRowValues(this.#plan.uniform);
        this.#clearSums('all');
        if (this.#rowSums.size > 0) this.#blocksOfRows();
        else this.#rowLoop(rows);
        this.#storeSums('all');
      },
      () => {
        addresses.load(rows);
        this.#placeBuffers();
      },
    );
  }

  #rowBuffer(): RowAddress {
    this.#buffers.push(this.#kernel.addresses.buffer());
    return this.#buffers[this.#buffers.length - 1];
  }

  #placeBuffers(): void {
    if (this.#buffers.length === 0) return;
    const { code, addresses, paddedBytes } = this.#kernel;
    code.load32(rax, at(argumentBlock, argumentPlaces.scratch(this.#plan)));
    code.arith('add', rax, memoryBase);
    for (const buffer of this.#buffers) {
      addresses.set(buffer, rax);
      code.arith('add', rax, paddedBytes);
    }
  }

  #blocksOfRows(): void {
    const { code, frame, rows } = this.#kernel;
    const sums = [...this.#rowSums.values()];
    const blockRows = frame.word();
    for (const sum of sums) sum.clear();
    const done = code.label();
    const again = code.bind();
    code.load64(rax, rows);
    code.test(rax, rax);
    code.jumpIf('equal', done);
    code.movConstant(rdx, BLOCK_ROWS);
    code.arith('cmp', rax, rdx);
    code.cmov('below', rdx, rax);
    code.store64(blockRows, rdx);
    code.arith('sub', rax, rdx);
    code.store64(rows, rax);
    for (const sum of sums) sum.openBlock();
    this.#rowLoop(blockRows);
    for (const sum of sums) sum.closeBlock();
    code.jump(again);
    code.bind(done);
    for (const [output, sum] of this.#rowSums) sum.store(this.#outputs.get(output.name)!.row, output.accumulate);
  }

  #rowLoop(rows: Memory): void {
    const { code, addresses } = this.#kernel;
    const done = code.label();
    code.load64(rax, rows);
    code.test(rax, rax);
    code.jumpIf('equal', done);
    // Where nothing but one walk happens in a row, registers keep what it needs from row to row.
    const walk = this.#isOneWalk() ? this.#walkOf(this.#plan.passes[0], []) : undefined;
    walk?.hoist();
    const again = code.bind();
    if (walk !== undefined) walk.write();
    else {
      this.#clearSums('columns');
      for (const pass of this.#plan.passes) this.#pass(pass);
      this.#storeSums('columns');
    }
    addresses.nextRow();
    code.load64(rax, rows);
    code.arith('sub', rax, 1);
    code.store64(rows, rax);
    code.jumpIf('notEqual', again);
    code.bind(done);
  }

  #isOneWalk(): boolean {
    const [pass, ...others] = this.#plan.passes;
    return (
      others.length === 0 &&
      pass.rowNodes.length === 0 &&
      pass.rowOutputs.length === 0 &&
      pass.elementOutputs.every(({ reduce }) => reduce !== 'columns')
    );
  }

  #pass(pass: Pass): void {
    const code = this.#code;
    this.#computeRowValues(pass.rowNodes);
    const reductions = pass.reductions.map((node): [RowReduction, Accumulator] => [
      node,
      node.operation === 'rowSum' ? new DoubleSum(this.#kernel) : new Largest(this.#kernel, this.#kernel.constants),
    ]);
    for (const [, accumulator] of reductions) accumulator.clear(code);
    if (pass.elementOutputs.length > 0 || reductions.length > 0) {
      const walk = this.#walkOf(pass, reductions);
      walk.hoist();
      walk.write();
    }
    for (const [node, accumulator] of reductions) {
      accumulator.result(code);
      const register = this.#kernel.unit.register(0);
      code.op('vbroadcastss', register, xmm(0));
      code.op('vmovupsStore', this.#newRowValue(node), register);
    }
    for (const output of pass.rowOutputs) this.#storeRowValue(output);
  }

  #walkOf(pass: Pass, reductions: readonly (readonly [RowReduction, Accumulator])[]): ColumnWalk {
    const sums = pass.elementOutputs.flatMap((output) => this.#sums.get(output) ?? []);
    const accumulators = [...reductions.map(([, accumulator]) => accumulator), ...sums];
    const variables = accumulators.flatMap((accumulator) => accumulator.variables);
    return new ColumnWalk(this.#kernel, variables, (code, lanes) => this.#columns(pass, reductions, code, lanes));
  }

  /** All that a pass does with the columns of one step: every array is read before any is written. */
  #columns(
    pass: Pass,
    reductions: readonly (readonly [RowReduction, Accumulator])[],
    code: X64VectorCode,
    lanes: LastLanes | undefined,
  ): void {
    const expressions = this.#expressions(code);
    for (const node of pass.elements) {
      const cache = pass.loads.get(node);
      // Row buffers hold whole vectors.
      if (cache !== undefined) expressions.set(node, loadElements(code, this.#caches[cache], undefined));
      else if (isArrayLeaf(node)) expressions.set(node, loadElements(code, this.#inputs.get(node.name)!, lanes));
      else expressions.compute(node);
    }
    const counted = lanes === undefined ? undefined : [lanes.mask];
    for (const [node, accumulator] of reductions) accumulator.take(expressions.valueOf(node.a), code, counted);
    for (const [node, cache] of pass.stores)
      storeElements(code, this.#caches[cache], expressions.valueOf(node), undefined);
    for (const output of pass.elementOutputs) {
      const values = expressions.valueOf(output.expression);
      const sum = this.#sums.get(output);
      const rowSum = this.#rowSums.get(output);
      if (sum !== undefined) sum.take(values, code, counted);
      else if (rowSum !== undefined) rowSum.add(values, code);
      else this.#storeOutput(output, values, code, lanes);
    }
  }

  #storeOutput(output: ProgramOutput, values: Bundle, code: X64VectorCode, lanes: LastLanes | undefined): void {
    const row = this.#outputs.get(output.name)!;
    const stored = output.accumulate ? code.add(values, loadElements(code, row, lanes)) : values;
    storeElements(code, row, stored, lanes);
  }

  #expressions(code: X64VectorCode): ExpressionCode<Bundle, Bundle> {
    return new ExpressionCode(code, (node) => code.repeat(this.#rowValues.get(node)!), this.#plan.fusedProducts);
  }

  /** Nodes that have one value for the whole row, in all lanes of a vector. */
  #computeRowValues(nodes: readonly Expression[]): void {
    if (nodes.length === 0) return;
    const { unit, constants, pools } = this.#kernel;
    const body = new Body();
    const code = new X64VectorCode({ body, constants, unit, width: 1 });
    const expressions = this.#expressions(code);
    for (const node of nodes) {
      if (node.kind === 'leaf') expressions.set(node, [this.#splat(node, body)]);
      else expressions.compute(node);
    }
    for (const node of nodes) {
      const [value] = expressions.valueOf(node);
      if (value.home !== undefined) this.#rowValues.set(node, value);
      else body.store({ name: 'vmovupsStore', sources: [value], place: this.#newRowValue(node) });
    }
    this.#kernel.writeBody(body.operations, pools);
  }

  /** A place for a value of the row. */
  #newRowValue(node: Expression): Memory {
    const place = this.#kernel.frame.vector();
    this.#rowValues.set(node, new Value({ home: { place, isRepeated: false } }));
    return place;
  }

  /** The value of a row or scalar leaf, in all lanes. */
  #splat(leaf: Leaf, body: Body): Value {
    const array = this.#inputs.get(leaf.name);
    if (array !== undefined && array.dtype !== 'float32') {
      const place = this.#newRowValue(leaf);
      this.#kernel.convertElement(array, place);
      return this.#rowValues.get(leaf)!;
    }
    const place: Place =
      leaf.access === 'row'
        ? { row: this.#inputs.get(leaf.name)!.row, step: 0, offset: 0 }
        : at(argumentBlock, argumentPlaces.scalar(this.#plan, leaf.name));
    return body.value({ name: 'vbroadcastss', sources: [], place });
  }

  #storeRowValue(output: ProgramOutput): void {
    const code = this.#code;
    const { home } = this.#rowValues.get(output.expression)!;
    const address = this.#addressOf(output);
    code.op('vmovss', xmm(0), home!.place);
    if (output.accumulate) code.op('vaddss', xmm(0), xmm(0), address);
    code.op('vmovssStore', address, xmm(0));
  }

  #addressOf(output: ProgramOutput): Memory {
    const { addresses } = this.#kernel;
    addresses.forget();
    const address = at(addresses.registerOf(this.#outputs.get(output.name)!.row));
    addresses.forget();
    return address;
  }

  #clearSums(reduce: 'columns' | 'all'): void {
    for (const [output, sum] of this.#sums) if (output.reduce === reduce) sum.clear(this.#code);
  }

  #storeSums(reduce: 'columns' | 'all'): void {
    for (const [output, sum] of this.#sums) {
      if (output.reduce !== reduce) continue;
      const address = this.#addressOf(output);
      if (output.accumulate) sum.resultWith(this.#code, address.base);
      else sum.result(this.#code);
      this.#code.op('vmovssStore', address, xmm(0));
    }
  }
}
