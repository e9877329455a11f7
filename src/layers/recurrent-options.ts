import type { Cell } from '../cells/cell.js';
import { refuseUnknownOptions } from '../errors.js';
import type { ActivationName } from '../expression/activations.js';
import type { ConstraintLike } from './constraints.js';
import type { InitializerLike } from './initializers.js';
import type { LayerOptions } from './layer.js';
import type { RegularizerLike } from './regularizers.js';
import { isRestoring } from './restoring.js';

/** Keras 3's options of recurrent layers, with its defaults. One that the cell has no use for is refused. */
export interface RecurrentOptions<State extends string = string> extends LayerOptions {
  /** Width of the state, and of the output. A list gives each cell of a list its own. */
  units: number | readonly number[];
  /** Widths that a cell has besides its units, by name, such as the `projection` of `lstmp`; by default the cell's own. */
  widths?: Readonly<Record<string, number>> | undefined;
  /**
   * Into how many heads the units are parted: recurrent products of a unit see those of its own head only, so that the
   * recurrent kernel is block-diagonal, `[heads, units / heads, gates * units / heads]` (Beck et al. 2024, "xLSTM",
   * section 2.2). A divisor of the units. Default 1; refused by cells without recurrent products.
   */
  heads?: number | undefined;
  /**
   * Rank of the recurrent kernel: it is the product of two, `recurrentProjectionKernel [units, rank]` and
   * `recurrentKernel [rank, gates * units]` (Prabhavalkar et al. 2016), which hold and compute less where the rank is
   * small. Options of the recurrent kernel hold for both; weightDropout acts on the second. From 1 to the kernel's
   * smaller side; refused by cells without recurrent products, and beside several heads. By default the kernel is one.
   */
  recurrentRank?: number | undefined;
  /**
   * Rank of the input kernel: it is the product of two, `inputProjectionKernel [features, rank]` and
   * `kernel [rank, gates * units]`. Options of the kernel hold for both. From 1 to the kernel's smaller side. By default
   * the kernel is one.
   */
  kernelRank?: number | undefined;
  /** By default the cell's own (tanh for most). */
  activation?: ActivationName | undefined;
  /** By default the cell's own (sigmoid for most). */
  recurrentActivation?: ActivationName | undefined;
  /** Default true. */
  useBias?: boolean | undefined;
  /** Default glorotUniform. */
  kernelInitializer?: InitializerLike | undefined;
  /** Default orthogonal. */
  recurrentInitializer?: InitializerLike | undefined;
  /** Default zeros. */
  biasInitializer?: InitializerLike | undefined;
  /**
   * Starts the bias of forget gates at 1 (Jozefowicz et al. 2015). Default true.
   */
  unitForgetBias?: boolean | undefined;
  kernelRegularizer?: RegularizerLike | undefined;
  recurrentRegularizer?: RegularizerLike | undefined;
  biasRegularizer?: RegularizerLike | undefined;
  kernelConstraint?: ConstraintLike | undefined;
  recurrentConstraint?: ConstraintLike | undefined;
  biasConstraint?: ConstraintLike | undefined;
  /** Share of the input features dropped, the same ones at every step of a sequence. Default 0. */
  dropout?: number | undefined;
  /**
   * Share of the state that recurrent products do not see, the same units at every step; refused by cells without such
   * products. Default 0.
   */
  recurrentDropout?: number | undefined;
  /**
   * Share of the recurrent kernel's weights dropped, the same ones at every step and for every sequence of a batch
   * (DropConnect; Merity et al. 2018, "Regularizing and optimizing LSTM language models", section 2); refused as
   * recurrentDropout. Default 0.
   */
  weightDropout?: number | undefined;
  /**
   * Chance that a unit keeps its old state, drawn at each step (Krueger et al. 2017); one rate, or one by state.
   * Default 0.
   */
  zoneout?: number | Readonly<Partial<Record<State, number>>> | undefined;
  /** Whether the output has every step or only the last. Default false. */
  returnSequences?: boolean | undefined;
  /** Reads time backwards; the output is in the order it was computed, as in Keras. Default false. */
  goBackwards?: boolean | undefined;
  /**
   * Whether `goBackwards` puts the mask of the output in the order of its steps. Default true. With false it stays as it came: later
   * layers hide other steps than those that are padding, which is what Keras and TensorFlow.js compute.
   */
  reverseMask?: boolean | undefined;
  /** Carries the state from one batch to the next until `resetStates()`. Default false. */
  stateful?: boolean | undefined;
  /** Whether masked steps give zeros instead of repeating the output before. Default false. */
  zeroOutputForMask?: boolean | undefined;
  /**
   * Trades time for memory on long sequences: only the states every so many steps are kept, and the backward pass
   * computes the rest again, one segment after the other. Results do not change. About the square root of the number of
   * steps needs least memory. By default everything is kept.
   */
  recomputeSteps?: number | undefined;
}

/** What is other in a copy of a layer. */
export interface LayerChanges {
  readonly name?: string | undefined;
  /** By cell, in place of its own. */
  readonly cells?: readonly Partial<RecurrentOptions>[] | undefined;
}

/** Names of the options that are about a cell: each cell of several may have its own. */
export const cellOptionNames = [
  'units',
  'heads',
  'widths',
  'recurrentRank',
  'kernelRank',
  'activation',
  'recurrentActivation',
  'useBias',
  'kernelInitializer',
  'recurrentInitializer',
  'biasInitializer',
  'unitForgetBias',
  'kernelRegularizer',
  'recurrentRegularizer',
  'biasRegularizer',
  'kernelConstraint',
  'recurrentConstraint',
  'biasConstraint',
  'dropout',
  'recurrentDropout',
  'weightDropout',
  'zoneout',
] as const satisfies readonly (keyof RecurrentOptions)[];

/** Every name of {@link RecurrentOptions} but those all layers have. */
export const recurrentOptionNames: readonly string[] = [
  ...cellOptionNames,
  'returnSequences',
  'returnState',
  'goBackwards',
  'reverseMask',
  'stateful',
  'zeroOutputForMask',
  'recomputeSteps',
];

/**
 * The options with a cell.
 *
 * @param isChosen whether the options say which cell it is.
 * @throws USAGE for what is no object, such as a number of units: spread, it would leave nothing; UNKNOWN_NAME for a
 *   cell where the layer has its own
 */
export function withCell<Options extends object, Cells extends Cell | readonly object[]>(
  where: string,
  options: Options,
  cell: (options: Options) => Cells,
  isChosen = false,
): Omit<Options, 'cell'> & { cell: Cells } {
  const isObject = Object(options) === options;
  // A copy is made of the options of a layer, which have its cell.
  if (!isObject || (!isChosen && 'cell' in options && !isRestoring()))
    refuseUnknownOptions(where, isObject ? { cell } : options, recurrentOptionNames);
  return { ...options, cell: cell(options) };
}
