import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { expectDerivative, messageOf } from '../../test/support/central-differences.js';
import { expectClose } from '../../test/support/close.js';
import { normals } from '../../test/support/random.js';
import { backendNames, currentBackend, useBackend } from '../kernels/select.js';
import { Random } from '../random.js';
import * as ops from './index.js';
import { type SoftmaxCrossentropyOptions, softmaxCrossentropy } from './softmax-crossentropy.js';
import { valueAndGradients } from './tape.js';
import { scope, type Tensor, tensor } from './tensor.js';

beforeEach(() => void useBackend('reference'));
afterEach(() => void useBackend('wasm'));

const [N, U, V] = [7, 5, 11];
const labels = Int32Array.of(3, 0, 10, 3, 7, 1, 3);
const weights = Float64Array.of(0.5, 1.25, 0, 2, 0.125, 1, 0.75);
/** All rows at once, chunks of 3 + 3 + 1 rows, and a row at a time. */
const chunks = [undefined, 3 * V, 1];

function operands(transposed: boolean, random = new Random(41)): { hidden: Tensor; kernel: Tensor; bias: Tensor } {
  return {
    hidden: normals([N, U], random),
    kernel: normals(transposed ? [V, U] : [U, V], random),
    bias: normals([V], random),
  };
}

/** The losses as their definition says, in float64. */
function slowLosses(
  hidden: Tensor,
  kernel: Tensor,
  bias: Tensor | undefined,
  transposed: boolean,
): { losses: number[]; ofAllLabels: number[]; predicted: number[] } {
  const [h, k, b] = [hidden.dataSync(), kernel.dataSync(), bias?.dataSync()];
  const rows = Array.from({ length: N }, (_, i) => {
    const x = Array.from({ length: V }, (_, j) => {
      let sum = b?.[j] ?? 0;
      for (let u = 0; u < U; u++) sum += h[i * U + u] * (transposed ? k[j * U + u] : k[u * V + j]);
      return sum;
    });
    const largest = Math.max(...x);
    const logSum = Math.log(x.reduce((sum, value) => sum + Math.exp(value - largest), 0)) + largest;
    return {
      loss: logSum - x[labels[i]],
      ofAllLabels: x.reduce((sum, value) => sum + (logSum - value) / V, 0),
      predicted: x.indexOf(largest),
    };
  });
  return {
    losses: rows.map(({ loss }) => loss),
    ofAllLabels: rows.map(({ ofAllLabels }) => ofAllLabels),
    predicted: rows.map(({ predicted }) => predicted),
  };
}

const variants = [false, true].flatMap((transposeKernel) =>
  [false, true].flatMap((hasBias) =>
    chunks.flatMap((mostLogits) =>
      [0, 0.15].map((labelSmoothing) => ({ transposeKernel, hasBias, mostLogits, labelSmoothing })),
    ),
  ),
);

describe('softmaxCrossentropy', () => {
  it.each(variants)(
    'has the losses, the likeliest classes and the derivatives of its definition: %j',
    ({ transposeKernel, hasBias, mostLogits, labelSmoothing }) => {
      const { hidden, kernel, bias } = operands(transposeKernel);
      const options = { transposeKernel, mostLogits, weights, labelSmoothing };
      const expected = slowLosses(hidden, kernel, hasBias ? bias : undefined, transposeKernel);
      const scored = softmaxCrossentropy(hidden, kernel, labels, {
        ...options,
        bias: hasBias ? bias : undefined,
        predicted: true,
      });
      expectClose(scored.losses.dataSync(), expected.losses, 1e-14, 'losses');
      expect([...scored.predicted!.dataSync()]).toEqual(expected.predicted);
      expectClose(
        [scored.total.item()],
        [
          expected.losses.reduce(
            (sum, loss, i) =>
              sum + weights[i] * ((1 - labelSmoothing) * loss + labelSmoothing * expected.ofAllLabels[i]),
            0,
          ),
        ],
        1e-14,
        'total',
      );
      const inputs = hasBias ? [hidden, kernel, bias] : [hidden, kernel];
      expectDerivative(
        ([h, k, b]) => ops.mul(softmaxCrossentropy(h, k, labels, { ...options, bias: b }).total, 1.75),
        inputs,
      );
    },
  );

  it('refuses smoothing that is no share, and options that it does not know', () => {
    const { hidden, kernel } = operands(false);
    for (const labelSmoothing of [-0.5, 1.5, Number.NaN])
      expect(() => softmaxCrossentropy(hidden, kernel, labels, { labelSmoothing })).toThrow(
        '[OUT_OF_RANGE] softmaxCrossentropy: `labelSmoothing` is out of range.',
      );
    const misspelt = { labelSmothing: 0.1 } as object;
    expect(() => softmaxCrossentropy(hidden, kernel, labels, misspelt)).toThrow(/UNKNOWN_NAME.*`labelSmothing`/);
  });

  it('derives by each operand alone, twice over, and by one that it shares with another operation', () => {
    const { hidden, kernel, bias } = operands(false);
    expectDerivative(([h]) => softmaxCrossentropy(h, kernel, labels, { bias }).total, [hidden]);
    expectDerivative(([k]) => softmaxCrossentropy(hidden, k, labels, { bias, mostLogits: 2 * V }).total, [kernel]);
    expectDerivative(([b]) => softmaxCrossentropy(hidden, kernel, labels, { bias: b }).total, [bias]);
    expectDerivative(
      ([h]) =>
        ops.add(
          ops.sum(ops.square(h)),
          ops.mul(softmaxCrossentropy(ops.tanh(h), kernel, labels).total, softmaxCrossentropy(h, kernel, labels).total),
        ),
      [hidden],
    );
  });

  it.each(backendNames)('is finite and right where logits are as far apart as 1000 on %s', (backend) => {
    useBackend(backend);
    const hidden = tensor([[1], [1], [-1]]);
    const kernel = tensor([[500, -500, 499]]);
    const given = Int32Array.of(0, 1, 2);
    const { value, gradients } = valueAndGradients(
      () => softmaxCrossentropy(hidden, kernel, given).total,
      [hidden, kernel],
    );
    const tail = Math.log(1 + Math.exp(-1));
    expectClose([value.item()], [tail + 1000 + tail + 999], 1e-6, 'total');
    for (const gradient of gradients) expect(gradient.dataSync().every(Number.isFinite)).toBe(true);
    // Products of 500 are rounded to 3e-5 before they are subtracted.
    expectClose(
      gradients[0].dataSync(),
      [499 + 1 / (1 + Math.exp(-1)) - 500, 499 + 1 / (1 + Math.exp(-1)) + 500, -999],
      6e-5,
      'by hidden',
    );
  });

  it.each(chunks.flatMap((mostLogits) => [0, 0.1].map((labelSmoothing) => ({ mostLogits, labelSmoothing }))))(
    'agrees with the reference on wasm: %j',
    (chosen) => {
      const [rows, units, classes] = [67, 21, 1003];
      const random = new Random(43);
      const inputs = [
        normals([rows, units], random),
        normals([units, classes], random, 0.3),
        normals([classes], random),
      ];
      const given = Int32Array.from({ length: rows }, () => random.integer(classes));
      const results = backendNames.map((backend) => {
        useBackend(backend);
        const { value, gradients } = valueAndGradients(
          () => softmaxCrossentropy(inputs[0], inputs[1], given, { bias: inputs[2], ...chosen }).total,
          inputs,
        );
        const { losses, predicted } = softmaxCrossentropy(inputs[0], inputs[1], given, {
          bias: inputs[2],
          ...chosen,
          predicted: true,
        });
        return [value, ...gradients, losses, predicted!].map((result) => result.dataSync());
      });
      results[0].forEach((values, i) => expectClose(values, results[1][i], 3e-6, `result ${i}`));
    },
  );

  it('says the first of several largest logits', () => {
    const { predicted } = softmaxCrossentropy(
      tensor([
        [0, 0],
        [1, 0],
      ]),
      tensor([
        [1, 2, 2, 0],
        [1, 1, 1, 1],
      ]),
      [1, 1],
      { predicted: true },
    );
    expect([...predicted!.dataSync()]).toEqual([0, 1]);
  });

  it('holds no more logits than it is told', () => {
    const [rows, units, classes] = [400, 3, 1000];
    const backend = useBackend('wasm');
    const inputs = [normals([rows, units], new Random(1)), normals([units, classes], new Random(2))];
    const given = new Int32Array(rows).fill(5);
    const bytes = scope(() => {
      const run = (): unknown =>
        valueAndGradients(
          () => softmaxCrossentropy(inputs[0], inputs[1], given, { mostLogits: 10 * classes }).total,
          inputs,
        );
      run();
      return currentBackend().memory().temporaryBytes;
    });
    expect(bytes).toBeLessThan(4 * (10 * classes + 3 * (rows * units + units * classes) + 20 * rows) + 64 * 1024);
    expect(backend.memory().temporaryBytes).toBe(0);
  });

  it('has nothing to say of no rows', () => {
    const inputs = [tensor([], [0, U]), normals([U, V], new Random(3))];
    const { value, gradients } = valueAndGradients(() => softmaxCrossentropy(inputs[0], inputs[1], []).total, inputs);
    expect(value.item()).toBe(0);
    expect([...gradients[1].dataSync()]).toEqual(new Array(U * V).fill(0));
  });

  const refused: [
    string,
    Partial<Record<'hidden' | 'kernel', Tensor>>,
    ArrayLike<number>,
    SoftmaxCrossentropyOptions,
    string,
  ][] = [
    [
      'another number of units',
      { kernel: normals([V, U], new Random(1)) },
      labels,
      {},
      'hidden [7, 5], kernel [11, 5], 7 labels',
    ],
    ['too few labels', {}, [1, 2], {}, 'hidden [7, 5], kernel [5, 11], 2 labels'],
    ['too few weights', {}, labels, { weights: [1] }, 'hidden [7, 5], kernel [5, 11], 7 labels, 1 weights'],
    [
      'a bias of another size',
      {},
      labels,
      { bias: normals([3], new Random(1)) },
      'hidden [7, 5], kernel [5, 11], a bias [3], 7 labels',
    ],
    [
      'hidden values with more axes',
      { hidden: normals([N, U, 1], new Random(1)) },
      labels,
      {},
      'hidden [7, 5, 1], kernel [5, 11], 7 labels',
    ],
  ];
  it.each(refused)('refuses %s', (_, changed, given, options, received) => {
    const { hidden, kernel } = { ...operands(false), ...changed };
    const message = messageOf(() => softmaxCrossentropy(hidden, kernel, given, options));
    expect(message).toContain('[SHAPE_MISMATCH] softmaxCrossentropy: the operands do not fit together.');
    expect(message).toContain(`received: ${received}\n`);
  });

  it.each([11, -1, 0.5, NaN])('refuses the label %s', (label) => {
    const { hidden, kernel } = operands(false);
    expect(messageOf(() => softmaxCrossentropy(hidden, kernel, [0, 1, label, 3, 4, 5, 6]))).toContain(
      '[OUT_OF_RANGE] softmaxCrossentropy: the targets hold something that is no class, at [2].\n  expected: a ' +
        'whole number from 0 to 10',
    );
  });
});
