import { afterAll, describe, expect, it } from 'vitest';
import { backendNames, useBackend } from '../kernels/select.js';
import { Random } from '../random.js';
import * as ops from '../tensor/index.js';
import { valueAndGradients } from '../tensor/tape.js';
import { type Tensor, tensor } from '../tensor/tensor.js';
import { Dense } from './dense.js';
import type { Layer } from './layer.js';
import { LSTM } from './lstm.js';

function normals(shape: readonly number[], random: Random): Tensor {
  return tensor(
    Float64Array.from({ length: shape.reduce((a, b) => a * b, 1) }, () => random.normal()),
    shape,
  );
}

describe.each(backendNames)('Dense on %s', (backend) => {
  afterAll(() => void useBackend('wasm'));

  it('acts on the last axis of inputs of any rank', () => {
    useBackend(backend);
    const layer = new Dense({ units: 5, activation: 'tanh' });
    const x = normals([2, 3, 4, 7], new Random(1));
    const output = layer.apply(x);
    expect(output.shape).toEqual([2, 3, 4, 5]);
    const rows = layer.apply(ops.reshape(x, [24, 7]));
    expect(output.dataSync()).toEqual(rows.dataSync());
  });

  it('softmax runs along the units, also where there is only one', () => {
    useBackend(backend);
    expect(
      Array.from(new Dense({ units: 1, activation: 'softmax' }).apply(normals([3, 7], new Random(1))).dataSync()),
    ).toEqual([1, 1, 1]);
  });

  const shared: readonly (readonly [Layer, readonly number[]])[] = [
    [new Dense({ units: 7, activation: 'tanh' }), [3, 7]],
    [new LSTM({ units: 7, returnSequences: true }), [3, 5, 7]],
  ];
  it.each(shared.map(([layer, shape]) => [layer.className, layer, shape] as const))(
    'a shared %s receives the sum of the gradients of its uses',
    (_, layer, shape) => {
      useBackend(backend);
      const random = new Random(2);
      const [x, first, second] = [1, 2, 3].map(() => normals(shape, random));
      layer.ensureBuilt(shape);
      // A second layer with equal weights stands for the second use.
      const copy = layer instanceof LSTM ? layer.copy() : new Dense({ units: 7, activation: 'tanh' });
      copy.ensureBuilt(shape);
      copy.weights.forEach((variable, i) => variable.assign(layer.weights[i].dataSync()));
      const loss = (outer: Layer): Tensor => {
        const inner = layer.apply(x);
        return ops.add(ops.sum(ops.mul(inner, first)), ops.sum(ops.mul(outer.apply(inner), second)));
      };
      const once = valueAndGradients(() => loss(layer), layer.weights);
      const apart = valueAndGradients(() => loss(copy as Layer), [...layer.weights, ...copy.weights]);
      expect(once.value.item()).toBeCloseTo(apart.value.item(), 5);
      layer.weights.forEach((_variable, i) => {
        const parts = [apart.gradients[i].dataSync(), apart.gradients[i + layer.weights.length].dataSync()];
        once.gradients[i]
          .dataSync()
          .forEach((value, j) =>
            expect(Math.abs(value - parts[0][j] - parts[1][j])).toBeLessThan(
              backend === 'reference' ? 1e-12 : 1e-5 * (1 + Math.abs(value)),
            ),
          );
        expect(parts[1].some((value) => value !== 0)).toBe(true);
      });
    },
  );
});

it('refuses options and inputs that cannot be, with the reason', () => {
  expect(() => new Dense({ units: 5, activaton: 'relu' } as never)).toThrow(
    'unknown option `activaton`; did you mean `activation`?',
  );
  expect(() => new Dense({ units: 5, kernelInitializer: 'glorotUnifrom' as never })).toThrow(
    '[UNKNOWN_NAME] Dense.kernelInitializer: unknown initializer `glorotUnifrom`; did you mean `glorotUniform`',
  );
  expect(() => new Dense({ units: 2.5 })).toThrow('[OUT_OF_RANGE] Dense: `units` is out of range.');
  const layer = new Dense({ units: 5, name: 'scores', inputShape: [7] });
  layer.ensureBuilt([null, 7]);
  expect(() => layer.apply(ops.ones([3, 6]))).toThrowErrorMatchingInlineSnapshot(`
    [RondoError: [SHAPE_MISMATCH] Dense scores: the input has the wrong shape.
      expected: [batch, ..., features = 7], 2 axes or more
      received: [3, 6]
      fix: give the layer 7 features, or make it anew for the other width.]
  `);
});
