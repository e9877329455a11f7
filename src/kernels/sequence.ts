import type { CellPlan, Product, Stage } from '../cells/plan.js';
import { leaf } from '../expression/build.js';
import type { Backend, PointwiseCall, RecurrentBackwardCall, RecurrentCall, RecurrentForwardCall, Strided, View } from './contract.js';
import { type PointwiseProgram, pointwiseProgram } from '../expression/program.js';

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
  const stages = bindStages(backend, call, call.training ? plan.trainingStages : plan.inferenceStages, (role, what) => forwardArray(call, recurrent, role, what));
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
  const own: BackwardArrays = { dRecurrent, dOperands, unwanted: { buffer: backend.temporary(units), offset: 0 } };
  const stages = bindStages(backend, call, backward.stages, (role, what) => backwardArray(call, own, role, what));
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
  const { bias, recurrentBias } = call.dWeights;
  if (bias !== undefined) addColumnSums(backend, call.dInput, bias, layout.rows, gateWidth);
  // Gates without a recurrent product do not see their recurrent bias.
  for (const { firstGate, numGates } of recurrentBias === undefined ? [] : plan.products) {
    const first = firstGate * units;
    addColumnSums(backend, columnsAt(dRecurrent, 0, first), { buffer: recurrentBias!.buffer, offset: recurrentBias!.offset + first }, layout.rows, numGates * units);
  }
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

type MovingView = { -readonly [K in keyof Strided]: Strided[K] };

interface StepArray extends MovingView {
  readonly movement: Movement;
}

function stepArray({ buffer, offset }: View, column: number, rowStride: number, movement: Movement): StepArray {
  return { buffer, offset: offset + column, rowStride, movement };
}

/** A name such as `input.forget` in its parts, read once for each program. */
interface ArrayName {
  readonly name: string;
  readonly role: string;
  readonly what: string;
}

const namesOfPrograms = new WeakMap<PointwiseProgram, { readonly inputs: readonly ArrayName[]; readonly outputs: readonly ArrayName[] }>();

function namesOf(program: PointwiseProgram): { readonly inputs: readonly ArrayName[]; readonly outputs: readonly ArrayName[] } {
  let names = namesOfPrograms.get(program);
  if (names === undefined) {
    const parts = ({ name }: { readonly name: string }): ArrayName => {
      const dot = name.indexOf('.');
      return dot < 0 ? { name, role: name, what: '' } : { name, role: name.slice(0, dot), what: name.slice(dot + 1) };
    };
    names = { inputs: program.inputs.map(parts), outputs: program.outputs.map(parts) };
    namesOfPrograms.set(program, names);
  }
  return names;
}

/** Finds the array behind a leaf or output of a program. */
type ArrayFinder = (role: string, what: string) => StepArray;

/** A pointwise program bound to the arrays of a call; running a step only moves their offsets. */
class StepProgram {
  private readonly call: { -readonly [K in keyof PointwiseCall]: PointwiseCall[K] };
  private readonly moving: { readonly target: StepArray; readonly start: number }[] = [];

  constructor(
    private readonly backend: Backend,
    program: PointwiseProgram,
    columns: number,
    scalars: Readonly<Record<string, number>>,
    find: ArrayFinder,
  ) {
    const { inputs, outputs } = namesOf(program);
    this.call = { program, rows: 0, columns, inputs: this.bind(inputs, find), outputs: this.bind(outputs, find), scalars };
  }

  private bind(names: readonly ArrayName[], find: ArrayFinder): Record<string, Strided> {
    const arrays: Record<string, Strided> = {};
    for (const { name, role, what } of names) {
      const target = find(role, what);
      if (target.movement !== 'fixed') this.moving.push({ target, start: target.offset });
      arrays[name] = target;
    }
    return arrays;
  }

  run(layout: Layout, t: number): void {
    this.call.rows = layout.activeRows[t];
    for (const { target, start } of this.moving) target.offset = start + rowAt(layout, target.movement, t) * target.rowStride;
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

function bindStages(backend: Backend, call: RecurrentCall, stages: readonly Stage[], find: ArrayFinder): BoundStage[] {
  return stages.map(({ program, products }) => ({
    program: program === undefined ? undefined : new StepProgram(backend, program, call.units, call.scalars, find),
    products,
  }));
}

/** The array behind a leaf or output of a forward program. */
function forwardArray(call: RecurrentCall, recurrent: Strided, role: string, what: string): StepArray {
  const { units, plan } = call;
  switch (role) {
    case 'recurrent':
      return stepArray(recurrent, gateIndex(plan, what) * units, recurrent.rowStride, 'fixed');
    case 'next':
      return stepArray(call.states[what], 0, units, 'stateAfter');
    case 'output':
      return stepArray(call.output!, 0, units, 'packed');
    default:
      return sharedArray(call, role, what);
  }
}

/** What only the backward pass has. */
interface BackwardArrays {
  readonly dRecurrent: Strided;
  /** By operand: `[B, U]`. */
  readonly dOperands: readonly View[];
  /** Takes the gradient of a vector that nobody wants. */
  readonly unwanted: View;
}

/** The array behind a leaf or output of a backward program. */
function backwardArray(call: RecurrentBackwardCall, { dRecurrent, dOperands, unwanted }: BackwardArrays, role: string, what: string): StepArray {
  const { units, plan } = call;
  switch (role) {
    case 'next':
      return stepArray(call.states[what], 0, units, 'stateAfter');
    case 'dNext':
    case 'dState':
      return stepArray(call.dStates[what], 0, units, 'fixed');
    case 'dOutput':
      return stepArray(call.dOutput!, 0, units, 'packed');
    case 'dOperand':
      return stepArray(dOperands[Number(what)], 0, units, 'fixed');
    case 'dInput':
      return stepArray(call.dInput, gateIndex(plan, what) * units, call.dInput.rowStride, 'packed');
    case 'dRecurrent':
      return stepArray(dRecurrent, gateIndex(plan, what) * units, dRecurrent.rowStride, 'packed');
    case 'dVector':
      return stepArray(call.dWeights.vectors[what] ?? unwanted, 0, 0, 'fixed');
    default:
      return sharedArray(call, role, what);
  }
}

function sharedArray(call: RecurrentCall, role: string, what: string): StepArray {
  const { units, plan } = call;
  switch (role) {
    case 'input':
      return stepArray(call.gates, gateIndex(plan, what) * units, plan.gateSlots * units, 'packed');
    case 'kept':
      return stepArray(call.gates, plan.keptSlots[Number(what)] * units, plan.gateSlots * units, 'packed');
    case 'state':
      return stepArray(call.states[what], 0, units, 'stateBefore');
    case 'operand':
      return stepArray(call.operands[Number(what)], 0, units, 'packed');
    case 'bias':
      return stepArray(call.weights.bias!, gateIndex(plan, what) * units, 0, 'fixed');
    case 'recurrentBias':
      return stepArray(call.weights.recurrentBias!, gateIndex(plan, what) * units, 0, 'fixed');
    case 'vector':
      return stepArray(call.weights.vectors[what], 0, 0, 'fixed');
    default:
      // Masks: recurrent dropout holds for the whole sequence, zoneout draws anew at each step.
      return stepArray(call.masks[`${role}.${what}`], 0, units, what.startsWith('zoneout') ? 'packed' : 'fixed');
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
