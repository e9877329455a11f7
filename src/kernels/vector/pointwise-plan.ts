import {
  childrenOf,
  type Expression,
  isRowValued,
  type Leaf,
  type RowReduction,
  topologicalOrder,
} from '../../expression/build.js';
import { operations } from '../../expression/operations.js';
import type { PointwiseProgram, ProgramOutput } from '../../expression/program.js';

/**
 * In which order a pointwise program is computed: what is the same for the whole call once, what is the same for a row
 * once per row, and the elements in one pass over the row's columns, or in several where row reductions are needed.
 */
export interface PointwisePlan {
  readonly program: PointwiseProgram;
  /** Children before parents, as everywhere below. */
  readonly uniform: readonly Expression[];
  readonly passes: readonly Pass[];
  /** Values kept in a row buffer from the pass that computes them to later passes, because computing them is dear. */
  readonly numCaches: number;
  /** Whether a call needs a workspace. */
  readonly needsScratch: boolean;
  /** Products that are computed together with the addition or subtraction that alone uses them. */
  readonly fusedProducts: ReadonlySet<Expression>;
  /** Whether rows may be joined into one long row where the arrays are contiguous. */
  readonly canJoinRows: boolean;
}

export interface Pass {
  /** One value per row, computed before the pass from row leaves and the reductions of earlier passes. */
  readonly rowNodes: readonly Expression[];
  readonly elements: readonly Expression[];
  /** Which of the elements are read from a row buffer, by its number. */
  readonly loads: ReadonlyMap<Expression, number>;
  /** Which of the elements are written to a row buffer, by its number. */
  readonly stores: ReadonlyMap<Expression, number>;
  /** Reductions whose values are known after the pass. */
  readonly reductions: readonly RowReduction[];
  /** Outputs are written by the last pass alone, since they may lie over inputs that earlier passes still read. */
  readonly elementOutputs: readonly ProgramOutput[];
  /** Those that hold one value per row, known when the pass begins. */
  readonly rowOutputs: readonly ProgramOutput[];
}

/** The longest chain of operations worth repeating instead of keeping (see {@link costsOf}). */
const CHEAP = 8;

export function planPointwise(program: PointwiseProgram): PointwisePlan {
  const roots = program.outputs.map(({ expression }) => expression);
  const order = topologicalOrder(roots);
  const rowValued = new Map<Expression, boolean>();
  const uniformity = new Map<Expression, boolean>();
  const isRow = (node: Expression): boolean => isRowValued(node, rowValued);
  const isUniform = (node: Expression): boolean => isUniformValued(node, uniformity);
  const levels = levelsOf(order);
  const costs = costsOf(order, isRow);
  const lastLevel = Math.max(0, ...roots.map((root) => levels.get(root)!));

  const caches = new Map<Expression, number>();
  const passes: (Pass & { stores: Map<Expression, number> })[] = [];
  const computedIn = new Map<Expression, number>();
  const rowNodesDone = new Set<Expression>();
  for (let level = 0; level <= lastLevel; level++) {
    const reductions = order.filter(
      (node): node is RowReduction => node.kind === 'reduction' && levels.get(node.a) === level,
    );
    const outputs = level === lastLevel ? program.outputs : [];
    const rowNodes: Expression[] = [];
    const elements: Expression[] = [];
    const loads = new Map<Expression, number>();
    const seen = new Set<Expression>();
    const visit = (node: Expression): void => {
      if (seen.has(node)) return;
      seen.add(node);
      if (isUniform(node)) return;
      if (isRow(node)) {
        if (rowNodesDone.has(node) || node.kind === 'reduction') return;
        rowNodesDone.add(node);
        for (const child of childrenOf(node)) visit(child);
        rowNodes.push(node);
        return;
      }
      const producer = computedIn.get(node);
      if (producer !== undefined && costs.get(node)! > CHEAP) {
        if (!caches.has(node)) caches.set(node, caches.size);
        passes[producer].stores.set(node, caches.get(node)!);
        loads.set(node, caches.get(node)!);
      } else {
        for (const child of childrenOf(node)) visit(child);
      }
      elements.push(node);
    };
    for (const reduction of reductions) visit(reduction.a);
    for (const output of outputs) visit(output.expression);
    for (const node of elements) if (!computedIn.has(node)) computedIn.set(node, level);
    const rowOutputs = outputs.filter(({ reduce }) => reduce === 'perRow');
    const elementOutputs = outputs.filter(({ reduce }) => reduce !== 'perRow');
    passes.push({ rowNodes, elements, loads, stores: new Map(), reductions, elementOutputs, rowOutputs });
  }
  return {
    program,
    uniform: order.filter(isUniform),
    passes,
    numCaches: caches.size,
    needsScratch: caches.size > 0 || program.outputs.some(({ reduce }) => reduce === 'rows'),
    fusedProducts: fusedProducts(order, roots, isRow),
    canJoinRows:
      lastLevel === 0 &&
      program.inputs.every(({ access }) => access === 'element') &&
      program.outputs.every(({ reduce }) => reduce === 'none' || reduce === 'all'),
  };
}

/** The same for the whole call: made of constants and scalar leaves. */
function isUniformValued(node: Expression, memo: Map<Expression, boolean>): boolean {
  const known = memo.get(node);
  if (known !== undefined) return known;
  const result =
    node.kind === 'leaf'
      ? node.access === 'scalar'
      : node.kind !== 'reduction' && childrenOf(node).every((child) => isUniformValued(child, memo));
  memo.set(node, result);
  return result;
}

/** How many passes must be finished before a node can be computed. */
function levelsOf(order: readonly Expression[]): Map<Expression, number> {
  const levels = new Map<Expression, number>();
  for (const node of order) {
    const level = Math.max(0, ...childrenOf(node).map((child) => levels.get(child)!));
    levels.set(node, node.kind === 'reduction' ? level + 1 : level);
  }
  return levels;
}

/** About how many instructions computing a node again takes; what is one value per row is at hand. */
function costsOf(order: readonly Expression[], isRow: (node: Expression) => boolean): Map<Expression, number> {
  const costs = new Map<Expression, number>();
  for (const node of order) {
    const below = childrenOf(node).reduce((sum, child) => sum + costs.get(child)!, 0);
    costs.set(node, isRow(node) ? 0 : below + ownCost(node));
  }
  return costs;
}

function ownCost(node: Expression): number {
  return node.kind === 'unary' || node.kind === 'binary' ? operations[node.operation].cost : 1;
}

/**
 * Decided for the whole program, not per pass: a value computed again in a later pass must come out the same, or
 * `equal(x, rowMax(x))` would miss.
 */
function fusedProducts(
  order: readonly Expression[],
  roots: readonly Expression[],
  isRow: (node: Expression) => boolean,
): Set<Expression> {
  const uses = new Map<Expression, number>();
  for (const node of [...roots, ...order.flatMap(childrenOf)]) uses.set(node, (uses.get(node) ?? 0) + 1);
  const isFree = (node: Expression): boolean =>
    node.kind === 'binary' && node.operation === 'mul' && !isRow(node) && uses.get(node) === 1;
  const fused = new Set<Expression>();
  for (const node of order) {
    if (node.kind !== 'binary') continue;
    if ((node.operation === 'add' || node.operation === 'sub') && isFree(node.b)) fused.add(node.b);
    else if (node.operation === 'add' && isFree(node.a)) fused.add(node.a);
  }
  return fused;
}

/** Leaves that are read from an array at every element of a pass. */
export function isArrayLeaf(node: Expression): node is Leaf {
  return node.kind === 'leaf' && (node.access === 'element' || node.access === 'column');
}
