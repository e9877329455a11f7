import { type Mask, replaceMask, stillMaskOf } from '../../layers/mask.js';
import { applyPointwise, type PointwiseFunction } from '../../tensor/pointwise.js';
import { Tensor } from '../../tensor/tensor.js';

const copy: PointwiseFunction = { name: 'copy', build: ([x]) => x };

/**
 * The output of a layer. Masks travel with tensors, and a graph's tensor may be read by several layers: where a layer
 * returns its very input with another mask, that is a tensor of its own, and the input keeps the mask it had.
 */
export function withOwnMask(inputs: Tensor | readonly Tensor[], apply: () => Tensor): Tensor {
  const list = inputs instanceof Tensor ? [inputs] : inputs;
  const before = list.map(stillMaskOf);
  const output = apply();
  const at = list.indexOf(output);
  const mask: Mask | undefined = stillMaskOf(output);
  if (at < 0 || mask === before[at]) return output;
  replaceMask(output, before[at]);
  const own = applyPointwise(copy, [output]);
  replaceMask(own, mask);
  return own;
}
