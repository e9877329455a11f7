import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { asynchronousReference } from '../../test/support/asynchronous.js';
import { expectClose } from '../../test/support/close.js';
import { messageAfter } from '../../test/support/message-after.js';
import { normals } from '../../test/support/random.js';
import { useBackend } from '../kernels/select.js';
import { Random, setSeed } from '../random.js';
import * as ops from '../tensor/index.js';
import { valueAndGradients } from '../tensor/tape.js';
import { type Tensor, tensor } from '../tensor/tensor.js';
import { Functional } from '../training/graph/functional.js';
import { Sequential } from '../training/sequential.js';
import { Add } from './add.js';
import { BatchNormalization } from './batch-normalization.js';
import { Dense } from './dense.js';
import { GroupNormalization } from './group-normalization.js';
import type { Layer } from './layer.js';
import { setMask } from './mask.js';
import { input } from './symbolic-tensor.js';

beforeAll(() => void useBackend('reference'));
afterAll(() => void useBackend('wasm'));

const short = normals([2, 5, 6], new Random(9));

/** Sequences with steps of `fill` between and behind, and their mask. */
function padded(fill: number): Tensor {
  const step = tensor(new Float64Array(12).fill(fill), [2, 1, 6]);
  const x = ops.concatenate([step, ops.slice(short, 1, 0, 2), step, ops.slice(short, 1, 2), step], 1);
  const row = [0, 1, 1, 0, 1, 1, 1, 0];
  setMask(x, Uint8Array.from([...row, ...row]));
  return x;
}

const makers: readonly (readonly [string, () => Layer])[] = [
  ['batch', () => new BatchNormalization({ momentum: 0.5, gammaInitializer: 'heNormal' })],
  ['group', () => new GroupNormalization({ groups: 3, gammaInitializer: 'heNormal' })],
];

it.each(makers)('padding changes nothing for a %s normalization: outputs, gradients, statistics', (_, make) => {
  const [plain, ofPadded] = [short, padded(NaN)].map((x) => {
    setSeed(5);
    const layer = make();
    let output!: Tensor;
    const { value, gradients } = valueAndGradients(() => {
      output = layer.apply(x, { training: true }) as Tensor;
      const steps = x === short ? [0, 1, 2, 3, 4] : [1, 2, 4, 5, 6];
      const real = ops.concatenate(
        steps.map((t) => ops.slice(output, 1, t, t + 1)),
        1,
      );
      return ops.sum(ops.mul(ops.square(real), normals([2, 5, 6], new Random(4))));
    }, layer.trainableWeights);
    return [value, ...gradients, ...layer.weights].flatMap((each) => [...each.dataSync()]);
  });
  expectClose(ofPadded, plain, 1e-12, 'padded');
});

describe('the moving statistics of a BatchNormalization', () => {
  const statistics = (layer: BatchNormalization): number[] =>
    layer.weights.filter(({ trainable }) => !trainable).flatMap((each) => [...each.dataSync()]);
  const rows = tensor([[1], [2], [6]]);

  it('are those of the batches, with a momentum', () => {
    const layer = new BatchNormalization({ momentum: 0.75 });
    layer.apply(rows, { training: true });
    expectClose(statistics(layer), [0.25 * 3, 0.75 + (0.25 * 14) / 3], 1e-15, 'after one step');
    layer.apply(rows);
    expect(layer.weights.map(({ name }) => name.split('/')[1])).toEqual([
      'gamma',
      'beta',
      'movingMean',
      'movingVariance',
    ]);
    expectClose(statistics(layer), [0.25 * 3, 0.75 + (0.25 * 14) / 3], 1e-15, 'outside of training');
  });

  it('normalise a batch in which nothing counts, and stay', () => {
    const layer = new BatchNormalization({ epsilon: 0, movingMeanInitializer: 'ones' });
    const output = layer.apply(rows, { training: true, mask: Uint8Array.of(0, 0, 0) });
    expect([...output.dataSync()]).toEqual([-1, -1, -1]);
    expect(statistics(layer)).toEqual([1, 1]);
  });

  it.each(['reference', 'asynchronous'])('stay where a step is refused, on a %s device', async (device) => {
    useBackend(device === 'reference' ? 'reference' : asynchronousReference);
    const layer = new BatchNormalization();
    const model = new Sequential([new Dense({ units: 2 }), layer], { inputShape: [1] });
    model.compile({ optimizer: 'sgd', loss: 'mse' });
    await model.fit(
      [[1], [3]],
      [
        [0, 1],
        [1, 0],
      ],
      { epochs: 1 },
    );
    const numbers = async (): Promise<unknown> => Promise.all(layer.weights.map((weight) => weight.data()));
    const before = await numbers();
    await expect(
      model.fit(
        [[1], [2]],
        [
          [1e200, 0],
          [0, 1],
        ],
        { epochs: 2 },
      ),
    ).rejects.toThrow('NOT_FINITE');
    expect(await numbers()).toEqual(before);
    await model.fit(
      [[1], [3]],
      [
        [0, 1],
        [1, 0],
      ],
      { epochs: 1 },
    );
    expect(await numbers()).not.toEqual(before);
    useBackend('reference');
  });

  it('go on with each application of a step', async () => {
    const layer = new BatchNormalization({ momentum: 0.5, center: false });
    const ends = [input({ shape: [1], name: 'a' }), input({ shape: [1], name: 'b' })];
    const model = new Functional({ inputs: ends, outputs: new Add().apply(ends.map((end) => layer.apply(end))) });
    model.compile({ optimizer: 'sgd', loss: 'mse' });
    await model.trainOnBatch({ a: [[1], [3]], b: [[4], [4]] }, [[0], [1]]);
    expectClose(statistics(layer), [(0 + 2) / 4 + 4 / 2, ((1 + 1) / 2 + 0) / 2], 1e-15, 'after both');
  });

  it.each([
    ['it is', { own: false, around: true }],
    ['a model around it is', { own: true, around: false }],
  ])('are used and stay where %s not trainable', async (_, { own, around }) => {
    const layer = new BatchNormalization({ trainable: own, scale: false, center: false, epsilon: 0 });
    const inner = new Sequential([layer], { trainable: around });
    const model = new Sequential([inner, new Dense({ units: 1, useBias: false })], { inputShape: [1] });
    model.compile({ optimizer: { name: 'sgd', config: { learningRate: 0 } }, loss: 'mse' });
    const [kernel] = model.trainableWeights;
    const { loss } = await model.trainOnBatch([[3], [5]], [[0], [0]]);
    expectClose([loss], [17 * kernel.item() ** 2], 1e-12, 'of what came in, by statistics 0 and 1');
    expect(statistics(layer)).toEqual([0, 1]);
    const output = model.apply(tensor([[3], [5]]), { training: true });
    expectClose([...output.dataSync()], [3 * kernel.item(), 5 * kernel.item()], 1e-12, 'outside of fit');
    expect(statistics(layer)).toEqual([0, 1]);
  });

  it('move again after a frozen model has refused its input', () => {
    const layer = new BatchNormalization({ momentum: 0.75 });
    const frozen = new Sequential([layer], { trainable: false });
    frozen.apply(rows, { training: true });
    expect(() => frozen.apply(tensor([[1, 2]]), { training: true })).toThrow('SHAPE_MISMATCH');
    expect(statistics(layer)).toEqual([0, 1]);
    layer.apply(rows, { training: true });
    expectClose(statistics(layer), [0.25 * 3, 0.75 + (0.25 * 14) / 3], 1e-15, 'by itself');
  });
});

it('refuses what does not fit', async () => {
  const layer = new BatchNormalization({ name: 'norm', axis: 1 });
  const messages = [
    () => new BatchNormalization({ momentum: 1.5 }),
    () => new BatchNormalization({ axis: 0 }),
    () => new BatchNormalization({ center: 1 as unknown as boolean }),
    () => layer.apply(short, { mask: Uint8Array.from({ length: 10 }, (_, i) => i % 2) }),
    () => layer.apply(padded(0)),
    () => layer.apply(tensor([1, 2])),
    () => new GroupNormalization().apply(short),
    () => new GroupNormalization({ groups: 0 }),
    () =>
      valueAndGradients(
        () => ops.checkpoint((x) => ops.sum(layer.apply(x, { training: true })), [short]),
        layer.trainableWeights,
      ),
  ];
  const told = await Promise.all(messages.map((wrong) => messageAfter(wrong)));
  expect(told.join('\n')).toMatchInlineSnapshot(`
    "[OUT_OF_RANGE] BatchNormalization: \`momentum\` is out of range.
      expected: a number from 0 to 1
      received: 1.5
      fix: give \`momentum\` a number from 0 to 1.
    [OUT_OF_RANGE] BatchNormalization: \`axis\` is out of range.
      expected: an axis other than the batch axis 0
      received: 0
      fix: use -1 for features, 1 for time.
    [USAGE] BatchNormalization: \`center\` is neither true nor false.
      received: 1
      fix: write center: true.
    [USAGE] BatchNormalization norm: the mask runs along axis 1, whose entries are kept apart.
      expected: a mask of axes before it
      fix: give the features as \`axis\`, -1, or a tensor without a mask.
    [SHAPE_MISMATCH] BatchNormalization norm: axis 1 of the input has another size than the weights.
      expected: 5
      received: [2, 8, 6]
      fix: give the layer 5 features, or make it anew for the other width.
    [SHAPE_MISMATCH] BatchNormalization norm: the input has no axis 1 besides the batch.
      expected: more axes, or another axis
      received: [2]
      fix: correct \`axis\`.
    [SHAPE_MISMATCH] GroupNormalization: 6 features cannot be parted into 32 groups.
      expected: a multiple of 32 features
      received: [any, 5, 6]
      fix: give \`groups\` that divide the features.
    [OUT_OF_RANGE] GroupNormalization: \`groups\` is out of range.
      expected: a whole number of at least 1, or -1
      received: 0
      fix: give \`groups\` a whole number of at least 1, or -1.
    [USAGE] checkpoint: the variable \`norm/movingMean\` is changed by work that may run twice.
      expected: work that only reads variables
      fix: change it outside; run a stateful layer outside too, or give it \`recomputeSteps\` instead."
  `);
});
