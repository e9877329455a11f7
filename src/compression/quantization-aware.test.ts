import { afterAll, describe, expect, it } from 'vitest';
import { hostWeights } from '../../test/support/host-weights.js';
import { defineCell } from '../cells/define-cell.js';
import { libraryCells, registerCell } from '../cells/registry.js';
import { add, mul, sub } from '../expression/build.js';
import { deserializeModel, serializeModel } from '../io/checkpoint.js';
import { int4Tensors, takeInt4 } from '../io/int4-tensors.js';
import { decodeSafetensors, encodeSafetensors } from '../io/safetensors.js';
import { useBackend } from '../kernels/select.js';
import { createWasmBackend } from '../kernels/wasm/backend.js';
import { Dense } from '../layers/dense.js';
import { Embedding } from '../layers/embedding.js';
import { LSTM } from '../layers/lstm.js';
import { RNN } from '../layers/rnn.js';
import { TiedDense } from '../layers/tied-dense.js';
import { Random, setSeed } from '../random.js';
import { Variable } from '../tensor/variable.js';
import type { Callback } from '../training/callbacks/callback.js';
import { SwapEMAWeights } from '../training/callbacks/swap-ema-weights.js';
import { adam, sgd } from '../training/optimizers/index.js';
import { Pruning } from '../training/pruning/pruning.js';
import { cosineDecay } from '../training/schedules.js';
import { Sequential } from '../training/sequential.js';
import type { TrainingSnapshot } from '../training/snapshot.js';
import { compressWeights } from './compress-weights.js';
import type { CompressibleWeight } from './compressible-weights.js';
import { QuantizationAware } from './quantization-aware.js';
import { quantize } from './quantize.js';
import { RoundedWeights } from './rounded-weights.js';
import { type RoundedFormat, roundedFormats } from './rounding-programs.js';

const ownCell = defineCell({
  name: 'ownMixtureForRounding',
  gates: ['mix', 'candidate'],
  states: ['hidden'],
  kernels: { loop: { from: 'units', to: 'units' } },
  step({ gates, states, kernels, activation, recurrentActivation }) {
    const mix = recurrentActivation(gates.mix);
    const candidate = activation(add(gates.candidate, kernels.loop(states.hidden)));
    return { hidden: add(mul(mix, states.hidden), mul(sub(1, mix), candidate)) };
  },
});
registerCell(ownCell);

afterAll(() => useBackend('wasm'));

const draw = new Random(21);
const x = Array.from({ length: 15 }, () => Array.from({ length: 5 }, () => Math.floor(draw.uniform() * 11)));
const y = x.map((ids) => ids.map((id) => [id % 3, Math.sin(id)]));
const inOrder = { batchSize: 5, shuffle: false } as const;

/** The numbers that so few bits make of all weights, by name; those of biases as they are. */
async function rounded(model: Sequential, format: RoundedFormat = 'int8'): Promise<Record<string, number[]>> {
  if (format === 'int8') return numbersOf(await quantize(model));
  return numbersOf(deserializeModel(serializeModel(model, { weightFormat: format })).model);
}

function numbersOf(model: Pick<Sequential, 'namedWeights'>): Record<string, number[]> {
  // A weight that is rounded to 0 may be -0 in training.
  return Object.fromEntries(
    [...model.namedWeights()].map(([name, { variable }]) => [name, Array.from(variable.dataSync(), (v) => v + 0)]),
  );
}

/** Gives a model the numbers that so few bits make of its weights. */
async function roundNow(model: Sequential, format?: RoundedFormat): Promise<Sequential> {
  const numbers = await rounded(model, format);
  for (const [name, { variable }] of model.namedWeights()) variable.assign(numbers[name]);
  return model;
}

const nets: [string, () => Sequential['layers'][number][]][] = [
  ...[...libraryCells, ownCell].map((cell): (typeof nets)[number] => [
    cell.name,
    () => [new RNN({ cell, units: 6, returnSequences: true })],
  ]),
  ['sLSTM of 2 heads', () => [new RNN({ cell: 'sLSTM', units: 6, heads: 2, returnSequences: true })]],
  [
    'lstm of low rank',
    () => [new RNN({ cell: 'lstm', units: 6, recurrentRank: 2, kernelRank: 3, returnSequences: true })],
  ],
];

function made(recurrent = nets[0][1], optimizer = sgd({ learningRate: 0.1, momentum: 0.9 })): Sequential {
  setSeed(5);
  const model = new Sequential([
    new Embedding({ inputDim: 11, outputDim: 7, inputShape: [5] }),
    ...recurrent(),
    new Dense({ units: 2 }),
  ]);
  model.compile({ optimizer, loss: 'mse' });
  return model;
}

describe.each(roundedFormats)('a step of training for %s', (format) => {
  it.each(nets)('has loss and gradients of the rounded weights, and changes the unrounded ones: %s', async (_, net) => {
    const model = made(net);
    const before = numbersOf(model);
    const atRounded = await roundNow(made(net), format);
    const [x1, y1] = [x.slice(0, 5), y.slice(0, 5)];
    const { metrics } = await model.fit(x1, y1, {
      ...inOrder,
      callbacks: [new QuantizationAware({ from: 0, format })],
    });
    const expected = await atRounded.fit(x1, y1, inOrder);
    expect(metrics.loss).toEqual(expected.metrics.loss);
    const velocities = (of: Sequential): number[][] => of.optimizer.stateVariables().map((one) => [...one.dataSync()]);
    expect(velocities(model)).toEqual(velocities(atRounded));
    const after = numbersOf(model);
    expect(after).not.toEqual(before);
    for (const [name, { variable }] of model.namedWeights()) {
      const velocity = velocities(model)[model.trainableWeights.indexOf(variable)];
      expect(after[name]).toEqual(before[name].map((value, i) => Math.fround(value + velocity[i])));
    }
  });
});

describe('rounding on the device', () => {
  const random = new Random(4);
  const shapes: [CompressibleWeight['form'], number[]][] = [
    ['matrix', [1, 5]],
    ['matrix', [2, 1]],
    ['matrix', [7, 18]],
    ['matrix', [37, 33]],
    ['matrix', [3, 5, 6]],
    ['table', [9, 7]],
    ['table', [1, 3]],
    ['matrix', [70, 9]],
    ['table', [9, 70]],
  ];

  /** What the host makes of numbers. */
  function onHost(variable: Variable, form: CompressibleWeight['form'], format: RoundedFormat): number[] {
    const named: [string, CompressibleWeight][] = [['w', { variable, form }]];
    const asModel = { isBuilt: true, namedWeights: () => named.values() } as unknown as Sequential;
    if (format === 'int8') compressWeights(asModel, format);
    if (format === 'int8') return [...variable.dataSync()];
    const stored = int4Tensors('w', { data: variable.dataSync(), shape: variable.shape }, form);
    const { tensors } = decodeSafetensors(encodeSafetensors(new Map(stored), {}), 'file');
    return [...takeInt4(tensors, 'file').get('w')!.data];
  }

  const cases = roundedFormats.flatMap((format) =>
    // Kernels of several heads have no 4 bits.
    shapes
      .filter(([, { length }]) => format === 'int8' || length === 2)
      .map(([form, shape]) => [format, form, shape] as const),
  );

  it.each(cases)('gives the numbers of files of %s, and the weights back: %s %j', (format, form, shape) => {
    const size = shape.reduce((product, axis) => product * axis, 1);
    const kinds: ((i: number) => number)[] = [
      () => random.normal(),
      // Ties: whole multiples of half a step.
      (i) => (i % 2 === 0 ? 127 / 64 : (Math.floor(random.uniform() * 255) - 127) / 128),
      () => random.normal() * 1e-42,
      (i) => (i % 3 === 0 ? random.normal() * (format === 'int8' ? 1e30 : 1e5) : 0),
      // Ties of 4 bits, with scales that half precision has and has not.
      (i) => (i % 5 === 0 ? 7 / 16 : (Math.floor(random.uniform() * 15) - 7) / 32),
      (i) => (i % 5 === 0 ? 7.001 / 16 : (Math.floor(random.uniform() * 15) - 7) / 32),
    ];
    for (const kind of kinds) {
      const values = Float32Array.from({ length: size }, (_, i) => kind(i));
      const [one, other] = [0, 1].map(() => new Variable(shape, values, 'w'));
      const weights = new RoundedWeights([{ variable: one, form }], format);
      weights.round();
      expect(Array.from(one.dataSync(), (v) => v + 0)).toEqual(onHost(other, form, format));
      weights.putBack();
      expect(one.dataSync()).toEqual(values);
      weights.putBack();
      weights.dispose();
    }
  });

  it.each(roundedFormats)('lets what is not finite show: %s', (format) => {
    for (const bad of [NaN, Infinity])
      for (const form of ['matrix', 'table'] as const) {
        const variable = new Variable(
          [5, 5],
          Float32Array.from({ length: 25 }, (_, i) => (i === 7 ? bad : i)),
          'w',
        );
        new RoundedWeights([{ variable, form }], format).round();
        expect(variable.dataSync().some(Number.isNaN)).toBe(true);
        expect(variable.dataSync().filter(Number.isFinite)).toHaveLength(20);
      }
  });
});

describe('training for 8 bits', () => {
  const tied = (): Sequential => {
    setSeed(8);
    const words = new Embedding({ inputDim: 11, outputDim: 6, inputShape: [null] });
    const model = new Sequential([
      words,
      new LSTM({ units: 6, returnSequences: true }),
      new TiedDense({ embedding: words, activation: 'softmax' }),
    ]);
    model.compile({
      optimizer: adam({ learningRate: 0.02, globalClipNorm: 1 }),
      loss: 'sparseCategoricalCrossentropy',
    });
    return model;
  };

  it.each(['wasm', 'reference'].flatMap((name) => roundedFormats.map((format) => [name, format] as const)))(
    'validates what the file will hold, and keeps unrounded weights: %s, %s',
    async (name, format) => {
      useBackend(name as 'wasm' | 'reference');
      const model = tied();
      const { metrics } = await model.fit(x, x, {
        ...inOrder,
        epochs: 2,
        validationData: [x, x],
        callbacks: [new QuantizationAware({ from: 0, format })],
      });
      const exact = await model.evaluate(x, x, { batchSize: 5 });
      const before = numbersOf(model);
      expect(await rounded(model, format)).not.toEqual(before);
      const { loss } = await (await roundNow(model, format)).evaluate(x, x, { batchSize: 5 });
      expect(loss).not.toBe(exact.loss);
      if (name === 'wasm') expect(metrics.valLoss[1]).toBe(loss);
      else expect(metrics.valLoss[1]).toBeCloseTo(loss, 6);
      useBackend('wasm');
    },
  );

  it('ends closer to the targets in 4 bits than training that does not know of them', async () => {
    const draws = new Random(3);
    const inputs = Array.from({ length: 60 }, () => Array.from({ length: 7 }, () => [draws.normal(), draws.normal()]));
    const targets = inputs.map((steps) => [Math.tanh(steps[6][0] + steps[3][1]), steps[5][1] * 0.5]);
    const lossIn4Bits = async (seed: number, callbacks: Callback[]): Promise<number> => {
      setSeed(seed);
      const model = new Sequential([new LSTM({ units: 20, inputShape: [7, 2] }), new Dense({ units: 2 })]);
      const learningRate = cosineDecay({ initialLearningRate: 0.02, decaySteps: 3 * 80 });
      model.compile({ optimizer: adam({ learningRate }), loss: 'mse' });
      await model.fit(inputs, targets, { batchSize: 20, epochs: 80, callbacks });
      return (await (await roundNow(model, 'int4')).evaluate(inputs, targets)).loss;
    };
    for (const seed of [1, 2, 3]) {
      const plain = await lossIn4Bits(seed, []);
      expect(await lossIn4Bits(seed, [new QuantizationAware({ format: 'int4' })])).toBeLessThan(0.5 * plain);
    }
  });

  it('begins after a step, and validates rounded weights before it', async () => {
    const [late, never, soon] = [tied(), tied(), tied()];
    const fit = (model: Sequential, ...callbacks: Callback[]) =>
      model.fit(x, x, { ...inOrder, epochs: 2, validationData: [x, x], callbacks });
    const ofLate = await fit(late, new QuantizationAware({ from: 3 }));
    const ofNever = await fit(never);
    const ofSoon = await fit(soon, new QuantizationAware({ from: 0 }));
    expect(ofLate.metrics.loss[0]).toBe(ofNever.metrics.loss[0]);
    expect(ofLate.metrics.loss[1]).not.toBe(ofNever.metrics.loss[1]);
    expect(ofLate.metrics.loss[0]).not.toBe(ofSoon.metrics.loss[0]);
    const first = tied();
    await first.fit(x, x, inOrder);
    // A half of the 6 steps is the default.
    const byDefault = tied();
    expect((await fit(byDefault, new QuantizationAware())).metrics).toEqual(ofLate.metrics);
    expect(ofLate.metrics.valLoss[0]).toBe((await (await roundNow(first)).evaluate(x, x, { batchSize: 5 })).loss);
  });

  it('ends with the same bits after an interruption', async () => {
    const whole = tied();
    const callbacks = () => [new QuantizationAware({ from: 1, exclude: ['lstm'] })];
    const options = { ...inOrder, epochs: 3, validationData: [x, x] as const };
    const { metrics } = await whole.fit(x, x, { ...options, callbacks: callbacks() });
    for (const step of [1, 4]) {
      const model = tied();
      let bytes: Uint8Array | undefined;
      const save = (_: unknown, snapshot: TrainingSnapshot): void => {
        if (snapshot.values.numSteps === step) bytes = serializeModel(model, { training: snapshot });
      };
      await model.fit(x, x, { ...options, callbacks: callbacks(), checkpoint: { save, everySteps: 1 } });
      const { model: again, training } = deserializeModel(bytes!);
      const resumed = await again.fit(x, x, { ...options, callbacks: callbacks(), resumeFrom: training });
      expect(resumed.metrics).toEqual(metrics);
      expect(hostWeights(again)).toEqual(hostWeights(whole));
    }
  });

  it('goes with pruning and moving averages', async () => {
    const optimizer = adam({ learningRate: 0.02, globalClipNorm: 1, useEMA: true, emaMomentum: 0.5 });
    const model = made(undefined, optimizer);
    const callbacks = [
      new SwapEMAWeights(),
      new QuantizationAware({ from: 0 }),
      new Pruning({ sparsity: 0.5, block: [1, 1], schedule: 'oneShot', from: 1 }),
    ];
    const seen: number[][] = [];
    const watch: Callback = {
      onComputeBegin: () => void seen.push([...model.trainableWeights[1].dataSync()]),
    };
    const { metrics } = await model.fit(x, y, {
      ...inOrder,
      epochs: 2,
      validationData: [x, y],
      callbacks: [...callbacks, watch],
    });
    // The averages are the weights now.
    const { loss } = await (await roundNow(model)).evaluate(x, y, { batchSize: 5 });
    expect(metrics.valLoss[1]).toBe(loss);
    const zeros = (values: ArrayLike<number>): number =>
      Array.from(values).filter((value) => Object.is(value, 0)).length;
    expect(seen).toHaveLength(8);
    // Of 7 inputs of each unit, 3; a weight that is rounded to 0 may be -0, or another 0.
    const numPruned = 18;
    for (const values of seen.slice(1)) expect(zeros(values)).toBe(numPruned);
    expect(zeros(model.trainableWeights[1].dataSync())).toBe(numPruned);
  });

  it('gives the weights back where computing fails', async () => {
    const model = tied();
    const before = hostWeights(model);
    const failing: Callback = {
      onComputeBegin() {
        expect(hostWeights(model)).not.toEqual(before);
        throw new Error('out of order');
      },
    };
    await expect(model.fit(x, x, { callbacks: [new QuantizationAware({ from: 0 }), failing] })).rejects.toThrow(
      'out of order',
    );
    expect(hostWeights(model)).toEqual(before);
  });

  it('is refused where nothing can be rounded, and says why', async () => {
    const fit = async (model: Sequential, callback: QuantizationAware): Promise<string> => {
      model.compile({ optimizer: 'sgd', loss: 'sparseCategoricalCrossentropy' });
      return model.fit(x, x, { callbacks: [callback] }).then(
        () => 'nothing',
        (error: Error) => error.message,
      );
    };
    const small = (await quantize(tied())) as Sequential;
    expect(await fit(small, new QuantizationAware({ from: 0 }))).toContain(
      '[USAGE] QuantizationAware: the weights of the model are compressed already.',
    );
    expect(await fit(tied(), new QuantizationAware({ exclude: ['embedding', 'lstm'] }))).toContain(
      '[USAGE] QuantizationAware: no weight of the model can be rounded.',
    );
    expect(await fit(tied(), new QuantizationAware({ exclude: ['lstm/cell/kernl'] }))).toContain(
      'did you mean `lstm/cell/kernel`',
    );
    expect(await fit(tied(), new QuantizationAware({ from: 1 }))).toContain(
      '[OUT_OF_RANGE] QuantizationAware: training ends',
    );
    expect(() => new QuantizationAware({ from: -1 })).toThrow('[OUT_OF_RANGE] QuantizationAware: `from`');
    expect(() => new QuantizationAware({ form: 1 } as object)).toThrow('did you mean `from`');
    expect(() => new QuantizationAware({ format: 'int2' as 'int4' })).toThrow('did you mean `int');
  });

  it('gives weights their own numbers back where another callback fails between', async () => {
    const fails = { onComputeEnd: () => expect.fail('another callback') };
    for (const callbacks of [
      [new QuantizationAware({ from: 0 }), fails],
      [fails, new QuantizationAware({ from: 0 })],
    ]) {
      const model = tied();
      const before = Object.entries(model.getWeights()).map(([name, weight]) => [name, [...weight.dataSync()]]);
      await expect(model.fit(x, x, { ...inOrder, callbacks })).rejects.toThrow('another callback');
      const after = new Map(Object.entries(model.getWeights()).map(([name, weight]) => [name, [...weight.dataSync()]]));
      for (const [name, numbers] of before as [string, number[]][]) {
        const most = Math.max(...numbers.map((number, i) => Math.abs(number - after.get(name)![i])));
        // A step of the optimizer, and no whole multiples of a scale.
        expect(most, name).toBeLessThan(0.2);
        if (name.endsWith('kernel')) expect(new Set(after.get(name)!).size, name).toBe(numbers.length);
      }
    }
  });

  it('trains what a file of it goes on with, and leaves no rounding behind', async () => {
    // A backend of its own: on a shared one, variables that earlier tests dropped may be collected meanwhile.
    const backend = useBackend(createWasmBackend());
    const model = tied();
    const fit = () => model.fit(x, x, { ...inOrder, callbacks: [new QuantizationAware({ from: 0 })] });
    await fit();
    const { persistentBytes } = backend.memory();
    await fit();
    expect(backend.memory().persistentBytes).toBe(persistentBytes);
    useBackend('wasm');
    const again = deserializeModel(serializeModel(model)).model as Sequential;
    expect(await rounded(again)).toEqual(await rounded(model));
    const losses = [model, again].map(async (one) => {
      one.compile({ optimizer: 'sgd', loss: 'sparseCategoricalCrossentropy' });
      return (await one.fit(x, x, inOrder)).metrics.loss;
    });
    expect(await losses[0]).toEqual(await losses[1]);
  });
});
