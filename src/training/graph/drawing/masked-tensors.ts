import { RondoError } from '../../../errors.js';
import type { Layer } from '../../../layers/layer.js';
import { stillMaskOf } from '../../../layers/mask.js';
import type { SymbolicTensor } from '../../../layers/symbolic-tensor.js';
import { sizeOf } from '../../../shape.js';
import { withoutTape } from '../../../tensor/tape.js';
import { scope, type Tensor, tensor } from '../../../tensor/tensor.js';
import { forgetStates } from '../../snapshot.js';
import type { ModelGraph } from '../model-graph.js';
import { runNode } from '../run-node.js';

/** Steps of an axis of any size, shortest first: layers with windows need a few. */
const lengths = [2, 32, 512];

/**
 * The tensors of a graph that a mask goes along with, found by running it on one sample of zeros, which `maskZero` and
 * `Masking` hide; undefined where the layers take no such sample.
 */
export function maskedTensors(
  model: Layer<unknown>,
  { nodes, inputs, shapeOf }: ModelGraph,
): ReadonlySet<SymbolicTensor> | undefined {
  const restore = forgetStates(model);
  try {
    for (const length of lengths) {
      const given = inputs.tensors.map((input): [SymbolicTensor, Tensor] => {
        const shape = shapeOf.get(input)!.map((axis, i) => axis ?? (i === 0 ? 1 : length));
        return [input, tensor(new Float32Array(sizeOf(shape)), shape)];
      });
      const masked = maskedAfter(nodes, given);
      if (masked !== undefined) return masked;
      model.resetStates();
    }
    return undefined;
  } finally {
    restore();
  }
}

function maskedAfter(
  nodes: ModelGraph['nodes'],
  given: readonly (readonly [SymbolicTensor, Tensor])[],
): ReadonlySet<SymbolicTensor> | undefined {
  const values = new Map(given);
  try {
    withoutTape(() =>
      scope(() => {
        for (const node of nodes)
          if (node.inputs.length > 0) for (const [output, value] of runNode(node, values)) values.set(output, value);
      }),
    );
  } catch (error) {
    if (error instanceof RondoError && ['SHAPE_MISMATCH', 'OUT_OF_RANGE'].includes(error.code)) return undefined;
    throw error;
  }
  return new Set([...values].filter(([, value]) => stillMaskOf(value) !== undefined).map(([output]) => output));
}
