import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { expectDerivative, messageOf } from '../../test/support/central-differences.js';
import { expectClose } from '../../test/support/close.js';
import { normals, randomise } from '../../test/support/random.js';
import { backendNames, useBackend } from '../kernels/select.js';
import { Random, setSeed } from '../random.js';
import type { RowGradient } from '../tensor/row-gradient.js';
import { type CandidateClasses, sampledCrossentropy } from '../tensor/sampled-crossentropy.js';
import { softmaxCrossentropy } from '../tensor/softmax-crossentropy.js';
import { valueAndGradients } from '../tensor/tape.js';
import type { Tensor } from '../tensor/tensor.js';
import { Variable } from '../tensor/variable.js';
import { Sequential } from '../training/sequential.js';
import { logUniformCandidates, logUniformProbability } from './log-uniform.js';
import { SampledSoftmax } from './sampled-softmax.js';

beforeEach(() => void useBackend('reference'));
afterEach(() => void useBackend('wasm'));

const [rows, units, classes] = [5, 7, 11];
const labels = Int32Array.of(3, 0, 10, 3, 7);
const weights = Float64Array.of(0.5, 1.25, 0, 2, 0.125);
/** Two draws of one class, and the labels of three rows. */
const candidates: CandidateClasses = {
  classes: Int32Array.of(3, 1, 8, 1, 7),
  expectedCounts: Float64Array.of(0.5, 1.5, 0.25, 1.5, 2),
};

function operands(): [hidden: Tensor, kernel: Tensor, bias: Tensor] {
  const random = new Random(17);
  return [normals([rows, units], random), normals([classes, units], random), normals([classes], random)];
}

/** Logits of all classes, in float64. */
function logits([hidden, kernel, bias]: readonly Tensor[]): number[][] {
  const [h, k, b] = [hidden, kernel, bias].map((values) => values.array()) as [number[][], number[][], number[]];
  return h.map((x) => k.map((row, j) => row.reduce((sum, value, u) => sum + value * x[u], b[j])));
}

function slowLosses(inputs: readonly Tensor[], { classes: drawn, expectedCounts }: CandidateClasses): number[] {
  return logits(inputs).map((x, i) => {
    const own = Math.exp(x[labels[i]]);
    const others = Array.from(drawn).reduce(
      (sum, c, j) => sum + (c === labels[i] ? 0 : Math.exp(x[c]) / expectedCounts[j]),
      0,
    );
    return Math.log(own + others) - x[labels[i]];
  });
}

describe('sampledCrossentropy', () => {
  it.each(backendNames)('has the losses of its definition on %s', (backend) => {
    useBackend(backend);
    const inputs = operands();
    const { total, losses } = sampledCrossentropy(inputs[0], inputs[1], labels, candidates, {
      bias: inputs[2],
      weights,
    });
    const expected = slowLosses(inputs, candidates);
    const tolerance = backend === 'reference' ? 1e-14 : 1e-6;
    expectClose(losses.dataSync(), expected, tolerance, 'losses');
    expectClose([total.item()], [expected.reduce((sum, loss, i) => sum + loss * weights[i], 0)], tolerance, 'total');
  });

  it('derives by each operand, with fixed samples', () => {
    const inputs = operands();
    expectDerivative(([h, k, b]) => sampledCrossentropy(h, k, labels, candidates, { bias: b, weights }).total, inputs);
    expectDerivative(([h, k]) => sampledCrossentropy(h, k, labels, candidates).losses, inputs.slice(0, 2));
  });

  it('gives a gradient to the rows of labels and candidates alone', () => {
    const [hidden, kernel] = operands();
    const table = new Variable(kernel.shape, kernel.dataSync(), 'kernel');
    const { gradients } = valueAndGradients(
      () => sampledCrossentropy(hidden, table, labels, candidates).total,
      [table],
    );
    expect([...(gradients[0] as RowGradient).indices]).toEqual([0, 1, 3, 7, 8, 10]);
  });

  it('estimates the sum over all classes without bias', () => {
    const inputs = operands();
    const random = new Random(19);
    const draws = 4000;
    const mean = new Float64Array(rows);
    const squares = new Float64Array(rows);
    const x = logits(inputs);
    for (let draw = 0; draw < draws; draw++) {
      slowLosses(inputs, logUniformCandidates(6, classes, random)).forEach((loss, i) => {
        const sum = Math.exp(loss + x[i][labels[i]]);
        mean[i] += sum / draws;
        squares[i] += (sum * sum) / draws;
      });
    }
    x.forEach((row, i) => {
      const error = Math.sqrt((squares[i] - mean[i] ** 2) / draws);
      expect(Math.abs(mean[i] - row.reduce((sum, value) => sum + Math.exp(value), 0)), `row ${i}`).toBeLessThan(
        4 * error,
      );
    });
  });

  it('comes close to the full loss, and its gradient to the full gradient, with many samples', () => {
    useBackend('wasm');
    const inputs = operands();
    const many = logUniformCandidates(200_000, classes, new Random(23));
    const sampled = valueAndGradients(
      () => sampledCrossentropy(inputs[0], inputs[1], labels, many, { bias: inputs[2], weights }).total,
      inputs,
    );
    const full = valueAndGradients(
      () =>
        softmaxCrossentropy(inputs[0], inputs[1], labels, { bias: inputs[2], weights, transposeKernel: true }).total,
      inputs,
    );
    expectClose([sampled.value.item()], [full.value.item()], 0.01, 'loss');
    full.gradients.forEach((gradient, i) =>
      expectClose(sampled.gradients[i].dataSync(), gradient.dataSync(), 0.02, `gradient ${i}`),
    );
  });

  it('refuses operands that do not fit', () => {
    const [hidden, kernel] = operands();
    expect(messageOf(() => sampledCrossentropy(kernel, hidden, labels, candidates))).toContain(
      '[SHAPE_MISMATCH] sampledCrossentropy',
    );
    expect(messageOf(() => sampledCrossentropy(hidden, kernel, Int32Array.of(0, 1, 2, 3, 11), candidates))).toContain(
      '[OUT_OF_RANGE] sampledCrossentropy: the targets hold something that is no class, at [4].',
    );
    expect(
      messageOf(() =>
        sampledCrossentropy(hidden, kernel, labels, { ...candidates, classes: Int32Array.of(0, 1, 2, 3, -1) }),
      ),
    ).toContain('[OUT_OF_RANGE] sampledCrossentropy: the candidates hold something that is no class, at [4].');
  });
});

describe('logUniformCandidates', () => {
  it('draws each class as often as its probability says, which sum to 1', () => {
    const probabilities = Array.from({ length: classes }, (_, k) => logUniformProbability(k, classes));
    expectClose([probabilities.reduce((a, b) => a + b, 0)], [1], 1e-15, 'sum');
    const count = 50_000;
    const { classes: drawn, expectedCounts } = logUniformCandidates(count, classes, new Random(29));
    probabilities.forEach((probability, k) => {
      const times = drawn.filter((value) => value === k).length;
      expect(Math.abs(times - count * probability), `class ${k}`).toBeLessThan(4 * Math.sqrt(count * probability));
    });
    expectClose(
      expectedCounts.slice(0, 9),
      Array.from(drawn.slice(0, 9), (k) => count * probabilities[k]),
      1e-15,
      'expected counts',
    );
  });
});

describe('SampledSoftmax', () => {
  const x = normals([6, units], new Random(1));
  const y = [3, 0, 10, 3, 7, 1];

  it('is trained on samples, evaluated and measured exactly', async () => {
    setSeed(5);
    const layer = new SampledSoftmax({ units: classes, numSampled: 3, inputShape: [units] });
    const model = new Sequential([layer]);
    randomise(layer, new Random(2));
    model.compile({ optimizer: 'sgd', loss: 'sparseCategoricalCrossentropy', metrics: ['perplexity', 'accuracy'] });
    const before = await model.evaluate(x, y);
    const predictions = (await model.predict(x)).array() as number[][];
    const loss = predictions.reduce((sum, row, i) => sum - Math.log(row[y[i]]) / y.length, 0);
    expectClose([before.loss, before.perplexity], [loss, Math.exp(loss)], 1e-13, 'evaluation');
    expect(before.accuracy).toBe(
      predictions.filter((row, i) => row.indexOf(Math.max(...row)) === y[i]).length / y.length,
    );
    const logs = await model.trainOnBatch(x, y);
    expectClose(
      [logs.perplexity, logs.accuracy],
      [before.perplexity, before.accuracy],
      1e-13,
      'metrics of the training batch',
    );
    expect(Math.abs(logs.loss - before.loss)).toBeGreaterThan(1e-3);
  });

  it('learns with few samples', async () => {
    setSeed(6);
    const model = new Sequential([new SampledSoftmax({ units: classes, numSampled: 4, inputShape: [units] })]);
    model.compile({
      optimizer: { name: 'adagrad', config: { learningRate: 0.5 } },
      loss: 'sparseCategoricalCrossentropy',
    });
    const before = await model.evaluate(x, y);
    await model.fit(x, y, { epochs: 60, batchSize: 3 });
    expect((await model.evaluate(x, y)).loss).toBeLessThan(before.loss / 3);
  });
});
