import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { expectDerivative } from '../../test/support/central-differences.js';
import { expectClose } from '../../test/support/close.js';
import { normals } from '../../test/support/random.js';
import { useBackend } from '../kernels/select.js';
import { Random } from '../random.js';
import * as ops from '../tensor/index.js';
import { valueAndGradients } from '../tensor/tape.js';
import { type Tensor, tensor } from '../tensor/tensor.js';
import { AttentionPooling1D } from './attention-pooling-1d.js';
import { setMask } from './mask.js';

const [BATCH, TIME, FEATURES, UNITS] = [3, 5, 7, 4];
/** A gap, a padded start, and no step at all. */
const mask = Uint8Array.from([1, 0, 1, 1, 1, 0, 0, 1, 1, 1, 0, 0, 0, 0, 0]);

function built(): AttentionPooling1D {
  const layer = new AttentionPooling1D({ units: UNITS });
  layer.ensureBuilt([BATCH, TIME, FEATURES]);
  const random = new Random(11);
  for (const weight of layer.weights) weight.assign(normals(weight.shape, random).dataSync());
  return layer;
}

/** The equations of the docstring, one step after the other. */
function expected(
  layer: AttentionPooling1D,
  x: ArrayLike<number>,
  counts: ArrayLike<number>,
): { pooled: number[]; weights: number[] } {
  const [kernel, bias, context] = layer.weights.map((weight) => weight.dataSync());
  const weights: number[] = [];
  const pooled: number[] = [];
  for (let b = 0; b < BATCH; b++) {
    const terms = Array.from({ length: TIME }, (_, t) => {
      let score = 0;
      for (let u = 0; u < UNITS; u++) {
        let inner = bias[u];
        for (let f = 0; f < FEATURES; f++) inner += x[(b * TIME + t) * FEATURES + f] * kernel[f * UNITS + u];
        score += Math.tanh(inner) * context[u];
      }
      return counts[b * TIME + t] === 1 ? Math.exp(score) : 0;
    });
    const sum = terms.reduce((a, c) => a + c, 0);
    const own = terms.map((term) => (sum === 0 ? 0 : term / sum));
    weights.push(...own);
    for (let f = 0; f < FEATURES; f++)
      pooled.push(own.reduce((total, weight, t) => total + weight * x[(b * TIME + t) * FEATURES + f], 0));
  }
  return { pooled, weights };
}

describe('attention pooling', () => {
  beforeAll(() => void useBackend('reference'));
  afterAll(() => void useBackend('wasm'));

  it('is the equations of its docstring, with and without a mask', () => {
    const layer = built();
    const x = normals([BATCH, TIME, FEATURES], new Random(5));
    const all = expected(layer, x.dataSync(), new Uint8Array(BATCH * TIME).fill(1));
    expectClose(layer.apply(x).dataSync(), all.pooled, 1e-12, 'pooled');
    expectClose(layer.attention(x).dataSync(), all.weights, 1e-12, 'weights');
    const some = expected(layer, x.dataSync(), mask);
    expectClose(layer.apply(x, { mask }).dataSync(), some.pooled, 1e-12, 'pooled, masked');
    expectClose(layer.attention(x, mask).dataSync(), some.weights, 1e-12, 'weights, masked');
    setMask(x, mask);
    expectClose(layer.attention(x).dataSync(), some.weights, 1e-12, 'weights, with the mask that came along');
    expect(some.pooled.slice(-FEATURES)).toEqual(new Array(FEATURES).fill(0));
  });

  it.each([
    ['all steps', undefined],
    ['a mask', mask],
  ] as const)('has the derivatives of central differences with %s', (_, given) => {
    const layer = built();
    const x = normals([BATCH, TIME, FEATURES], new Random(5));
    const weights = layer.weights;
    expectDerivative(
      ([input, ...moved]) => {
        // Weights are read when the layer runs, so moved ones are put in their place.
        const own = layer as unknown as Record<string, Tensor>;
        const before = ['kernel', 'bias', 'context'].map((name) => own[name]);
        ['kernel', 'bias', 'context'].forEach((name, i) => (own[name] = moved[i]));
        const output = layer.apply(input, { mask: given });
        ['kernel', 'bias', 'context'].forEach((name, i) => (own[name] = before[i]));
        return output;
      },
      [x, ...weights.map((weight) => tensor(weight.dataSync(), weight.shape))],
    );
  });

  it('gives a lone step the weight 1 and no gradient through its score, whatever its size', () => {
    const layer = built();
    const x = tensor(
      Float64Array.from({ length: TIME * FEATURES }, (_, i) => (i % 2 === 0 ? 500 : -500)),
      [1, TIME, FEATURES],
    );
    const lone = Uint8Array.from([0, 0, 1, 0, 0]);
    const { value, gradients } = valueAndGradients(() => ops.sum(layer.apply(x, { mask: lone })), layer.weights);
    expect(value.item()).toBe(500);
    for (const gradient of gradients) expect(Math.max(...Array.from(gradient.dataSync(), Math.abs))).toBeLessThan(1e-9);
  });

  it('refuses what is no sequence, and impossible units', () => {
    expect(() => new AttentionPooling1D({ units: 0 })).toThrow('[OUT_OF_RANGE]');
    expect(() => built().apply(normals([3, 7], new Random(1)))).toThrow('[SHAPE_MISMATCH]');
  });
});
