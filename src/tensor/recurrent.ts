import { currentBackend } from '../kernels/select.js';
import { packSequences } from './packing.js';
import type { RecurrentArguments } from './recurrent-arguments.js';
import { RecurrentRun } from './recurrent-run.js';
import { isActive, operation } from './tape.js';
import type { Tensor } from './tensor.js';

export interface RecurrentResult {
  /** `[B, T, U]`, or `[B, U]` of the last step. */
  readonly output: Tensor;
  /** By state: `[B, U]`. */
  readonly finalStates: Readonly<Record<string, Tensor>>;
  /** By shown state: `[B, T, width]`. */
  readonly shownStates?: Readonly<Record<string, Tensor>> | undefined;
  /** Of each step the share of each key that it attends to: `[B, T, S]`, or `[B, S]` of the last step. */
  readonly shares?: Tensor | undefined;
}

/** Runs a cell along time with the hoisted input product, and notes its derivative. */
export function recurrent(call: RecurrentArguments): RecurrentResult {
  return recurrentTogether([call])[0];
}

/**
 * The same for runs that do not depend on each other, such as both directions of a bidirectional layer: at the same
 * time where there are threads.
 */
export function recurrentTogether(calls: readonly RecurrentArguments[]): RecurrentResult[] {
  const given = calls.map((call) => ({
    call,
    roles: rolesOf(call),
    packing: packSequences(call.input.shape[0], call.input.shape[1], call.mask, call),
  }));
  const backend = currentBackend();
  const outputs = operation(
    given.flatMap(({ roles }) => roles.map(([, value]) => value)),
    () => {
      const runs = given.map(({ call, packing }) => new RecurrentRun(call, packing));
      for (const run of runs) run.multiplyInput();
      backend.recurrentForward(
        runs.map((run, i) =>
          run.forwardCall(given[i].call.training || given[i].roles.some(([, value]) => isActive(value))),
        ),
      );
      return {
        outputs: runs.flatMap((run, i) => [
          run.outputTensor(),
          ...given[i].call.plan.cell.states.map((state) => run.finalState(state)),
          ...(given[i].call.shownStates ?? []).map((state) => run.stateSequence(state)),
          ...run.sharesTensor(),
        ]),
        backward: (dOutputs, wanted) => {
          const [outputsOf, inputsOf] = [
            shares(dOutputs, calls.map(numResults)),
            shares(
              wanted,
              given.map(({ roles }) => roles.length),
            ),
          ];
          const started = runs.map((run, i) => {
            const names = given[i].roles.map(([role]) => role).filter((_, j) => inputsOf[i][j]);
            // A run that nothing depends on has no gradients.
            return outputsOf[i].some((gradient) => gradient !== undefined)
              ? run.startBackward(outputsOf[i], new Set(names))
              : undefined;
          });
          backend.recurrentBackward(started.filter((run) => run !== undefined).map(({ call }) => call));
          return started.flatMap((run, i) => {
            const gradients = run?.finish();
            return given[i].roles.map(([role]) => gradients?.get(role));
          });
        },
      };
    },
  );
  return shares(outputs, calls.map(numResults)).map(([output, ...others], i) => {
    const { plan, shownStates = [] } = calls[i];
    const { states } = plan.cell;
    return {
      output,
      finalStates: Object.fromEntries(states.map((state, j) => [state, others[j]])),
      shownStates: Object.fromEntries(shownStates.map((state, j) => [state, others[states.length + j]])),
      shares: others[states.length + shownStates.length],
    };
  });
}

/** The tensors that a run depends on, by what they are to it. */
function rolesOf(call: RecurrentArguments): readonly (readonly [role: string, value: Tensor])[] {
  const roles: (readonly [string, Tensor | undefined])[] = [
    ['input', call.input],
    ['inputProjection', call.inputProjection],
    ['kernel', call.kernel],
    ['recurrentKernel', call.recurrentKernel],
    ['bias', call.bias],
    ['recurrentBias', call.recurrentBias],
    ...Object.entries(call.kernels ?? {}).map(([name, value]) => [`kernels.${name}`, value] as const),
    ...Object.entries(call.vectors).map(([name, value]) => [`vector.${name}`, value] as const),
    ['memory.keys', call.memory?.tensors.keys],
    ['memory.values', call.memory?.tensors.values],
    ['memory.scale', call.memory?.tensors.scale],
    ...call.plan.cell.states.map((state) => [`state.${state}`, call.initialStates[state]] as const),
  ];
  return roles.filter((entry): entry is readonly [string, Tensor] => entry[1] !== undefined);
}

/** A run gives its output, a final state for each state, those that are shown, and shares where it attends. */
function numResults({ plan, shownStates = [], memory }: RecurrentArguments): number {
  return 1 + plan.cell.states.length + shownStates.length + (memory === undefined ? 0 : 1);
}

/** Cuts a list into neighbouring shares of these sizes. */
function shares<T>(values: readonly T[], sizes: readonly number[]): T[][] {
  let first = 0;
  return sizes.map((size) => values.slice(first, (first += size)));
}
