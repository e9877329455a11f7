import { leaf, select } from '../../expression/build.js';
import { pointwiseProgram } from '../../expression/program.js';
import type { Strided } from '../../kernels/contract.js';
import { currentBackend } from '../../kernels/select.js';
import type { Tensor } from '../../tensor/tensor.js';
import { Variable } from '../../tensor/variable.js';

const whereNotZero = pointwiseProgram('whereNotZero', [{ name: 'mask', expression: select(leaf('weight'), 1, 0) }]);
const keepWhere = pointwiseProgram('keepWhere', [
  { name: 'value', expression: select(leaf('mask'), leaf('value'), 0) },
]);

/** The mask of a weight of which something is pruned, else undefined; where all zeros are to stay, it is made now. */
export function maskOf(weight: Variable): Variable | undefined {
  if (weight.mask !== 'zeros') return weight.mask;
  const mask = new Variable(weight.shape, new Float32Array(weight.size), `mask/${weight.name}`, false);
  currentBackend().pointwise({
    program: whereNotZero,
    rows: 1,
    columns: weight.size,
    inputs: { weight: flat(weight) },
    outputs: { mask: flat(mask) },
  });
  weight.mask = mask;
  return mask;
}

/** Makes 0, in place, what is pruned of a weight: in each of some tensors of its shape. */
export function clearPruned(weight: Variable, all: readonly (Tensor | undefined)[]): void {
  const mask = maskOf(weight);
  if (mask === undefined) return;
  for (const value of all) {
    if (value === undefined) continue;
    const place = flat(value);
    currentBackend().pointwise({
      program: keepWhere,
      rows: 1,
      columns: weight.size,
      inputs: { mask: flat(mask), value: place },
      outputs: { value: place },
    });
  }
}

function flat(values: Tensor): Strided {
  return { ...values.viewOn(currentBackend()), rowStride: values.size };
}
