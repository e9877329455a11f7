import { childrenOf, type Expression, leavesOf, topologicalOrder } from '../expression/build.js';
import { operations } from '../expression/operations.js';
import { roleOfLeaf } from './leaf-role.js';

/** A value that costs at most this many transcendentals to recompute from stored ones is not saved. */
const cheapTranscendentals = 1;

/**
 * Which forward values the backward pass must find stored: those its derivatives refer to and that cannot be recomputed
 * cheaply from states, parameters and other stored values. For an LSTM these are the four activated gates; the
 * hyperbolic tangent of the cell is recomputed.
 *
 * @param stored nodes whose values are stored anyway (next states, operands of products).
 */
export function chooseSaved(
  forwardRoots: readonly Expression[],
  gradients: readonly Expression[],
  stored: ReadonlyMap<Expression, Expression>,
): Expression[] {
  const forward = new Set(topologicalOrder(forwardRoots));
  const referred = new Set<Expression>();
  for (const gradient of gradients) if (forward.has(gradient)) referred.add(gradient);
  for (const node of topologicalOrder(gradients)) {
    if (forward.has(node)) continue;
    for (const child of childrenOf(node)) if (forward.has(child)) referred.add(child);
  }
  const saved = new Set<Expression>();
  const isStored = (node: Expression): boolean => stored.has(node) || saved.has(node);
  for (const node of forward) {
    if (!referred.has(node) || isStored(node)) continue;
    if (recomputeCost(node, isStored) > cheapTranscendentals) saved.add(node);
  }
  return [...saved];
}

/** Transcendentals needed to compute a node from stored values; infinite where a product's result would be needed. */
function recomputeCost(root: Expression, isStored: (node: Expression) => boolean): number {
  const counted = new Set<Expression>();
  const visit = (node: Expression): number => {
    if (counted.has(node) || isStored(node)) return 0;
    counted.add(node);
    if (node.kind === 'leaf') return isProduct(node.name) ? Infinity : 0;
    let cost = node.kind === 'unary' && operations[node.operation].isTranscendental ? 1 : 0;
    // Of constants alone it is the number of columns, which has no width of its own.
    if (node.kind === 'reduction') return leavesOf([node]).length > 0 ? Infinity : 0;
    for (const child of childrenOf(node)) cost += visit(child);
    return cost;
  };
  return visit(root);
}

function isProduct(name: string): boolean {
  const { role } = roleOfLeaf(name);
  return role === 'input' || role === 'recurrent' || role === 'product';
}
