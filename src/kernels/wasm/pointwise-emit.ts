import type { Expression, RowReduction } from '../../expression/build.js';
import type { ProgramOutput } from '../program.js';
import { type Accumulator, addToDoubles, DoubleSum, Largest, roundedSum } from './accumulators.js';
import { f32x4, FunctionBuilder, i32, type Local, type ModuleBuilder, v128, type Value } from './assembler.js';
import { ExpressionCode } from './expression-code.js';
import { isArrayLeaf, type Pass, type PointwisePlan } from './pointwise-plan.js';
import { type Bundle, Constants, type Madd, Temporaries, VectorCode } from './vector-code.js';

/** Vectors computed side by side in the main loop: four are 18 % faster than two where V8 keeps this order (Node 24). */
const UNROLLED = 4;
const VECTOR_BYTES = 16;
/** Rows whose sum is taken in single precision before it is added to a sum in double precision. */
const BLOCK_ROWS = 64;

/** Where a kernel finds its arguments, in bytes from the start of their block. */
export interface ArgumentLayout {
  /** The address of the workspace. */
  readonly scratch: number;
  readonly scalars: number;
  readonly bytes: number;
}

/** First every array's address and row stride (in bytes), inputs before outputs, then the rest. */
export function argumentLayout({ program }: PointwisePlan): ArgumentLayout {
  const scratch = 8 * (program.inputs.length + program.outputs.length);
  return { scratch, scalars: scratch + 4, bytes: scratch + 4 + 4 * program.scalars.length };
}

/** The workspace a kernel needs: row buffers, each padded to whole vectors. */
export function scratchBytes(plan: PointwisePlan, columns: number): number {
  const numSums = plan.program.outputs.filter(({ reduce }) => reduce === 'rows').length;
  return Math.ceil(columns / 4) * VECTOR_BYTES * (plan.numCaches + 3 * numSums);
}

/** Writes the function `run(arguments, rows, columns)` of a plan. */
export function emitPointwise(module: ModuleBuilder, plan: PointwisePlan, madd: Madd): void {
  const params = ['i32', 'i32', 'i32'] as const;
  const constants = new Constants();
  const rehearsal = new FunctionBuilder('rehearsal', params);
  new PointwiseEmitter(rehearsal, plan, madd, constants).emit(...(rehearsal.params as [Local<'i32'>, Local<'i32'>, Local<'i32'>]));
  module.func('run', { params }, (f, ...locals) => {
    constants.hoist(f);
    new PointwiseEmitter(f, plan, madd, constants).emit(...locals);
  });
}

/** An array of the call: the address of its current row, and how far it moves from row to row where it does. */
interface ArrayLocals {
  readonly address: Local<'i32'>;
  readonly stride?: Local<'i32'>;
}

/** The sums over rows of one output: a row of the current block's sums, and a row of doubles for all. */
interface RowSums {
  readonly block: Local<'i32'>;
  readonly total: Local<'i32'>;
}

/** How much of a row one turn of a loop computes: some vectors, or one lane at the row's end. */
interface Step {
  readonly vectors: number;
  readonly bytes: number;
  readonly isLane: boolean;
}

const steps: readonly Step[] = [
  { vectors: UNROLLED, bytes: UNROLLED * VECTOR_BYTES, isLane: false },
  { vectors: 1, bytes: VECTOR_BYTES, isLane: false },
  { vectors: 1, bytes: 4, isLane: true },
];

class PointwiseEmitter {
  /** What is the same for the current row, or for the whole call. */
  private readonly rowValues = new Map<Expression, Value<'v128'>>();
  private readonly inputs = new Map<string, ArrayLocals>();
  private readonly outputs = new Map<string, ArrayLocals>();
  private readonly caches: Local<'i32'>[] = [];
  private readonly rowSums = new Map<ProgramOutput, RowSums>();
  private readonly sums = new Map<ProgramOutput, DoubleSum>();
  private readonly rowBytes: Local<'i32'>;
  /** The row's length in whole vectors. */
  private readonly paddedBytes: Local<'i32'>;
  /** Where in the row the current turn of a loop is. */
  private readonly column: Local<'i32'>;
  private readonly address: Local<'i32'>;
  /** For the loops over columns; values of a row have locals of their own. */
  private readonly temporaries: Temporaries;
  private readonly rowCode: VectorCode;

  constructor(
    private readonly f: FunctionBuilder,
    private readonly plan: PointwisePlan,
    private readonly madd: Madd,
    private readonly constants: Constants,
  ) {
    this.rowBytes = f.local('i32');
    this.paddedBytes = f.local('i32');
    this.column = f.local('i32');
    this.address = f.local('i32');
    this.temporaries = new Temporaries(f);
    this.rowCode = new VectorCode({ constants, temporaries: new Temporaries(f), madd, width: 1 });
  }

  emit(block: Local<'i32'>, rows: Local<'i32'>, columns: Local<'i32'>): void {
    const { f } = this;
    f.set(this.rowBytes, i32.shl(columns, 2));
    f.set(this.paddedBytes, i32.and(i32.add(this.rowBytes, VECTOR_BYTES - 1), -VECTOR_BYTES));
    this.readArguments(block);
    this.computeRowValues(this.plan.uniform, block);
    for (const [output, sum] of this.sums) if (output.reduce === 'all') sum.clear();
    if (this.rowSums.size > 0) this.blocksOfRows(rows);
    else this.rowLoop(rows);
    for (const [output, sum] of this.sums) if (output.reduce === 'all') this.storeSum(output, sum);
  }

  private readArguments(block: Local<'i32'>): void {
    const { f, plan } = this;
    const { inputs, outputs } = plan.program;
    let offset = 0;
    const array = (moves: boolean): ArrayLocals => {
      const address = f.let(i32.load(block, offset));
      const stride = moves ? f.let(i32.load(block, offset + 4)) : undefined;
      offset += 8;
      return { address, stride };
    };
    for (const { name, access } of inputs) this.inputs.set(name, array(access !== 'column'));
    for (const { name, reduce } of outputs) this.outputs.set(name, array(reduce !== 'rows' && reduce !== 'all'));
    const next = f.let(i32.load(block, offset));
    const rowBuffer = (): Local<'i32'> => {
      const address = f.local('i32');
      f.set(address, next);
      f.set(next, i32.add(next, this.paddedBytes));
      return address;
    };
    for (let i = 0; i < plan.numCaches; i++) this.caches.push(rowBuffer());
    for (const output of outputs) {
      if (output.reduce === 'rows') {
        this.rowSums.set(output, { block: rowBuffer(), total: rowBuffer() });
        rowBuffer();
      } else if (output.reduce === 'columns' || output.reduce === 'all') this.sums.set(output, new DoubleSum(f));
    }
  }

  /** Nodes that have one value for the whole row, in all lanes of a vector. */
  private computeRowValues(nodes: readonly Expression[], block?: Local<'i32'>): void {
    const code = this.rowCode;
    const expressions = new ExpressionCode(code, this.rowValues, this.plan.fusedProducts);
    for (const node of nodes) {
      if (node.kind !== 'leaf') expressions.compute(node);
      else if (block === undefined) expressions.set(node, code.each(() => v128.load32_splat(this.inputs.get(node.name)!.address)));
      else {
        const offset = argumentLayout(this.plan).scalars + 4 * this.plan.program.scalars.indexOf(node.name);
        expressions.set(node, code.each(() => v128.load32_splat(block, offset)));
      }
    }
    for (const node of nodes) this.rowValues.set(node, expressions.valueOf(node)[0]);
  }

  private rowLoop(rows: Local<'i32'>): void {
    const { f } = this;
    const row = f.local('i32');
    f.for(row, 0, rows, 1, () => {
      for (const [output, sum] of this.sums) if (output.reduce === 'columns') sum.clear();
      for (const pass of this.plan.passes) this.pass(pass);
      for (const [output, sum] of this.sums) if (output.reduce === 'columns') this.storeSum(output, sum);
      for (const { address, stride } of [...this.inputs.values(), ...this.outputs.values()]) {
        if (stride !== undefined) f.set(address, i32.add(address, stride));
      }
    });
  }

  private pass(pass: Pass): void {
    const { f } = this;
    this.computeRowValues(pass.rowNodes);
    const reductions = new Map<RowReduction, Accumulator>();
    for (const node of pass.reductions) {
      const accumulator = node.operation === 'rowSum' ? new DoubleSum(f) : new Largest(f);
      accumulator.clear();
      reductions.set(node, accumulator);
    }
    if (pass.elementOutputs.length > 0 || reductions.size > 0) {
      f.set(this.column, 0);
      for (const step of steps) this.columnLoop(pass, step, reductions);
    }
    for (const [node, accumulator] of reductions) this.rowValues.set(node, accumulator.result());
    for (const output of pass.rowOutputs) this.storeRowValue(output);
  }

  private columnLoop(pass: Pass, step: Step, reductions: ReadonlyMap<RowReduction, Accumulator>): void {
    const { f, column } = this;
    const end = f.let(i32.and(this.rowBytes, -step.bytes));
    const { constants, temporaries, madd } = this;
    const code = new VectorCode({ constants, temporaries, madd, width: step.vectors });
    f.if(i32.lt_u(column, end), () =>
      f.loop((again) => {
        const expressions = this.elements(pass, step, code);
        for (const [node, accumulator] of reductions) take(accumulator, expressions.valueOf(node.a), step);
        for (const [node, cache] of pass.stores) this.store(this.caches[cache], expressions.valueOf(node), step);
        for (const output of pass.elementOutputs) this.output(output, expressions.valueOf(output.expression), step, code);
        temporaries.release(constants.float(0));
        f.set(column, i32.add(column, step.bytes));
        f.brIf(again, i32.lt_u(column, end));
      }),
    );
  }

  private elements(pass: Pass, step: Step, code: VectorCode): ExpressionCode {
    const expressions = new ExpressionCode(code, this.rowValues, this.plan.fusedProducts);
    for (const node of pass.elements) {
      const cache = pass.loads.get(node);
      if (cache !== undefined) expressions.set(node, this.load(this.caches[cache], step, code));
      else if (isArrayLeaf(node)) expressions.set(node, this.load(this.inputs.get(node.name)!.address, step, code));
      else expressions.compute(node);
    }
    return expressions;
  }

  private load(array: Local<'i32'>, step: Step, code: VectorCode): Bundle {
    const { address } = this;
    this.f.set(address, i32.add(array, this.column));
    return code.each((i) => (step.isLane ? v128.load32_zero(address) : v128.load(address, i * VECTOR_BYTES)));
  }

  private store(array: Local<'i32'>, values: Bundle, step: Step): void {
    const { address } = this;
    this.f.set(address, i32.add(array, this.column));
    values.forEach((value, i) => {
      if (step.isLane) this.f.storeLane(address, value, 0);
      else this.f.storeV128(address, value, i * VECTOR_BYTES);
    });
  }

  private output(output: ProgramOutput, values: Bundle, step: Step, code: VectorCode): void {
    switch (output.reduce) {
      case 'none': {
        const { address } = this.outputs.get(output.name)!;
        this.store(address, output.accumulate ? code.add(this.load(address, step, code), values) : values, step);
        return;
      }
      case 'rows': {
        const { block } = this.rowSums.get(output)!;
        this.store(block, code.add(this.load(block, step, code), values), step);
        return;
      }
      default:
        take(this.sums.get(output)!, values, step);
    }
  }

  private storeRowValue({ name, expression, accumulate }: ProgramOutput): void {
    const { f } = this;
    const { address } = this.outputs.get(name)!;
    const value = this.rowValues.get(expression)!;
    f.storeLane(address, accumulate ? f32x4.add(value, v128.load32_zero(address)) : value, 0);
  }

  /** A sum over a row, or over everything, to its output. */
  private storeSum(output: ProgramOutput, sum: DoubleSum): void {
    const { f } = this;
    const { address } = this.outputs.get(output.name)!;
    if (output.accumulate) sum.takeFirst(f.let(v128.load32_zero(address)));
    f.storeLane(address, sum.result(), 0);
  }

  /** Sums over rows: blocks of rows in single precision, their sums in double precision. */
  private blocksOfRows(rows: Local<'i32'>): void {
    const { f } = this;
    const allSums = [...this.rowSums.values()];
    for (const { total } of allSums) f.fillMemory(total, 0, i32.shl(this.paddedBytes, 1));
    const blockRows = f.local('i32');
    f.while(i32.gt_s(rows, 0), () => {
      f.set(blockRows, BLOCK_ROWS);
      f.if(i32.lt_s(rows, BLOCK_ROWS), () => f.set(blockRows, rows));
      for (const { block } of allSums) f.fillMemory(block, 0, this.paddedBytes);
      this.rowLoop(blockRows);
      for (const sums of allSums) this.addBlock(sums);
      f.set(rows, i32.sub(rows, blockRows));
    });
    for (const [output, { total }] of this.rowSums) this.storeRowSums(output, total);
  }

  private addBlock({ block, total }: RowSums): void {
    const { f, column } = this;
    f.for(column, 0, this.paddedBytes, VECTOR_BYTES, () => {
      addToDoubles(f, f.let(i32.add(total, i32.shl(column, 1))), f.let(v128.load(i32.add(block, column))));
    });
  }

  private storeRowSums(output: ProgramOutput, total: Local<'i32'>): void {
    const { f, column } = this;
    const { address } = this.outputs.get(output.name)!;
    f.for(column, 0, this.rowBytes, 4, () => {
      const place = f.let(i32.add(address, column));
      const before = output.accumulate ? v128.load32_zero(place) : undefined;
      f.storeLane(place, roundedSum(i32.add(total, i32.shl(column, 1)), before), 0);
    });
  }
}

function take(accumulator: Accumulator, values: Bundle, step: Step): void {
  if (step.isLane) accumulator.takeFirst(values[0]);
  else accumulator.take(values);
}
