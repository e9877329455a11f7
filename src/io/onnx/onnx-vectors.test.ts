import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { expectClose } from '../../../test/support/close.js';
import { messageAfter } from '../../../test/support/message-after.js';
import type { VectorTensor } from '../../../test/support/vectors.js';
import { tensor } from '../../tensor/tensor.js';
import { readOnnx } from './onnx-model.js';
import { readOnnxTensor } from './onnx-tensor.js';
import { asTensor } from './onnx-values.js';

/** Files in base64: a model, and tensors that go into it and come out. */
interface NodeTest {
  readonly model: string;
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
}

/** A model in base64, and what another program gives for it. */
interface RuntimeTest {
  readonly model: string;
  readonly inputs: Readonly<Record<string, VectorTensor>>;
  readonly outputs: Readonly<Record<string, VectorTensor>>;
}

function casesOf<Case>(name: string): [string, Case][] {
  const file = new URL(`../../../test/vectors/onnx-files/${name}`, import.meta.url);
  return Object.entries((JSON.parse(readFileSync(file, 'utf8')) as { cases: Record<string, Case> }).cases);
}

const bytesOf = (base64: string): Uint8Array => Uint8Array.from(Buffer.from(base64, 'base64'));

/** The vectors are float32 themselves. */
const tolerance = 3e-6;

it.each(casesOf<NodeTest>('node-tests.json'))("ONNX's own test %s gives every output", async (name, test) => {
  const model = readOnnx(bytesOf(test.model), name);
  const tensors = (files: readonly string[]) => files.map((bytes) => readOnnxTensor(bytesOf(bytes), name).value);
  const given = tensors(test.inputs).map((value, i) => [model.inputs[i].name, asTensor(value)]);
  const outputs = await model.predict(Object.fromEntries(given));
  const expected = tensors(test.outputs);
  expect(Object.keys(outputs)).toHaveLength(expected.length);
  for (const [i, { name: output }] of model.outputs.entries()) {
    expect(outputs[output].shape).toEqual(expected[i].shape);
    expectClose(await outputs[output].data(), await asTensor(expected[i]).data(), tolerance, output);
  }
});

it.each([...casesOf<RuntimeTest>('runtime.json'), ...casesOf<RuntimeTest>('operators.json')])(
  '%s gives what ONNX Runtime gives',
  async (name, test) => {
    const model = readOnnx(bytesOf(test.model), name);
    const inputs = Object.entries(test.inputs).map(([key, { shape, data }]) => [key, tensor(data, shape)]);
    const outputs = await model.predict(Object.fromEntries(inputs));
    expect(Object.keys(outputs).sort()).toEqual(Object.keys(test.outputs).sort());
    for (const [key, { shape, data }] of Object.entries(test.outputs)) {
      expect(outputs[key].shape).toEqual(shape);
      expectClose(await outputs[key].data(), data, tolerance, key);
    }
  },
);

/** A model that is run with several sizes, and inputs of sizes for which its file is not good. */
interface ModelTest {
  readonly model: string;
  readonly runs: readonly Pick<RuntimeTest, 'inputs' | 'outputs'>[];
  readonly refused: readonly RuntimeTest['inputs'][];
}

const tensorsOf = (inputs: RuntimeTest['inputs']) =>
  Object.fromEntries(Object.entries(inputs).map(([key, { shape, data }]) => [key, tensor(data, shape)]));

it.each(casesOf<ModelTest>('models.json'))('%s gives what ONNX Runtime gives, for each size', async (name, test) => {
  const model = readOnnx(bytesOf(test.model), name);
  for (const { inputs, outputs } of test.runs) {
    const results = await model.predict(tensorsOf(inputs));
    for (const [key, { shape, data }] of Object.entries(outputs)) {
      expect(results[key].shape).toEqual(shape);
      expectClose(await results[key].data(), data, 1e-5, key);
    }
  }
  for (const inputs of test.refused)
    expect(await messageAfter(() => model.predict(tensorsOf(inputs)))).toMatch(/Reshape `.*traced batch may remain/);
});
