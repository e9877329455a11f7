import { InputLayer } from '../../layers/input-layer.js';
import { leavesByPath } from '../../layers/result-leaves.js';
import { inputOf, isSymbolic, noted, type SymbolicTensor } from '../../layers/symbolic-tensor.js';
import { orderedNodes } from './ordered-nodes.js';

/**
 * A graph that begins at tensors inside of another: each of them becomes an input of its shape, and the layers behind
 * them, which are shared, are noted again. A mask that came with such a tensor is that of the new input, or none.
 *
 * @throws USAGE where an output needs an input that is not given
 */
export function begunInside(
  inputs: readonly (readonly [name: string, tensor: SymbolicTensor])[],
  outputs: readonly SymbolicTensor[],
  where: string,
): { inputs: readonly SymbolicTensor[]; outputs: readonly SymbolicTensor[] } {
  const again = new Map<SymbolicTensor, SymbolicTensor>();
  for (const [, tensor] of inputs) {
    const { node, shape } = tensor;
    again.set(tensor, node.inputs.length === 0 ? tensor : inputOf(new InputLayer({ shape: shape.slice(1) })));
  }
  for (const node of orderedNodes(inputs, outputs, where)) {
    if (node.inputs.length === 0) continue;
    const results = leavesByPath(
      noted(
        node.layer,
        node.inputs.map((edge) => again.get(edge)!),
      ),
      isSymbolic,
    );
    for (const [path, tensor] of node.outputs) if (!again.has(tensor)) again.set(tensor, results.get(path)!);
  }
  return { inputs: inputs.map(([, tensor]) => again.get(tensor)!), outputs: outputs.map((one) => again.get(one)!) };
}
