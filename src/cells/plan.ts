import {
  abs,
  childrenOf,
  type Expression,
  greater,
  leaf,
  leavesOf,
  select,
  topologicalOrder,
} from '../expression/build.js';
import { derive } from '../expression/derive.js';
import { type OutputRequest, type PointwiseProgram, pointwiseProgram } from '../expression/program.js';
import { Simplifier } from '../expression/simplify.js';
import type { Cell, EquationOptions } from './cell.js';
import { type LeafRole, leafName, roleLeaf, roleOfLeaf } from './leaf-role.js';
import { chooseSaved } from './saved.js';
import { gatesWidth, unitsWidth, widthOfExpression, widthOfRole } from './widths.js';

/**
 * How a cell's equations run along time: an alternation of pointwise programs and matrix products, forward and
 * backward. The plan is made from the equations alone; no backend and no engine ever asks which cell it has.
 */
export interface CellPlan {
  readonly cell: Cell;
  readonly options: EquationOptions;
  /** What recurrent products multiply: a state, or a value computed in the step (index into `operands`). */
  readonly products: readonly Product[];
  /** How many computed operands each row stores. */
  readonly operands: readonly string[];
  /** By operand: the name of its width. */
  readonly operandWidths: readonly string[];
  /**
   * Slots of `units` values per row of the gates buffer: input products first; saved values lie over or behind them.
   */
  readonly gateSlots: number;
  /** Behind these, slots for saved values of other widths: the names of the widths. */
  readonly otherSlots: readonly string[];
  /** Slot of each saved value in the gates buffer. */
  readonly savedSlots: readonly number[];
  /** The state that is the output, or undefined where the output is a value of its own. */
  readonly outputState: string | undefined;
  /** The name of the output's width. */
  readonly outputWidth: string;
  readonly masks: readonly string[];
  readonly scalars: readonly string[];
  readonly hasBias: boolean;
  readonly hasRecurrentBias: boolean;
  /**
   * Whether the bias has a gradient of its own: where it is not added to its gate's product with the input as that
   * comes.
   */
  readonly hasSeparateBias: boolean;
  /** Whether dL/d(input product) and dL/d(recurrent product) are the same for every gate. */
  readonly sharedGateGradient: boolean;
  /** Whether dL/d(input product) may overwrite the saved values. */
  readonly gradientOverSaved: boolean;
  readonly trainingStages: readonly Stage[];
  readonly inferenceStages: readonly Stage[];
  /** With and without a gradient of each step's output, and of states after each step. */
  backward(hasOutputGradient: boolean, shownStates?: readonly string[]): BackwardPlan;
}

/**
 * One recurrent product over neighbouring gates, `operand [rows, units] x recurrentKernel[:, gates]`, or one with a
 * kernel of the cell's own.
 */
export interface Product {
  /** The cell's own kernel; the gates' recurrent kernel where absent. */
  readonly kernel?: string | undefined;
  readonly state?: string | undefined;
  readonly operand?: number | undefined;
  readonly firstGate: number;
  readonly numGates: number;
}

/** A pointwise program over all values of one width. */
export interface WidthProgram {
  readonly program: PointwiseProgram;
  readonly width: string;
}

/**
 * Pointwise programs (where there is something to compute), one a width, then the products that need their operands.
 */
export interface Stage {
  readonly programs: readonly WidthProgram[];
  readonly products: readonly Product[];
}

/** State gradients are written by the last stage alone, so that they may lie over the gradients they come from. */
export interface BackwardPlan {
  readonly stages: readonly Stage[];
  /** Products with a state: their transposed products add to that state's gradient at the end of the step. */
  readonly stateProducts: readonly Product[];
  /** States whose gradient has no pointwise part. */
  readonly statesWithoutDirectGradient: readonly string[];
}

/** Makes the plan of a cell. Pure and quick (well under a millisecond), but callers cache it per layer. */
export function planCell(cell: Cell, options: EquationOptions = {}): CellPlan {
  const equations = cell.equations(options);
  const simplifier = new Simplifier();
  const next = Object.fromEntries(cell.states.map((state) => [state, simplifier.simplify(equations.next[state])]));
  const output = simplifier.simplify(equations.output);
  const operandOf = new Map([...equations.operands].map(([gate, operand]) => [gate, simplifier.simplify(operand)]));

  const operandOfKernel = new Map(
    [...equations.kernelOperands].map(([kernel, operand]) => [kernel, simplifier.simplify(operand)]),
  );
  const computed = [...new Set([...operandOf.values(), ...operandOfKernel.values()])].filter((node) => !isState(node));
  const products = [...groupProducts(cell, operandOf, computed), ...kernelProducts(operandOfKernel, computed)];
  const fed = [...operandOfKernel].flatMap(([kernel, operand]) => (isFed(cell, kernel) ? [operand] : []));
  const levels = new Levels((role) => {
    if (role.role === 'input' && fed.length > 0) return fed;
    if (role.role === 'recurrent') return [operandOf.get(role.gate)!];
    return role.role === 'product' ? [operandOfKernel.get(role.kernel)!] : undefined;
  });
  const widthOf = (node: Expression): string => widthOfExpression(cell, node, cell.name) ?? unitsWidth;
  const operandWidths = computed.map((node) => {
    const kernel = [...operandOfKernel].find(([, operand]) => operand === node)?.[0];
    return kernel === undefined ? cell.recurrentWidth : cell.kernels[kernel].from;
  });
  const outputState = cell.states.find((state) => next[state] === output);
  const finals: OutputRequest[] = cell.states.map((state) => ({
    name: leafName({ role: 'next', state }),
    expression: next[state],
  }));
  if (outputState === undefined) finals.push({ name: leafName({ role: 'output' }), expression: output });

  const forwardRoots = [...Object.values(next), output, ...computed];
  const cotangents = (
    hasOutputGradient: boolean,
    shown: readonly string[] = [],
  ): { output: Expression; by: Expression }[] => [
    ...shown.map((state) => ({ output: next[state], by: roleLeaf({ role: 'dShown', state }) })),
    ...cell.states.map((state) => ({ output: next[state], by: roleLeaf({ role: 'dNext', state }) })),
    ...(hasOutputGradient ? [{ output, by: roleLeaf({ role: 'dOutput' }) }] : []),
    ...computed.map((node, j) => ({ output: node, by: roleLeaf({ role: 'dOperand', index: j }) })),
  ];
  const leafOf = new Map(leavesOf(forwardRoots).map((node) => [node.name, node]));
  const wantedNames = [
    ...cell.gates.flatMap((gate): LeafRole[] => [
      { role: 'input', gate },
      { role: 'recurrent', gate },
      { role: 'bias', gate },
    ]),
    ...cell.states.map((state): LeafRole => ({ role: 'state', state })),
    ...Object.keys(cell.kernels)
      .filter((kernel) => !isFed(cell, kernel))
      .map((kernel): LeafRole => ({ role: 'product', kernel })),
    ...Object.keys(cell.vectors).map((vector): LeafRole => ({ role: 'vector', vector })),
  ].map(leafName);
  const gradients = (...given: Parameters<typeof cotangents>): Map<string, Expression> => {
    const wanted = wantedNames.map((name) => leafOf.get(name) ?? leaf(name));
    const derived = derive(cotangents(...given), wanted);
    return new Map(wantedNames.map((name, i) => [name, simplifier.simplify(derived.get(wanted[i])!)]));
  };

  const withOutput = gradients(true);
  const stored = new Map<Expression, Expression>();
  for (const state of cell.states)
    if (!isLeafOrConstant(next[state])) stored.set(next[state], roleLeaf({ role: 'next', state }));
  computed.forEach((node, j) => stored.set(node, roleLeaf({ role: 'operand', index: j })));
  const saved = chooseSaved(forwardRoots, [...withOutput.values()], stored);
  saved.forEach((node, k) => stored.set(node, roleLeaf({ role: 'saved', index: k })));

  const finalLevel = Math.max(
    0,
    ...[...finals.map(({ expression }) => levels.of(expression)), ...saved.map((node) => levels.of(node))],
  );
  const savedWidths = saved.map(widthOf);
  const savedLevel = Math.max(0, ...saved.map((node) => levels.of(node)));
  const readsInputs = (node: Expression): boolean =>
    leavesOf([node]).some(({ name }) => roleOfLeaf(name).role === 'input');
  const savedLieOver =
    saved.every((node) => levels.of(node) === savedLevel) &&
    forwardRoots.every((node) => levels.of(node) <= savedLevel || !readsInputs(node));
  const otherSlots = savedWidths.filter((width) => width !== unitsWidth);
  const firstSlot = savedLieOver ? 0 : cell.gates.length;
  const gateSlots = Math.max(cell.gates.length, firstSlot + saved.length - otherSlots.length);
  let [nextSlot, nextOther] = [firstSlot, gateSlots];
  const savedSlots = savedWidths.map((width) => (width === unitsWidth ? nextSlot++ : nextOther++));
  const outputWidth = widthOf(output);
  const widthOfOutput = ({ name }: OutputRequest): string => {
    const of = roleOfLeaf(name);
    if (of.role === 'saved') return savedWidths[of.index];
    if (of.role === 'operand' || of.role === 'dOperand') return operandWidths[of.index];
    return of.role === 'output' ? outputWidth : widthOfRole(cell, of)!;
  };
  const savedOutputs = saved.map(
    (node, index): OutputRequest => ({ name: leafName({ role: 'saved', index }), expression: node }),
  );
  const operandOutputs = computed.map(
    (node, index): OutputRequest => ({ name: leafName({ role: 'operand', index }), expression: node }),
  );

  // A next state is computed beside an operand that is made of the same values, else at the end.
  const levelOfFinal = (final: OutputRequest): number => {
    const level = levels.of(final.expression);
    const isBeside = (operand: OutputRequest): boolean =>
      levels.of(operand.expression) === level && widthOfOutput(operand) === widthOfOutput(final);
    return operandOutputs.some(isBeside) ? level : finalLevel;
  };
  const stagesOf = (name: string, early: OutputRequest[]): Stage[] => {
    const stages: Stage[] = [];
    for (let level = 0; level <= finalLevel; level++) {
      const outputs = [...early, ...operandOutputs].filter(({ expression }) => levels.of(expression) === level);
      outputs.push(...finals.filter((final) => levelOfFinal(final) === level));
      stages.push({
        programs: programsOf(`${cell.name}.${name}.${level}`, outputs, widthOfOutput),
        products: products.filter((product) => levels.of(operandNode(product, computed)) === level),
      });
    }
    return stages;
  };

  const sharedGateGradient = cell.gates.every(
    (gate) =>
      !operandOf.has(gate) ||
      gradientBy(withOutput, { role: 'input', gate }) === gradientBy(withOutput, { role: 'recurrent', gate }),
  );
  const hasBias = options.useBias ?? true;
  const hasSeparateBias =
    hasBias &&
    cell.gates.some(
      (gate) => gradientBy(withOutput, { role: 'input', gate }) !== gradientBy(withOutput, { role: 'bias', gate }),
    );
  const backwardPlans = new Map<string, BackwardPlan>();
  const backward = (hasOutputGradient: boolean, shown: readonly string[] = []): BackwardPlan => {
    const key = [hasOutputGradient, ...shown].join();
    let plan = backwardPlans.get(key);
    if (plan === undefined) {
      const derived = hasOutputGradient && shown.length === 0 ? withOutput : gradients(hasOutputGradient, shown);
      plan = planBackward(cell, derived, stored, products, operandOf, {
        sharedGateGradient,
        hasSeparateBias,
        widthOfOutput,
      });
      backwardPlans.set(key, plan);
    }
    return plan;
  };
  const allLeaves = leavesOf([...forwardRoots, ...withOutput.values()]);
  return {
    cell,
    options,
    products,
    operands: computed.map((_, index) => leafName({ role: 'operand', index })),
    operandWidths,
    gateSlots,
    otherSlots,
    savedSlots,
    outputState,
    outputWidth,
    masks: allLeaves.map(({ name }) => name).filter((name) => roleOfLeaf(name).role === 'mask'),
    scalars: allLeaves.filter(({ access }) => access === 'scalar').map(({ name }) => name),
    hasBias,
    hasRecurrentBias: cell.recurrentBias && hasBias,
    hasSeparateBias,
    sharedGateGradient,
    gradientOverSaved: savedLieOver && backward(true).stages.length === 1,
    trainingStages: stagesOf('forward', savedOutputs),
    inferenceStages: stagesOf('infer', []),
    backward,
  };
}

function planBackward(
  cell: Cell,
  gradients: ReadonlyMap<string, Expression>,
  stored: ReadonlyMap<Expression, Expression>,
  products: readonly Product[],
  operandOf: ReadonlyMap<string, Expression>,
  {
    sharedGateGradient,
    hasSeparateBias,
    widthOfOutput,
  }: Pick<CellPlan, 'sharedGateGradient' | 'hasSeparateBias'> & { widthOfOutput(request: OutputRequest): string },
): BackwardPlan {
  const simplifier = new Simplifier((node) => stored.get(node));
  const requests: OutputRequest[] = [];
  const withoutDirect: string[] = [];
  const gradientOf = new Map<string, Expression>();
  for (const [name, derived] of gradients) {
    const expression = simplifier.simplify(derived);
    gradientOf.set(name, expression);
    const of = roleOfLeaf(name);
    const request = (gradient: LeafRole): void =>
      void requests.push({ name: leafName(gradient), expression: flushTinyGradient(expression) });
    const requestSum = (sum: LeafRole): void =>
      void requests.push({ name: leafName(sum), expression, reduce: 'rows', accumulate: true });
    if (of.role === 'input') request({ role: 'dInput', gate: of.gate });
    else if (of.role === 'recurrent' && operandOf.has(of.gate) && !sharedGateGradient)
      request({ role: 'dRecurrent', gate: of.gate });
    else if (of.role === 'state' && expression.kind === 'constant' && expression.value === 0)
      withoutDirect.push(of.state);
    else if (of.role === 'state') request({ role: 'dState', state: of.state });
    else if (of.role === 'product') request({ role: 'dProduct', kernel: of.kernel });
    else if (of.role === 'vector') requestSum({ role: 'dVector', vector: of.vector });
    else if (of.role === 'bias' && hasSeparateBias) requestSum({ role: 'dBias', gate: of.gate });
  }
  const levels = new Levels((of) => {
    if (of.role !== 'dOperand') return undefined;
    const product = products.filter(({ operand }) => operand === of.index);
    return product.flatMap(({ kernel, firstGate, numGates }) =>
      kernel !== undefined
        ? isFed(cell, kernel)
          ? cell.gates.map((gate) => gradientBy(gradientOf, { role: 'input', gate })!)
          : [gradientBy(gradientOf, { role: 'product', kernel })!]
        : cell.gates
            .slice(firstGate, firstGate + numGates)
            .map((gate) => gradientBy(gradientOf, { role: 'recurrent', gate })!),
    );
  });
  const lastLevel = Math.max(0, ...requests.map(({ expression }) => levels.of(expression)));
  const stages: Stage[] = [];
  for (let level = 0; level <= lastLevel; level++) {
    const outputs = requests.filter(
      ({ name, expression }) => (roleOfLeaf(name).role === 'dState' ? lastLevel : levels.of(expression)) === level,
    );
    stages.push({
      programs: programsOf(`${cell.name}.backward.${level}`, outputs, widthOfOutput),
      products: products.filter(
        ({ operand }) =>
          operand !== undefined && levels.of(roleLeaf({ role: 'dOperand', index: operand })) === level + 1,
      ),
    });
  }
  return {
    stages,
    stateProducts: products.filter(({ state }) => state !== undefined),
    statesWithoutDirectGradient: withoutDirect,
  };
}

/**
 * A gradient that has shrunk to nothing on its way back in time is nothing. Left alone, it would become a subnormal
 * number, with which processors compute up to a hundred times slower.
 */
function flushTinyGradient(gradient: Expression): Expression {
  if (isLeafOrConstant(gradient)) return gradient;
  return select(greater(flushThreshold, abs(gradient)), 0, gradient);
}

/**
 * Far below what float32 adds to any weight, and far enough above its smallest normal number (1.2e-38) to be multiplied
 * by a weight.
 */
const flushThreshold = 1e-30;

/** One program for the outputs of each width. */
function programsOf(
  name: string,
  outputs: readonly OutputRequest[],
  widthOfOutput: (request: OutputRequest) => string,
): WidthProgram[] {
  return [...new Set(outputs.map(widthOfOutput))].map((width) => ({
    width,
    program: pointwiseProgram(
      width === unitsWidth ? name : `${name}.${width}`,
      outputs.filter((output) => widthOfOutput(output) === width),
    ),
  }));
}

/** Whether what a kernel gives is added to the gates' products with the input. */
function isFed(cell: Cell, kernel: string): boolean {
  return cell.kernels[kernel].to === gatesWidth;
}

/** One product for each of the cell's own kernels. */
function kernelProducts(operandOf: ReadonlyMap<string, Expression>, computed: readonly Expression[]): Product[] {
  return [...operandOf].map(([kernel, node]) => {
    const operand = computed.indexOf(node);
    const multiplied = operand >= 0 ? { operand } : { state: stateName(node) };
    return { kernel, ...multiplied, firstGate: 0, numGates: 1 };
  });
}

/** Neighbouring gates that multiply the same operand share one product. */
function groupProducts(
  cell: Cell,
  operandOf: ReadonlyMap<string, Expression>,
  computed: readonly Expression[],
): Product[] {
  const products: { node: Expression; firstGate: number; numGates: number }[] = [];
  cell.gates.forEach((gate, index) => {
    const node = operandOf.get(gate);
    if (node === undefined) return;
    const last = products.at(-1);
    if (last !== undefined && last.node === node && last.firstGate + last.numGates === index) last.numGates++;
    else products.push({ node, firstGate: index, numGates: 1 });
  });
  return products.map(({ node, firstGate, numGates }) => {
    const operand = computed.indexOf(node);
    return operand >= 0 ? { operand, firstGate, numGates } : { state: stateName(node), firstGate, numGates };
  });
}

function operandNode(product: Product, computed: readonly Expression[]): Expression {
  return product.operand !== undefined ? computed[product.operand] : roleLeaf({ role: 'state', state: product.state! });
}

/**
 * How many rounds of products an expression waits for: a product's result is one round later than what it multiplies.
 */
class Levels {
  readonly #known = new Map<Expression, number>();
  readonly #sourcesOf: (role: LeafRole) => readonly Expression[] | undefined;

  /** @param sourcesOf what the result of a product is computed from; undefined for leaves that are no product's. */
  constructor(sourcesOf: (role: LeafRole) => readonly Expression[] | undefined) {
    this.#sourcesOf = sourcesOf;
  }

  of(root: Expression): number {
    for (const node of topologicalOrder([root])) {
      if (this.#known.has(node)) continue;
      this.#known.set(
        node,
        node.kind === 'leaf'
          ? this.#ofLeaf(node.name)
          : Math.max(0, ...childrenOf(node).map((child) => this.#known.get(child)!)),
      );
    }
    return this.#known.get(root)!;
  }

  #ofLeaf(name: string): number {
    const sources = this.#sourcesOf(roleOfLeaf(name));
    return sources === undefined ? 0 : 1 + Math.max(0, ...sources.map((source) => this.of(source)));
  }
}

function gradientBy(gradients: ReadonlyMap<string, Expression>, of: LeafRole): Expression | undefined {
  return gradients.get(leafName(of));
}

function isState(node: Expression): boolean {
  return stateName(node) !== undefined;
}

function stateName(node: Expression): string | undefined {
  const of = node.kind === 'leaf' ? roleOfLeaf(node.name) : undefined;
  return of?.role === 'state' ? of.state : undefined;
}

function isLeafOrConstant(node: Expression): boolean {
  return node.kind === 'leaf' || node.kind === 'constant';
}
