import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { expectDerivative, messageOf } from '../../test/support/central-differences.js';
import { expectClose } from '../../test/support/close.js';
import { asTensor } from '../../test/support/layer-cases.js';
import { normals, randomise } from '../../test/support/random.js';
import { readVectors, type VectorTensor } from '../../test/support/vectors.js';
import { backendNames, useBackend } from '../kernels/select.js';
import { Random } from '../random.js';
import * as ops from '../tensor/index.js';
import { valueAndGradients } from '../tensor/tape.js';
import type { Tensor } from '../tensor/tensor.js';
import { AdaptiveSoftmax, type AdaptiveSoftmaxOptions } from './adaptive-softmax.js';

beforeEach(() => void useBackend('reference'));
afterEach(() => void useBackend('wasm'));

const [rows, features, units] = [7, 10, 13];
const cutoffs = [4, 5, 9];
const labels = Int32Array.of(3, 12, 4, 0, 8, 9, 5);
const weights = Float64Array.of(0.5, 1.25, 1, 2, 0.125, 1, 0.75);

function built(headBias = true): { layer: AdaptiveSoftmax; input: Tensor } {
  const layer = new AdaptiveSoftmax({ units, cutoffs, divValue: 2, headBias });
  layer.ensureBuilt([null, features]);
  const random = new Random(13);
  randomise(layer, random);
  return { layer, input: normals([rows, features], random) };
}

/** `ln P` of every class as the paper defines it, in float64. */
function slowLogProbabilities(layer: AdaptiveSoftmax, input: Tensor): number[][] {
  const named = new Map([...layer.namedWeights('')].map(([path, { variable }]) => [path, variable]));
  const product = (x: readonly number[], path: string): number[] => {
    const {
      shape: [inner, outer],
    } = named.get(path)!;
    const kernel = named.get(path)!.dataSync();
    return Array.from(
      { length: outer },
      (_, j) => x.reduce((sum, value, i) => sum + value * kernel[i * outer + j], 0) + 0 * inner,
    );
  };
  const logSoftmax = (x: readonly number[]): number[] => {
    const sum = Math.log(x.reduce((all, value) => all + Math.exp(value), 0));
    return x.map((value) => value - sum);
  };
  const bias = named.get('/head/bias')?.dataSync();
  return (input.array() as number[][]).map((x) => {
    const head = logSoftmax(product(x, '/head/kernel').map((value, j) => value + (bias?.[j] ?? 0)));
    const tails = cutoffs.flatMap((_, i) =>
      logSoftmax(product(product(x, `/projection${i}/kernel`), `/output${i}/kernel`)).map(
        (value) => value + head[cutoffs[0] + i],
      ),
    );
    return [...head.slice(0, cutoffs[0]), ...tails];
  });
}

describe('AdaptiveSoftmax', () => {
  it.each([false, true])('has the probabilities of its definition, which sum to 1, with a bias: %s', (headBias) => {
    const { layer, input } = built(headBias);
    const expected = slowLogProbabilities(layer, input);
    expectClose(layer.applyHead(input).logits().dataSync(), expected.flat(), 1e-14, 'logarithms');
    const output = layer.apply(input);
    expect(output.shape).toEqual([rows, units]);
    expectClose(output.dataSync(), expected.flat().map(Math.exp), 1e-14, 'probabilities');
    expectClose(ops.sum(output, -1).dataSync(), new Array<number>(rows).fill(1), 1e-14, 'sums');
    expect(layer.weights.map(({ shape }) => shape)).toEqual([
      [10, 7],
      ...(headBias ? [[7]] : []),
      [10, 5],
      [5, 1],
      [10, 2],
      [2, 4],
      [10, 1],
      [1, 4],
    ]);
  });

  it('scores labels as the probabilities say, with the likeliest classes', () => {
    const { layer, input } = built();
    const expected = slowLogProbabilities(layer, input);
    const { total, losses, predicted } = layer.applyHead(input).score!(labels, { weights, predicted: true });
    expectClose(
      losses.dataSync(),
      expected.map((row, i) => -row[labels[i]]),
      1e-14,
      'losses',
    );
    expectClose(
      [total.item()],
      [expected.reduce((sum, row, i) => sum - weights[i] * row[labels[i]], 0)],
      1e-14,
      'total',
    );
    expect([...predicted!.dataSync()]).toEqual(expected.map((row) => row.indexOf(Math.max(...row))));
  });

  it('derives by its input and by every weight, on each path', () => {
    const { layer, input } = built();
    expectDerivative(([x]) => layer.applyHead(x).score!(labels, { weights, predicted: false }).total, [input]);
    expectDerivative(([x]) => layer.apply(x), [input]);
    const score = (): Tensor => layer.applyHead(input).score!(labels, { weights, predicted: false }).total;
    const { gradients } = valueAndGradients(score, layer.weights);
    layer.weights.forEach((variable, i) => {
      const values = variable.dataSync();
      const numeric = values.map((value, j) => {
        const moved = (by: number): number => {
          variable.assign(values.map((other, k) => (k === j ? value + by : other)));
          return score().item();
        };
        return (moved(1e-5) - moved(-1e-5)) / 2e-5;
      });
      variable.assign(values);
      expectClose(gradients[i].dataSync(), numeric, 1e-8, `by ${variable.name}`);
    });
  });

  interface AdaptiveVector {
    readonly config: AdaptiveSoftmaxOptions;
    readonly weights: Readonly<Record<string, VectorTensor>>;
    readonly hidden: VectorTensor;
    readonly labels: readonly number[];
    readonly expected: {
      loss: number;
      logProbabilities: VectorTensor;
      gradients: { hidden: VectorTensor; weights: Readonly<Record<string, VectorTensor>> };
    };
  }
  const vectors = readVectors<AdaptiveVector>('softmax');

  it.each(vectors.map((vector) => [vector.file, vector] as const))(
    '%s: agrees with PyTorch in loss, logarithms and all gradients',
    (_, { config, weights: given, hidden, labels: classes, expected }) => {
      const layer = new AdaptiveSoftmax(config);
      layer.ensureBuilt([null, hidden.shape[1]]);
      const named = [...layer.namedWeights('')].map(([path, { variable }]) => [path.slice(1), variable] as const);
      expect(named.map(([name]) => name).sort()).toEqual(Object.keys(given).sort());
      for (const [name, variable] of named) variable.assign(given[name].data);
      const input = asTensor(hidden);
      const mean = new Float64Array(classes.length).fill(1 / classes.length);
      const { value, gradients } = valueAndGradients(
        () => layer.applyHead(input).score!(Int32Array.from(classes), { weights: mean, predicted: false }).total,
        [input, ...named.map(([, variable]) => variable)],
      );
      expectClose([value.item()], [expected.loss], 1e-14, 'loss');
      expectClose(layer.applyHead(input).logits().dataSync(), expected.logProbabilities.data, 1e-14, 'logarithms');
      expectClose(gradients[0].dataSync(), expected.gradients.hidden.data, 1e-14, 'by hidden');
      named.forEach(([name], i) =>
        expectClose(gradients[i + 1].dataSync(), expected.gradients.weights[name].data, 1e-14, `by ${name}`),
      );
    },
  );

  it('has a vector with and one without a bias of the head', () => {
    expect(vectors.map(({ config }) => config.headBias)).toEqual([true, false]);
  });

  it('is the same on wasm', () => {
    const results = backendNames.map((backend) => {
      useBackend(backend);
      const { layer, input } = built();
      const { value, gradients } = valueAndGradients(
        () => layer.applyHead(input).score!(labels, { weights, predicted: false }).total,
        [input, ...layer.weights],
      );
      return [value, ...gradients, layer.apply(input)].map((result) => result.dataSync());
    });
    results[0].forEach((values, i) => expectClose(values, results[1][i], 2e-6, `result ${i}`));
  });

  it('leaves the weights of clusters without labels alone', () => {
    const { layer, input } = built();
    const { gradients } = valueAndGradients(
      () => layer.applyHead(input).score!(new Int32Array(rows), { weights, predicted: false }).total,
      layer.weights,
    );
    expect(gradients.map((gradient) => gradient.dataSync().some((value) => value !== 0))).toEqual([
      true,
      true,
      false,
      false,
      false,
      false,
      false,
      false,
    ]);
  });

  it.each([[[]], [[0, 5]], [[5, 5]], [[7, 4]], [[13]], [[2.5]]])('refuses the cutoffs %j', (given) => {
    expect(messageOf(() => new AdaptiveSoftmax({ units, cutoffs: given }))).toBe(
      '[OUT_OF_RANGE] AdaptiveSoftmax: `cutoffs` do not divide the classes.\n  expected: ascending whole ' +
        `numbers from 1 to 12\n  received: ${JSON.stringify(given)}\n  fix: give for example [2000, 10000] for ` +
        '50000 classes.',
    );
  });

  it('refuses a label that is no class', () => {
    const { layer, input } = built();
    expect(
      messageOf(() =>
        layer.applyHead(input).score!(Int32Array.of(0, 1, 13, 3, 4, 5, 6), { weights, predicted: false }),
      ),
    ).toContain('[OUT_OF_RANGE] AdaptiveSoftmax: the targets hold something that is no class, at [2].');
  });
});
