import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { useBackend } from '../../src/kernels/select.js';
import type { Layer } from '../../src/layers/layer.js';
import { type LayerConfig, layerFromConfig } from '../../src/training/layer-registry.js';
import { lossNamed } from '../../src/training/losses/index.js';
import { optimizerNamed } from '../../src/training/optimizers/index.js';
import { Sequential } from '../../src/training/sequential.js';
import { expectClose } from '../support/close.js';
import { conformanceBackends } from '../support/conformance-backends.js';
import { readVectors, type VectorTensor } from '../support/vectors.js';

interface StoredLayer {
  readonly layer: string;
  readonly config: Record<string, unknown>;
  readonly weights: Readonly<Record<string, VectorTensor>>;
}

interface TrainingVector {
  readonly file: string;
  readonly layers: readonly StoredLayer[];
  readonly loss: string;
  readonly optimizer: { readonly optimizer: string; readonly config: Record<string, unknown> };
  readonly x: VectorTensor;
  readonly y: VectorTensor;
  readonly expected: {
    readonly losses: readonly number[];
    readonly weights: readonly Readonly<Record<string, VectorTensor>>[];
  };
}

/**
 * float64: rounding of ten steps. float32: a step is a loss of at most 5 time steps of sums of at most 20 products,
 * 2^-24 each, and Adam divides by the root of an average of squares, so that an error of a gradient becomes one of the
 * same relative size of a step of 0.01; ten steps (1.5e-7 was seen), with a factor 10 to spare.
 */
const tolerances = { reference: 1e-14, wasm: 2e-6 };

const vectors = readVectors<TrainingVector>('training');

describe.each(conformanceBackends)('ten steps of training on $title', ({ name: backend, make }) => {
  beforeAll(() => void useBackend(make()));
  afterAll(() => void useBackend('wasm'));

  it.each(vectors.map((vector) => [vector.file, vector] as const))(
    '%s have the losses and weights of Keras',
    async (_, vector) => {
      const layers = vector.layers.map(({ layer, config }) => layerFromConfig(configOf(layer, config)) as Layer);
      const model = new Sequential(layers, { inputShape: vector.x.shape.slice(1) });
      const names = [...model.sublayers.keys()];
      model.setWeights(
        named(
          names,
          vector.layers.map(({ weights }) => weights),
        ),
      );
      model.compile({
        optimizer: optimizerNamed({ name: vector.optimizer.optimizer, config: vector.optimizer.config }),
        loss: lossNamed(vector.loss),
      });
      const losses: number[] = [];
      for (let step = 0; step < 10; step++) losses.push((await model.trainOnBatch(vector.x, vector.y)).loss);
      expectClose(losses, vector.expected.losses, tolerances[backend], 'losses');
      const weights = model.getWeights();
      const expected = named(names, vector.expected.weights);
      expect(Object.keys(weights).sort()).toEqual(Object.keys(expected).sort());
      for (const [name, { data }] of Object.entries(expected))
        expectClose(await weights[name].data(), data, tolerances[backend], name);
    },
  );
});

function configOf(className: string, given: Record<string, unknown>): LayerConfig {
  const inner = given.layer as { layer: string; config: Record<string, unknown> } | undefined;
  const config = inner === undefined ? given : { ...given, layer: configOf(inner.layer, inner.config) };
  return { className, config: config as LayerConfig['config'] };
}

/** Weights of the vectors by the names of the model: `forward.kernel` of a recurrent layer is `forward/cell/kernel`. */
function named(
  layers: readonly string[],
  weights: readonly Readonly<Record<string, VectorTensor>>[],
): Record<string, VectorTensor> {
  const recurrent = /^(lstm|gru|bidirectional)/;
  return Object.fromEntries(
    weights.flatMap((own, i) =>
      Object.entries(own).map(([name, value]) => {
        const parts = name.split('.');
        if (recurrent.test(layers[i])) parts.splice(-1, 0, 'cell');
        return [[layers[i], ...parts].join('/'), value];
      }),
    ),
  );
}
