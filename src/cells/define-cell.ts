import { RondoError, refuseUnknownOptions, requireBoolean, requireNumber, unknownName } from '../errors.js';
import { type ActivationFunction, activation } from '../expression/activations.js';
import { add, constant, type Expression, expressionOf, mul, type Operand, sub } from '../expression/build.js';
import {
  type Cell,
  type CellDefinition,
  type CellKernel,
  type EquationOptions,
  type Equations,
  type StartingValue,
  startNames,
} from './cell.js';
import { roleLeaf } from './leaf-role.js';
import { gatesWidth, unitsWidth, widthsOfEquations } from './widths.js';

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
  const Name extends string = string,
>(
  definition: CellDefinition<Gate, State, Vector, GateVector, Kernel, Width> & { readonly name: Name },
): Cell<Gate, State, Vector | `${GateVector}${Capitalize<Gate>}`, Name> {
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
  requireNames(where, 'width', Object.keys(widths), [unitsWidth, gatesWidth]);
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
  return { ...own, ...widthsOfEquations(where, own, equations()), equations } as Cell<Gate, State, string, Name>;
}

/** The name of the weight of additive scores. */
export const scaleWeight = 'scale';

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
  cell: Omit<Cell, 'recurrentWidth' | 'droppedWidth' | 'outputWidth' | 'equations'>,
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
