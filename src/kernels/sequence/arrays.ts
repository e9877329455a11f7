import type { CellPlan } from '../../cells/plan.js';
import type { PointwiseProgram } from '../../expression/program.js';
import type {
  RecurrentBackwardCall,
  RecurrentCall,
  StepStrided,
  StepStridedPointwiseCall,
  Strided,
  View,
} from '../contract.js';
import type { Movement, Shard, StepRun } from './layout.js';

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

/** Finds the array behind a leaf or output of a program, by the two parts of its name. */
export type ArrayFinder = (role: string, what: string) => StepArray;

/** A program over a shard's rows and units, for one step after the other of a run. */
export function programCall(
  call: RecurrentCall,
  program: PointwiseProgram,
  shard: Shard,
  stepRun: StepRun,
  find: ArrayFinder,
): StepStridedPointwiseCall {
  const { inputs, outputs } = namesOf(program);
  const bind = (names: readonly ArrayName[]): Record<string, StepStrided> =>
    Object.fromEntries(names.map(({ name, role, what }) => [name, placed(find(role, what), shard.firstUnit, stepRun)]));
  return {
    program,
    rows: stepRun.numRows,
    columns: shard.numUnits,
    inputs: bind(inputs),
    outputs: bind(outputs),
    scalars: call.scalars,
  };
}

/** A name such as `input.forget` in its parts. */
interface ArrayName {
  readonly name: string;
  readonly role: string;
  readonly what: string;
}

interface ProgramNames {
  readonly inputs: readonly ArrayName[];
  readonly outputs: readonly ArrayName[];
}

const namesOfPrograms = new WeakMap<PointwiseProgram, ProgramNames>();

function namesOf(program: PointwiseProgram): ProgramNames {
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

/** The array behind a leaf or output of a forward program; `recurrent` holds the products with the states. */
export function forwardArray(call: RecurrentCall, recurrent: Strided, role: string, what: string): StepArray {
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
export interface BackwardArrays {
  readonly dRecurrent: Strided;
  /** By operand: `[B, U]`. */
  readonly dOperands: readonly View[];
  /** By name: where a shard sums the gradient of a vector. */
  readonly dVectors: Readonly<Record<string, View>>;
}

/** The array behind a leaf or output of a backward program. */
export function backwardArray(
  call: RecurrentBackwardCall,
  { dRecurrent, dOperands, dVectors }: BackwardArrays,
  role: string,
  what: string,
): StepArray {
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
      return stepArray(dVectors[what], 0, 0, 'fixed');
    default:
      return sharedArray(call, role, what);
  }
}

function sharedArray(call: RecurrentCall, role: string, what: string): StepArray {
  const { units, plan } = call;
  switch (role) {
    case 'input':
      return stepArray(call.gates, gateIndex(plan, what) * units, plan.gateSlots * units, 'packed');
    case 'saved':
      return stepArray(call.gates, plan.savedSlots[Number(what)] * units, plan.gateSlots * units, 'packed');
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

export function columnsAt(array: Strided, row: number, column: number): Strided {
  return { buffer: array.buffer, offset: array.offset + row * array.rowStride + column, rowStride: array.rowStride };
}

function gateIndex(plan: CellPlan, gate: string): number {
  return plan.cell.gates.indexOf(gate);
}
