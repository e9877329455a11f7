import { expect, it } from 'vitest';
import * as ops from '../tensor/index.js';
import { valueAndGradients } from '../tensor/tape.js';
import { tensor } from '../tensor/tensor.js';
import { Flatten } from './flatten.js';
import { Input } from './input-layer.js';
import { RepeatVector } from './repeat-vector.js';
import { Reshape } from './reshape.js';

it('Reshape and Flatten keep the batch axis and the order of the numbers', () => {
  const x = tensor(
    Float32Array.from({ length: 24 }, (_, i) => i),
    [2, 3, 4],
  );
  expect(new Reshape({ targetShape: [-1, 2] }).apply(x).shape).toEqual([2, 6, 2]);
  expect(new Reshape({ targetShape: [-1, 2] }).computeOutputShape([null, 3, 4])).toEqual([null, 6, 2]);
  expect(new Reshape({ targetShape: [-1, 2] }).computeOutputShape([null, null, 4])).toEqual([null, null, 2]);
  expect(new Flatten().apply(x).shape).toEqual([2, 12]);
  expect(new Flatten().computeOutputShape([null, 3, 4])).toEqual([null, 12]);
  expect(new Flatten().computeOutputShape([null, null, 4])).toEqual([null, null]);
  expect(new Flatten().computeOutputShape([null])).toEqual([null, 1]);
  expect(new Flatten().apply(x).dataSync()).toEqual(x.dataSync());
  expect(() => new Reshape({ targetShape: [5, -1] }).apply(x)).toThrow(
    '[SHAPE_MISMATCH] Reshape: a sample cannot take the target shape.',
  );
  expect(() => new Reshape({ targetShape: [-1, -1] })).toThrow('`targetShape` is no shape.');
});

it('RepeatVector makes equal steps, and its gradient is their sum', () => {
  const x = tensor([
    [1, 2],
    [3, 4],
  ]);
  const layer = new RepeatVector({ n: 3 });
  const { gradients } = valueAndGradients(() => {
    const output = layer.apply(x);
    expect(output.array()).toEqual([
      [
        [1, 2],
        [1, 2],
        [1, 2],
      ],
      [
        [3, 4],
        [3, 4],
        [3, 4],
      ],
    ]);
    return ops.sum(
      ops.mul(
        output,
        tensor(
          Float32Array.from({ length: 12 }, (_, i) => i),
          [2, 3, 2],
        ),
      ),
    );
  }, [x]);
  expect(gradients[0].array()).toEqual([
    [6, 9],
    [24, 27],
  ]);
  expect(() => layer.apply(ops.ones([2, 3, 4]))).toThrow(
    '[SHAPE_MISMATCH] RepeatVector: the input has the wrong shape.',
  );
});

it('Input states the shape of a sample and refuses others', () => {
  const layer = Input({ shape: [null, 7] });
  expect(layer.givenInputShape).toEqual([null, null, 7]);
  const x = ops.ones([2, 5, 7]);
  expect(layer.apply(x)).toBe(x);
  expect(() => layer.apply(ops.ones([2, 5, 6]))).toThrow('expected: [batch, axis 1, axis 2 = 7]');
});
