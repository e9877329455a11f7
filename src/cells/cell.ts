import type { ActivationFunction, ActivationName } from '../expression/activations.js';
import type { Expression } from '../expression/build.js';

/** Initializers that need to know no more of a parameter than how many numbers it has. */
export const startNames = ['zeros', 'ones', 'randomUniform', 'recurrentUniform'] as const;

/**
 * How a parameter of a cell starts: by an initializer's name, everywhere at one number, or each at what a function
 * makes of a random number in [0, 1).
 */
export type StartingValue = (typeof startNames)[number] | number | ((uniform: number) => number);

/** What a cell's `step` is written with. Every value is an expression of one unit at one time step. */
export interface StepContext<
  Gate extends string,
  State extends string,
  Vector extends string,
  GateVector extends string = never,
  Kernel extends string = never,
> {
  /** By gate: input product + recurrent product + bias. */
  readonly gates: Readonly<Record<Gate, Expression>>;
  /** By gate: `W x + b`, the part that sees only the input. */
  readonly input: Readonly<Record<Gate, Expression>>;
  /** By gate: `W x` alone, for cells that change it before the bias is added. */
  readonly inputProduct: Readonly<Record<Gate, Expression>>;
  /** By gate: the bias alone; 0 without biases. */
  readonly bias: Readonly<Record<Gate, Expression>>;
  /** By gate: `U h` (+ its own bias where the cell has `recurrentBias`), the part that sees only the first state. */
  readonly recurrent: Readonly<Record<Gate, Expression>>;
  /** By name: the states before this step. */
  readonly states: Readonly<Record<State, Expression>>;
  /** By name: the cell's per-unit parameters. */
  readonly vectors: Readonly<Record<Vector, Expression>>;
  /** By name and gate: the per-unit parameters that every gate has. */
  readonly gateVectors: Readonly<Record<GateVector, Readonly<Record<Gate, Expression>>>>;
  /**
   * `U_gate operand`: the recurrent product of a gate with something other than the state, such as `reset * hidden`.
   */
  product(gate: Gate, operand: Expression): Expression;
  /** By name: the product of a value with one of the cell's own kernels, which may have another width. */
  readonly kernels: Readonly<Record<Kernel, (operand: Expression) => Expression>>;
  /** The cell's activation (option `activation`). */
  readonly activation: ActivationFunction;
  /** The gates' activation (option `recurrentActivation`). */
  readonly recurrentActivation: ActivationFunction;
}

/** A kernel of a cell's own, `[from, to]`: between values of `units`, or of a width that the cell names. */
export interface CellKernel<Width extends string = string> {
  readonly from: Width | 'units';
  readonly to: Width | 'units';
}

/** How a query is compared with a key: by their product, or by a sum of hyperbolic tangents with a weight each. */
export type AttentionScore = 'dot' | 'additive';

/**
 * What a step multiplies a value by: a weight `[from, to]`; with `memory` what the sequence attends to, where the value is
 * a query and the result a mean of values. A result `to` all gates is added to the gates' products with the input.
 */
export interface StepKernel extends CellKernel {
  readonly memory?: AttentionScore | undefined;
}

/** A recurrent cell as its equations. */
export interface CellDefinition<
  Gate extends string = string,
  State extends string = string,
  Vector extends string = string,
  GateVector extends string = string,
  Kernel extends string = string,
  Width extends string = string,
> {
  /** The name under which layers, files and the command line know it. */
  name: string;
  /** In storage order: gate g owns columns `g * units` to `(g + 1) * units` of the kernels. */
  gates: readonly Gate[];
  /** The first is what recurrent products multiply and, unless `step` returns `output`, the cell's output. */
  states: readonly State[];
  /** Per-unit parameters and how they start (peepholes, diagonal recurrent weights). */
  vectors?: Readonly<Record<Vector, StartingValue>> | undefined;
  /**
   * Per-unit parameters that each gate has one of, and how they start: `gain` of a gate `reset` is the weight
   * `gainReset`.
   */
  gateVectors?: Readonly<Record<GateVector, StartingValue>> | undefined;
  /** Widths besides `units`, and what they are where the layer's option `widths` does not say. */
  widths?: Readonly<Record<Width, (units: number) => number>> | undefined;
  /**
   * Of states that are not as wide as the units: the name of their width. Gates and vectors are as wide as the units.
   */
  stateWidths?: Readonly<Partial<Record<State, NoInfer<Width>>>> | undefined;
  /** Kernels besides those of the gates: `projection` is the weight `projectionKernel`. Each multiplies one value. */
  kernels?: Readonly<Record<Kernel, CellKernel<NoInfer<Width>>>> | undefined;
  /** `full` (default): every gate has a recurrent kernel. `none`: no gate has one. */
  recurrent?: 'full' | 'none' | undefined;
  /** Whether the recurrent product has a bias of its own, as the reset-after GRU. Default false. */
  recurrentBias?: boolean | undefined;
  /** Gates whose bias starts at 1 where the layer asks for `unitForgetBias`. */
  forgetGates?: readonly Gate[] | undefined;
  /** Defaults of the options; `tanh` and `sigmoid` where absent. */
  activation?: ActivationName | undefined;
  recurrentActivation?: ActivationName | undefined;
  /** One line and the source, shown by `rondo inspect` and in the docs. */
  description?: string | undefined;
  /** The equations: returns the next value of every state, and `output` where that is not the first state. */
  step(
    context: StepContext<Gate, State, Vector, GateVector, Kernel>,
  ): Readonly<Record<State, Expression>> & { readonly output?: Expression | undefined };
}

/** Choices that change a cell's equations. */
export interface EquationOptions {
  activation?: ActivationName | undefined;
  recurrentActivation?: ActivationName | undefined;
  /** Default true. */
  useBias?: boolean | undefined;
  /** Multiplies what recurrent products see by the mask `recurrent` (constant over the sequence). */
  recurrentDropout?: boolean | undefined;
  /** `mask`: keeps the old state where the mask `zoneout.STATE` of the step is 1; `mean`: its expectation. */
  zoneout?: { readonly kind: 'mask' | 'mean'; readonly states: readonly string[] } | undefined;
}

/** The equations of a cell with all options applied: what a plan is made from. */
export interface Equations<Gate extends string = string, State extends string = string> {
  readonly next: Readonly<Record<State, Expression>>;
  readonly output: Expression;
  /** By gate: what its recurrent product multiplies. */
  readonly operands: ReadonlyMap<Gate, Expression>;
  /** By the cell's own kernels: what they multiply. */
  readonly kernelOperands: ReadonlyMap<string, Expression>;
  /** Which of the options `activation` and `recurrentActivation` the step applies. */
  readonly activations: ReadonlySet<string>;
}

/**
 * A defined cell. Its equations are symbolic; nothing is computed until a layer runs.
 *
 * @typeParam Vector the per-unit parameters, those of gates under their whole names, such as `gainReset`.
 */
export interface Cell<
  Gate extends string = string,
  State extends string = string,
  Vector extends string = string,
  Name extends string = string,
> {
  readonly name: Name;
  readonly gates: readonly Gate[];
  readonly states: readonly State[];
  readonly vectors: Readonly<Record<Vector, StartingValue>>;
  readonly widths: Readonly<Record<string, (units: number) => number>>;
  /** By state: the name of its width. */
  readonly stateWidths: Readonly<Record<State, string>>;
  /** The name of the width of what the gates' recurrent products multiply. */
  readonly recurrentWidth: string;
  /** The name of the width of what recurrent dropout acts on: the same, but where these products have a low rank. */
  readonly droppedWidth: string;
  readonly outputWidth: string;
  readonly kernels: Readonly<Record<string, StepKernel>>;
  readonly recurrent: 'full' | 'none';
  readonly recurrentBias: boolean;
  readonly forgetGates: readonly Gate[];
  readonly activation: ActivationName;
  readonly recurrentActivation: ActivationName;
  readonly description: string;
  equations(options?: EquationOptions): Equations<Gate, State>;
}
