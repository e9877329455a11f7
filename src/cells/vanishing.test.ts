import { expect, it } from 'vitest';
import { useBackend } from '../kernels/select.js';
import { LSTM } from '../layers/lstm.js';
import { setSeed } from '../random.js';
import * as ops from '../tensor/index.js';
import { valueAndGradients } from '../tensor/tape.js';
import { type Tensor, tensor } from '../tensor/tensor.js';

it('a gradient that vanishes on its way back becomes zero, never a subnormal number', () => {
  useBackend('wasm');
  setSeed(1);
  const layer = new LSTM({ units: 5, returnSequences: true, unitForgetBias: false });
  const input = tensor(
    Float32Array.from({ length: 300 * 3 }, (_, i) => Math.sin(i)),
    [1, 300, 3],
  );
  layer.ensureBuilt([null, null, 3]);
  const lastStep = (output: Tensor): Tensor => ops.sum(ops.slice(output, 1, 299, 300));
  const [gradient] = valueAndGradients(() => lastStep(layer.apply(input)), [input]).gradients;
  const sizes = Array.from(gradient.dataSync(), Math.abs);
  // Products with the kernel add and cancel, so that what is left may be smaller than the least gradient, but not
  // subnormal.
  expect(sizes.filter((size) => size > 0 && size < 1.2e-38)).toEqual([]);
  expect(sizes.filter((size) => size === 0).length).toBeGreaterThan(100);
  expect(sizes.at(-1)).toBeGreaterThan(1e-3);
});
