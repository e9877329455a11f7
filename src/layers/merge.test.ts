import { afterEach, describe, expect, it } from 'vitest';
import { useBackend } from '../kernels/select.js';
import * as ops from '../tensor/index.js';
import { valueAndGradients } from '../tensor/tape.js';
import { type Tensor, tensor } from '../tensor/tensor.js';
import { Sequential } from '../training/sequential.js';
import { Add } from './add.js';
import { Average } from './average.js';
import { BatchNormalization } from './batch-normalization.js';
import { Dense } from './dense.js';
import { Dot } from './dot.js';
import { GRU } from './gru.js';
import { Layer, type OpenShape } from './layer.js';
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

/** Sends a mask along that hides each single zero. */
class HideZeros extends Layer {
  override readonly className = 'HideZeros';

  constructor() {
    super('hideZeros', {}, []);
  }

  override build(): void {}

  override call(input: Tensor): Tensor {
    const output = ops.mul(input, 1);
    setMask(
      output,
      Uint8Array.from(input.dataSync(), (x) => (x === 0 ? 0 : 1)),
    );
    return output;
  }

  protected override maskAfter(): undefined {}

  override computeOutputShape(inputShape: OpenShape): OpenShape {
    return inputShape;
  }

  override getConfig(): ReturnType<Layer['getConfig']> {
    return this.baseConfig();
  }
}

it('a mask of single values is one of steps behind a Softmax, for losses and for layers', async () => {
  useBackend('reference');
  const x = [
    [
      [1, 0, 1],
      [0, 0, 0],
    ],
    [
      [0, 0, 0],
      [0, 2, 0],
    ],
  ];
  for (const axis of [-1, 1]) {
    const shares = new Sequential([new HideZeros(), new Softmax({ axis })]).apply(tensor(x));
    expect([...maskOf(shares)!]).toEqual([1, 0, 0, 1]);
  }
  for (const layer of [
    new Dense({ units: 3 }),
    new BatchNormalization(),
    new GRU({ units: 3, returnSequences: true }),
  ]) {
    const model = new Sequential([new HideZeros(), new Softmax(), layer], { inputShape: [2, 3] });
    expect([...maskOf(model.apply(tensor(x)))!]).toEqual([1, 0, 0, 1]);
    model.compile({ optimizer: 'sgd', loss: 'meanSquaredError' });
    expect((await model.trainOnBatch(x, x)).loss).toBeGreaterThan(0);
  }
  const model = new Sequential([new HideZeros(), new Softmax()], { inputShape: [2, 3] });
  model.compile({ optimizer: 'sgd', loss: 'meanSquaredError' });
  const { loss } = await model.evaluate(x, [
    [
      [0.5, 0, 0.5],
      [7, 7, 7],
    ],
    [
      [7, 7, 7],
      [0, 4, 0],
    ],
  ]);
  expect(loss).toBe(1.5);
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
      /SHAPE_MISMATCH.*Add: the inputs do not go together.*\n.*\n.*\[any, 3\], \[any, 2\]/,
    ],
    ['a difference of three', () => new Subtract().apply([a, a, a]), /expected: 2 inputs\n {2}received: 3/],
    ['a difference of one', () => new Subtract().apply([a]), /expected: 2 inputs\n {2}received: 1/],
    ['products of one', () => new Dot({ axes: 1 }).apply([a]), /there are not two inputs/],
    ['products of unequal axes', () => new Dot({ axes: 1 }).apply([a, b]), /the axes that are summed over differ/],
    ['products along the batch', () => new Dot({ axes: [0, 1] }), /OUT_OF_RANGE.*`axes` is no axis/],
    ['products along no axis', () => new Dot({ axes: 2 }).apply([a, a]), /an input has no such axis/],
    [
      'shares under a mask of another size',
      () => new Softmax().apply(tensor([[1, 2, 3]]), { mask: Uint8Array.of(1, 0) }),
      /SHAPE_MISMATCH.*Softmax: the mask has the wrong size.*\n.*1 or 3 entries.*\[1, 3\]\n.*2 entries/,
    ],
    ['shares along the batch', () => new Softmax({ axis: 0 }), /`axis` is out of range/],
  ])('%s', (_, work, message) => {
    expect(work).toThrow(message);
  });
});
