import { RondoError } from '../../errors.js';
import { InputLayer } from '../../layers/input-layer.js';
import type { GraphNode, SymbolicTensor } from '../../layers/symbolic-tensor.js';

/**
 * The nodes that outputs are computed from, each after those that it reads: first those of the inputs in their order,
 * then depth first from the outputs, so that layers make their weights in the order in which they follow each other.
 *
 * @throws USAGE for an input that is needed but not given, or given but not needed
 */
export function orderedNodes(
  inputs: readonly (readonly [name: string, tensor: SymbolicTensor])[],
  outputs: readonly SymbolicTensor[],
  where: string,
): readonly GraphNode[] {
  const given = new Set(inputs.map(([, tensor]) => tensor));
  const used = new Set<SymbolicTensor>();
  const ordered = new Set<GraphNode>(inputs.flatMap(([, { node }]) => (node.inputs.length === 0 ? [node] : [])));
  // A stack of its own: a graph may be deeper than calls can be.
  const stack: { node: GraphNode; next: number }[] = [];
  const enter = (tensor: SymbolicTensor): void => {
    used.add(tensor);
    const { node } = tensor;
    if (given.has(tensor) || ordered.has(node)) return;
    if (node.inputs.length === 0) throw inputNotGiven(node, inputs, where);
    stack.push({ node, next: 0 });
  };
  for (const output of outputs) {
    enter(output);
    for (let top = stack.at(-1); top !== undefined; top = stack.at(-1)) {
      if (top.next < top.node.inputs.length) enter(top.node.inputs[top.next++]);
      else {
        ordered.add(top.node);
        stack.pop();
      }
    }
  }
  const unused = inputs.find(([, tensor]) => !used.has(tensor));
  if (unused === undefined) return [...ordered];
  throw new RondoError('USAGE', {
    where,
    what: `no output is computed from the input \`${unused[0]}\`.`,
    expected: 'inputs that lead to an output',
    fix: 'leave the input out, or use it.',
  });
}

function inputNotGiven(
  { layer }: GraphNode,
  inputs: readonly (readonly [name: string, tensor: SymbolicTensor])[],
  where: string,
): RondoError {
  const which = layer instanceof InputLayer && layer.hasGivenName ? ` \`${layer.name}\`` : '';
  const isInside = inputs.some(([, { node }]) => node.inputs.length > 0);
  return new RondoError('USAGE', {
    where,
    what: `an output is computed from an input${which} that is not among the model's inputs.`,
    expected: 'every input({ shape }) that the outputs depend on',
    received: inputs.map(([name]) => name).join(', '),
    fix: isInside ? 'add it to `inputs`, or begin where every way to the outputs passes.' : 'add it to `inputs`.',
  });
}
