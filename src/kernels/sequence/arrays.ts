import { type LeafRole, leafName, roleOfLeaf } from '../../cells/leaf-role.js';
import type { CellPlan, WidthProgram } from '../../cells/plan.js';
import { gateRowWidth, slotColumn, unitsWidth, widthNamed, widthOfRole } from '../../cells/widths.js';
import { RondoError } from '../../errors.js';
import type { PointwiseProgram } from '../../expression/program.js';
import type { RecurrentBackwardCall, RecurrentCall, Strided, View } from '../contract.js';
import type { Movement, Shard, StepRun } from './layout.js';
import type { StepStrided, StepStridedPointwiseCall } from './loop-host.js';

/** An array of a run as all rows and units see it, and how its place moves from step to step. */
export interface StepArray extends Strided {
  readonly movement: Movement;
}

export function stepArray({ buffer, offset }: View, column: number, rowStride: number, movement: Movement): StepArray {
  return { buffer, offset: offset + column, rowStride, movement };
}

/** The part of an array that a shard works on, along a run of steps. */
export function placed(
  { buffer, offset, rowStride, movement }: StepArray,
  firstUnit: number,
  { start, stepStride }: StepRun,
): StepStrided {
  return {
    buffer,
    offset: offset + firstUnit + start[movement] * rowStride,
    rowStride,
    stepStride: stepStride[movement] * rowStride,
  };
}

/** Finds the array behind a leaf or output of a program. */
export type ArrayFinder = (of: LeafRole) => StepArray;

/** A program over a shard's rows and units, for one step after the other of a run. */
export function programCall(
  call: RecurrentCall,
  { program, width }: WidthProgram,
  shard: Shard,
  stepRun: StepRun,
  find: ArrayFinder,
): StepStridedPointwiseCall {
  const { inputs, outputs } = namesOf(program);
  // Where there are several widths, a shard has all units (split.ts).
  const columns = width === unitsWidth ? shard.numUnits : widthNamed(call, width);
  const bind = (names: readonly ArrayName[]): Record<string, StepStrided> => {
    const bound: Record<string, StepStrided> = {};
    for (const { name, of } of names) bound[name] = placed(find(of), shard.firstUnit, stepRun);
    return bound;
  };
  return {
    program,
    rows: stepRun.numRows,
    columns,
    inputs: bind(inputs),
    outputs: bind(outputs),
    scalars: call.scalars,
  };
}

interface ArrayName {
  readonly name: string;
  readonly of: LeafRole;
}

interface ProgramNames {
  readonly inputs: readonly ArrayName[];
  readonly outputs: readonly ArrayName[];
}

const namesOfPrograms = new WeakMap<PointwiseProgram, ProgramNames>();

function namesOf(program: PointwiseProgram): ProgramNames {
  let names = namesOfPrograms.get(program);
  if (names === undefined) {
    const parts = ({ name }: { readonly name: string }): ArrayName => ({ name, of: roleOfLeaf(name) });
    names = { inputs: program.inputs.map(parts), outputs: program.outputs.map(parts) };
    namesOfPrograms.set(program, names);
  }
  return names;
}

/** Results of products: those of all gates side by side, and by name those of the cell's own kernels. */
export interface ProductResults {
  readonly recurrent: Strided;
  readonly kernels: Readonly<Record<string, Strided>>;
  /** Those with the input, of all steps, which kernels of the cell add to. */
  readonly input: Strided;
}

/** The array behind a leaf or output of a forward program, which finds results of products in `results`. */
export function forwardArray(call: RecurrentCall, { recurrent, kernels }: ProductResults, of: LeafRole): StepArray {
  const { units, plan } = call;
  switch (of.role) {
    case 'recurrent':
      return stepArray(recurrent, gateIndex(plan, of.gate) * units, recurrent.rowStride, 'fixed');
    case 'product':
      return stepArray(kernels[of.kernel], 0, kernels[of.kernel].rowStride, 'fixed');
    case 'next':
      return stepArray(call.states[of.state], 0, stateWidth(call, of.state), 'stateAfter');
    case 'output':
      return stepArray(call.output!, 0, widthNamed(call, plan.outputWidth), 'packed');
    default:
      return sharedArray(call, of);
  }
}

/** What only the backward pass has. */
export interface BackwardArrays {
  readonly dProducts: ProductResults;
  /** By operand: `[B, U]`. */
  readonly dOperands: readonly View[];
  /**
   * By name: where a shard sums the gradient of a vector, and under `bias` that of a bias with a gradient of its own.
   */
  readonly dVectors: Readonly<Record<string, View>>;
}

/** The array behind a leaf or output of a backward program. */
export function backwardArray(
  call: RecurrentBackwardCall,
  { dProducts, dOperands, dVectors }: BackwardArrays,
  of: LeafRole,
): StepArray {
  const { units, plan } = call;
  switch (of.role) {
    case 'next':
      return stepArray(call.states[of.state], 0, stateWidth(call, of.state), 'stateAfter');
    case 'dNext':
    case 'dState':
      return stepArray(call.dStates[of.state], 0, stateWidth(call, of.state), 'fixed');
    case 'dShown':
      return stepArray(call.dShown![of.state], 0, stateWidth(call, of.state), 'packed');
    case 'dOutput':
      return stepArray(call.dOutput!, 0, widthNamed(call, plan.outputWidth), 'packed');
    case 'dOperand':
      return stepArray(dOperands[of.index], 0, operandWidth(call, of.index), 'fixed');
    case 'dProduct':
      return stepArray(dProducts.kernels[of.kernel], 0, dProducts.kernels[of.kernel].rowStride, 'packed');
    case 'dInput':
      return stepArray(call.dInput, gateIndex(plan, of.gate) * units, call.dInput.rowStride, 'packed');
    case 'dRecurrent':
      return stepArray(dProducts.recurrent, gateIndex(plan, of.gate) * units, dProducts.recurrent.rowStride, 'packed');
    case 'dVector':
      return stepArray(dVectors[of.vector], 0, 0, 'fixed');
    case 'dBias':
      return stepArray(dVectors.bias, gateIndex(plan, of.gate) * units, 0, 'fixed');
    default:
      return sharedArray(call, of);
  }
}

function sharedArray(call: RecurrentCall, of: LeafRole): StepArray {
  const { units, plan } = call;
  switch (of.role) {
    case 'input':
      return stepArray(call.gates, gateIndex(plan, of.gate) * units, gateRowWidth(plan, call), 'packed');
    case 'saved': {
      const column = slotColumn(plan, call, plan.savedSlots[of.index]);
      return stepArray(call.gates, column, gateRowWidth(plan, call), 'packed');
    }
    case 'state':
      return stepArray(call.states[of.state], 0, stateWidth(call, of.state), 'stateBefore');
    case 'operand':
      return stepArray(call.operands[of.index], 0, operandWidth(call, of.index), 'packed');
    case 'bias':
      return stepArray(call.weights.bias!, gateIndex(plan, of.gate) * units, 0, 'fixed');
    case 'recurrentBias':
      return stepArray(call.weights.recurrentBias!, gateIndex(plan, of.gate) * units, 0, 'fixed');
    case 'vector':
      return stepArray(call.weights.vectors[of.vector], 0, 0, 'fixed');
    case 'mask':
      return stepArray(
        call.masks[leafName(of)],
        0,
        widthNamed(call, widthOfRole(plan.cell, of)!),
        of.kind === 'step' ? 'packed' : 'fixed',
      );
    case 'recurrent':
    case 'next':
    case 'output':
    case 'dNext':
    case 'dState':
    case 'dShown':
    case 'dOutput':
    case 'dOperand':
    case 'dInput':
    case 'dRecurrent':
    case 'dVector':
    case 'dBias':
    case 'product':
    case 'dProduct':
    case 'zoneout':
      throw new RondoError('INTERNAL', { where: 'sequence', what: `no array is behind \`${leafName(of)}\` here.` });
  }
}

export function columnsAt(array: Strided, row: number, column: number): Strided {
  return { buffer: array.buffer, offset: array.offset + row * array.rowStride + column, rowStride: array.rowStride };
}

export function stateWidth(call: RecurrentCall, state: string): number {
  return widthNamed(call, call.plan.cell.stateWidths[state]);
}

export function operandWidth(call: RecurrentCall, index: number): number {
  return widthNamed(call, call.plan.operandWidths[index]);
}

function gateIndex(plan: CellPlan, gate: string): number {
  return plan.cell.gates.indexOf(gate);
}
