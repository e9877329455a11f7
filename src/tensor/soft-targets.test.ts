import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { expectDerivative, messageOf } from '../../test/support/central-differences.js';
import { expectClose } from '../../test/support/close.js';
import { normals } from '../../test/support/random.js';
import { backendNames, useBackend } from '../kernels/select.js';
import { Random } from '../random.js';
import * as ops from './index.js';
import { SoftTargets, type SoftTargetsOptions } from './soft-targets.js';
import { softmaxCrossentropy } from './softmax-crossentropy.js';
import { valueAndGradients } from './tape.js';
import { type Tensor, tensor } from './tensor.js';

beforeEach(() => void useBackend('reference'));
afterEach(() => void useBackend('wasm'));

const [N, U, V] = [7, 5, 11];
const labels = Int32Array.of(3, 0, 10, 3, 7, 1, 3);
const weights = Float64Array.of(0.5, 1.25, 0, 2, 0.125, 1, 0.75);

/** Random rows that name k of the classes; where they name all, their probabilities add up to 1. */
function randomTargets(rows: number, classes: number, k: number, more: Partial<SoftTargetsOptions>): SoftTargets {
  const random = new Random(53);
  const named = Array.from({ length: rows }, () =>
    [...random.shuffle(Int32Array.from({ length: classes }, (_, i) => i))].slice(0, k),
  );
  const probabilities = named.flatMap((own) => {
    const parts = own.map(() => 0.1 + random.uniform());
    const sum = parts.reduce((total, part) => total + part, 0) / (k === classes ? 1 : 0.7);
    return parts.map((part) => part / sum);
  });
  return new SoftTargets({ rows, classes: named.flat(), probabilities, ...more });
}

/** The total as its definition says, from probabilities of all classes, in float64. */
function slowTotal(x: readonly number[][], targets: SoftTargets): number {
  const { width, temperature: t, alpha } = targets;
  const softmax = (row: number[]): number[] => {
    const sum = row.reduce((total, value) => total + Math.exp(value), 0);
    return row.map((value) => Math.exp(value) / sum);
  };
  return x.reduce((total, row, i) => {
    const soft = softmax(row.map((value) => value / t));
    let [loss, restOfTargets, restOfModel] = [0, 1, 1];
    for (let j = i * width; j < (i + 1) * width; j++) {
      loss -= targets.probabilities[j] * Math.log(soft[targets.classes[j]]);
      restOfTargets -= targets.probabilities[j];
      restOfModel -= soft[targets.classes[j]];
    }
    if (width < row.length) loss -= restOfTargets * Math.log(restOfModel);
    return total + weights[i] * ((1 - alpha) * -Math.log(softmax(row)[labels[i]]) + alpha * t * t * loss);
  }, 0);
}

function operands(transposed: boolean, random = new Random(41)): { hidden: Tensor; kernel: Tensor; bias: Tensor } {
  return {
    hidden: normals([N, U], random),
    kernel: normals(transposed ? [V, U] : [U, V], random),
    bias: normals([V], random),
  };
}

function rowsOf(logits: Tensor): number[][] {
  const width = logits.shape[1];
  const data = [...logits.dataSync()];
  return Array.from({ length: logits.shape[0] }, (_, i) => data.slice(i * width, (i + 1) * width));
}

const softs = [
  { k: 3, temperature: 2, alpha: 0.5 },
  { k: 1, temperature: 0.7, alpha: 1 },
  { k: V, temperature: 2.5, alpha: 0.9 },
];
const variants = [false, true].flatMap((transposeKernel) =>
  [
    { hasBias: true, mostLogits: undefined },
    { hasBias: false, mostLogits: 3 * V },
    { hasBias: true, mostLogits: 1 },
  ].flatMap((of) => softs.map((soft) => ({ transposeKernel, ...of, ...soft }))),
);

describe('soft targets', () => {
  it.each(variants)(
    'give the total and the derivatives of their definition: %j',
    ({ transposeKernel, hasBias, mostLogits, k, temperature, alpha }) => {
      const { hidden, kernel, bias } = operands(transposeKernel);
      const softTargets = randomTargets(N, V, k, { temperature, alpha });
      const options = { transposeKernel, mostLogits, weights, softTargets };
      const product = ops.matmul(hidden, kernel, { transposeB: transposeKernel });
      const x = rowsOf(hasBias ? ops.add(product, bias) : product);
      const given = { ...options, bias: hasBias ? bias : undefined, predicted: true };
      const scored = softmaxCrossentropy(hidden, kernel, labels, given);
      expectClose([scored.total.item()], [slowTotal(x, softTargets)], 1e-13, 'total');
      const plain = softmaxCrossentropy(hidden, kernel, labels, { ...given, softTargets: undefined });
      expectClose(scored.losses.dataSync(), plain.losses.dataSync(), 1e-14, 'losses of labels');
      expect([...scored.predicted!.dataSync()]).toEqual([...plain.predicted!.dataSync()]);
      expectDerivative(
        ([h, w, b]) => ops.mul(softmaxCrossentropy(h, w, labels, { ...options, bias: b }).total, 1.75),
        hasBias ? [hidden, kernel, bias] : [hidden, kernel],
      );
    },
  );

  it.each([
    { k: 3, temperature: 2, alpha: 0.5 },
    { k: V, temperature: 1, alpha: 1 },
  ])('give stored logits the same total and derivatives: %j', ({ k, temperature, alpha }) => {
    const { hidden, kernel, bias } = operands(false);
    const softTargets = randomTargets(N, V, k, { temperature, alpha });
    const stored = (inputs: readonly Tensor[]): Tensor => {
      const [h, w, b] = inputs;
      const plain = softmaxCrossentropy(h, w, labels, { bias: b, weights }).total;
      const soft = softTargets.softLosses('here', ops.add(ops.matmul(h, w), b));
      return ops.add(ops.mul(plain, 1 - alpha), ops.sum(ops.mul(soft, tensor(weights))));
    };
    const inputs = [hidden, kernel, bias];
    const fused = valueAndGradients(
      () => softmaxCrossentropy(hidden, kernel, labels, { bias, weights, softTargets }).total,
      inputs,
    );
    const other = valueAndGradients(() => stored(inputs), inputs);
    expectClose([fused.value.item()], [other.value.item()], 1e-13, 'total');
    fused.gradients.forEach((own, i) => expectClose(own.dataSync(), other.gradients[i].dataSync(), 1e-13, `by ${i}`));
    expectDerivative(stored, inputs);
  });

  it.each([
    { k: 31, temperature: 2, alpha: 0.5 },
    { k: 1, temperature: 1, alpha: 1 },
  ])('agree with the reference on wasm: %j', ({ k, temperature, alpha }) => {
    const [rows, units, classes] = [67, 21, 1003];
    const random = new Random(43);
    const inputs = [normals([rows, units], random), normals([units, classes], random, 0.3), normals([classes], random)];
    const given = Int32Array.from({ length: rows }, () => random.integer(classes));
    const softTargets = randomTargets(rows, classes, k, { temperature, alpha });
    const results = backendNames.map((backend) => {
      useBackend(backend);
      const [h, w, bias] = inputs;
      const { value, gradients } = valueAndGradients(
        () => softmaxCrossentropy(h, w, given, { bias, softTargets, mostLogits: 20 * classes }).total,
        inputs,
      );
      return [value, ...gradients].map((result) => result.dataSync());
    });
    // float32: sums of about a thousand terms, and exponentials of 4 ulp.
    results[0].forEach((values, i) => expectClose(values, results[1][i], 3e-6, `result ${i}`));
  });

  it.each(backendNames)('are finite where logits are as far apart as 1000, whatever is named, on %s', (backend) => {
    useBackend(backend);
    const hidden = tensor([[1], [1], [1]]);
    const kernel = tensor([[500, -500, 499]]);
    const given = Int32Array.of(0, 1, 2);
    const softTargets = new SoftTargets({ rows: 3, classes: [0, 1, 2], probabilities: [0.25, 0.75, 1], alpha: 0.5 });
    const { value, gradients } = valueAndGradients(
      () => softmaxCrossentropy(hidden, kernel, given, { softTargets }).total,
      [hidden, kernel],
    );
    const [first, third] = [Math.log(1 + Math.exp(-1)), Math.log(1 + Math.exp(1))];
    const labelLosses = [first, 1000 + first, third];
    // Of the second row all but the named class is all there is.
    const softLosses = [0.25 * first + 0.75 * third, 0.75 * (1000 + first), third];
    const total = [...labelLosses, ...softLosses].reduce((sum, loss) => sum + loss / 2, 0);
    expectClose([value.item()], [total], 1e-6, 'total');
    for (const gradient of gradients) expect(gradient.dataSync().every(Number.isFinite)).toBe(true);
    const p = 1 / (1 + Math.exp(-1));
    // By the logits: labels p - y; named p - q, and the others share what is left by their probabilities.
    const byLogit = [
      [p - 1 + (p - 0.25), 0, 1 - p + (1 - p - 0.75)],
      [p + (p - 0.25 * p), -1 - 0.75, 1 - p + (1 - p) * (1 - 0.25)],
      [p + p, 0, -p - p],
    ];
    const byKernel = [0, 1, 2].map((j) => byLogit.reduce((sum, row) => sum + row[j] / 2, 0));
    expectClose(gradients[1].dataSync(), byKernel, 1e-5, 'by kernel');
  });

  it('refuse what is no part of a distribution, and what does not fit', () => {
    const made = (options: object): string =>
      messageOf(() => new SoftTargets({ rows: 1, classes: [1, 2], probabilities: [0.5, 0.25], ...options }));
    expect(made({ rows: 3 })).toMatch(/^\[SHAPE_MISMATCH\] SoftTargets: the rows are not of one length\./);
    expect(made({ classes: [1, 1] })).toMatch(
      /^\[OUT_OF_RANGE\] SoftTargets: row 0 .*\n.*\n {2}received: a class twice/,
    );
    expect(made({ probabilities: [0.5, 0.75] })).toContain('probabilities whose sum is 1.25');
    expect(made({ probabilities: [0.5, Number.NaN] })).toContain('probabilities whose sum is NaN');
    expect(made({ temperature: 0 })).toMatch(/^\[OUT_OF_RANGE\] SoftTargets: `temperature`/);
    expect(made({ alpha: 1.5 })).toMatch(/^\[OUT_OF_RANGE\] SoftTargets: `alpha`/);
    expect(made({ topK: 3 })).toMatch(/^\[UNKNOWN_NAME\]/);
    const { hidden, kernel } = operands(false);
    const scored = (softTargets: SoftTargets, labelSmoothing = 0): string =>
      messageOf(() => softmaxCrossentropy(hidden, kernel, labels, { softTargets, labelSmoothing }));
    expect(scored(randomTargets(N - 1, V, 2, {}))).toContain('received: 6 rows of 2');
    expect(scored(randomTargets(N, V, 2, {}), 0.1)).toMatch(
      /^\[USAGE\] softmaxCrossentropy: labels are either smoothed/,
    );
    const classes = new Int32Array(N).fill(V);
    const beyond = new SoftTargets({ rows: N, classes, probabilities: new Float64Array(N) });
    expect(scored(beyond)).toContain('the soft targets hold something that is no class, at [0, 0].');
  });
});
