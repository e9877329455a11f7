import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { expectClose } from '../../test/support/close.js';
import { normals, randomise } from '../../test/support/random.js';
import { backendNames, currentBackend, useBackend } from '../kernels/select.js';
import { createWasmBackend } from '../kernels/wasm/backend.js';
import { Random, setSeed } from '../random.js';
import * as ops from '../tensor/index.js';
import { valueAndGradients } from '../tensor/tape.js';
import { Tensor } from '../tensor/tensor.js';
import { layerFromConfig } from '../training/layer-registry.js';
import { Bidirectional } from './bidirectional.js';
import { GRU } from './gru.js';
import type { Layer } from './layer.js';
import { LSTM } from './lstm.js';
import { RNN } from './rnn.js';

const [B, T, F] = [3, 11, 7];
const padded = Uint8Array.from({ length: B * T }, (_, i) => Number(i % T < [4, T, 7][Math.floor(i / T)]));

/** All tensors in what a layer returns. */
function tensorsIn(value: unknown): Tensor[] {
  if (value instanceof Tensor) return [value];
  return value !== null && typeof value === 'object' ? Object.values(value).flatMap(tensorsIn) : [];
}

/** Results and input gradients, and the gradients of weights, of several steps in a row, from the same seed. */
function stepsOf(layer: Layer<unknown>, mask: Uint8Array | undefined): { exact: number[]; byWeights: number[] } {
  const random = new Random(3);
  const input = normals([B, T, F], random);
  setSeed(12);
  layer.ensureBuilt(input.shape);
  randomise(layer, random);
  const [exact, byWeights]: number[][] = [[], []];
  for (let step = 0; step < 2; step++) {
    const { gradients } = valueAndGradients(() => {
      const results = tensorsIn(layer.apply(input, { training: true, mask }));
      exact.push(...results.flatMap((result) => [...result.dataSync()]));
      const cotangents = new Random(4);
      return results
        .map((result) => ops.sum(ops.mul(result, normals(result.shape, cotangents))))
        .reduce((a, b) => ops.add(a, b));
    }, [input, ...layer.trainableWeights]);
    const [dInput, ...dWeights] = gradients.map((gradient) => [...gradient.dataSync()].map((x) => x + 0));
    if (mask === undefined) exact.push(...dInput);
    else byWeights.push(...dInput);
    byWeights.push(...dWeights.flat());
  }
  return { exact, byWeights };
}

type Options = { recomputeSteps?: number };
const rates = { dropout: 0.3, recurrentDropout: 0.4, zoneout: 0.2 };
const layers: Record<string, (options: Options) => Layer<unknown>> = {
  LSTM: (options) => new LSTM({ units: 5, returnSequences: true, ...options }),
  'LSTM with dropout, recurrentDropout and zoneout': (options) =>
    new LSTM({ units: 5, returnSequences: true, ...rates, ...options }),
  'LSTM with goBackwards and returnState': (options) =>
    new LSTM({ units: 5, goBackwards: true, returnState: true, ...options }),
  'stateful GRU with zeroOutputForMask': (options) =>
    new GRU({ units: 5, stateful: true, returnSequences: true, zeroOutputForMask: true, dropout: 0.3, ...options }),
  'GRU with resetAfter false': (options) => new GRU({ units: 5, resetAfter: false, recurrentDropout: 0.4, ...options }),
  'RNN of two cells': (options) =>
    new RNN({ cell: ['lstm', 'minGRU'], units: [5, 6], returnSequences: true, dropout: 0.2, ...options }),
  Bidirectional: (options) =>
    new Bidirectional({
      layer: new LSTM({ units: 5, returnSequences: true, returnState: true, ...rates, ...options }),
    }),
};

describe.each(backendNames)('recomputeSteps on %s', (backend) => {
  beforeEach(() => void useBackend(backend));
  afterEach(() => void useBackend('wasm'));

  it.each(
    Object.keys(layers).flatMap(
      (name) =>
        [
          [name, 'no mask', undefined],
          [name, 'padding', padded],
        ] as const,
    ),
  )('changes nothing for %s with %s', (name, _, mask) => {
    const whole = stepsOf(layers[name]({}), mask);
    const cut = stepsOf(layers[name]({ recomputeSteps: 4 }), mask);
    // float64: outputs to the last bit, and sums of 33 products in another order; float32: products of other tiles as
    // well.
    if (backend === 'reference') expect(cut.exact).toEqual(whole.exact);
    else expectClose(cut.exact, whole.exact, 3e-5, 'results');
    expectClose(cut.byWeights, whole.byWeights, backend === 'reference' ? 1e-13 : 1e-4, 'gradients');
  });

  it('may stand inside of a checkpoint', () => {
    const input = normals([B, T, F], new Random(1));
    const layer = new LSTM({ units: 5, ...rates, recomputeSteps: 4 });
    layer.ensureBuilt(input.shape);
    const stepWith = (run: (x: Tensor) => Tensor): number[] => {
      setSeed(2);
      const { value, gradients } = valueAndGradients(
        () => ops.sum(ops.square(run(input))),
        [input, ...layer.trainableWeights],
      );
      return [value, ...gradients].flatMap((result) => [...result.dataSync()]);
    };
    const run = (x: Tensor): Tensor => layer.apply(x, { training: true });
    expect(stepWith((x) => ops.checkpoint(run, [x]))).toEqual(stepWith(run));
  });
});

describe('recomputeSteps', () => {
  it('is stored where it is given, and copied to the other direction', () => {
    expect(new LSTM({ units: 5 }).getConfig()).not.toHaveProperty('recomputeSteps');
    const layer = new Bidirectional({ layer: new GRU({ units: 5, recomputeSteps: 20 }) });
    const again = layerFromConfig({ className: 'Bidirectional', config: layer.getConfig() }) as Bidirectional;
    expect(again.forwardLayer.getConfig().recomputeSteps).toBe(20);
    expect(again.backwardLayer.getConfig().recomputeSteps).toBe(20);
  });

  it.each([0, 2.5, -1])('refuses %s', (recomputeSteps) => {
    expect(() => new LSTM({ units: 5, recomputeSteps })).toThrow(/OUT_OF_RANGE.*recomputeSteps/);
  });

  it('takes several times less memory over 5000 steps', () => {
    const peakOf = (options: Options): number => {
      useBackend(createWasmBackend());
      const input = normals([2, 5000, 4], new Random(1));
      const layer = new LSTM({ units: 32, ...options });
      layer.ensureBuilt(input.shape);
      const before = currentBackend().memory().persistentBytes;
      valueAndGradients(() => ops.sum(layer.apply(input, { training: true })), layer.trainableWeights);
      const peak = currentBackend().memory().peakBytes - before;
      useBackend('wasm');
      return peak;
    };
    expect(peakOf({})).toBeGreaterThan(10 * peakOf({ recomputeSteps: 70 }));
  });
});
