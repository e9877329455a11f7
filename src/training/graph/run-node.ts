import { RondoError } from '../../errors.js';
import type { CallOptions } from '../../layers/layer.js';
import { leavesByPath } from '../../layers/result-leaves.js';
import { withStatesApart } from '../../layers/symbolic-states.js';
import type { GraphNode, SymbolicTensor } from '../../layers/symbolic-tensor.js';
import { Tensor } from '../../tensor/tensor.js';
import { withOwnMasks } from './own-mask.js';

/** What nodes have given so far. */
export type NodeValues = ReadonlyMap<SymbolicTensor, Tensor>;

/** What a node's layer is applied to, with the states it begins with among the options. */
export function callOf(
  { layer, inputs }: GraphNode,
  values: NodeValues,
  training: boolean | undefined,
): { inputs: Tensor | readonly Tensor[]; options: CallOptions } {
  const { inputs: first, ...states } = withStatesApart(layer, receivedBy(inputs, values));
  return { inputs: first, options: { training, ...states } };
}

/**
 * Applies the layer of a node to what it reads: the tensors that it gives, each with a mask of its own.
 *
 * @throws USAGE where the layer returns something else than its shapes said
 */
export function runNode(
  node: GraphNode,
  values: NodeValues,
  training?: boolean | undefined,
): readonly (readonly [SymbolicTensor, Tensor])[] {
  const { inputs, options } = callOf(node, values, training);
  const results = withOwnMasks(receivedBy(node.inputs, values), () =>
    tensorsOf(node, node.layer.apply(inputs, options)),
  );
  return [...node.outputs].map(([path, tensor]) => [tensor, results.get(path)!]);
}

function receivedBy(edges: readonly SymbolicTensor[], values: NodeValues): readonly Tensor[] {
  return edges.map((edge) => values.get(edge)!);
}

/** What a layer returned, by path. @throws USAGE */
export function tensorsOf({ layer, outputs }: GraphNode, result: unknown): ReadonlyMap<string, Tensor> {
  const tensors = leavesByPath(result, isTensor);
  if (tensors.size === outputs.size && [...outputs.keys()].every((path) => tensors.has(path))) return tensors;
  const named = (paths: Iterable<string>): string => [...paths].map((path) => path || 'one tensor').join(', ');
  throw new RondoError('USAGE', {
    where: `the layer \`${layer.name}\` (${layer.className})`,
    what: 'it returns other tensors than its shapes say.',
    expected: named(outputs.keys()),
    received: named(tensors.keys()) || 'no tensor',
    fix: 'let computeOutputShapes of the class give a shape for each tensor that `call` returns.',
  });
}

function isTensor(value: unknown): value is Tensor {
  return value instanceof Tensor;
}
