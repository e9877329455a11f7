import type { PointwiseProgram } from '../../expression/program.js';
import type { PointwiseCall, Strided } from '../contract.js';
import type { StepStridedPointwiseCall } from '../sequence/loop-host.js';
import { ModuleBuilder } from './assembler.js';
import type { CallWriter, Workspace } from './call-writer.js';
import type { KernelModules } from './kernel-modules.js';
import { scratchBytes } from './pointwise-arguments.js';
import { emitPointwise, kernelName } from './pointwise-emit.js';
import { type PointwisePlan, planPointwise } from './pointwise-plan.js';

export interface PointwiseKernelsOptions {
  /** Rounds `a * b + c` once where the processor can (relaxed SIMD); else the same bits come out on every processor. */
  relaxed: boolean;
}

interface CompiledProgram {
  readonly plan: PointwisePlan;
  readonly inputNames: readonly string[];
  readonly outputNames: readonly string[];
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
    const { inputNames, outputNames, plan, kernel } = this.#byProgram.get(program) ?? this.#compiled(program);
    const joins = plan.canJoinRows && isContiguous(call);
    writer.beginCall(kernel);
    writer.int(joins ? 1 : call.rows);
    writer.int(joins ? call.rows * call.columns : call.columns);
    for (const name of inputNames) writeArray(writer, inputs[name]);
    for (const name of outputNames) writeArray(writer, outputs[name]);
    writer.int(plan.needsScratch ? workspace.take(scratchBytes(plan, call.columns)) : 0);
    for (const name of program.scalars) writer.float(scalars![name]);
    writer.endCall();
  }

  /** Cuts a call into about `count` that write different places, or returns undefined where it must stay whole. */
  cut(given: PointwiseCall, count: number): PointwiseCall[] | undefined {
    const { plan } = this.#byProgram.get(given.program) ?? this.#compiled(given.program);
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

  #compiled(program: PointwiseProgram): CompiledProgram {
    let compiled = this.#byKey.get(program.key);
    if (compiled === undefined) {
      compiled = this.#compile(program);
      this.#byKey.set(program.key, compiled);
    }
    this.#byProgram.set(program, compiled);
    return compiled;
  }

  #compile(program: PointwiseProgram): CompiledProgram {
    const plan = planPointwise(program);
    const module = new ModuleBuilder(this.#modules.limits);
    emitPointwise(module, plan, this.#relaxed ? 'relaxed' : 'plain');
    const kernel = this.#modules.add(module)[kernelName];
    return {
      plan,
      inputNames: program.inputs.map(({ name }) => name),
      outputNames: program.outputs.map(({ name }) => name),
      kernel,
    };
  }
}

function writeArray(writer: CallWriter, array: Strided): void {
  writer.address(array);
  writer.int(array.rowStride << 2);
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
