import { afterAll, beforeEach, describe, expect, it } from 'vitest';
import { expectClose } from '../../test/support/close.js';
import { readVectors, type VectorTensor } from '../../test/support/vectors.js';
import { backendNames, useBackend } from '../kernels/select.js';
import { valueAndGradients } from '../tensor/tape.js';
import { tensor } from '../tensor/tensor.js';
import { Variable } from '../tensor/variable.js';
import * as constraints from './constraints.js';
import * as regularizers from './regularizers.js';

interface RuleVector {
  readonly regularizer?: string;
  readonly constraint?: string;
  readonly config: Record<string, unknown>;
  readonly input: VectorTensor;
  readonly expected: { readonly value?: number; readonly gradient?: VectorTensor; readonly output?: VectorTensor };
}

/** One sum of at most 35 products. */
const tolerances = { reference: 1e-14, wasm: 1e-6 };
const vectors = readVectors<RuleVector>('optimizers');
const ofRegularizers = vectors.filter(({ regularizer }) => regularizer !== undefined);
const ofConstraints = vectors.filter(({ constraint }) => constraint !== undefined);

describe.each(backendNames)('regularizers and constraints on %s', (backend) => {
  beforeEach(() => void useBackend(backend));
  afterAll(() => void useBackend('wasm'));

  it('have vectors', () => {
    expect(ofRegularizers.map(({ regularizer }) => regularizer).sort()).toEqual(
      [...regularizers.regularizerNames].sort(),
    );
    expect([...new Set(ofConstraints.map(({ constraint }) => constraint))].sort()).toEqual(
      [...constraints.constraintNames].sort(),
    );
  });

  it.each(ofRegularizers.map((vector) => [vector.file, vector] as const))(
    '%s agrees with Keras',
    (_, { regularizer, config, input, expected }) => {
      const weight = tensor(input.data, input.shape);
      const { value, gradients } = valueAndGradients(
        () => regularizers.regularizerNamed({ name: regularizer!, config }).penalty(weight),
        [weight],
      );
      expectClose([value.item()], [expected.value!], tolerances[backend], 'penalty');
      expectClose(gradients[0].dataSync(), expected.gradient!.data, tolerances[backend], 'gradient');
    },
  );

  it.each(ofConstraints.map((vector) => [vector.file, vector] as const))(
    '%s agrees with Keras',
    (_, { constraint, config, input, expected }) => {
      const weight = new Variable(input.shape, input.data, 'kernel');
      constraints.constraintNamed({ name: constraint!, config }).apply(weight);
      expectClose(weight.dataSync(), expected.output!.data, tolerances[backend], 'weight');
    },
  );

  it('takes the norm of a filter over several axes, and over a middle one', () => {
    const data = Array.from({ length: 24 }, (_, i) => Math.sin(i + 1));
    const filters = new Variable([2, 3, 4], data, 'kernel');
    constraints.unitNorm({ axis: [0, 1] }).apply(filters);
    const norm = (places: number[]): number => Math.hypot(...places.map((place) => data[place]));
    const expected = data.map((x, i) => x / norm([0, 1, 2, 3, 4, 5].map((j) => 4 * j + (i % 4))));
    expectClose(filters.dataSync(), expected, 1e-6, 'axes 0 and 1');
    const middle = new Variable([2, 3, 4], data, 'kernel');
    constraints.unitNorm({ axis: 1 }).apply(middle);
    expectClose(
      middle.dataSync(),
      data.map((x, i) => x / norm([0, 4, 8].map((j) => Math.floor(i / 12) * 12 + j + (i % 4)))),
      1e-6,
      'axis 1',
    );
    const vector = new Variable([4], [3, 0, 0, 4], 'bias');
    constraints.maxNorm({ maxValue: 1, axis: -1 }).apply(vector);
    expectClose(vector.dataSync(), [0.6, 0, 0, 0.8], 1e-6, 'a vector');
  });

  it('leaves a weight of zeros at zero', () => {
    const weight = new Variable([2, 2], [0, 0, 0, 0], 'kernel');
    for (const name of constraints.constraintNames) constraints.constraintNamed(name).apply(weight);
    expect([...weight.dataSync()]).toEqual([0, 0, 0, 0]);
  });
});

describe('regularizers and constraints', () => {
  it('are stored and made again by name and options', () => {
    const regularizer = regularizers.l1l2({ l1: 0.1, l2: 0.2 });
    expect(
      regularizers
        .regularizerNamed(JSON.parse(JSON.stringify(regularizer.getConfig())) as regularizers.RegularizerLike)
        .getConfig(),
    ).toEqual({ name: 'l1l2', config: { l1: 0.1, l2: 0.2 } });
    const constraint = constraints.minMaxNorm({ minValue: 0.5, axis: [0, 1] });
    const stored = { name: 'minMaxNorm', config: { minValue: 0.5, maxValue: 1, rate: 1, axis: [0, 1] } };
    expect(constraint.getConfig()).toEqual(stored);
    expect(constraints.constraintNamed(stored).getConfig()).toEqual(stored);
    expect(regularizers.regularizerNamed(undefined)).toBeUndefined();
    expect(constraints.constraintNamed(undefined)).toBeUndefined();
    expect(regularizers.regularizerNamed('l2').getConfig().config).toEqual({ l2: 0.01 });
  });

  it('refuse what they cannot use, and say what would do', () => {
    const weight = new Variable([2, 2], [1, 2, 3, 4], 'kernel');
    expect(() => regularizers.regularizerNamed('l3')).toThrow(
      /^\[UNKNOWN_NAME\] regularizer: unknown regularizer `l3`; did you mean/,
    );
    expect(() => regularizers.l2({ l2: -1 })).toThrow(/^\[OUT_OF_RANGE\] l2/);
    expect(() => constraints.constraintNamed('maxnorm')).toThrow(/did you mean `maxNorm`/);
    expect(() => constraints.minMaxNorm({ minValue: 2 })).toThrow(/`maxValue`/);
    for (const axis of [2, -3, [0, 2], [], 0.5])
      expect(() => constraints.unitNorm({ axis }).apply(weight)).toThrow(
        /^\[OUT_OF_RANGE\] unitNorm: the weight has no such axis/,
      );
  });
});
