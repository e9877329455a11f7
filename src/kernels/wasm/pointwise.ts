import { bytesOf } from '../../dtype.js';
import type { Access } from '../../expression/build.js';
import type { PointwiseProgram } from '../../expression/program.js';
import type { PointwiseCall, Strided } from '../contract.js';
import type { StepStridedPointwiseCall } from '../sequence/loop-host.js';
import { type ArrayTypes, MOST_LANES, scratchBytes } from '../vector/pointwise-layout.js';
import { type PointwisePlan, planPointwise } from '../vector/pointwise-plan.js';
import { ModuleBuilder } from './assembler.js';
import type { CallWriter, Workspace } from './call-writer.js';
import type { KernelModules } from './kernel-modules.js';
import { emitPointwise, kernelName } from './pointwise-emit.js';

export interface PointwiseKernelsOptions {
  /** Rounds `a * b + c` once where the processor can (relaxed SIMD); else the same bits come out on every processor. */
  relaxed: boolean;
}

interface CompiledProgram {
  readonly plan: PointwisePlan;
  readonly kernel: number;
}

/** Rows are cut at cache lines. */
const columnStep = 16;

/**
 * Compiles pointwise programs to WebAssembly, each once, and writes calls of them.
 *
 * Sums over rows, columns or everything are taken in double precision (over rows: in single precision within blocks of
 * 64 rows) and rounded once.
 */
export class PointwiseKernels {
  readonly #modules: KernelModules;
  readonly #relaxed: boolean;
  readonly #byProgram = new WeakMap<PointwiseProgram, CompiledProgram>();
  readonly #byKey = new Map<string, CompiledProgram>();

  constructor(modules: KernelModules, { relaxed }: PointwiseKernelsOptions) {
    this.#modules = modules;
    this.#relaxed = relaxed;
  }

  /** Writes the program's kernel call. */
  write(writer: CallWriter, call: StepStridedPointwiseCall, workspace: Workspace): void {
    const { program, inputs, outputs, scalars } = call;
    const { plan, kernel } = this.#kernelOf(call);
    const joins = plan.canJoinRows && isContiguous(call);
    const numWords = wordsCopied(call) ?? 1;
    writer.beginCall(kernel);
    writer.int(joins ? 1 : call.rows);
    writer.int(numWords * (joins ? call.rows * call.columns : call.columns));
    for (const { name, access } of program.inputs) writeArray(writer, inputs[name], reachOf(access, call));
    for (const { name, reduce } of program.outputs) writeArray(writer, outputs[name], reachOf(accessOf[reduce], call));
    writer.int(plan.needsScratch ? workspace.take(scratchBytes(plan, call.columns, MOST_LANES)) : 0);
    for (const name of program.scalars) writer.float(scalars![name]);
    writer.endCall();
  }

  /** Cuts a call into about `count` that write different places, or returns undefined where it must stay whole. */
  cut(given: PointwiseCall, count: number): PointwiseCall[] | undefined {
    const { plan } = this.#kernelOf(given);
    const call =
      plan.canJoinRows && isContiguous(given) ? { ...given, rows: 1, columns: given.rows * given.columns } : given;
    const { program, rows, columns } = call;
    const reductions = new Set(program.outputs.map(({ reduce }) => reduce));
    // Sums over rows could be cut by columns, but a thread would read most of them from the other's cache, which is
    // slower.
    if (reductions.has('all') || reductions.has('rows')) return undefined;
    const sumsColumns = reductions.has('columns') || reductions.has('perRow') || program.hasRowReductions;
    if (rows >= count) return ranges(rows, count, 1, (first, length) => rowsOf(call, first, length));
    if (!sumsColumns && columns >= count * columnStep)
      return ranges(columns, count, columnStep, (first, length) => columnsOf(call, first, length));
    return undefined;
  }

  #kernelOf(call: PointwiseCall): CompiledProgram {
    const { program } = call;
    if (isPlain(call)) return this.#byProgram.get(program) ?? this.#compiled(program, typesOf(call));
    if (wordsCopied(call) !== undefined) return this.#compiled(program, singles);
    return this.#compiled(program, typesOf(call));
  }

  #compiled(program: PointwiseProgram, types: ArrayTypes): CompiledProgram {
    const isPlain = [...types.inputs, ...types.outputs].every((dtype) => dtype === 'float32');
    const key = isPlain ? program.key : `${program.key}|${types.inputs.join()}|${types.outputs.join()}`;
    let compiled = this.#byKey.get(key);
    if (compiled === undefined) {
      compiled = this.#compile(program, types);
      this.#byKey.set(key, compiled);
    }
    if (isPlain) this.#byProgram.set(program, compiled);
    return compiled;
  }

  #compile(program: PointwiseProgram, types: ArrayTypes): CompiledProgram {
    const plan = planPointwise(program);
    return { plan, kernel: this.#kernelOfPlan(plan, types) };
  }

  #kernelOfPlan(plan: PointwisePlan, types: ArrayTypes): number {
    const code = this.#modules.machineCode?.code;
    const address = code?.pointwise(plan, types);
    if (address !== undefined) return this.#modules.addMachineCode(address);
    const module = new ModuleBuilder(this.#modules.limits);
    emitPointwise(module, plan, this.#relaxed ? 'relaxed' : 'plain', types);
    return this.#modules.add(module)[kernelName];
  }
}

/** Whether all arrays are of single precision, as nearly always. */
function isPlain({ program, inputs, outputs }: PointwiseCall): boolean {
  for (const { name } of program.inputs) if (inputs[name].buffer.dtype !== 'float32') return false;
  for (const { name } of program.outputs) if (outputs[name].buffer.dtype !== 'float32') return false;
  return true;
}

/** The types of a copy that moves words as they are. */
const singles: ArrayTypes = { inputs: ['float32'], outputs: ['float32'] };

/**
 * How many words of four bytes an element has, where a call copies elements of which single precision would lose digits;
 * undefined for all other calls.
 */
function wordsCopied({ program, inputs, outputs }: PointwiseCall): number | undefined {
  if (program.outputs.length !== 1) return undefined;
  const { name, expression, reduce, accumulate } = program.outputs[0];
  const isCopy = expression.kind === 'leaf' && expression.access === 'element' && reduce === 'none' && !accumulate;
  if (!isCopy) return undefined;
  const { dtype } = outputs[name].buffer;
  return (dtype === 'int32' || dtype === 'float64') && inputs[expression.name].buffer.dtype === dtype
    ? bytesOf[dtype] / 4
    : undefined;
}

function typesOf({ program, inputs, outputs }: PointwiseCall): ArrayTypes {
  return {
    inputs: program.inputs.map(({ name }) => inputs[name].buffer.dtype),
    outputs: program.outputs.map(({ name }) => outputs[name].buffer.dtype),
  };
}

/** How outputs are reached. */
const accessOf = { none: 'element', rows: 'column', columns: 'row', perRow: 'row', all: 'one' } as const;

/** From the first element of an array to its last, with its distance from row to row counted apart. */
interface Reach {
  readonly rows: number;
  readonly columns: number;
}

function reachOf(access: Access | 'one', { rows, columns }: PointwiseCall): Reach {
  return {
    rows: access === 'element' || access === 'row' ? rows : 1,
    columns: access === 'element' || access === 'column' ? columns : 1,
  };
}

function writeArray(writer: CallWriter, array: Strided, { rows, columns }: Reach): void {
  writer.address(array, rows === 0 ? 0 : (rows - 1) * array.rowStride + columns);
  writer.int(array.rowStride * bytesOf[array.buffer.dtype]);
}

/** Whether all rows of all arrays lie one behind the other. */
function isContiguous({ program, columns, inputs, outputs }: PointwiseCall): boolean {
  return (
    program.inputs.every(({ name }) => inputs[name].rowStride === columns) &&
    program.outputs.every(({ name, reduce }) => reduce !== 'none' || outputs[name].rowStride === columns)
  );
}

function ranges(
  total: number,
  count: number,
  step: number,
  part: (first: number, length: number) => PointwiseCall,
): PointwiseCall[] {
  const size = Math.ceil(total / count / step) * step;
  return Array.from({ length: Math.ceil(total / size) }, (_, i) => part(i * size, Math.min(size, total - i * size)));
}

function rowsOf(call: PointwiseCall, first: number, rows: number): PointwiseCall {
  const { program, inputs, outputs } = call;
  const down = (array: Strided, moves: boolean): Strided =>
    moves ? { ...array, offset: array.offset + first * array.rowStride } : array;
  return {
    ...call,
    rows,
    inputs: Object.fromEntries(
      program.inputs.map(({ name, access }) => [name, down(inputs[name], access !== 'column')]),
    ),
    outputs: Object.fromEntries(program.outputs.map(({ name }) => [name, down(outputs[name], true)])),
  };
}

function columnsOf(call: PointwiseCall, first: number, columns: number): PointwiseCall {
  const { program, inputs, outputs } = call;
  const along = (array: Strided, moves: boolean): Strided =>
    moves ? { ...array, offset: array.offset + first } : array;
  return {
    ...call,
    columns,
    inputs: Object.fromEntries(program.inputs.map(({ name, access }) => [name, along(inputs[name], access !== 'row')])),
    outputs: Object.fromEntries(program.outputs.map(({ name }) => [name, along(outputs[name], true)])),
  };
}
