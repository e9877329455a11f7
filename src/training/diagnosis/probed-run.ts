import type { Layer } from '../../layers/layer.js';
import { type CellObserver, observingCells } from '../../layers/observed-cells.js';
import { copyOf } from '../../tensor/accumulate.js';
import * as ops from '../../tensor/index.js';
import type { RecurrentArguments } from '../../tensor/recurrent-arguments.js';
import { recordOperation, withoutTape } from '../../tensor/tape.js';
import { aliasTensor, scope, type Tensor } from '../../tensor/tensor.js';
import { Variable } from '../../tensor/variable.js';

/** About how many steps of sequences are looked at in a layer. */
const stepsLookedAt = 256;

/**
 * What a cell was given along time for the first rows of a batch, and how the batch's loss depends on what it returned.
 */
export interface ProbedRun {
  /** Can be run again, by {@link recurrent}, in the scope of the probe. */
  readonly call: RecurrentArguments;
  /** dL/d(output), shaped as the output; undefined where the loss does not depend on it. */
  readonly dOutput: Tensor | undefined;
  /** By state, dL/d(final state). */
  readonly dFinalStates: Readonly<Record<string, Tensor | undefined>>;
}

/**
 * Runs work that computes a loss and its derivatives, and takes note of every cell along time. A cell that runs twice
 * counts as it ran last.
 */
export function probingCells<T>(work: () => T): { result: T; runs: Map<Layer<never>, ProbedRun> } {
  const runs = new Map<Layer<never>, ProbedRun>();
  const observer: CellObserver = (member, call, result) => {
    const { output, finalStates } = result;
    const numRows = rowsLookedAt(call.input.shape);
    const kept = firstRowsOf(call, numRows);
    runs.set(member, { call: kept, dOutput: undefined, dFinalStates: {} });
    const { states } = call.plan.cell;
    const [seenOutput, ...seenFinals] = seen(
      [output, ...states.map((state) => finalStates[state])],
      ([dOutput, ...dFinals]) => {
        const firstRows = (gradient: Tensor | undefined): Tensor | undefined => gradient && rowsOf(gradient, numRows);
        runs.set(member, {
          call: kept,
          dOutput: firstRows(dOutput),
          dFinalStates: Object.fromEntries(states.map((state, i) => [state, firstRows(dFinals[i])])),
        });
      },
    );
    return {
      ...result,
      output: seenOutput,
      finalStates: Object.fromEntries(states.map((state, i) => [state, seenFinals[i]])),
    };
  };
  return { result: observingCells(observer, work), runs };
}

/** The same numbers; `see` is shown the derivatives by them. */
function seen(values: readonly Tensor[], see: (gradients: readonly (Tensor | undefined)[]) => void): Tensor[] {
  const results = values.map((value) => aliasTensor(value, value.shape));
  recordOperation(values, results, (gradients) => {
    see(gradients);
    return gradients;
  });
  return results;
}

function rowsLookedAt([batch, time]: readonly number[]): number {
  return Math.min(batch, Math.max(4, Math.ceil(stepsLookedAt / time)));
}

function firstRowsOf(call: RecurrentArguments, numRows: number): RecurrentArguments {
  const { input, mask, memory, initialStates, kernel, recurrentKernel, bias, recurrentBias } = call;
  const time = input.shape[1];
  return {
    ...call,
    input: rowsOf(input, numRows),
    mask: mask && Uint8Array.from({ length: numRows * time }, (_, i) => mask[i]),
    initialStates: Object.fromEntries(
      Object.entries(initialStates).map(([state, value]) => [state, rowsOf(value, numRows)]),
    ),
    kernel: kept(kernel),
    recurrentKernel: recurrentKernel && kept(recurrentKernel),
    bias: bias && kept(bias),
    memory: memory?.firstRows(numRows, rowsOf),
    recurrentBias: recurrentBias && kept(recurrentBias),
  };
}

function rowsOf(value: Tensor, numRows: number): Tensor {
  return withoutTape(() => scope(() => copyOf(ops.slice(value, 0, 0, numRows))));
}

function kept(weight: Tensor): Tensor {
  return weight instanceof Variable ? weight : copyOf(weight);
}
