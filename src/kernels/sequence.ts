import type { CellPlan, Product, Stage } from '../cells/plan.js';
import { leaf } from '../expression/build.js';
import type { Backend, PointwiseCall, RecurrentBackwardCall, RecurrentCall, RecurrentForwardCall, Strided, View } from './contract.js';
import { type PointwiseProgram, pointwiseProgram } from './program.js';

/**
 * Runs a cell's plan along time with a backend's products and pointwise programs: the one sequence engine of the CPU
 * backends. Letters: B batch, T time steps, N packed rows, U units, G gates.
 *
 * States are stored `[B + N, U]`: the initial state, then the state after each step, so that no step is special. The
 * rows that step t reads are the first `activeRows[t]` rows of what step t - 1 wrote.
 */
export function recurrentForward(backend: Backend, call: RecurrentForwardCall): void {
  const layout = layoutOf(call);
  const { plan, units } = call;
  const gateWidth = plan.cell.gates.length * units;
  backend.openScope();
  const recurrent: Strided = { buffer: backend.temporary(plan.products.length > 0 ? call.batch * gateWidth : 0), offset: 0, rowStride: gateWidth };
  const arrays = (name: string): StepArray => forwardArray(call, recurrent, name);
  const stages = bindStages(backend, call, call.training ? plan.trainingStages : plan.inferenceStages, arrays);
  for (let t = 0; t < layout.steps; t++) {
    for (const { program, products } of stages) {
      program?.run(layout, t);
      for (const product of products) {
        backend.matmul({
          m: layout.activeRows[t],
          n: product.numGates * units,
          k: units,
          a: operandAt(call, layout, product, t),
          b: kernelColumns(call, product),
          c: { ...recurrent, offset: product.firstGate * units },
        });
      }
    }
  }
  backend.closeScope();
}

/** Backpropagation through time (Werbos 1990), with each weight gradient as one product after the loop. */
export function recurrentBackward(backend: Backend, call: RecurrentBackwardCall): void {
  const layout = layoutOf(call);
  const { plan, units } = call;
  const gateWidth = plan.cell.gates.length * units;
  const backward = plan.backward(call.dOutput !== undefined);
  backend.openScope();
  const dRecurrent: Strided = plan.sharedGateGradient
    ? call.dInput
    : { buffer: backend.temporary(layout.rows * gateWidth), offset: 0, rowStride: gateWidth };
  const dOperands = plan.operands.map((): View => ({ buffer: backend.temporary(call.batch * units), offset: 0 }));
  const unwanted: View = { buffer: backend.temporary(units), offset: 0 };
  const arrays = (name: string): StepArray => backwardArray(call, dRecurrent, dOperands, unwanted, name);
  const stages = bindStages(backend, call, backward.stages, arrays);
  const transposedProduct = (product: Product, t: number, target: View, accumulate: boolean): void => {
    backend.matmul({
      m: layout.activeRows[t],
      n: units,
      k: product.numGates * units,
      a: columnsAt(dRecurrent, layout.firstRow[t], product.firstGate * units),
      b: kernelColumns(call, product),
      transposeB: true,
      c: { ...target, rowStride: units },
      accumulate,
    });
  };
  for (let t = layout.steps - 1; t >= 0; t--) {
    for (const { program, products } of stages) {
      program?.run(layout, t);
      const written = new Set<number>();
      for (const product of products) {
        transposedProduct(product, t, dOperands[product.operand!], written.has(product.operand!));
        written.add(product.operand!);
      }
    }
    const unwritten = new Set(backward.statesWithoutDirectGradient);
    for (const product of backward.stateProducts) {
      const state = product.state!;
      transposedProduct(product, t, call.dStates[state], !unwritten.has(state));
      unwritten.delete(state);
    }
    for (const state of unwritten) backend.fill(call.dStates[state], layout.activeRows[t] * units, 0);
  }
  addKernelGradients(backend, call, layout, dRecurrent);
  if (call.dWeights.bias !== undefined) addColumnSums(backend, call.dInput, call.dWeights.bias, layout.rows, gateWidth);
  if (call.dWeights.recurrentBias !== undefined) addColumnSums(backend, dRecurrent, call.dWeights.recurrentBias, layout.rows, gateWidth);
  backend.closeScope();
}

/** dL/dU of every product: what it multiplied, transposed, times the gradient of its result, over all steps at once. */
function addKernelGradients(backend: Backend, call: RecurrentBackwardCall, layout: Layout, dRecurrent: Strided): void {
  const target = call.dWeights.recurrentKernel;
  if (target === undefined) return;
  const { plan, units } = call;
  const gathered = new Map<string, Strided>();
  for (const product of plan.products) {
    let multiplied: Strided;
    if (product.state === undefined) multiplied = { ...call.operands[product.operand!], rowStride: units };
    else {
      if (!gathered.has(product.state)) gathered.set(product.state, previousStates(backend, call, layout, product.state));
      multiplied = gathered.get(product.state)!;
    }
    backend.matmul({
      m: units,
      n: product.numGates * units,
      k: layout.rows,
      a: multiplied,
      transposeA: true,
      b: columnsAt(dRecurrent, 0, product.firstGate * units),
      c: columnsAt({ ...target, rowStride: plan.cell.gates.length * units }, 0, product.firstGate * units),
      accumulate: true,
    });
  }
}

/** `[N, U]`: the state each packed row read. Without ended rows it lies in the states buffer already. */
function previousStates(backend: Backend, call: RecurrentBackwardCall, layout: Layout, state: string): Strided {
  const source = call.states[state];
  const allActive = layout.activeRows.every((active) => active === call.batch);
  if (allActive) return { ...source, rowStride: call.units };
  const indices = new Int32Array(layout.rows);
  for (let t = 0; t < layout.steps; t++) {
    for (let row = 0; row < layout.activeRows[t]; row++) indices[layout.firstRow[t] + row] = layout.stateBefore[t] + row;
  }
  const target: View = { buffer: backend.temporary(layout.rows * call.units), offset: 0 };
  backend.gatherRows({ columns: call.units, indices, source, target });
  return { ...target, rowStride: call.units };
}

const columnSums = pointwiseProgram('columnSums', [{ name: 'sum', expression: leaf('x'), reduce: 'rows', accumulate: true }]);

function addColumnSums(backend: Backend, x: Strided, sum: View, rows: number, columns: number): void {
  backend.pointwise({ program: columnSums, rows, columns, inputs: { x }, outputs: { sum: { ...sum, rowStride: 0 } } });
}

/** Where each step's rows lie. */
interface Layout {
  readonly steps: number;
  /** B. */
  readonly batch: number;
  /** N. */
  readonly rows: number;
  readonly activeRows: Int32Array;
  /** By step: packed index of its first row. */
  readonly firstRow: Int32Array;
  /** By step: in a states buffer, the first row of the state it reads. */
  readonly stateBefore: Int32Array;
}

function layoutOf({ activeRows, batch }: RecurrentCall): Layout {
  const steps = activeRows.length;
  const firstRow = new Int32Array(steps);
  const stateBefore = new Int32Array(steps);
  let rows = 0;
  for (let t = 0; t < steps; t++) {
    firstRow[t] = rows;
    stateBefore[t] = t === 0 ? 0 : batch + firstRow[t - 1];
    rows += activeRows[t];
  }
  return { steps, batch, rows, activeRows, firstRow, stateBefore };
}

/** How an array's place moves from step to step. */
type Movement = 'fixed' | 'packed' | 'stateBefore' | 'stateAfter';

interface StepArray extends Strided {
  readonly movement: Movement;
}

/** A pointwise program bound to the arrays of a call; running a step only moves their offsets. */
class StepProgram {
  private readonly call: { -readonly [K in keyof PointwiseCall]: PointwiseCall[K] };
  private readonly moving: { target: { -readonly [K in keyof Strided]: Strided[K] }; array: StepArray }[] = [];

  constructor(
    private readonly backend: Backend,
    program: PointwiseProgram,
    columns: number,
    scalars: Readonly<Record<string, number>>,
    arrayOf: (name: string) => StepArray,
  ) {
    const bind = ({ name }: { readonly name: string }): [string, Strided] => {
      const array = arrayOf(name);
      const target = { buffer: array.buffer, offset: array.offset, rowStride: array.rowStride };
      if (array.movement !== 'fixed') this.moving.push({ target, array });
      return [name, target];
    };
    const inputs = Object.fromEntries(program.inputs.map(bind));
    const outputs = Object.fromEntries(program.outputs.map(bind));
    this.call = { program, rows: 0, columns, inputs, outputs, scalars };
  }

  run(layout: Layout, t: number): void {
    this.call.rows = layout.activeRows[t];
    for (const { target, array } of this.moving) target.offset = array.offset + rowAt(layout, array.movement, t) * array.rowStride;
    this.backend.pointwise(this.call);
  }
}

function rowAt(layout: Layout, movement: Movement, t: number): number {
  switch (movement) {
    case 'fixed':
      return 0;
    case 'packed':
      return layout.firstRow[t];
    case 'stateBefore':
      return layout.stateBefore[t];
    case 'stateAfter':
      return layout.batch + layout.firstRow[t];
  }
}

interface BoundStage {
  readonly program: StepProgram | undefined;
  readonly products: readonly Product[];
}

function bindStages(backend: Backend, call: RecurrentCall, stages: readonly Stage[], arrayOf: (name: string) => StepArray): BoundStage[] {
  return stages.map(({ program, products }) => ({
    program: program === undefined ? undefined : new StepProgram(backend, program, call.units, call.scalars, arrayOf),
    products,
  }));
}

/** The array behind a leaf or output name of a forward program. */
function forwardArray(call: RecurrentCall, recurrent: Strided, name: string): StepArray {
  const { units, plan } = call;
  const [role, what] = splitName(name);
  switch (role) {
    case 'recurrent':
      return { ...columnsAt(recurrent, 0, gateIndex(plan, what) * units), movement: 'fixed' };
    case 'next':
      return { ...call.states[what], rowStride: units, movement: 'stateAfter' };
    case 'output':
      return { ...call.output!, rowStride: units, movement: 'packed' };
    default:
      return sharedArray(call, role, what);
  }
}

/** The array behind a leaf or output name of a backward program. */
function backwardArray(call: RecurrentBackwardCall, dRecurrent: Strided, dOperands: readonly View[], unwanted: View, name: string): StepArray {
  const { units, plan } = call;
  const [role, what] = splitName(name);
  switch (role) {
    case 'next':
      return { ...call.states[what], rowStride: units, movement: 'stateAfter' };
    case 'dNext':
    case 'dState':
      return { ...call.dStates[what], rowStride: units, movement: 'fixed' };
    case 'dOutput':
      return { ...call.dOutput!, rowStride: units, movement: 'packed' };
    case 'dOperand':
      return { ...dOperands[Number(what)], rowStride: units, movement: 'fixed' };
    case 'dInput':
      return { ...columnsAt(call.dInput, 0, gateIndex(plan, what) * units), movement: 'packed' };
    case 'dRecurrent':
      return { ...columnsAt(dRecurrent, 0, gateIndex(plan, what) * units), movement: 'packed' };
    case 'dVector':
      return { ...(call.dWeights.vectors[what] ?? unwanted), rowStride: 0, movement: 'fixed' };
    default:
      return sharedArray(call, role, what);
  }
}

function sharedArray(call: RecurrentCall, role: string, what: string): StepArray {
  const { units, plan } = call;
  const slots: Strided = { ...call.gates, rowStride: plan.gateSlots * units };
  switch (role) {
    case 'input':
      return { ...columnsAt(slots, 0, gateIndex(plan, what) * units), movement: 'packed' };
    case 'kept':
      return { ...columnsAt(slots, 0, plan.keptSlots[Number(what)] * units), movement: 'packed' };
    case 'state':
      return { ...call.states[what], rowStride: units, movement: 'stateBefore' };
    case 'operand':
      return { ...call.operands[Number(what)], rowStride: units, movement: 'packed' };
    case 'bias':
      return { ...columnsAt({ ...call.weights.bias!, rowStride: 0 }, 0, gateIndex(plan, what) * units), movement: 'fixed' };
    case 'recurrentBias':
      return { ...columnsAt({ ...call.weights.recurrentBias!, rowStride: 0 }, 0, gateIndex(plan, what) * units), movement: 'fixed' };
    case 'vector':
      return { ...call.weights.vectors[what], rowStride: 0, movement: 'fixed' };
    default:
      // Masks: recurrent dropout holds for the whole sequence, zoneout draws anew at each step.
      return { ...call.masks[`${role}.${what}`], rowStride: units, movement: what.startsWith('zoneout') ? 'packed' : 'fixed' };
  }
}

function operandAt(call: RecurrentCall, layout: Layout, product: Product, t: number): Strided {
  const { units } = call;
  if (product.state !== undefined) return columnsAt({ ...call.states[product.state], rowStride: units }, layout.stateBefore[t], 0);
  return columnsAt({ ...call.operands[product.operand!], rowStride: units }, layout.firstRow[t], 0);
}

function kernelColumns(call: RecurrentCall, product: Product): Strided {
  const rowStride = call.plan.cell.gates.length * call.units;
  return columnsAt({ ...call.weights.recurrentKernel!, rowStride }, 0, product.firstGate * call.units);
}

function columnsAt(array: Strided, row: number, column: number): Strided {
  return { buffer: array.buffer, offset: array.offset + row * array.rowStride + column, rowStride: array.rowStride };
}

function gateIndex(plan: CellPlan, gate: string): number {
  return plan.cell.gates.indexOf(gate);
}

function splitName(name: string): [role: string, what: string] {
  const dot = name.indexOf('.');
  return dot < 0 ? [name, ''] : [name.slice(0, dot), name.slice(dot + 1)];
}
