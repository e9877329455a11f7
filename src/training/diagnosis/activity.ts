import { planCell } from '../../cells/plan.js';
import type { Cell } from '../../cells/define-cell.js';
import { recurrent } from '../../tensor/recurrent.js';
import { type Gate, gatesOf, showingGate } from './gates.js';
import type { ProbedRun } from './probed-run.js';

/** How the values of a gate or candidate are spread over sequences, steps and units. */
export interface GateActivity extends Gate {
  readonly mean: number;
  /** Share of values near the lower end: below 0.05 of sigmoids, below -0.95 of tanh; 0 of relu. */
  readonly low: number;
  /** Share of values near the upper end: above 0.95; null where there is none. */
  readonly high: number | null;
  /** Units whose every value is near the same end. */
  readonly numStuck: number;
}

/** What the units of a recurrent layer do. */
export interface Activity {
  readonly gates: readonly GateActivity[];
  /** Units whose output is the same at every step of every sequence. */
  readonly numDead: number;
}

/** Where values of an activation are near an end. */
const ends: Readonly<Record<string, { readonly low: number; readonly high: number | null }>> = {
  sigmoid: { low: 0.05, high: 0.95 },
  hardSigmoid: { low: 0.05, high: 0.95 },
  tanh: { low: -0.95, high: 0.95 },
  softsign: { low: -0.95, high: 0.95 },
  relu: { low: 0, high: null },
  relu6: { low: 0, high: 5.7 },
};

/** Outputs that differ by less are the same: far below what an output of size 1 means to the next layer. */
const leastChange = 1e-6;

/** Runs a layer's cell again, once for every gate with that gate as its output. Needs an open scope. */
export function activityOf(run: ProbedRun): Activity {
  const { plan: { cell, options } } = run.call;
  const gates = gatesOf(cell, options).flatMap((gate, i) => (Object.hasOwn(ends, gate.activation) ? [spreadOf(gate, unitsOf(run, showingGate(cell, i)))] : []));
  const numDead = unitsOf(run, cell).filter((values) => largest(values) - smallest(values) < leastChange).length;
  return { gates, numDead };
}

function spreadOf(gate: Gate, units: readonly (readonly number[])[]): GateActivity {
  const { low, high } = ends[gate.activation];
  const isLow = (value: number): boolean => value <= low;
  const isHigh = (value: number): boolean => high !== null && value >= high;
  const all = units.flat();
  const share = (test: (value: number) => boolean): number => all.filter(test).length / all.length;
  return {
    ...gate,
    mean: all.reduce((sum, value) => sum + value, 0) / all.length,
    low: share(isLow),
    high: high === null ? null : share(isHigh),
    numStuck: units.filter((values) => values.every(isLow) || values.every(isHigh)).length,
  };
}

/** By unit: the outputs of a cell at all steps that count. */
function unitsOf({ call }: ProbedRun, cell: Cell): number[][] {
  const plan = planCell(cell, call.plan.options);
  const values = recurrent({ ...call, plan, returnSequences: true, outputOrder: 'time', training: false }).output.dataSync();
  const units = Array.from({ length: call.units }, (): number[] => []);
  for (let step = 0; step * call.units < values.length; step++) {
    if (call.mask !== undefined && call.mask[step] === 0) continue;
    for (let unit = 0; unit < call.units; unit++) units[unit].push(values[step * call.units + unit]);
  }
  return units;
}

function largest(values: readonly number[]): number {
  return values.reduce((most, value) => Math.max(most, value), -Infinity);
}

function smallest(values: readonly number[]): number {
  return values.reduce((least, value) => Math.min(least, value), Infinity);
}
