import { afterAll, beforeEach, describe, expect, it } from 'vitest';
import { messageOf } from '../../../test/support/central-differences.js';
import { expectClose } from '../../../test/support/close.js';
import { backendNames, useBackend } from '../../kernels/select.js';
import { Random } from '../../random.js';
import { RowGradient } from '../../tensor/row-gradient.js';
import { type Tensor, tensor } from '../../tensor/tensor.js';
import { Variable } from '../../tensor/variable.js';
import * as optimizers from './index.js';

const [R, C] = [13, 7];

interface Step {
  readonly indices: Int32Array;
  readonly rows: Float64Array;
}

function steps(count: number): Step[] {
  const random = new Random(11);
  return Array.from({ length: count }, (_, step) => {
    const indices = Int32Array.from({ length: R }, (_unused, i) => i).filter((i) => (i * 7 + step * 3) % 5 < 2);
    return { indices, rows: Float64Array.from({ length: indices.length * C }, () => random.normal()) };
  });
}

const sparse = ({ indices, rows }: Step): Tensor => new RowGradient([R, C], indices, tensor(rows, [indices.length, C]));
const whole = (step: Step): Tensor => tensor(sparse(step).dataSync(), [R, C]);
const start = (): Variable[] => {
  const random = new Random(12);
  return [
    new Variable(
      [R, C],
      Float64Array.from({ length: R * C }, () => random.normal()),
      'embedding/embeddings',
    ),
    new Variable(
      [C],
      Float64Array.from({ length: C }, () => random.normal()),
      'dense/bias',
    ),
  ];
};
const bias = tensor(Float64Array.from({ length: C }, (_, i) => i - 2));

/** The weights and everything remembered after each of nine steps. */
function train(optimizer: optimizers.Optimizer, gradientOf: (step: Step) => Tensor): number[][] {
  const variables = start();
  return steps(9).map((step) => {
    optimizer.applyGradients([gradientOf(step), bias], variables, { requireFinite: true });
    return [...variables, ...optimizer.stateVariables()].flatMap((variable) => [...variable.dataSync()]);
  });
}

const exact: [string, () => optimizers.Optimizer][] = [
  ['sgd', () => optimizers.sgd({ learningRate: 0.3 })],
  ['sgd, clipped by the norm of all', () => optimizers.sgd({ learningRate: 0.3, globalClipNorm: 2 })],
  ['sgd, clipped by the norm of each', () => optimizers.sgd({ learningRate: 0.3, clipNorm: 2 })],
  ['sgd, clipped by value', () => optimizers.sgd({ learningRate: 0.3, clipValue: 0.5 })],
  [
    'sgd with decay of another weight',
    () => optimizers.sgd({ weightDecay: 0.1, excludeFromWeightDecay: ['embedding'] }),
  ],
  ['adagrad', () => optimizers.adagrad({ learningRate: 0.3, globalClipNorm: 2 })],
];
/** Where unread rows move, so that they must not be left out. */
const moving: [string, () => optimizers.Optimizer][] = [
  ['momentum', () => optimizers.sgd({ momentum: 0.9 })],
  ['decay', () => optimizers.sgd({ weightDecay: 0.1 })],
  ['averages of weights', () => optimizers.sgd({ useEMA: true })],
  ['accumulated gradients', () => optimizers.sgd({ gradientAccumulationSteps: 3, globalClipNorm: 1 })],
  ...optimizers.optimizerNames
    .filter((name) => !['sgd', 'adagrad'].includes(name))
    .map((name): [string, () => optimizers.Optimizer] => [name, () => optimizers.optimizerNamed(name)]),
];

describe.each(backendNames)('updates of rows on %s', (backend) => {
  beforeEach(() => void useBackend(backend));
  afterAll(() => void useBackend('wasm'));

  it.each([...exact, ...moving])('%s: end with the weights of whole gradients', (_, make) => {
    const expected = train(make(), whole);
    // The last values of a block are not multiplied and added in one rounding.
    train(make(), sparse).forEach((values, step) =>
      expectClose(values, expected[step], backend === 'reference' ? 0 : 1e-6, `step ${step + 1}`),
    );
  });

  it.each(exact)('%s: unread rows keep their bits', (_, make) => {
    const [table, other] = start();
    const before = table.dataSync();
    const step = steps(1)[0];
    make().applyGradients([sparse(step), bias], [table, other]);
    const after = table.dataSync();
    for (let row = 0; row < R; row++) {
      const same = before.subarray(row * C, (row + 1) * C).every((value, i) => value === after[row * C + i]);
      expect(same, `row ${row}`).toBe(!step.indices.includes(row));
    }
  });

  it('lazy rows of Adam count the batches that read them, as a table of those rows alone would', () => {
    const [table, other] = start();
    const lazy = optimizers.adam({ learningRate: 0.1, lazyRows: true, beta2: 0.99 });
    const all = steps(9);
    for (const step of all) lazy.applyGradients([sparse(step), bias], [table, other]);
    // Adam of one row by its equations, with the step counted for all rows.
    const expected = start()[0].dataSync();
    const [m, v] = [new Float64Array(R * C), new Float64Array(R * C)];
    all.forEach(({ indices, rows }, t) => {
      const alpha = (0.1 * Math.sqrt(1 - 0.99 ** (t + 1))) / (1 - 0.9 ** (t + 1));
      indices.forEach((row, i) => {
        for (let c = 0; c < C; c++) {
          const [at, g] = [row * C + c, rows[i * C + c]];
          m[at] += 0.1 * (g - m[at]);
          v[at] += 0.01 * (g * g - v[at]);
          expected[at] -= (alpha * m[at]) / (Math.sqrt(v[at]) + 1e-7);
        }
      });
    });
    expectClose(table.dataSync(), expected, backend === 'reference' ? 1e-14 : 2e-6, 'weights');
    const dense = optimizers.adam({ learningRate: 0.1, beta2: 0.99 });
    const [moved, biasToo] = start();
    for (const step of all) dense.applyGradients([sparse(step), bias], [moved, biasToo]);
    expect(Math.abs(moved.dataSync()[0] - table.dataSync()[0])).toBeGreaterThan(0.01);
  });

  it('lazy rows and whole gradients: every row is read', () => {
    const expected = train(optimizers.adam(), whole);
    expect(train(optimizers.adam({ lazyRows: true }), whole)).toEqual(expected);
  });
});

describe('lazyRows', () => {
  it('is stored', () => {
    expect(optimizers.adam({ lazyRows: true }).getConfig().config).toMatchObject({ lazyRows: true });
    expect(optimizers.adam().getConfig().config).not.toHaveProperty('lazyRows');
  });

  it.each<[string, optimizers.OptimizerOptions]>([
    ['useEMA', { useEMA: true }],
    ['gradientAccumulationSteps', { gradientAccumulationSteps: 2 }],
  ])('is refused with %s', (name, options) => {
    expect(messageOf(() => optimizers.adam({ ...options, lazyRows: true }))).toBe(
      `[USAGE] adam: \`lazyRows\` cannot be combined with \`${name}\`, which touches every row.\n  fix: remove ` +
        'one of the two.',
    );
  });
});
