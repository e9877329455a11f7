import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { useBackend } from '../../src/kernels/select.js';
import type { OpenShape } from '../../src/layers/layer.js';
import * as ops from '../../src/tensor/index.js';
import { valueAndGradients } from '../../src/tensor/tape.js';
import { scope, type Tensor } from '../../src/tensor/tensor.js';
import { type LayerConfig, layerFromConfig } from '../../src/training/layer-registry.js';
import { expectClose } from '../support/close.js';
import { conformanceBackends } from '../support/conformance-backends.js';
import { asTensor } from '../support/layer-cases.js';
import { readVectors, type VectorTensor } from '../support/vectors.js';

/** A layer of several inputs. */
interface MergingVector {
  readonly layer: string;
  readonly config: LayerConfig['config'];
  readonly inputs: { readonly input: readonly VectorTensor[] };
  readonly cotangents: { readonly output: VectorTensor };
  readonly expected: {
    readonly output: VectorTensor;
    readonly gradients: { readonly input: readonly VectorTensor[] };
  };
}

/** float64: rounding alone; float32: sums of at most 15 products of numbers below 4, 2^-24 each. */
const tolerances = { reference: 1e-12, wasm: 2e-5 };

const vectors = readVectors<MergingVector>('merging');

describe.each(conformanceBackends)('layers of several inputs on $title', ({ name: backend, make }) => {
  beforeAll(() => void useBackend(make()));
  afterAll(() => void useBackend('wasm'));
  const tolerance = backend === 'reference' ? tolerances.reference : tolerances.wasm;

  it('are all in the files', () => {
    expect([...new Set(vectors.map(({ layer }) => layer))].sort()).toEqual([
      'Add',
      'Average',
      'Concatenate',
      'Dot',
      'Maximum',
      'Minimum',
      'Multiply',
      'Subtract',
    ]);
  });

  it.each(vectors.map((vector) => [vector.file, vector] as const))(
    '%s agrees with Keras: shape, output, all gradients',
    async (_, { layer: className, config, inputs, cotangents, expected }) => {
      const layer = layerFromConfig({ className, config });
      const given = inputs.input.map(asTensor);
      expect(layer.computeOutputShape(...(given.map(({ shape }) => shape) as [OpenShape]))).toEqual(
        expected.output.shape,
      );
      let output!: Tensor;
      const { results, gradients } = scope(() => {
        const computed = valueAndGradients(() => {
          output = layer.apply(given) as Tensor;
          return ops.sum(ops.mul(output, asTensor(cotangents.output)));
        }, given);
        return { results: output, gradients: computed.gradients };
      });
      expect(results.shape).toEqual(expected.output.shape);
      expectClose(await results.data(), expected.output.data, tolerance, 'output');
      for (const [i, gradient] of expected.gradients.input.entries())
        expectClose(await gradients[i].data(), gradient.data, 4 * tolerance, `gradient of input ${i}`);
    },
  );
});
