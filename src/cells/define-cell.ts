import { RondoError, refuseUnknownOptions, requireBoolean, requireNumber, unknownName } from '../errors.js';
import { type ActivationFunction, type ActivationName, activation } from '../expression/activations.js';
import { add, constant, type Expression, expressionOf, mul, type Operand, sub } from '../expression/build.js';
import { roleLeaf } from './leaf-role.js';
import { unitsWidth, widthsOfEquations } from './widths.js';

/** Initializers that need to know no more of a parameter than how many numbers it has. */
const startNames = ['zeros', 'ones', 'randomUniform', 'recurrentUniform'] as const;

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

const definitionKeys: readonly (keyof CellDefinition)[] = [
  'name',
  'gates',
  'states',
  'vectors',
  'gateVectors',
  'widths',
  'stateWidths',
  'kernels',
  'recurrent',
  'recurrentBias',
  'forgetGates',
  'activation',
  'recurrentActivation',
  'description',
  'step',
];

/** Choices that change a cell's equations. */
export interface EquationOptions {
  activation?: string | undefined;
  recurrentActivation?: string | undefined;
  /** Default true. */
  useBias?: boolean | undefined;
  /** Multiplies what recurrent products see by the mask `recurrent` (constant over the sequence). */
  recurrentDropout?: boolean | undefined;
  /** `mask`: keeps the old state where the mask `zoneout.STATE` of the step is 1; `mean`: its expectation. */
  zoneout?: { readonly kind: 'mask' | 'mean'; readonly states: readonly string[] } | undefined;
}

/** The equations of a cell with all options applied: what a plan is made from. */
export interface Equations {
  readonly next: Readonly<Record<string, Expression>>;
  readonly output: Expression;
  /** By gate: what its recurrent product multiplies. */
  readonly operands: ReadonlyMap<string, Expression>;
  /** By the cell's own kernels: what they multiply. */
  readonly kernelOperands: ReadonlyMap<string, Expression>;
  /** Which of the options `activation` and `recurrentActivation` the step applies. */
  readonly activations: ReadonlySet<string>;
}

/** A defined cell. Its equations are symbolic; nothing is computed until a layer runs. */
export interface Cell {
  readonly name: string;
  readonly gates: readonly string[];
  readonly states: readonly string[];
  readonly vectors: Readonly<Record<string, StartingValue>>;
  readonly widths: Readonly<Record<string, (units: number) => number>>;
  /** By state: the name of its width. */
  readonly stateWidths: Readonly<Record<string, string>>;
  /** The name of the width of what the gates' recurrent products multiply. */
  readonly recurrentWidth: string;
  readonly outputWidth: string;
  readonly kernels: Readonly<Record<string, CellKernel>>;
  readonly recurrent: 'full' | 'none';
  readonly recurrentBias: boolean;
  readonly forgetGates: readonly string[];
  readonly activation: ActivationName;
  readonly recurrentActivation: ActivationName;
  readonly description: string;
  equations(options?: EquationOptions): Equations;
}

/**
 * Makes a cell from its equations. The reference, the derivative and the fused kernels all come from `step`, so a cell
 * defined here runs as fast as a built-in one.
 *
 * @throws USAGE where a name is used twice, a state has no next value, a product is used with two operands, or widths
 * do not fit; UNKNOWN_NAME, OUT_OF_RANGE for choices and starting values that there are not.
 */
export function defineCell<
  const Gate extends string,
  const State extends string,
  const Vector extends string = never,
  const GateVector extends string = never,
  const Kernel extends string = never,
  const Width extends string = never,
>(definition: CellDefinition<Gate, State, Vector, GateVector, Kernel, Width>): Cell {
  const where = `defineCell(${definition?.name})`;
  refuseUnknownOptions(where, definition, definitionKeys);
  requireNames(where, 'cell', [definition.name]);
  requireNames(where, 'gate', definition.gates, [], 'candidate');
  requireNames(where, 'state', definition.states, ['output'], 'hidden');
  if (typeof definition.step !== 'function') throw usage(where, '`step` is no function.', 'write the equations.');
  requireOneOf(where, 'recurrent', definition.recurrent ?? 'full', ['full', 'none']);
  requireBoolean(where, 'recurrentBias', definition.recurrentBias);
  const vectors = vectorsOf(definition);
  for (const [name, start] of vectors) {
    if (typeof start === 'number') requireNumber(where, name, start, 'a finite number', () => true);
    else if (typeof start !== 'function') requireOneOf(`${where}, ${name}`, 'starting value', start, startNames);
  }
  const kernels: Readonly<Record<string, CellKernel>> = definition.kernels ?? {};
  requireNames(
    where,
    'vector',
    vectors.map(([name]) => name),
    ['kernel', 'recurrentKernel', 'bias', ...Object.keys(kernels).map(kernelWeight)],
  );
  requireNames(where, 'forget gate', definition.forgetGates ?? []);
  for (const gate of definition.forgetGates ?? []) requireOneOf(where, 'gate', gate, definition.gates);
  const widths: Readonly<Record<string, (units: number) => number>> = definition.widths ?? {};
  requireNames(where, 'width', Object.keys(widths), [unitsWidth]);
  requireNames(where, 'kernel', Object.keys(kernels), ['recurrent']);
  const stateWidths: Readonly<Record<string, string>> = record(
    definition.states,
    (state) => definition.stateWidths?.[state] ?? unitsWidth,
  );
  refuseUnknownOptions(`${where}, stateWidths`, definition.stateWidths ?? {}, definition.states);
  for (const width of [
    ...Object.values(stateWidths),
    ...Object.values(kernels).flatMap(({ from, to }) => [from, to]),
  ]) {
    requireOneOf(where, 'width', width, [unitsWidth, ...Object.keys(widths)]);
  }
  const own = {
    name: definition.name,
    gates: definition.gates,
    states: definition.states,
    vectors: Object.fromEntries(vectors),
    widths,
    stateWidths,
    kernels,
    recurrent: definition.recurrent ?? 'full',
    recurrentBias: definition.recurrentBias ?? false,
    forgetGates: definition.forgetGates ?? [],
    activation: definition.activation ?? 'tanh',
    recurrentActivation: definition.recurrentActivation ?? 'sigmoid',
    description: definition.description ?? '',
  };
  const equations = (options: EquationOptions = {}): Equations => equationsOf(definition, own, options);
  return { ...own, ...widthsOfEquations(where, own, equations()), equations };
}

/** The name of the weight of a cell's own kernel. */
export function kernelWeight(kernel: string): string {
  return `${kernel}Kernel`;
}

/** All per-unit parameters with what they start at, those of the gates last. */
function vectorsOf({ gates, vectors = {}, gateVectors = {} }: CellDefinition): [name: string, StartingValue][] {
  const ofGates = Object.entries(gateVectors).flatMap(([name, start]) =>
    gates.map((gate): [string, StartingValue] => [gateVectorName(name, gate), start]),
  );
  return [...Object.entries(vectors), ...ofGates];
}

function gateVectorName(name: string, gate: string): string {
  return name + gate[0].toUpperCase() + gate.slice(1);
}

function equationsOf<
  Gate extends string,
  State extends string,
  Vector extends string,
  GateVector extends string,
  Kernel extends string,
  Width extends string,
>(
  definition: CellDefinition<Gate, State, Vector, GateVector, Kernel, Width>,
  cell: Omit<Cell, 'recurrentWidth' | 'outputWidth' | 'equations'>,
  options: EquationOptions,
): Equations {
  const where = `cell ${cell.name}`;
  const useBias = options.useBias ?? true;
  const operands = new Map<string, Expression>();
  const states = record(definition.states, (state) => roleLeaf({ role: 'state', state }));
  const product = (gate: Gate, given: Operand): Expression => {
    const operand = expressionOf(given);
    if (cell.recurrent === 'none') {
      throw usage(
        where,
        `gate \`${gate}\` has no recurrent kernel.`,
        "remove `recurrent: 'none'`, or write the gate from `input` alone.",
      );
    }
    requireOneOf(where, 'gate', gate, definition.gates);
    setOnce(operands, gate, operand, `the recurrent product of gate \`${gate}\``);
    const result = roleLeaf({ role: 'recurrent', gate });
    return cell.recurrentBias && useBias ? add(result, roleLeaf({ role: 'recurrentBias', gate }, 'column')) : result;
  };
  const setOnce = (map: Map<string, Expression>, name: string, operand: Expression, what: string): void => {
    if ((map.get(name) ?? operand) !== operand)
      throw usage(
        where,
        `${what} is used with two different operands.`,
        'add a gate or a kernel, so that each product has a kernel of its own.',
      );
    map.set(name, operand);
  };
  const kernelOperands = new Map<string, Expression>();
  const inputProduct = record(definition.gates, (gate) => roleLeaf({ role: 'input', gate }));
  const bias = record(definition.gates, (gate) => (useBias ? roleLeaf({ role: 'bias', gate }, 'column') : constant(0)));
  const input = record(definition.gates, (gate) =>
    useBias ? add(inputProduct[gate], bias[gate]) : inputProduct[gate],
  );
  const vectorNamed = (vector: string): Expression => roleLeaf({ role: 'vector', vector }, 'column');
  const recurrent = lazyRecord(definition.gates, (gate) => product(gate, states[definition.states[0]]));
  const gates = lazyRecord(definition.gates, (gate) =>
    cell.recurrent === 'none' ? input[gate] : add(input[gate], recurrent[gate]),
  );
  const activations = new Set<string>();
  const noted = (option: 'activation' | 'recurrentActivation'): ActivationFunction => {
    const apply = activation(options[option] ?? cell[option], where);
    return (x) => {
      activations.add(option);
      return apply(x);
    };
  };
  const returned = definition.step({
    gates,
    input,
    inputProduct,
    bias,
    recurrent,
    states,
    vectors: record(Object.keys(definition.vectors ?? {}) as Vector[], vectorNamed),
    gateVectors: record(Object.keys(definition.gateVectors ?? {}) as GateVector[], (name) =>
      record(definition.gates, (gate) => vectorNamed(gateVectorName(name, gate))),
    ),
    product,
    kernels: record(Object.keys(cell.kernels) as Kernel[], (kernel) => (operand: Operand) => {
      setOnce(kernelOperands, kernel, expressionOf(operand), `kernel \`${kernel}\``);
      return roleLeaf({ role: 'product', kernel });
    }),
    activation: noted('activation'),
    recurrentActivation: noted('recurrentActivation'),
  });
  const unused = Object.keys(cell.kernels).find((kernel) => !kernelOperands.has(kernel));
  if (unused !== undefined)
    throw usage(
      where,
      `kernel \`${unused}\` is not used.`,
      `write kernels.${unused}(...) in the step, or leave it out.`,
    );
  return {
    ...withRegularisation(where, definition.states, states, returned, operands, options),
    kernelOperands,
    activations,
  };
}

/**
 * Applies recurrent dropout (Gal and Ghahramani 2016, eq. 7) and zoneout (Krueger et al. 2017, eq. 2-4) to equations.
 */
function withRegularisation<State extends string>(
  where: string,
  names: readonly State[],
  states: Readonly<Record<State, Expression>>,
  returned: Readonly<Record<State, Expression>> & { readonly output?: Expression | undefined },
  operands: Map<string, Expression>,
  options: EquationOptions,
): Omit<Equations, 'kernelOperands' | 'activations'> {
  const next: Record<string, Expression> = {};
  for (const state of names) {
    if (returned?.[state] === undefined)
      throw usage(where, `step returns no next value for state \`${state}\`.`, `return { ${names.join(', ')} }.`);
    next[state] = expressionOf(returned[state]);
  }
  refuseUnknownOptions(`${where}, what step returns`, returned, [...names, 'output']);
  for (const state of options.zoneout?.states ?? []) {
    const keep =
      options.zoneout!.kind === 'mask'
        ? roleLeaf({ role: 'mask', kind: 'step', state })
        : roleLeaf({ role: 'zoneout', state }, 'scalar');
    next[state] = add(mul(keep, states[state as State]), mul(sub(1, keep), next[state]));
  }
  if (options.recurrentDropout === true) {
    const mask = roleLeaf({ role: 'mask', kind: 'sequence' });
    const masked = new Map<Expression, Expression>();
    for (const [gate, operand] of operands) {
      if (!masked.has(operand)) masked.set(operand, mul(operand, mask));
      operands.set(gate, masked.get(operand)!);
    }
  }
  return { next, output: returned.output === undefined ? next[names[0]] : expressionOf(returned.output), operands };
}

/** A rate of dropout or zoneout. @throws OUT_OF_RANGE outside [0, 1). */
export function requireRate(where: string, name: string, value: number): void {
  requireNumber(where, name, value, 'a number of at least 0 and less than 1', (v) => v >= 0 && v < 1);
}

function record<Name extends string, Value>(names: readonly Name[], value: (name: Name) => Value): Record<Name, Value> {
  return Object.fromEntries(names.map((name) => [name, value(name)])) as Record<Name, Value>;
}

/** Like {@link record}, but a value is made when it is first asked for, so that unused products cost nothing. */
function lazyRecord<Name extends string>(
  names: readonly Name[],
  value: (name: Name) => Expression,
): Record<Name, Expression> {
  const made: Partial<Record<Name, Expression>> = {};
  const result = {} as Record<Name, Expression>;
  for (const name of names)
    Object.defineProperty(result, name, { enumerable: true, get: () => (made[name] ??= value(name)) });
  return result;
}

function requireOneOf(where: string, kind: string, given: unknown, known: readonly string[]): void {
  if (!known.includes(given as string)) throw unknownName(where, kind, String(given), known);
}

/** @param example of a name, where there must be one. */
function requireNames(
  where: string,
  kind: string,
  names: readonly string[],
  reserved: readonly string[] = [],
  example?: string,
): void {
  if (!Array.isArray(names)) throw usage(where, `the ${kind}s are no list.`, "write ['one', 'other'].");
  if (example !== undefined && names.length === 0)
    throw usage(where, `a cell needs at least one ${kind}.`, `name it, for example ${kind}s: ['${example}'].`);
  for (const name of names) {
    if (reserved.includes(name))
      throw usage(where, `\`${name}\` has a meaning of its own and cannot name a ${kind}.`, 'choose another name.');
    if (typeof name !== 'string' || !/^[A-Za-z][A-Za-z0-9]*$/.test(name))
      throw usage(where, `\`${name}\` cannot name a ${kind}.`, 'use letters and digits, starting with a letter.');
  }
  if (new Set(names).size !== names.length)
    throw usage(where, `a ${kind} is named twice.`, `give each ${kind} its own name.`);
}

function usage(where: string, what: string, fix: string): RondoError {
  return new RondoError('USAGE', { where, what, fix });
}
