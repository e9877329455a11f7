import { expect } from 'vitest';
import { readOnnx } from '../../src/io/onnx/onnx-model.js';
import { writeOnnx } from '../../src/io/onnx/write/write-onnx.js';
import type { Layer } from '../../src/layers/layer.js';
import { Tensor } from '../../src/tensor/tensor.js';
import type { Model } from '../../src/training/model.js';
import { expectClose } from './close.js';
import { type RuntimeArray, RuntimeModel } from './onnx-runtime.js';

/** What float32 allows two programs to differ by. */
export const onnxTolerance = 1e-5;

/** A tensor as it goes into ONNX Runtime. */
export async function asRuntimeArray(value: Tensor): Promise<RuntimeArray> {
  return { shape: value.shape, data: await value.data() };
}

/**
 * Writes a model once and runs the file in ONNX Runtime on several batches, and after `readOnnx` on the first: the outputs must
 * be those of the model.
 *
 * @param batches of each the inputs in the model's order. @returns the bytes of the file
 */
export async function expectSameInRuntime(
  model: Layer<unknown>,
  batches: readonly (readonly Tensor[])[],
): Promise<Uint8Array> {
  const bytes = await writeOnnx(model as Model);
  const runtime = await RuntimeModel.open(bytes);
  for (const inputs of batches) {
    const expected = tensorsOf(model.apply(inputs.length === 1 ? inputs[0] : inputs));
    const arrays = await Promise.all(inputs.map(asRuntimeArray));
    const outputs = await runtime.run(Object.fromEntries(runtime.inputNames.map((name, i) => [name, arrays[i]])));
    expect(runtime.outputNames.length).toBe(expected.length);
    for (const [i, name] of runtime.outputNames.entries()) {
      expect(outputs[name].shape, name).toEqual(expected[i].shape);
      expectClose(outputs[name].data, await expected[i].data(), onnxTolerance, `${model.name}, ${name}`);
    }
  }
  await runtime.release();
  await expectSameReadAgain(bytes, runtime, model, batches[0]);
  return bytes;
}

/** The same of what this library makes of the file. */
async function expectSameReadAgain(
  bytes: Uint8Array,
  { inputNames, outputNames }: RuntimeModel,
  model: Layer<unknown>,
  inputs: readonly Tensor[],
): Promise<void> {
  const read = readOnnx(bytes, 'written.onnx');
  const outputs = await read.predict(Object.fromEntries(inputNames.map((name, i) => [name, inputs[i]])));
  const expected = tensorsOf(model.apply(inputs.length === 1 ? inputs[0] : inputs));
  for (const [i, name] of outputNames.entries())
    expectClose(await outputs[name].data(), await expected[i].data(), onnxTolerance, `${name}, read again`);
}

/** One tensor, or those of a list or an object in their order. */
function tensorsOf(result: unknown): Tensor[] {
  if (result instanceof Tensor) return [result];
  return Object.values(result as object).flatMap(tensorsOf);
}
