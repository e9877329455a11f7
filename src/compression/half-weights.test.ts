import { afterAll, describe, expect, it } from 'vitest';
import { machineCodes } from '../../test/support/machine-code.js';
import { normals } from '../../test/support/random.js';
import { deserializeModel, serializeModel } from '../io/checkpoint.js';
import type { Backend } from '../kernels/contract.js';
import { createReferenceBackend } from '../kernels/reference/backend.js';
import { useBackend } from '../kernels/select.js';
import { createWasmBackend, WasmBackend } from '../kernels/wasm/backend.js';
import { Bidirectional } from '../layers/bidirectional.js';
import { Dense } from '../layers/dense.js';
import { GRU } from '../layers/gru.js';
import { LSTM } from '../layers/lstm.js';
import { Random, setSeed } from '../random.js';
import { tensor } from '../tensor/tensor.js';
import { Sequential } from '../training/sequential.js';
import { compressWeights } from './compress-weights.js';

const backends: Record<string, Backend> = { reference: createReferenceBackend() };
for (const { isa, code, reason } of machineCodes)
  if (code === undefined) it.skip(`weights of 16 bits by machine code of ${isa} (not run: ${reason})`, () => undefined);
  else backends[`machine code of ${isa}`] = new WasmBackend({ threads: 1 }, undefined, code);
afterAll(() => useBackend('wasm'));

/** Units that are no multiple of a panel, heads, and directions. */
function made(): Sequential {
  setSeed(3);
  return new Sequential([
    new LSTM({ units: 70, returnSequences: true, inputShape: [null, 5] }),
    new Bidirectional({ layer: new GRU({ units: 33, returnSequences: true }) }),
    new LSTM({ units: 12, heads: 3, returnSequences: true }),
    new Dense({ units: 7 }),
  ]);
}

function causal(): Sequential {
  setSeed(4);
  return new Sequential([
    new GRU({ units: 40, inputShape: [null, 5], returnSequences: true }),
    new Dense({ units: 2 }),
  ]);
}

/** Its labels can be scored by kernels that read the numbers of its last layer. */
function classifier(): Sequential {
  setSeed(5);
  return new Sequential([
    new GRU({ units: 40, inputShape: [null, 5], returnSequences: true }),
    new Dense({ units: 7, activation: 'softmax' }),
  ]);
}

const input = normals([3, 6, 5], new Random(5));
const outputsOf = async (model: Sequential): Promise<number[]> => [...(await model.predict(input)).dataSync()];
const weightOf = (model: Sequential, name: string) => new Map(model.namedWeights()).get(name)!.variable;

function expectClose(received: readonly number[], expected: readonly number[]): void {
  expect(received).toHaveLength(expected.length);
  received.forEach((value, i) => expect(Math.abs(value - expected[i])).toBeLessThan(2e-5));
}

/** The weights that products read in 16 bits. */
const halvesOf = (model: Sequential, backend: Backend): string[] =>
  [...model.namedWeights()]
    .filter(([, { variable }]) => variable.weightsForProducts(backend) !== undefined)
    .map(([name]) => name);
const kernelsOf = (model: Sequential): string[] =>
  [...model.namedWeights()].filter(([, { form }]) => form === 'matrix').map(([name]) => name);

/** A model whose kernels are of 16 bits, and one of the same numbers in single precision. */
function pair(make: () => Sequential, type: 'float16' | 'bfloat16'): { half: Sequential; single: Sequential } {
  const [half, single] = [make(), make()];
  expect(compressWeights(half, type)).toEqual(kernelsOf(half));
  for (const [name, { variable }] of single.namedWeights()) variable.assign(weightOf(half, name).dataSync());
  return { half, single };
}

describe.each(Object.entries(backends))('weights of 16 bits on %s', (_, backend) => {
  it.each(['float16', 'bfloat16'] as const)('give what their numbers give, and stay so: %s', async (type) => {
    useBackend(backend);
    const { half, single } = pair(made, type);
    expectClose(await outputsOf(half), await outputsOf(single));
    expect(halvesOf(half, backend)).toEqual(kernelsOf(half));
    expect(halvesOf(single, backend)).toEqual([]);
  });

  it('are rounded to the nearest, and refused where they cannot be', () => {
    useBackend(backend);
    const model = new Sequential([new Dense({ units: 2, inputShape: [2] })]);
    const [, { variable }] = [...model.namedWeights()][0];
    variable.assign([1 + 2 ** -12, 1 + 3 * 2 ** -11, -0.1, 3]);
    compressWeights(model, 'float16');
    expect([...variable.dataSync()]).toEqual([1, 1 + 2 ** -9, -0.0999755859375, 3]);
    variable.assign([70_000, 0, 0, 0]);
    expect(() => compressWeights(model, 'float16')).toThrow(/OUT_OF_RANGE/);
    expect(variable.dataSync()[0]).toBe(70_000);
  });

  it('stay so in a file, and come back so', async () => {
    useBackend(backend);
    const { half } = pair(made, 'bfloat16');
    const bytes = serializeModel(half, { weightFormat: 'bfloat16' });
    const again = deserializeModel(bytes).model as Sequential;
    expect(halvesOf(again, backend)).toEqual(kernelsOf(again));
    expectClose(await outputsOf(again), await outputsOf(half));
    expect(serializeModel(again, { weightFormat: 'bfloat16' })).toEqual(bytes);
  });

  it('stay so where a model is evaluated', async () => {
    useBackend(backend);
    const { half, single } = pair(classifier, 'float16');
    const labels = Float32Array.from({ length: 18 }, (_, i) => i % 7);
    const losses: number[] = [];
    for (const model of [half, single]) {
      model.compile({ optimizer: 'sgd', loss: 'sparseCategoricalCrossentropy' });
      losses.push((await model.evaluate(input, tensor(labels, [3, 6]))).loss);
    }
    expect(halvesOf(half, backend)).toEqual(kernelsOf(half));
    expect(losses[0]).toBeCloseTo(losses[1], 5);
  });

  it('are trained as their numbers are, in single precision from then on', async () => {
    useBackend(backend);
    const { half, single } = pair(made, 'float16');
    const before = await outputsOf(half);
    for (const model of [half, single]) {
      model.compile({ optimizer: 'sgd', loss: 'meanSquaredError' });
      await model.fit(input, normals([3, 6, 7], new Random(6)), { epochs: 2, batchSize: 3, shuffle: false });
    }
    expect(halvesOf(half, backend)).toEqual([]);
    const after = await outputsOf(half);
    expectClose(after, await outputsOf(single));
    expect(after).not.toEqual(before);
  });

  it('leave a stream to go on with what is assigned', () => {
    useBackend(backend);
    const { half, single } = pair(causal, 'bfloat16');
    const [stream, expected] = [half.stream(), single.stream()];
    const step = [1, -1, 0.5, 2, 0];
    expectClose([...stream.step(step)], [...expected.step(step)]);
    for (const model of [half, single]) {
      const variable = weightOf(model, 'gru/cell/recurrentKernel');
      variable.assign(variable.dataSync().map((value) => value / 3));
    }
    expect(halvesOf(half, backend)).not.toContain('gru/cell/recurrentKernel');
    for (let i = 0; i < 3; i++) expectClose([...stream.step(step)], [...expected.step(step)]);
  });
});

for (const { isa, code } of machineCodes) {
  if (code === undefined) continue;
  it(`weights of 16 bits take half of the memory, and give it back: machine code of ${isa}`, () => {
    const backend = useBackend(new WasmBackend({ threads: 1 }, undefined, code));
    const model = (): Sequential => {
      setSeed(1);
      return new Sequential([new LSTM({ units: 64, inputShape: [null, 64] })]);
    };
    const first = model();
    compressWeights(first, 'float16');
    first.stream().step(new Float32Array(64));
    const before = backend.memory().persistentBytes;
    const half = model();
    const single = backend.memory().persistentBytes - before;
    compressWeights(half, 'float16');
    const stream = half.stream();
    stream.step(new Float32Array(64));
    stream.dispose();
    expect(backend.memory().persistentBytes - before).toBeLessThan(0.52 * single);
    half.dispose();
    expect(backend.memory().persistentBytes).toBe(before);
  });

  it(`weights of 16 bits give the same bits with threads that share units: machine code of ${isa}`, async () => {
    const outputs: number[][] = [];
    for (const threads of [1, 2, 3]) {
      const backend = useBackend(new WasmBackend({ threads }, undefined, code));
      setSeed(1);
      const model = new Sequential([new LSTM({ units: 224, returnSequences: true, inputShape: [null, 8] })]);
      compressWeights(model, 'bfloat16');
      const long = normals([2, 40, 8], new Random(9));
      await model.predict(long);
      if (threads > 1) await expect.poll(() => backend.threads!.numServing, { timeout: 20_000 }).toBe(threads);
      outputs.push([...(await model.predict(long)).dataSync()]);
      backend.threads!.resize(1);
    }
    expect(outputs[1]).toEqual(outputs[0]);
    expect(outputs[2]).toEqual(outputs[0]);
  });
}

it('weights of 16 bits are their numbers in WebAssembly', async () => {
  const backend = useBackend(createWasmBackend({ threads: 1, machineCode: false }));
  const { half, single } = pair(made, 'float16');
  expect(halvesOf(half, backend)).toEqual([]);
  expect(await outputsOf(half)).toEqual(await outputsOf(single));
});
