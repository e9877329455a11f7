import type { DType } from '../../dtype.js';
import type { Expression, Leaf, RowReduction } from '../../expression/build.js';
import type { ProgramOutput } from '../../expression/program.js';
import { ExpressionCode } from '../vector/expression-code.js';
import { type ArrayTypes, argumentPlaces, BLOCK_ROWS, ROW_SUM_BUFFERS } from '../vector/pointwise-layout.js';
import { isArrayLeaf, type Pass, type PointwisePlan } from '../vector/pointwise-plan.js';
import { type Accumulator, DoubleSum, Largest } from './accumulators.js';
import { FunctionBuilder, f32x4, i32, type Local, type ModuleBuilder, shuffle, type Value, v128 } from './assembler.js';
import { loadElements } from './element-access.js';
import { PointwiseArguments } from './pointwise-arguments.js';
import { RowAccess, type Step } from './row-access.js';
import { RowSums } from './row-sums.js';
import { type Bundle, Constants, type Madd, Temporaries, WasmVectorCode } from './vector-code.js';

const params = ['i32'] as const;

/** Writes the kernel of a plan; its arguments are described in vector/pointwise-layout.ts. */
export function emitPointwise(
  module: ModuleBuilder,
  plan: PointwisePlan,
  madd: Madd,
  types: ArrayTypes,
  name = `${kernelName}@`,
): void {
  const constants = new Constants();
  const write = (f: FunctionBuilder, [block]: I32Locals): void => {
    constants.hoist(f);
    const rows = f.let(i32.load(block, argumentPlaces.rows));
    const access = new RowAccess(f, f.let(i32.load(block, argumentPlaces.columns)), sumsColumns(plan));
    new PointwiseEmitter({ f, plan, access, block, constants, madd, types }).emit(rows);
  };
  // Once to learn which constants the code uses, and once for good.
  const rehearsal = new FunctionBuilder('rehearsal', params);
  write(rehearsal, rehearsal.params as I32Locals);
  module.func(name, { params }, (f, ...locals) => write(f, locals));
}

/** Whether some sum is taken along rows, which is in double precision. */
function sumsColumns({ program }: PointwisePlan): boolean {
  return program.hasRowReductions || program.outputs.some(({ reduce }) => reduce === 'columns' || reduce === 'all');
}

/** The name of every program's kernel. */
export const kernelName = 'run';

type I32Locals = readonly [Local<'i32'>];

interface EmitterParts {
  readonly f: FunctionBuilder;
  readonly plan: PointwisePlan;
  readonly access: RowAccess;
  readonly block: Local<'i32'>;
  readonly constants: Constants;
  readonly madd: Madd;
  readonly types: ArrayTypes;
}

type Reductions = ReadonlyMap<RowReduction, Accumulator>;

class PointwiseEmitter {
  readonly #f: FunctionBuilder;
  readonly #plan: PointwisePlan;
  readonly #access: RowAccess;
  readonly #arguments: PointwiseArguments;
  readonly #constants: Constants;
  readonly #madd: Madd;
  readonly #inputTypes: ReadonlyMap<string, DType>;
  readonly #outputTypes: ReadonlyMap<string, DType>;

  /** For the walk over columns; values of a row have locals of their own. */
  readonly #temporaries: Temporaries;
  readonly #rowCode: WasmVectorCode;

  /** What is the same for the current row, or for the whole call. */
  readonly #rowValues = new Map<Expression, Value<'v128'>>();
  readonly #caches: readonly Local<'i32'>[];

  /** The outputs summed over rows, and those summed over columns or over everything. */
  readonly #rowSums = new Map<ProgramOutput, RowSums>();
  readonly #sums = new Map<ProgramOutput, DoubleSum>();

  constructor({ f, plan, access, block, constants, madd, types }: EmitterParts) {
    this.#f = f;
    this.#plan = plan;
    this.#access = access;
    this.#constants = constants;
    this.#madd = madd;
    const { inputs, outputs } = plan.program;
    this.#inputTypes = new Map(inputs.map(({ name }, i) => [name, types.inputs[i]]));
    this.#outputTypes = new Map(outputs.map(({ name }, i) => [name, types.outputs[i]]));
    this.#temporaries = new Temporaries(f);
    this.#rowCode = new WasmVectorCode({ constants, madd, temporaries: new Temporaries(f), width: 1 });
    this.#arguments = new PointwiseArguments(f, plan, block);
    const rowBuffers = (count: number): Local<'i32'>[] =>
      Array.from({ length: count }, () => this.#arguments.rowBuffer(access));
    this.#caches = rowBuffers(plan.numCaches);
    for (const output of plan.program.outputs) {
      if (output.reduce === 'rows') this.#rowSums.set(output, new RowSums(f, access, rowBuffers(ROW_SUM_BUFFERS)));
      else if (output.reduce === 'columns' || output.reduce === 'all') this.#sums.set(output, new DoubleSum(f));
    }
  }

  emit(rows: Local<'i32'>): void {
    this.#computeRowValues(this.#plan.uniform);
    this.#clearSums('all');
    if (this.#rowSums.size > 0) this.#blocksOfRows(rows);
    else this.#rowLoop(rows);
    this.#storeSums('all');
  }

  #blocksOfRows(rows: Local<'i32'>): void {
    const f = this.#f;
    const sums = [...this.#rowSums.values()];
    const blockRows = f.local('i32');
    for (const sum of sums) sum.clear();
    f.while(i32.gt_s(rows, 0), () => {
      f.set(blockRows, BLOCK_ROWS);
      f.if(i32.lt_s(rows, BLOCK_ROWS), () => f.set(blockRows, rows));
      for (const sum of sums) sum.openBlock();
      this.#rowLoop(blockRows);
      for (const sum of sums) sum.closeBlock();
      f.set(rows, i32.sub(rows, blockRows));
    });
    for (const [output, sum] of this.#rowSums) sum.store(this.#arguments.output(output), output.accumulate);
  }

  #rowLoop(rows: Local<'i32'>): void {
    const f = this.#f;
    const row = f.local('i32');
    f.for(row, 0, rows, 1, () => {
      this.#clearSums('columns');
      for (const pass of this.#plan.passes) this.#pass(pass);
      this.#storeSums('columns');
      this.#arguments.nextRow();
    });
  }

  #pass(pass: Pass): void {
    this.#computeRowValues(pass.rowNodes);
    const reductions = new Map<RowReduction, Accumulator>();
    for (const node of pass.reductions) {
      const accumulator = node.operation === 'rowSum' ? new DoubleSum(this.#f) : new Largest(this.#f);
      accumulator.clear();
      reductions.set(node, accumulator);
    }
    if (pass.elementOutputs.length > 0 || reductions.size > 0)
      this.#access.walk((step) => this.#columns(pass, step, reductions));
    for (const [node, accumulator] of reductions) this.#rowValues.set(node, accumulator.result());
    for (const output of pass.rowOutputs) this.#storeRowValue(output);
  }

  /** All that a pass does with the columns of one step: every array is read before any is written. */
  #columns(pass: Pass, step: Step, reductions: Reductions): void {
    const constants = this.#constants;
    const temporaries = this.#temporaries;
    const madd = this.#madd;
    const code = new WasmVectorCode({ constants, temporaries, madd, width: step.vectors });
    const expressions = this.#elements(pass, step, code);
    for (const [node, accumulator] of reductions) take(accumulator, expressions.valueOf(node.a), step);
    for (const [node, cache] of pass.stores)
      this.#access.store(this.#caches[cache], expressions.valueOf(node), step, code);
    for (const output of pass.elementOutputs) this.#output(output, expressions.valueOf(output.expression), step, code);
    temporaries.release(constants.float(0));
  }

  #elements(pass: Pass, step: Step, code: WasmVectorCode): ExpressionCode<Bundle, Bundle> {
    const expressions = this.#expressions(code);
    for (const node of pass.elements) {
      const cache = pass.loads.get(node);
      if (cache !== undefined) expressions.set(node, this.#access.load(this.#caches[cache], step, code));
      else if (isArrayLeaf(node))
        expressions.set(
          node,
          this.#access.load(this.#arguments.input(node.name), step, code, this.#inputTypes.get(node.name)),
        );
      else expressions.compute(node);
    }
    return expressions;
  }

  #expressions(code: WasmVectorCode): ExpressionCode<Bundle, Bundle> {
    return new ExpressionCode(code, (node) => code.repeat(this.#rowValues.get(node)!), this.#plan.fusedProducts);
  }

  #output(output: ProgramOutput, values: Bundle, step: Step, code: WasmVectorCode): void {
    const sum = this.#sums.get(output);
    const rowSum = this.#rowSums.get(output);
    if (sum !== undefined) take(sum, values, step);
    else if (rowSum !== undefined) rowSum.add(values, step, code);
    else {
      const row = this.#arguments.output(output);
      const dtype = this.#outputTypes.get(output.name);
      const stored = output.accumulate ? code.add(this.#access.load(row, step, code, dtype), values) : values;
      this.#access.store(row, stored, step, code, dtype);
    }
  }

  /** Nodes that have one value for the whole row, in all lanes of a vector. */
  #computeRowValues(nodes: readonly Expression[]): void {
    const expressions = this.#expressions(this.#rowCode);
    for (const node of nodes) {
      if (node.kind === 'leaf') expressions.set(node, this.#splat(node));
      else expressions.compute(node);
    }
    for (const node of nodes) this.#rowValues.set(node, expressions.valueOf(node)[0]);
  }

  /** The value of a row or scalar leaf, in all lanes. */
  #splat(leaf: Leaf): Bundle {
    const code = this.#rowCode;
    const dtype = this.#inputTypes.get(leaf.name) ?? 'float32';
    if (dtype === 'float32') return code.each(() => this.#arguments.splat(leaf));
    return code.unary(
      (x) => shuffle(x, x, [0, 0, 0, 0]),
      loadElements(dtype, this.#arguments.input(leaf.name), 1, code),
    );
  }

  #storeRowValue(output: ProgramOutput): void {
    const address = this.#arguments.output(output);
    const value = this.#rowValues.get(output.expression)!;
    this.#f.storeLane(address, output.accumulate ? f32x4.add(value, v128.load32_zero(address)) : value, 0);
  }

  #clearSums(reduce: 'columns' | 'all'): void {
    for (const [output, sum] of this.#sums) if (output.reduce === reduce) sum.clear();
  }

  #storeSums(reduce: 'columns' | 'all'): void {
    for (const [output, sum] of this.#sums) {
      if (output.reduce !== reduce) continue;
      const address = this.#arguments.output(output);
      if (output.accumulate) sum.takeFirst(this.#f.let(v128.load32_zero(address)), 1);
      this.#f.storeLane(address, sum.result(), 0);
    }
  }
}

function take(accumulator: Accumulator, values: Bundle, { lanes }: Step): void {
  if (lanes === 4) accumulator.take(values);
  else accumulator.takeFirst(values[0], lanes);
}
