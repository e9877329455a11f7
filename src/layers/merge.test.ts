import { afterEach, describe, expect, it } from 'vitest';
import { useBackend } from '../kernels/select.js';
import * as ops from '../tensor/index.js';
import { valueAndGradients } from '../tensor/tape.js';
import { type Tensor, tensor } from '../tensor/tensor.js';
import { Add } from './add.js';
import { Average } from './average.js';
import { Dot } from './dot.js';
import type { Layer } from './layer.js';
import { maskOf, setMask } from './mask.js';
import { Maximum } from './maximum.js';
import { Minimum } from './minimum.js';
import { Multiply } from './multiply.js';
import { Softmax } from './softmax.js';
import { Subtract } from './subtract.js';

afterEach(() => void useBackend('wasm'));

/** One sequence of one feature, with a mask. */
function masked(values: readonly number[], mask: readonly number[]): Tensor {
  const made = tensor(values, [1, values.length, 1]);
  setMask(made, Uint8Array.from(mask));
  return made;
}

describe.each(['reference', 'wasm'] as const)('merging on %s', (backend) => {
  it.each<[string, Layer, number[]]>([
    ['Add', new Add(), [12, 2, 30, 0]],
    ['Subtract', new Subtract(), [-8, 2, -30, 0]],
    ['Multiply', new Multiply(), [20, 2, 30, 0]],
    ['Average', new Average(), [6, 1, 15, 0]],
    ['Maximum', new Maximum(), [10, 2, 30, 0]],
    ['Minimum', new Minimum(), [2, 2, 30, 0]],
  ])('%s takes from each input what it lets count, and counts where any does', (_, layer, expected) => {
    useBackend(backend);
    const [a, b] = [masked([2, 2, NaN, NaN], [1, 1, 0, 0]), masked([10, NaN, 30, NaN], [1, 0, 1, 0])];
    const { gradients } = valueAndGradients(() => {
      const merged = layer.apply([a, b]);
      expect([...merged.dataSync()]).toEqual(expected);
      expect([...maskOf(merged)!]).toEqual([1, 1, 1, 0]);
      return ops.sum(merged);
    }, [a, b]);
    const [ofA, ofB] = gradients.map((gradient) => [...gradient.dataSync()]);
    expect([ofA[2], ofA[3], ofB[1], ofB[3]]).toEqual([0, 0, 0, 0]);
    expect(Math.abs(ofA[1])).toBeGreaterThan(0);
  });

  it('with an input without a mask has none, as in Keras', () => {
    useBackend(backend);
    const merged = new Add().apply([masked([1, 2], [1, 0]), tensor([10, 20], [1, 2, 1])]);
    expect([...merged.dataSync()]).toEqual([11, 20]);
    expect(maskOf(merged)).toBeUndefined();
  });

  it('repeats a mask of one step along time', () => {
    useBackend(backend);
    const merged = new Add().apply([masked([1], [1]), masked([5, 6, 7], [0, 1, 0])]);
    expect([...merged.dataSync()]).toEqual([1, 7, 1]);
    expect([...maskOf(merged)!]).toEqual([1, 1, 1]);
  });
});

it('gives masked steps no share along time, and none at all where all are masked', () => {
  const scores = tensor([1, NaN, 1, NaN, NaN, NaN], [2, 3, 1]);
  setMask(scores, Uint8Array.from([1, 0, 1, 0, 0, 0]));
  const shares = new Softmax({ axis: 1 }).apply(scores);
  expect([...shares.dataSync()]).toEqual([0.5, 0, 0.5, 0, 0, 0]);
});

it('divides no vector of zeros by its length', () => {
  const zeros = tensor([0, 0], [1, 2]);
  const { value, gradients } = valueAndGradients(
    () => ops.sum(new Dot({ axes: 1, normalize: true }).apply([zeros, tensor([3, 4], [1, 2])])),
    [zeros],
  );
  expect([...value.dataSync(), ...gradients[0].dataSync()].every(Number.isFinite)).toBe(true);
});

describe('merging refuses', () => {
  const [a, b] = [tensor([[1, 2, 3]]), tensor([[1, 2]])];
  it.each<[string, () => unknown, RegExp]>([
    [
      'sizes that differ',
      () => new Add().apply([a, b]),
      /SHAPE_MISMATCH.*Add: the inputs do not go together.*\n.*\n.*\[1, 3\], \[1, 2\]/,
    ],
    ['a difference of three', () => new Subtract().apply([a, a, a]), /expected: 2 inputs\n {2}received: 3/],
    ['a difference of one', () => new Subtract().apply([a]), /expected: 2 inputs\n {2}received: 1/],
    ['products of one', () => new Dot({ axes: 1 }).apply([a]), /there are not two inputs/],
    ['products of unequal axes', () => new Dot({ axes: 1 }).apply([a, b]), /the axes that are summed over differ/],
    ['products along the batch', () => new Dot({ axes: [0, 1] }), /OUT_OF_RANGE.*`axes` is no axis/],
    ['products along no axis', () => new Dot({ axes: 2 }).apply([a, a]), /an input has no such axis/],
    ['shares along the batch', () => new Softmax({ axis: 0 }), /`axis` is out of range/],
  ])('%s', (_, work, message) => {
    expect(work).toThrow(message);
  });
});
