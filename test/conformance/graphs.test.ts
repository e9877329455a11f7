import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { deserializeModel, serializeModel } from '../../src/io/checkpoint.js';
import { useBackend } from '../../src/kernels/select.js';
import { valueAndGradients } from '../../src/tensor/tape.js';
import type { Tensor } from '../../src/tensor/tensor.js';
import { scope } from '../../src/tensor/tensor.js';
import { BatchReader } from '../../src/training/batch.js';
import { outputsFor } from '../../src/training/evaluation.js';
import { drawModel } from '../../src/training/graph/drawing/draw-model.js';
import { TrainStep } from '../../src/training/train-step.js';
import { expectClose } from '../support/close.js';
import { conformanceBackends, lawBackends } from '../support/conformance-backends.js';
import { graphModels } from '../support/graph-models.js';
import { vectorName } from '../support/layer-cases.js';
import { readVectors, type VectorTensor } from '../support/vectors.js';

type ByName<Value> = Readonly<Record<string, Value>>;

interface GraphVector {
  readonly losses: ByName<string>;
  readonly lossWeights?: ByName<number>;
  readonly weights: ByName<VectorTensor>;
  readonly inputs: ByName<VectorTensor>;
  readonly targets: ByName<VectorTensor>;
  readonly expected: {
    readonly loss: number;
    readonly outputs: ByName<VectorTensor>;
    readonly gradients: ByName<VectorTensor>;
  };
}

/** float64: rounding alone; float32: five steps through two recurrent layers, sums of at most 15 products, 2^-24 each. */
const tolerances = { reference: 1e-13, wasm: 1e-5 };

const vectors = readVectors<GraphVector>('graphs').map((vector) => [vector.file, vector] as const);

/** The twin of a vector's model, with its weights. */
function twinOf(file: string, { weights, losses, lossWeights }: GraphVector) {
  const model = graphModels[file].build();
  const variables = new Map([...model.namedWeights()].map(([path, { variable }]) => [vectorName(path), variable]));
  expect([...variables.keys()].sort()).toEqual(Object.keys(weights).sort());
  for (const [name, variable] of variables) variable.assign(weights[name].data);
  model.compile({ optimizer: 'sgd', loss: losses, lossWeights } as Parameters<typeof model.compile>[0]);
  return { model, variables };
}

/** Steps `from` to before `end` of `[batch, time, ...]`. */
function stepsOf({ shape: [batch, time, ...rest], data }: VectorTensor, from: number, end: number): VectorTensor {
  const width = rest.reduce((size, axis) => size * axis, 1);
  const rows = Array.from({ length: batch }, (_, row) =>
    data.slice((row * time + from) * width, (row * time + end) * width),
  );
  return { shape: [batch, end - from, ...rest], data: rows.flat() };
}

const entries = <Value>(record: ByName<Value>): [string, Value][] => Object.entries(record);

it('there is a vector for every model', () => {
  expect(vectors.map(([file]) => file)).toEqual(Object.keys(graphModels).sort());
});

describe.each(conformanceBackends)('graphs on $title', ({ name: backend, make }) => {
  beforeAll(() => void useBackend(make()));
  afterAll(() => void useBackend('wasm'));
  const tolerance = tolerances[backend];

  it.each(vectors)('%s has the outputs, loss and gradients of its twin in Keras', async (file, vector) => {
    const { model, variables } = twinOf(file, vector);
    const { outputs, gradients, loss } = vector.expected;
    const computed = await model.predict(vector.inputs);
    expect(Object.keys(computed)).toEqual(Object.keys(outputs));
    for (const [name, { shape, data }] of entries(outputs)) {
      expect(computed[name].shape, name).toEqual(shape);
      expectClose(await computed[name].data(), data, tolerance, name);
    }
    const batch = new BatchReader(model, file).read({ x: vector.inputs, y: vector.targets });
    const step = new TrainStep(model, {
      compiled: model.requireCompiled('fit'),
      outputs: outputsFor(model),
      classWeight: undefined,
      where: file,
    });
    const names = [...variables.keys()];
    const trained = scope(() => valueAndGradients(() => step.lossOf(batch), [...variables.values()]));
    expectClose(await trained.value.data(), [loss], tolerance, 'loss');
    for (const [i, name] of names.entries())
      expectClose(await trained.gradients[i].data(), gradients[name].data, tolerance, `gradient of ${name}`);
  });
});

describe.each(lawBackends)('graphs on $title', ({ name: backend, make }) => {
  beforeAll(() => void useBackend(make()));
  afterAll(() => void useBackend('wasm'));
  const tolerance = tolerances[backend];

  it.each(vectors)('%s predicts the same bits when it was saved and loaded', async (file, vector) => {
    const { model } = twinOf(file, vector);
    const loaded = deserializeModel(serializeModel(model)).model as unknown as typeof model;
    const [before, after] = [await model.predict(vector.inputs), await loaded.predict(vector.inputs)];
    for (const name of Object.keys(vector.expected.outputs))
      expect(await after[name].data()).toEqual(await before[name].data());
  });

  it.each(vectors)('%s gives step by step what it gives for whole sequences', async (file, vector) => {
    const { model } = twinOf(file, vector);
    const { fixed } = graphModels[file];
    // What goes along holds no padding; what stays keeps it.
    const inputs = Object.fromEntries(
      entries(vector.inputs).map(([name, { shape, data }]) => [
        name,
        { shape, data: fixed.includes(name) ? data : data.map((number) => number || 1) },
      ]),
    );
    const pick = (isFixed: boolean): [string, VectorTensor][] =>
      entries(inputs).filter(([name]) => fixed.includes(name) === isFixed);
    const moving = pick(false);
    const stream = model.stream({ batchSize: 3, fixed: Object.fromEntries(pick(true)) });
    const numSteps = moving[0][1].shape[1];
    for (let t = 0; t < numSteps; t++) {
      const given = stream.step(Object.fromEntries(moving.map(([name, x]) => [name, stepsOf(x, t, t + 1).data])));
      const soFar = Object.fromEntries(moving.map(([name, x]) => [name, stepsOf(x, 0, t + 1)]));
      const whole = await model.predict({ ...inputs, ...soFar });
      for (const [name, output] of entries<Tensor>(whole)) {
        const all = { shape: [...output.shape], data: [...output.dataSync()] };
        const { data } = all.shape.length === 3 ? stepsOf(all, t, t + 1) : all;
        expectClose(given[name], data, tolerance, `${name}, step ${t}`);
      }
    }
  });
});

it.each(vectors)('%s is summarised and drawn, with every layer', (file, vector) => {
  const { model } = twinOf(file, vector);
  const svg = drawModel(model);
  expect(svg).toMatch(/^<svg[^]*<\/svg>\n?$/);
  const rows = model.summary().split('\n');
  for (const { name, className } of model.layers) {
    expect(
      rows.some((row) => row.includes(name) && row.includes(className)),
      name,
    ).toBe(true);
    if (className !== 'InputLayer') expect(svg).toContain(`>${name}</text>`);
  }
  expect(svg).toContain(model.countParams().toLocaleString('en-US'));
});
