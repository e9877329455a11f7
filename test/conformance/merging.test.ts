import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { useBackend } from '../../src/kernels/select.js';
import type { OpenShape } from '../../src/layers/layer.js';
import { clearMasked, maskOf, setMask } from '../../src/layers/mask.js';
import * as ops from '../../src/tensor/index.js';
import { valueAndGradients } from '../../src/tensor/tape.js';
import { scope, type Tensor, tensor } from '../../src/tensor/tensor.js';
import { type LayerConfig, layerFromConfig } from '../../src/training/layer-registry.js';
import { expectClose } from '../support/close.js';
import { conformanceBackends } from '../support/conformance-backends.js';
import { asTensor, loadWeights } from '../support/layer-cases.js';
import { readVectors, type VectorTensor } from '../support/vectors.js';

/** A layer of several inputs. */
interface MergingVector {
  readonly layer: string;
  readonly config: LayerConfig['config'];
  readonly weights?: Readonly<Record<string, VectorTensor>>;
  readonly inputs: { readonly input: readonly VectorTensor[] };
  /** Of the first inputs. */
  readonly masks?: readonly (readonly number[] | null)[];
  readonly cotangents: Results<VectorTensor>;
  readonly expected: Results<VectorTensor> & {
    readonly gradients: {
      readonly input: readonly VectorTensor[];
      readonly weights?: Readonly<Record<string, VectorTensor>>;
    };
  };
}

/** What a layer gives: one tensor, or two with `returnAttentionScores`. */
interface Results<Value> {
  readonly output: Value;
  readonly scores?: Value;
}

/** float64: rounding alone; float32: sums of at most 15 products of numbers below 4, 2^-24 each. */
const tolerances = { reference: 1e-12, wasm: 2e-5 };

const resultNames = ['output', 'scores'] as const;

const vectors = readVectors<MergingVector>('merging');

describe.each(conformanceBackends)('layers of several inputs on $title', ({ name: backend, make }) => {
  beforeAll(() => void useBackend(make()));
  afterAll(() => void useBackend('wasm'));
  const tolerance = backend === 'reference' ? tolerances.reference : tolerances.wasm;

  it('are all in the files', () => {
    expect([...new Set(vectors.map(({ layer }) => layer))].sort()).toEqual([
      'Add',
      'AdditiveAttention',
      'Attention',
      'Average',
      'Concatenate',
      'Dot',
      'Maximum',
      'Minimum',
      'MultiHeadAttention',
      'Multiply',
      'Subtract',
    ]);
  });

  it.each(vectors.map((vector) => [vector.file, vector] as const))(
    '%s agrees with Keras: shapes, outputs, all gradients',
    async (_, { layer: className, config, weights = {}, inputs, masks = [], cotangents, expected }) => {
      const layer = layerFromConfig({ className, config });
      const given = inputs.input.map(asTensor);
      const variables = loadWeights(layer, given.map(({ shape }) => shape) as [OpenShape], weights);
      masks.forEach((mask, i) => setMask(given[i], mask === null ? undefined : Uint8Array.from(mask)));
      expect(layer.computeOutputShape(...(given.map(({ shape }) => shape) as [OpenShape]))).toEqual(
        expected.output.shape,
      );
      const names = Object.keys(weights);
      const by = [...given, ...names.map((name) => variables.get(name)!.variable)];
      let results!: Results<Tensor>;
      const computed = scope(() => {
        const { gradients } = valueAndGradients(() => {
          const returned = layer.apply(given) as Tensor | Results<Tensor>;
          results = ofCountingQueries(className, 'output' in returned ? returned : { output: returned }, given[0]);
          return resultNames
            .filter((name) => results[name] !== undefined)
            .map((name) => ops.sum(ops.mul(results[name]!, asTensor(cotangents[name]!))))
            .reduce((a, b) => ops.add(a, b));
        }, by);
        return { results: { ...results }, gradients };
      });
      for (const name of resultNames) {
        expect(computed.results[name]?.shape, name).toEqual(expected[name]?.shape);
        if (expected[name] !== undefined)
          expectClose(await computed.results[name]!.data(), expected[name].data, tolerance, name);
      }
      const gradients = [
        ...expected.gradients.input.map((gradient, i) => [`input ${i}`, gradient] as const),
        ...names.map((name) => [name, expected.gradients.weights![name]] as const),
      ];
      for (const [i, [name, gradient]] of gradients.entries())
        expectClose(await computed.gradients[i].data(), gradient.data, 4 * tolerance, `gradient of ${name}`);
    },
  );
});

/** What masked queries of several heads are given is nobody's; the vectors have zeros there. */
function ofCountingQueries(className: string, { output, scores }: Results<Tensor>, query: Tensor): Results<Tensor> {
  const mask = maskOf(query);
  if (className !== 'MultiHeadAttention' || mask === undefined) return { output, ...(scores && { scores }) };
  const [batch, time] = query.shape;
  return {
    output: clearMasked(output, mask),
    ...(scores && { scores: ops.mul(scores, tensor(mask, [batch, 1, time, 1])) }),
  };
}
