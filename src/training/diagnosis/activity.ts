import { type CellPlan, planCell } from '../../cells/plan.js';
import { widthNamed } from '../../cells/widths.js';
import { recurrent } from '../../tensor/recurrent.js';
import type { RecurrentArguments } from '../../tensor/recurrent-arguments.js';
import type { FlatArray } from '../../tensor/tensor.js';
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
  hardSigmoidTheano: { low: 0.05, high: 0.95 },
  tanh: { low: -0.95, high: 0.95 },
  softsign: { low: -0.95, high: 0.95 },
  relu: { low: 0, high: null },
  relu6: { low: 0, high: 5.7 },
};

/** Outputs that differ by less are the same: far below what an output of size 1 means to the next layer. */
const leastChange = 1e-6;

/**
 * Runs a layer's cell again, once for every gate with that gate as its output. Needs an open scope, until it has returned
 * its promise.
 */
export async function activityOf({ call }: ProbedRun): Promise<Activity> {
  const gates = Promise.all(shownBy(call.plan).map(({ gate, plan }) => spreadOf(gate, { ...call, plan })));
  const dead = numDead(call);
  return { gates: await gates, numDead: await dead };
}

/** Plans are made once for a layer. */
const shown = new WeakMap<CellPlan, { readonly gate: Gate; readonly plan: CellPlan }[]>();

function shownBy(plan: CellPlan): { readonly gate: Gate; readonly plan: CellPlan }[] {
  let plans = shown.get(plan);
  if (plans === undefined) {
    const { cell, options } = plan;
    plans = gatesOf(cell, options).flatMap((gate, i) =>
      Object.hasOwn(ends, gate.activation) ? [{ gate, plan: planCell(showingGate(cell, i), options) }] : [],
    );
    shown.set(plan, plans);
  }
  return plans;
}

async function spreadOf(gate: Gate, call: RecurrentArguments): Promise<GateActivity> {
  const { low, high } = ends[gate.activation];
  const units = widthOf(call);
  const [lowOf, highOf] = [new Float64Array(units), new Float64Array(units)];
  let [count, sum] = [0, 0];
  forEachStep(call, await outputsOf(call), (values) => {
    count++;
    for (let unit = 0; unit < units; unit++) {
      const value = values[unit];
      sum += value;
      if (value <= low) lowOf[unit]++;
      else if (high !== null && value >= high) highOf[unit]++;
    }
  });
  const share = (counts: Float64Array): number => counts.reduce((all, one) => all + one, 0) / (count * units);
  return {
    ...gate,
    mean: sum / (count * units),
    low: share(lowOf),
    high: high === null ? null : share(highOf),
    numStuck: lowOf.filter((lows, unit) => lows === count || highOf[unit] === count).length,
  };
}

async function numDead(call: RecurrentArguments): Promise<number> {
  const units = widthOf(call);
  const [least, most] = [new Float64Array(units).fill(Infinity), new Float64Array(units).fill(-Infinity)];
  forEachStep(call, await outputsOf(call), (values) => {
    for (let unit = 0; unit < units; unit++) {
      least[unit] = Math.min(least[unit], values[unit]);
      most[unit] = Math.max(most[unit], values[unit]);
    }
  });
  return most.filter((value, unit) => value - least[unit] < leastChange).length;
}

/** How many numbers the cell returns at a step. */
function widthOf(call: RecurrentArguments): number {
  return widthNamed(call, call.plan.outputWidth);
}

/** What the cell returns at every step, `[rows, time, units]`. */
function outputsOf(call: RecurrentArguments): Promise<FlatArray> {
  return recurrent({ ...call, returnSequences: true, outputOrder: 'time', training: false }).output.data();
}

/** Goes through the steps that count. */
function forEachStep(call: RecurrentArguments, outputs: FlatArray, see: (values: FlatArray) => void): void {
  const { mask } = call;
  const units = widthOf(call);
  for (let step = 0; step * units < outputs.length; step++)
    if (mask === undefined || mask[step] !== 0) see(outputs.subarray(step * units, (step + 1) * units));
}
