import { RondoError } from '../errors.js';
import { type Access, type Expression, type Leaf, leaf, topologicalOrder } from '../expression/build.js';
import { derive } from '../expression/derive.js';
import { type PointwiseProgram, pointwiseProgram, type Reduce } from '../expression/program.js';
import { Simplifier } from '../expression/simplify.js';
import type { Strided } from '../kernels/contract.js';
import { currentBackend } from '../kernels/select.js';
import { broadcastShapes, describeShape, type Shape, sizeOf } from '../shape.js';
import { constantTensor } from './accumulate.js';
import { type BlockLayout, blockLayout, expansionOf } from './broadcast.js';
import { gatherInto, scatterAdd } from './gather.js';
import { requireTensors } from './operands.js';
import { type Backward, operation } from './tape.js';
import { emptyTensor, type Tensor } from './tensor.js';

/**
 * An elementwise function of tensors, written once as an expression: its derivative and its kernel come from that.
 * Operands broadcast as in NumPy.
 */
export interface PointwiseFunction {
  /** Names the function in messages and profiles; functions of equal name must be equal. */
  readonly name: string;
  /** From one leaf per operand, and scalars by name, to the result. */
  readonly build: (operands: readonly Expression[], scalars: Readonly<Record<string, Expression>>) => Expression;
  /** Names of numbers given at each call. */
  readonly scalars?: readonly string[] | undefined;
  /** Whether rows are normalised or summed: the last axis is then the row. */
  readonly alongRows?: boolean | undefined;
  /** The result is one value per row (only with `alongRows`): the last axis is dropped. */
  readonly perRow?: boolean | undefined;
}

interface Compiled {
  readonly forward: PointwiseProgram;
  /** By which operands need a derivative, as a string of 0 and 1. */
  readonly backward: Map<string, PointwiseProgram>;
  readonly leaves: readonly Leaf[];
  readonly output: Expression;
}

const compiled = new WeakMap<PointwiseFunction, Map<string, Compiled>>();

/**
 * Applies a pointwise function.
 *
 * @throws SHAPE_MISMATCH where operands cannot be broadcast together, or rows that give one value each are empty; USAGE
 *   where an operand is no tensor.
 */
export function applyPointwise(
  fn: PointwiseFunction,
  operands: readonly Tensor[],
  scalars: Readonly<Record<string, number>> = {},
): Tensor {
  requireTensors(fn.name, operands);
  const shape = operands.map((operand) => operand.shape).reduce((a, b) => broadcastShapes(fn.name, a, b));
  const [result] = operation(operands, () => {
    const layout = blockLayout(
      shape,
      operands.map((operand) => operand.shape),
      fn.alongRows ? Math.max(0, shape.length - 1) : undefined,
    );
    if (layout.rows * layout.columns === 0) return emptyResult(fn, shape, operands);
    const program = programFor(fn, layout);
    const reads = operandArrays(operands, shape, layout);
    const output = emptyTensor(fn.perRow ? shape.slice(0, -1) : shape);
    const backend = currentBackend();
    const outputArray: Strided = { ...output.viewOn(backend), rowStride: fn.perRow ? 1 : layout.columns };
    backend.pointwise({
      program: program.forward,
      rows: layout.rows,
      columns: layout.columns,
      inputs: namedInputs(program.forward, reads),
      outputs: { y: outputArray },
      scalars,
    });
    const backward: Backward = ([dOutput], wanted) => {
      if (dOutput === undefined) return operands.map(() => undefined);
      return runBackward(
        { fn, program, layout, shape, operands, reads, output: outputArray, scalars },
        dOutput,
        wanted,
      );
    };
    return { outputs: [output], backward };
  });
  return result;
}

/** Without places there is nothing to compute, and nothing that a derivative depends on. */
function emptyResult(
  fn: PointwiseFunction,
  shape: Shape,
  operands: readonly Tensor[],
): { outputs: Tensor[]; backward: Backward } {
  if (fn.perRow && shape.at(-1) === 0 && sizeOf(shape.slice(0, -1)) > 0) {
    throw new RondoError('SHAPE_MISMATCH', {
      where: fn.name,
      what: 'the last axis is empty.',
      expected: 'at least one value a row',
      received: describeShape(shape),
      fix: 'leave out what has no values.',
    });
  }
  return {
    outputs: [emptyTensor(fn.perRow ? shape.slice(0, -1) : shape)],
    backward: (_, wanted) => operands.map((operand, i) => (wanted[i] ? constantTensor(operand.shape, 0) : undefined)),
  };
}

function programFor(fn: PointwiseFunction, layout: BlockLayout): Compiled {
  let byAccess = compiled.get(fn);
  if (byAccess === undefined) compiled.set(fn, (byAccess = new Map()));
  const accesses = layout.reads.map((read): Access => read?.access ?? 'element');
  const key = accesses.join(' ');
  let found = byAccess.get(key);
  if (found === undefined) {
    const leaves = accesses.map((access, i) => leaf(`x${i}`, access));
    const scalars = Object.fromEntries((fn.scalars ?? []).map((name) => [name, leaf(name, 'scalar')]));
    const output = new Simplifier().simplify(fn.build(leaves, scalars));
    const forward = pointwiseProgram(fn.name, [
      { name: 'y', expression: output, reduce: fn.perRow ? 'perRow' : 'none' },
    ]);
    found = { forward, backward: new Map(), leaves, output };
    byAccess.set(key, found);
  }
  return found;
}

/** How the derivative by an operand is summed over the places that read one value of it. */
const reductionOf: Record<Access, Reduce> = { element: 'none', column: 'rows', row: 'perRow', scalar: 'all' };

function backwardProgram(fn: PointwiseFunction, program: Compiled, wanted: readonly boolean[]): PointwiseProgram {
  const key = wanted.map(Number).join('');
  let found = program.backward.get(key);
  if (found === undefined) {
    const { output } = program;
    const own = leavesByName(output);
    const leaves = program.leaves.map(({ name, access }) => own.get(name) ?? leaf(name, access));
    const derived = derive([{ output, by: leaf('dy', fn.perRow ? 'row' : 'element') }], leaves);
    // The stored result stands for the expression it was computed from.
    const isStored = output.kind !== 'leaf' && output.kind !== 'constant' && fn.perRow !== true;
    const simplifier = new Simplifier((node) => (isStored && node === output ? leaf('y') : undefined));
    const requests = leaves.map((node, i) => ({
      name: `dx${i}`,
      expression: simplifier.simplify(derived.get(node)!),
      reduce: reductionOf[program.leaves[i].access],
    }));
    found = pointwiseProgram(
      `${fn.name}.backward`,
      requests.filter((_, i) => wanted[i]),
    );
    program.backward.set(key, found);
  }
  return found;
}

/** What the backward pass of one application needs. */
interface Application {
  readonly fn: PointwiseFunction;
  readonly program: Compiled;
  readonly layout: BlockLayout;
  readonly shape: Shape;
  readonly operands: readonly Tensor[];
  readonly reads: readonly Strided[];
  readonly output: Strided;
  readonly scalars: Readonly<Record<string, number>>;
}

function runBackward(application: Application, dOutput: Tensor, wanted: readonly boolean[]): (Tensor | undefined)[] {
  const { fn, program, layout, shape, operands, reads, output, scalars } = application;
  const backend = currentBackend();
  const backward = backwardProgram(fn, program, wanted);
  const outputs: Record<string, Strided> = {};
  const results = operands.map((operand, i) => {
    if (!wanted[i]) return undefined;
    const read = layout.reads[i];
    const result = emptyTensor(read === undefined ? shape : read.single ? [layout.rows] : operand.shape);
    outputs[`dx${i}`] = {
      ...result.viewOn(backend),
      rowStride: (read?.access ?? 'element') === 'element' ? layout.columns : 1,
    };
    return result;
  });
  const dy: Strided = { ...dOutput.viewOn(backend), rowStride: fn.perRow ? 1 : layout.columns };
  const inputs = namedInputs(backward, reads, { y: output, dy });
  backend.pointwise({ program: backward, rows: layout.rows, columns: layout.columns, inputs, outputs, scalars });
  return results.map((result, i) => {
    if (result === undefined) return undefined;
    const read = layout.reads[i];
    if (read === undefined) {
      const { columns, indices } = expansionOf(shape, operands[i].shape);
      return scatterAdd(result, operands[i].shape, columns, indices);
    }
    return read.single ? sumOf(result, operands[i].shape) : result;
  });
}

const total = pointwiseProgram('total', [{ name: 'sum', expression: leaf('x'), reduce: 'all' }]);

function sumOf(values: Tensor, shape: Shape): Tensor {
  const backend = currentBackend();
  const result = emptyTensor(shape);
  const x: Strided = { ...values.viewOn(backend), rowStride: values.size };
  backend.pointwise({
    program: total,
    rows: 1,
    columns: values.size,
    inputs: { x },
    outputs: { sum: { ...result.viewOn(backend), rowStride: 0 } },
  });
  return result;
}

function operandArrays(operands: readonly Tensor[], shape: Shape, layout: BlockLayout): Strided[] {
  const backend = currentBackend();
  return operands.map((operand, i) => {
    const read = layout.reads[i];
    if (read !== undefined) return { ...operand.storedViewOn(backend), rowStride: read.rowStride };
    const { columns, indices } = expansionOf(shape, operand.shape);
    return { ...gatherInto(shape, operand, columns, indices).storedViewOn(backend), rowStride: layout.columns };
  });
}

function namedInputs(
  program: PointwiseProgram,
  reads: readonly Strided[],
  others: Readonly<Record<string, Strided>> = {},
): Record<string, Strided> {
  return Object.fromEntries(program.inputs.map(({ name }) => [name, others[name] ?? reads[Number(name.slice(1))]]));
}

function leavesByName(root: Expression): Map<string, Expression> {
  const found = new Map<string, Expression>();
  for (const node of topologicalOrder([root])) if (node.kind === 'leaf') found.set(node.name, node);
  return found;
}
