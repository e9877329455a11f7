import { afterAll, beforeEach, describe, expect, it } from 'vitest';
import { expectClose } from '../../../test/support/close.js';
import { readVectors, type VectorTensor } from '../../../test/support/vectors.js';
import { backendNames, currentBackend, useBackend } from '../../kernels/select.js';
import { Random } from '../../random.js';
import { scope, type Tensor, tensor } from '../../tensor/tensor.js';
import { Variable } from '../../tensor/variable.js';
import { exponentialDecay } from '../schedules.js';
import * as optimizers from './index.js';

type Weights = Record<'kernel' | 'bias', VectorTensor>;

interface OptimizerVector {
  readonly optimizer?: string;
  readonly config: Record<string, unknown>;
  readonly variables: Weights;
  readonly gradients: Weights[];
  readonly expected: { readonly variables: Weights[]; readonly averages?: Weights[] };
}

/**
 * float64: rounding over ten steps; float32: ten steps, each rounded by 2^-24, magnified by divisions by small
 * averages.
 */
const tolerances = { reference: 1e-13, wasm: 5e-6 };

const vectors = readVectors<OptimizerVector>('optimizers').filter(({ optimizer }) => optimizer !== undefined);
const roles = ['kernel', 'bias'] as const;

/** Keras's words where ours differ. */
function optimizerOf({ optimizer, config }: OptimizerVector): optimizers.Optimizer {
  const renamed: Record<string, string> = {
    clipvalue: 'clipValue',
    clipnorm: 'clipNorm',
    globalClipnorm: 'globalClipNorm',
    useEma: 'useEMA',
  };
  const options = Object.fromEntries(Object.entries(config).map(([name, value]) => [renamed[name] ?? name, value]));
  const rate = options.learningRate as { schedule: string; config: Record<string, unknown> } | number;
  if (typeof rate === 'object') options.learningRate = { name: rate.schedule, config: rate.config };
  return optimizers.optimizerNamed({ name: optimizer!, config: options });
}

const variablesOf = (weights: Weights): Variable[] =>
  roles.map((role) => new Variable(weights[role].shape, weights[role].data, `dense/${role}`));
const gradientsOf = (weights: Weights): Tensor[] =>
  roles.map((role) => tensor(weights[role].data, weights[role].shape));
const numbersOf = (variables: readonly Tensor[]): number[] => variables.flatMap((variable) => [...variable.dataSync()]);
const expectedOf = (weights: Weights): number[] => roles.flatMap((role) => weights[role].data);

describe.each(backendNames)('optimizers on %s', (backend) => {
  beforeEach(() => void useBackend(backend));
  afterAll(() => void useBackend('wasm'));

  it('have vectors', () => {
    expect([...new Set(vectors.map(({ optimizer }) => optimizer))].sort()).toEqual(
      [...optimizers.optimizerNames].sort(),
    );
  });

  it.each(vectors.map((vector) => [vector.file, vector] as const))('%s: all ten steps agree', (_, vector) => {
    const optimizer = optimizerOf(vector);
    const variables = variablesOf(vector.variables);
    const { expected } = vector;
    vector.gradients.forEach((gradients, step) => {
      optimizer.applyGradients(gradientsOf(gradients), variables, { requireFinite: step % 2 === 0 });
      expectClose(
        numbersOf(variables),
        expectedOf(expected.variables[step]),
        tolerances[backend],
        `weights after step ${step + 1}`,
      );
      if (expected.averages === undefined) return;
      optimizer.swapAverages();
      expectClose(
        numbersOf(variables),
        expectedOf(expected.averages[step]),
        tolerances[backend],
        `averages after step ${step + 1}`,
      );
      optimizer.swapAverages();
    });
    expect(vector.gradients).toHaveLength(10);
    optimizer.finalizeWeights();
    const last = (expected.averages ?? expected.variables)[9];
    expectClose(numbersOf(variables), expectedOf(last), tolerances[backend], 'final weights');
  });

  it.each(optimizers.optimizerNames)('%s resumes to the same bits', (name) => {
    const random = new Random(3);
    const start = { kernel: matrix(random, 3, 7), bias: matrix(random, 7) };
    const steps = Array.from({ length: 9 }, () => ({ kernel: matrix(random, 3, 7), bias: matrix(random, 7) }));
    const make = (): optimizers.Optimizer =>
      optimizers.optimizerNamed({
        name,
        config: {
          ...(name === 'averagedSGD' ? { t0: 1 } : { useEMA: true, emaMomentum: 0.8 }),
          gradientAccumulationSteps: 2,
        },
      });
    const [whole, first, second] = [make(), make(), make()];
    const uninterrupted = variablesOf(start);
    for (const gradients of steps) whole.applyGradients(gradientsOf(gradients), uninterrupted);
    const before = variablesOf(start);
    for (const gradients of steps.slice(0, 5)) first.applyGradients(gradientsOf(gradients), before);
    const after = before.map((variable) => new Variable(variable.shape, variable.dataSync(), variable.name));
    second.build(after);
    second.setState(JSON.parse(JSON.stringify(first.getState())) as optimizers.OptimizerState);
    const kept = new Map(first.stateVariables().map((variable) => [variable.name, variable.dataSync()]));
    for (const variable of second.stateVariables()) variable.assign(kept.get(variable.name)!);
    for (const gradients of steps.slice(5)) second.applyGradients(gradientsOf(gradients), after);
    expect(numbersOf(after)).toEqual(numbersOf(uninterrupted));
    for (const optimizer of [whole, second]) optimizer.swapAverages();
    expect(numbersOf(after)).toEqual(numbersOf(uninterrupted));
    expect(second.iterations).toBe(4);
  });

  it('names its state after the weights', () => {
    const optimizer = optimizers.adam({ useEMA: true, gradientAccumulationSteps: 2 });
    optimizer.build([new Variable([2], [1, 2], 'lstm/kernel')]);
    expect(optimizer.stateVariables().map(({ name }) => name)).toEqual([
      'adam/momentum/lstm/kernel',
      'adam/velocity/lstm/kernel',
      'adam/average/lstm/kernel',
      'adam/gradientAccumulator/lstm/kernel',
    ]);
    expect(optimizer.stateVariables().some(({ trainable }) => trainable)).toBe(false);
  });

  it('tells the norm of all gradients together', () => {
    const optimizer = optimizers.sgd();
    expect(optimizer.gradientNorm([tensor([3, 0, 0]), tensor([[0], [4]])])).toBeCloseTo(5, 6);
    expect(optimizer.gradientNorm([tensor([1, NaN]), tensor([1])])).toBeNaN();
  });

  it.each([NaN, Infinity, -Infinity])('changes nothing where a gradient holds %s, and names the weight', (bad) => {
    const optimizer = optimizers.adam({ globalClipNorm: 1 });
    const variables = [new Variable([2], [1, 2], 'dense/kernel'), new Variable([3], [3, 4, 5], 'dense/bias')];
    const fine = [tensor([1, 1]), tensor([1, 1, 1])];
    optimizer.applyGradients(fine, variables, { requireFinite: true });
    const before = numbersOf([...variables, ...optimizer.stateVariables()]);
    const state = optimizer.getState();
    expect(() =>
      optimizer.applyGradients([tensor([1, 1]), tensor([1, bad, 1])], variables, { requireFinite: true }),
    ).toThrow(
      /^\[NOT_FINITE\] adam.applyGradients: the gradient of `dense\/bias` is not finite at step 2; no weight was changed\./,
    );
    expect(numbersOf([...variables, ...optimizer.stateVariables()])).toEqual(before);
    expect(optimizer.getState()).toEqual(state);
  });

  it('leaves gradients within the limit bit for bit as they are', () => {
    const run = (options: optimizers.SGDOptions): number[] => {
      const variable = new Variable([3], [0, 0, 0], 'w');
      optimizers.sgd({ learningRate: 1, ...options }).applyGradients([tensor([0.1, -0.2, 0.3])], [variable]);
      return numbersOf([variable]);
    };
    const plain = run({});
    for (const options of [{ clipNorm: 1 }, { globalClipNorm: 1 }, { clipValue: 1 }])
      expect(run(options)).toEqual(plain);
    expect(run({ globalClipNorm: 0.1 })[2] / plain[2]).toBeCloseTo(0.1 / Math.sqrt(0.14), 6);
    expectClose(run({ clipValue: 0.15 }), [-0.1, 0.15, -0.15], 1e-7, 'clipped by value');
    expect(run({ clipNorm: 1e-30 }).every(Number.isFinite)).toBe(true);
  });

  it('keeps zero gradients at zero steps under a norm limit', () => {
    const variable = new Variable([2], [1, 2], 'w');
    optimizers.sgd({ globalClipNorm: 1 }).applyGradients([tensor([0, 0])], [variable]);
    expect(numbersOf([variable])).toEqual([1, 2]);
  });

  it('decays all weights but the excluded ones', () => {
    const variables = [new Variable([1], [2], 'dense/kernel'), new Variable([1], [2], 'dense/bias')];
    optimizers
      .sgd({ learningRate: 0.5, weightDecay: 0.5, excludeFromWeightDecay: ['bias'] })
      .applyGradients([tensor([0]), tensor([0])], variables);
    expect(numbersOf(variables)).toEqual([1.5, 2]);
  });

  it('averages once per update where gradients are accumulated', () => {
    const variable = new Variable([1], [0], 'w');
    const optimizer = optimizers.sgd({ learningRate: 1, useEMA: true, emaMomentum: 0.5, gradientAccumulationSteps: 2 });
    for (const gradient of [-1, -3, -2, -2, -1]) optimizer.applyGradients([tensor([gradient])], [variable]);
    // Weights 2 and 4: the average starts at the first and moves half of the way to the second.
    expect(numbersOf([variable])).toEqual([4]);
    optimizer.finalizeWeights();
    expect(numbersOf([variable])).toEqual([3]);
  });

  it('clips the mean of accumulated gradients, not the last of them', () => {
    const variable = new Variable([1], [0], 'w');
    const optimizer = optimizers.sgd({ learningRate: 1, globalClipNorm: 1, gradientAccumulationSteps: 2 });
    for (const gradient of [9, -8]) optimizer.applyGradients([tensor([gradient])], [variable], { requireFinite: true });
    expect(numbersOf([variable])).toEqual([-0.5]);
  });

  it('takes no memory from step to step', () => {
    const variables = [
      new Variable([7, 5], new Float32Array(35), 'kernel'),
      new Variable([5], new Float32Array(5), 'bias'),
    ];
    const optimizer = optimizers.adam({ globalClipNorm: 1 });
    const step = (): void =>
      scope(() =>
        optimizer.applyGradients(
          [tensor(new Float32Array(35).fill(1), [7, 5]), tensor(new Float32Array(5).fill(1))],
          variables,
        ),
      );
    step();
    const before = currentBackend().memory();
    for (let i = 0; i < 1000; i++) step();
    expect(currentBackend().memory()).toEqual(before);
  });
});

describe('optimizers', () => {
  beforeEach(() => void useBackend('reference'));
  afterAll(() => void useBackend('wasm'));

  it('follow a schedule by the number of batches, or a number that can be changed', () => {
    const scheduled = optimizers.sgd({
      learningRate: exponentialDecay({ initialLearningRate: 1, decaySteps: 1, decayRate: 0.5 }),
    });
    const variable = new Variable([1], [0], 'w');
    for (let i = 0; i < 3; i++) scheduled.applyGradients([tensor([-1])], [variable]);
    expect(numbersOf([variable])).toEqual([1.75]);
    expect(scheduled.learningRate).toBe(0.125);
    expect(() => (scheduled.learningRate = 1)).toThrow(/^\[USAGE\]/);
    const plain = optimizers.sgd({ learningRate: 0.5 });
    plain.learningRate = 0.25;
    plain.applyGradients([tensor([-1])], [variable]);
    expect(numbersOf([variable])).toEqual([2]);
    expect(plain.getState().learningRate).toBe(0.25);
    expect(() => (plain.learningRate = NaN)).toThrow(/^\[OUT_OF_RANGE\]/);
  });

  it('have the defaults of Keras 3', () => {
    expect(
      Object.fromEntries(
        optimizers.optimizerNames.map((name) => [name, optimizers.optimizerNamed(name).getConfig().config]),
      ),
    ).toEqual({
      sgd: { learningRate: 0.01, momentum: 0, nesterov: false },
      rmsprop: { learningRate: 0.001, rho: 0.9, momentum: 0, epsilon: 1e-7, centered: false },
      adagrad: { learningRate: 0.001, initialAccumulatorValue: 0.1, epsilon: 1e-7 },
      adadelta: { learningRate: 0.001, rho: 0.95, epsilon: 1e-7 },
      adam: { learningRate: 0.001, beta1: 0.9, beta2: 0.999, epsilon: 1e-7, amsgrad: false },
      adamW: { learningRate: 0.001, beta1: 0.9, beta2: 0.999, epsilon: 1e-7, amsgrad: false, weightDecay: 0.004 },
      nadam: { learningRate: 0.001, beta1: 0.9, beta2: 0.999, epsilon: 1e-7 },
      lion: { learningRate: 0.001, beta1: 0.9, beta2: 0.99 },
      averagedSGD: { learningRate: 0.01, lambd: 1e-4, alpha: 0.75, t0: 1e6, weightDecay: 0 },
    });
  });

  it('are stored and made again by name and options', () => {
    const chosen = [
      optimizers.rmsprop({
        centered: true,
        momentum: 0.5,
        clipValue: 2,
        useEMA: true,
        emaOverwriteFrequency: 3,
        gradientAccumulationSteps: 4,
      }),
      optimizers.adamW({ weightDecay: 0.1, excludeFromWeightDecay: ['bias'], globalClipNorm: 1 }),
      optimizers.averagedSGD({ weightDecay: 0.2, t0: 5, clipNorm: 3 }),
      optimizers.nadam({ learningRate: exponentialDecay({ initialLearningRate: 1, decaySteps: 1, decayRate: 0.5 }) }),
    ];
    for (const optimizer of chosen) {
      const stored = JSON.parse(JSON.stringify(optimizer.getConfig())) as optimizers.OptimizerLike;
      const again = optimizers.optimizerNamed(stored);
      expect(again.getConfig()).toEqual(stored);
      expect(again.learningRate).toBe(optimizer.learningRate);
    }
    expect(optimizers.optimizerNamed(chosen[0])).toBe(chosen[0]);
    expect(optimizers.optimizerNamed('adamw').name).toBe('adamW');
  });

  it('refuse what they cannot use, and say what would do', () => {
    const variable = new Variable([2], [1, 2], 'w');
    expect(() => optimizers.optimizerNamed('Adm')).toThrow(/unknown optimizer `Adm`; did you mean `adam`/);
    expect(() => optimizers.adam({ clipnorm: 1 } as object)).toThrow(
      /unknown option `clipnorm`; did you mean `clipNorm`/,
    );
    expect(() => optimizers.adam({ clipNorm: 1, clipValue: 2 })).toThrow(
      /^\[USAGE\] adam: gradients can be clipped in one way only\.\n.*\n {2}received: `clipValue` and `clipNorm`/,
    );
    expect(() => optimizers.adam({ beta1: 1 })).toThrow(/^\[OUT_OF_RANGE\] adam: `beta1`/);
    expect(() => optimizers.adam({ emaMomentum: 0.9 })).toThrow(/add `useEMA: true`/);
    expect(() => optimizers.adam({ excludeFromWeightDecay: ['bias'] })).toThrow(/no effect/);
    expect(() => optimizers.sgd({ nesterov: true })).toThrow(/`nesterov` has no effect/);
    expect(() => optimizers.averagedSGD({ useEMA: true })).toThrow(/keeps averages already/);
    expect(() => optimizers.adam().swapAverages()).toThrow(/^\[USAGE\]/);
    expect(() => optimizers.adam().applyGradients([tensor([1, 2, 3])], [variable])).toThrow(
      /^\[SHAPE_MISMATCH\] adam.applyGradients: .*\n {2}expected: a gradient of shape \[2\] for `w`\n {2}received: \[3\]/,
    );
    expect(() => optimizers.adam().applyGradients([tensor([1, 2]), tensor([1])], [variable])).toThrow(/2 gradients/);
    const used = optimizers.adam();
    used.applyGradients([tensor([1, 2])], [variable]);
    expect(() => used.applyGradients([tensor([1, 2])], [new Variable([2], [1, 2], 'v')])).toThrow(
      /`v` is not one the optimizer was made for/,
    );
    expect(() => used.setState({ ...used.getState(), name: 'sgd' })).toThrow(/^\[FILE_FORMAT\]/);
    expect(() => optimizers.nadam().setState({ name: 'nadam', batches: 3, learningRate: 0.1, counters: {} })).toThrow(
      /^\[FILE_FORMAT\]/,
    );
  });
});

function matrix(random: Random, ...shape: number[]): VectorTensor {
  return { shape, data: Array.from({ length: shape.reduce((a, b) => a * b) }, () => random.normal()) };
}
