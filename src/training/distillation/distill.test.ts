import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { expectClose } from '../../../test/support/close.js';
import { normals } from '../../../test/support/random.js';
import { backendNames, useBackend } from '../../kernels/select.js';
import { Dense } from '../../layers/dense.js';
import { LSTM } from '../../layers/lstm.js';
import { Masking } from '../../layers/masking.js';
import { SampledSoftmax } from '../../layers/sampled-softmax.js';
import { Random, setSeed } from '../../random.js';
import { type Tensor, tensor } from '../../tensor/tensor.js';
import { sparseCategoricalCrossentropy } from '../losses/index.js';
import { adam } from '../optimizers/index.js';
import { Sequential } from '../sequential.js';
import type { TrainingSnapshot } from '../snapshot.js';
import { type DistillOptions, distill } from './distill.js';

beforeEach(() => void useBackend('reference'));
afterEach(() => void useBackend('wasm'));

const [N, T, F, C] = [11, 5, 3, 7];
const x = normals([N, T, F], new Random(3));
const y = Int32Array.from({ length: N }, (_, i) => (i * 5) % C);
const stepLabels = { data: Int32Array.from({ length: N * T }, (_, i) => (i * 5) % C), shape: [N, T] };

interface Shape {
  readonly units: number;
  readonly returnSequences?: boolean;
  readonly stateful?: boolean;
  readonly activation?: 'softmax' | 'linear';
  readonly masked?: boolean;
  readonly loss?: 'sparseCategoricalCrossentropy' | 'categoricalCrossentropy';
}

function network(seed: number, shape: Shape): Sequential {
  const { units, returnSequences = false, stateful = false, activation = 'softmax', masked = false, loss } = shape;
  setSeed(seed);
  const model = new Sequential([
    ...(masked ? [new Masking({ maskValue: 0, inputShape: [null, F] })] : []),
    new LSTM({ units, returnSequences, stateful, ...(!masked && { inputShape: [null, F] }) }),
    new Dense({ units: C, activation }),
  ]);
  const given = loss ?? 'sparseCategoricalCrossentropy';
  const optimizer = 'adam';
  model.compile(
    activation === 'softmax'
      ? { optimizer, loss: given, metrics: ['accuracy'] }
      : { optimizer, loss: sparseCategoricalCrossentropy({ fromLogits: true }) },
  );
  return model;
}

/** A teacher with its weights, so that it draws no more of them. */
async function teacherOf(shape: Omit<Shape, 'units'> = {}): Promise<Sequential> {
  const teacher = network(1, { ...shape, units: 6 });
  await teacher.predict(shape.masked || shape.returnSequences ? tensor([0.5, 1, 2], [1, 1, F]) : x);
  teacher.resetStates();
  return teacher;
}

const weightsOf = (model: Sequential): number[] =>
  Object.values(model.getWeights()).flatMap((weight) => [...weight.dataSync()]);

const settings = { epochs: 3, batchSize: 4 } as const;

describe('distill', () => {
  it.each(backendNames)(
    'with every class, temperature 1 and alpha 1 is training on the probabilities, on %s',
    async (name) => {
      useBackend(name);
      const teacher = await teacherOf();
      const probabilities = (await teacher.predict(x)) as Tensor;
      const student = network(2, { units: 2 });
      await distill(teacher, student, { x, y, temperature: 1, alpha: 1, topK: C, ...settings });
      const other = network(2, { units: 2, loss: 'categoricalCrossentropy' });
      await other.fit(x, probabilities, settings);
      // Adam's first steps have the size of the rate whatever the gradient's: its rounding shows.
      expectClose(weightsOf(student), weightsOf(other), name === 'reference' ? 1e-9 : 1e-4, 'weights');
      expect(weightsOf(student)).not.toEqual(weightsOf(network(2, { units: 2 })));
    },
  );

  it.each([
    ['softmax', 'softmax'],
    ['linear', 'softmax'],
    ['softmax', 'linear'],
  ] as const)('takes a teacher that ends in %s and a student that ends in %s', async (ofTeacher, ofStudent) => {
    const [teacher, usual] = [await teacherOf({ activation: ofTeacher }), await teacherOf()];
    const a = network(2, { units: 2, activation: ofStudent });
    const first = await distill(teacher, a, { x, y, ...settings });
    const b = network(2, { units: 2 });
    const second = await distill(usual, b, { x, y, ...settings });
    expectClose(weightsOf(a), weightsOf(b), 1e-9, 'weights');
    expectClose(first.metrics.loss, second.metrics.loss, 1e-12, 'losses');
  });

  it('trains alike on class indices and on one-hot targets, whose logits are stored', async () => {
    const teacher = await teacherOf();
    const oneHot = Float64Array.from({ length: N * C }, (_, i) => Number(y[Math.floor(i / C)] === i % C));
    const options = { alpha: 0.3, temperature: 3, topK: 2, ...settings };
    const a = network(2, { units: 2 });
    const first = await distill(teacher, a, { x, y, ...options });
    const b = network(2, { units: 2, loss: 'categoricalCrossentropy' });
    const second = await distill(teacher, b, { x, y: { data: oneHot, shape: [N, C] }, ...options });
    expectClose(weightsOf(a), weightsOf(b), 1e-9, 'weights');
    expectClose(first.metrics.accuracy, second.metrics.accuracy, 1e-12, 'accuracies');
  });

  it('with alpha 0 has the bits of fit, and asks nothing of the teacher', async () => {
    const asked = await teacherOf();
    asked.runBatch = () => {
      throw new Error('asked');
    };
    const a = network(2, { units: 2 });
    const first = await distill(asked, a, { x, y, alpha: 0, ...settings });
    const b = network(2, { units: 2 });
    const second = await b.fit(x, y, settings);
    expect(weightsOf(a)).toEqual(weightsOf(b));
    expect(first.metrics).toEqual(second.metrics);
  });

  it('is changed by no padding', async () => {
    const shape = { masked: true, returnSequences: true };
    const trained = async (padding: number): Promise<number[]> => {
      const teacher = await teacherOf(shape);
      const student = network(2, { ...shape, units: 2 });
      const steps = T + padding;
      const [long, labels] = [new Float64Array(N * steps * F), new Int32Array(N * steps)];
      for (let row = 0; row < N; row++) {
        const length = 1 + (row % T);
        long.set(x.dataSync().subarray(row * T * F, (row * T + length) * F), row * steps * F);
        labels.set(stepLabels.data.subarray(row * T, row * T + length), row * steps);
      }
      const data = { x: tensor(long, [N, steps, F]), y: { data: labels, shape: [N, steps] } };
      await distill(teacher, student, { ...data, topK: 3, epochs: 2, batchSize: 4 });
      return weightsOf(student);
    };
    expectClose(await trained(4), await trained(0), 1e-9, 'weights');
  });

  it.each([{ everySteps: 2 }, { everyEpochs: 1 }])(
    'goes on where it was interrupted, bit for bit: %j',
    async (when) => {
      const shape = { returnSequences: true, stateful: true };
      const [rows, steps] = [4, 3];
      // Parallel streams, whose states are carried from batch to batch.
      const dataset = Array.from({ length: 5 }, (_, i) => ({
        x: normals([rows, steps, F], new Random(20 + i)),
        y: { data: Int32Array.from({ length: rows * steps }, (_, j) => (i + j) % C), shape: [rows, steps] },
      }));
      const options: DistillOptions<Sequential> = { dataset, topK: 3, epochs: 2 };
      const teacher = network(1, { ...shape, units: 6 });
      const whole = network(2, { ...shape, units: 2 });
      const saved: { snapshot: TrainingSnapshot; weights: ReturnType<Sequential['getWeights']> }[] = [];
      const save = (model: Sequential, snapshot: TrainingSnapshot): void =>
        void saved.push({ snapshot, weights: model.getWeights() });
      await distill(teacher, whole, { ...options, checkpoint: { save, ...when } });
      const { snapshot, weights } = saved[0];
      const resumed = network(2, { ...shape, units: 2 });
      resumed.setWeights(weights);
      await distill(network(1, { ...shape, units: 6 }), resumed, { ...options, resumeFrom: snapshot });
      expect(weightsOf(resumed)).toEqual(weightsOf(whole));
    },
  );

  it('learns the classes that the teacher finds likeliest where no targets are given', async () => {
    const teacher = await teacherOf({ returnSequences: true });
    const student = network(2, { units: 9, returnSequences: true });
    student.compile({
      optimizer: adam({ learningRate: 0.03 }),
      loss: 'sparseCategoricalCrossentropy',
      metrics: ['accuracy'],
    });
    const { metrics } = await distill(teacher, student, { x, epochs: 20, batchSize: 4 });
    expect(metrics.accuracy[0]).toBeLessThan(0.5);
    expect(metrics.accuracy.at(-1)).toBeGreaterThan(0.8);
  });

  it('validates on the loss of the student itself', async () => {
    const teacher = await teacherOf();
    const student = network(2, { units: 2 });
    const validationData = [x, y] as const;
    const { metrics } = await distill(teacher, student, { x, y, epochs: 1, validationData });
    const { loss, accuracy } = await student.evaluate(x, y);
    expect(metrics.valLoss).toEqual([loss]);
    expect(metrics.valAccuracy).toEqual([accuracy]);
    // Temperature 2 makes the trained loss another number.
    expect(Math.abs(metrics.loss[0] - loss)).toBeGreaterThan(0.1);
  });

  it('refuses models and options that do not go together', async () => {
    const teacher = await teacherOf();
    const message = async (options: object, student = network(2, { units: 2 }), from = teacher): Promise<string> =>
      distill(from, student, { x, y, ...options }).then(
        () => 'nothing was thrown',
        (error: Error) => error.message,
      );
    expect(await message({ temprature: 3 })).toMatch(
      /^\[UNKNOWN_NAME\] distill: unknown option `temprature`; did you mean `temperature`/,
    );
    expect(await message({ temperature: 0 })).toMatch(/^\[OUT_OF_RANGE\] distill: `temperature`/);
    expect(await message({ alpha: -0.1 })).toMatch(/^\[OUT_OF_RANGE\] distill: `alpha`/);
    expect(await message({ topK: 0 })).toMatch(/^\[OUT_OF_RANGE\] distill: `topK`/);
    expect(await message({ y: undefined, alpha: 0.5 })).toMatch(/^\[USAGE\] distill: without `y`/);
    expect(await message({ x: undefined })).toMatch(/^\[USAGE\] distill: the data are missing/);
    expect(await message({}, teacher)).toMatch(/^\[USAGE\] distill: the teacher is the student/);
    const squares = network(2, { units: 2 });
    squares.compile({ optimizer: 'adam', loss: 'meanSquaredError' });
    expect(await message({}, squares)).toMatch(
      /the student's loss is not one of classes.*\n.*\n {2}received: meanSquaredError/,
    );
    const few = new Sequential([
      new LSTM({ units: 2, inputShape: [null, F] }),
      new Dense({ units: C - 1, activation: 'softmax' }),
    ]);
    few.compile({ optimizer: 'adam', loss: 'sparseCategoricalCrossentropy' });
    expect(await message({ y: new Int32Array(N) }, few)).toMatch(
      /one output of 7 classes.*\n {2}received: outputs of 6 classes/,
    );
    const yesOrNo = new Sequential([
      new LSTM({ units: 2, inputShape: [null, F] }),
      new Dense({ units: C, activation: 'sigmoid' }),
    ]);
    expect(await message({}, undefined, yesOrNo)).toMatch(
      /the teacher does not predict one distribution.*\n.*\n {2}received: a sigmoid/,
    );
    const sampled = new Sequential([
      new LSTM({ units: 2, inputShape: [null, F] }),
      new SampledSoftmax({ units: C, numSampled: 3 }),
    ]);
    sampled.compile({ optimizer: 'adam', loss: 'sparseCategoricalCrossentropy' });
    expect(await message({}, sampled)).toMatch(
      /^\[USAGE\].*without the probabilities of all classes, which soft targets need/,
    );
  });
});
