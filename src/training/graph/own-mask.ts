import { replaceMask, stillMaskOf } from '../../layers/mask.js';
import { applyPointwise, type PointwiseFunction } from '../../tensor/pointwise.js';
import type { Tensor } from '../../tensor/tensor.js';

const copy: PointwiseFunction = { name: 'copy', build: ([x]) => x };

/**
 * What a layer gives, by path. Masks travel with tensors, and a graph's tensor may be read by several layers: where a
 * layer returns one of its very inputs with another mask, that is a tensor of its own, and the input keeps the mask it
 * had.
 */
export function withOwnMasks(
  inputs: readonly Tensor[],
  apply: () => ReadonlyMap<string, Tensor>,
): ReadonlyMap<string, Tensor> {
  const before = inputs.map(stillMaskOf);
  return new Map(
    [...apply()].map(([path, output]) => {
      const at = inputs.indexOf(output);
      const mask = stillMaskOf(output);
      if (at < 0 || mask === before[at]) return [path, output];
      replaceMask(output, before[at]);
      const own = applyPointwise(copy, [output]);
      replaceMask(own, mask);
      return [path, own];
    }),
  );
}
