import { expect, it } from 'vitest';
import { expectClose } from '../../../test/support/close.js';
import { onnxBytes } from '../../../test/support/onnx-writer.js';
import { Random } from '../../random.js';
import { tensor } from '../../tensor/tensor.js';
import { readOnnx } from './onnx-model.js';

const [batch, features, filters] = [3, 2, 5];

/** Sizes whose places move one by one, in runs of two, three and six, and windows of one place. */
it.each([
  [{ length: 12, kernel: 4, stride: 2, before: 2, after: 1 }],
  [{ length: 12, kernel: 6, stride: 3, before: 0, after: 4 }],
  [{ length: 18, kernel: 12, stride: 6, before: 6, after: 6 }],
  [{ length: 11, kernel: 4, stride: 2, before: 2, after: 0 }],
  [{ length: 7, kernel: 1, stride: 1, before: 0, after: 0 }],
  [{ length: 7, kernel: 1, stride: 1, before: 0, after: 1 }],
])('a convolution is what its definition says, %o', async ({ length, kernel, stride, before, after }) => {
  const random = new Random(1);
  const drawn = (count: number): number[] => Array.from({ length: count }, () => Math.fround(random.normal()));
  const [x, w] = [drawn(batch * features * length), drawn(filters * features * kernel)];
  const model = readOnnx(
    onnxBytes({
      nodes: [
        {
          operator: 'Conv',
          inputs: ['x', 'w'],
          outputs: ['y'],
          attributes: { strides: [stride], pads: [before, after], kernel_shape: [kernel] },
        },
      ],
      constants: { w: { type: 'float', shape: [filters, features, kernel], data: w } },
      inputs: [{ name: 'x', shape: [batch, features, length] }],
      outputs: [{ name: 'y', shape: ['b', 'f', 't'] }],
    }),
    'convolution.onnx',
  );
  const { y } = await model.predict({ x: tensor(x, [batch, features, length]) });
  const count = Math.floor((length + before + after - kernel) / stride) + 1;
  expect(y.shape).toEqual([batch, filters, count]);
  const expected: number[] = [];
  for (let b = 0; b < batch; b++)
    for (let f = 0; f < filters; f++)
      for (let t = 0; t < count; t++) {
        let sum = 0;
        for (let c = 0; c < features; c++)
          for (let k = 0; k < kernel; k++) {
            const place = t * stride + k - before;
            if (place < 0 || place >= length) continue;
            sum += x[(b * features + c) * length + place] * w[(f * features + c) * kernel + k];
          }
        expected.push(sum);
      }
  expectClose(await y.data(), expected, 3e-6, 'convolution');
});
