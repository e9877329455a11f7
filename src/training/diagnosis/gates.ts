import type { Cell, EquationOptions, Equations } from '../../cells/cell.js';
import { roleOfLeaf } from '../../cells/leaf-role.js';
import { activation } from '../../expression/activations.js';
import { childrenOf, type Expression, leaf, leavesOf, topologicalOrder } from '../../expression/build.js';

/** An activation in a cell's equations. */
export interface Gate {
  /** The gate whose product it is applied to, or the state, as in `tanh(cell)`. */
  readonly name: string;
  /** By the name of an activation. */
  readonly activation: string;
  /** Whether it is applied to a state. */
  readonly isState: boolean;
  /** Whether the cell calls it a forget gate. */
  readonly isForgetGate: boolean;
}

interface Found extends Gate {
  readonly node: Expression;
}

/**
 * The gates and candidates of a cell: every activation in its equations, in the order of its gates, then of its states.
 */
export function gatesOf(cell: Cell, options: EquationOptions = {}): Gate[] {
  return found(cell, cell.equations(options), options).map(({ node: _node, ...gate }) => gate);
}

/** The same cell, but what it returns at each step is the value of the gate at a place of {@link gatesOf}. */
export function showingGate(cell: Cell, index: number): Cell {
  return {
    ...cell,
    equations: (options = {}) => {
      const equations = cell.equations(options);
      return { ...equations, output: found(cell, equations, options)[index].node };
    },
  };
}

function found(cell: Cell, equations: Equations, options: EquationOptions): Found[] {
  const names = new Set([
    options.recurrentActivation ?? cell.recurrentActivation,
    options.activation ?? cell.activation,
    'sigmoid',
    'tanh',
    'relu',
  ]);
  names.delete('linear');
  const patterns = [...names].map((name) => ({ name, pattern: activation(name)(leaf(hole)) }));
  const nodes = topologicalOrder([
    ...equations.operands.values(),
    ...equations.kernelOperands.values(),
    ...cell.states.map((state) => equations.next[state]),
    equations.output,
  ]);
  const all = new Map<Expression, { name: string; argument: Expression }>();
  // An activation made of others, as x sigmoid(x), hides those.
  for (const node of nodes.reverse()) {
    if ([...all].some(([outer, { argument }]) => isBetween(node, outer, argument))) continue;
    for (const { name, pattern } of patterns) {
      const argument = argumentOf(pattern, node);
      // One of parameters alone, as sigmoid(zeta), is no gate: it is the same at every step.
      if (argument === undefined || leavesOf([argument]).every(({ access }) => access !== 'element')) continue;
      all.set(node, { name, argument });
      break;
    }
  }
  const order = [...cell.gates, ...cell.states];
  const gates = [...all].flatMap(([node, { name, argument }]): Found[] => {
    const subject = subjectOf(argument, all);
    if (subject === undefined) return [];
    return [
      {
        node,
        name: subject,
        activation: name,
        isState: cell.states.includes(subject),
        isForgetGate: cell.forgetGates.includes(subject),
      },
    ];
  });
  return gates.sort((a, b) => order.indexOf(a.name) - order.indexOf(b.name));
}

const hole = 'x';

/** What stands in the hole of a pattern where that fits a node. */
function argumentOf(pattern: Expression, node: Expression): Expression | undefined {
  let argument: Expression | undefined;
  const fits = (a: Expression, b: Expression): boolean => {
    if (a.kind === 'leaf' && a.name === hole) return (argument ??= b) === b;
    if (a.kind !== b.kind) return false;
    if (a.kind === 'constant') return a.value === (b as typeof a).value;
    if ('operation' in a && a.operation !== (b as typeof a).operation) return false;
    const [ofA, ofB] = [childrenOf(a), childrenOf(b)];
    return ofA.length > 0 && ofA.every((child, i) => fits(child, ofB[i]));
  };
  return fits(pattern, node) ? argument : undefined;
}

function isBetween(node: Expression, outer: Expression, argument: Expression): boolean {
  if (node === outer || topologicalOrder([argument]).includes(node)) return false;
  return topologicalOrder([outer]).includes(node);
}

/**
 * The gates that an argument is the product of, without those inside other activations and in what all units share,
 * as a mean; where there are none, its states; undefined where it is made of other activations alone.
 */
function subjectOf(argument: Expression, all: ReadonlyMap<Expression, unknown>): string | undefined {
  const gates = new Set<string>();
  const states = new Set<string>();
  const visit = (node: Expression): void => {
    if (all.has(node) || node.kind === 'reduction') return;
    const of = node.kind === 'leaf' ? roleOfLeaf(node.name) : undefined;
    if (of?.role === 'input') gates.add(of.gate);
    if (of?.role === 'state') states.add(of.state);
    for (const child of childrenOf(node)) visit(child);
  };
  visit(argument);
  return [...(gates.size > 0 ? gates : states)].join('+') || undefined;
}
