import type { CellPlan } from '../cells/plan.js';
import type { SequenceMemory } from './sequence-memory.js';
import type { Tensor } from './tensor.js';

/** One recurrent layer along time. Shapes: B batch, T time, F features, U units, G gates. */
export interface RecurrentArguments {
  readonly plan: CellPlan;
  readonly units: number;
  /** By name, the widths that the cell has besides the units. */
  readonly widths?: Readonly<Record<string, number>> | undefined;
  /** `[B, T, F]`. */
  readonly input: Tensor;
  /** `[B * T]` on the host, 0 where a step does not count: its state and output stay those of the step before. */
  readonly mask?: ArrayLike<number> | undefined;
  /** By state: `[B, U]`. */
  readonly initialStates: Readonly<Record<string, Tensor>>;
  /** `[F, R]`: what the input goes through where its kernel has a low rank R. */
  readonly inputProjection?: Tensor | undefined;
  /** `[F, G * U]`, or `[R, G * U]`. */
  readonly kernel: Tensor;
  /** Heads of the recurrent products; 1 where absent. */
  readonly heads?: number | undefined;
  /** `[U, G * U]`; `[H, U / H, G * U / H]` with several heads. */
  readonly recurrentKernel?: Tensor | undefined;
  /** `[G * U]`. */
  readonly bias?: Tensor | undefined;
  /** `[G * U]`. */
  readonly recurrentBias?: Tensor | undefined;
  /** By name: the cell's own kernels, `[from, to]`. */
  readonly kernels?: Readonly<Record<string, Tensor>> | undefined;
  /** By name: `[U]`. */
  readonly vectors: Readonly<Record<string, Tensor>>;
  /** Dropout and zoneout masks by the plan's names: `[B, U]` for the whole sequence, `[T * B, U]` for each step. */
  readonly masks: Readonly<Record<string, Tensor>>;
  readonly scalars: Readonly<Record<string, number>>;
  /** What the steps attend to, where the cell does. */
  readonly memory?: SequenceMemory | undefined;
  /** States of which all steps are given besides the output; with `returnSequences` alone. */
  readonly shownStates?: readonly string[] | undefined;
  readonly reverse: boolean;
  readonly outputOrder: 'time' | 'computed';
  readonly returnSequences: boolean;
  /** Whether to keep what a backward pass needs; derivatives that are noted on a tape keep it in any case. */
  readonly training: boolean;
}
