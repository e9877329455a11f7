import type { Tensor } from '../tensor/tensor.js';
import type { Variable } from '../tensor/variable.js';

/** A layer, or a chain of them, run one time step at a time. */
export interface Stepper {
  /** By name: what is carried from one step to the next, zeros at first. */
  readonly states: ReadonlyMap<string, Variable>;
  /** Variables of its own besides the states, whose memory is given back with it. Default: none. */
  readonly own?: readonly Variable[] | undefined;
  /**
   * The output for one step of the input, `[batch, 1, ...]`; the states move on. It must run the same operations every
   * time, so that they can be recorded.
   *
   * @param others of a layer that takes several, in their order; those that stay over all steps are given whole.
   */
  readonly step: (input: Tensor, ...others: readonly Tensor[]) => Tensor;
  /**
   * Where the host has to look at a step's numbers, as for indices: it takes them before `step`, which is then given
   * nothing of use.
   */
  readonly read?: ((input: ArrayLike<number>) => void) | undefined;
  /**
   * Outputs, by path, whose steps stand along another axis than the second: a model may give them, but no layer may
   * read them.
   */
  readonly apart?: readonly string[] | undefined;
  /** Which of the inputs is the first state to begin with, where states stand behind them; by default none. */
  readonly firstState?: number | undefined;
  /** Whether the output is the input. */
  readonly isIdentity?: boolean | undefined;
}

/**
 * Steppers one after the other, by the names of their layers; at most the first that does anything reads on the host.
 */
export function chainOfSteppers(steppers: ReadonlyMap<string, Stepper>): Stepper {
  const all = [...steppers.values()];
  return {
    states: new Map(
      [...steppers].flatMap(([name, { states }]) =>
        [...states].map(([state, value]): [string, Variable] => [`${name}/${state}`, value]),
      ),
    ),
    own: all.flatMap(({ own = [] }) => own),
    step: (input) => all.reduce((value, { step }) => step(value), input),
    read: all.find(({ isIdentity }) => isIdentity !== true)?.read,
    isIdentity: all.every(({ isIdentity }) => isIdentity === true),
  };
}
