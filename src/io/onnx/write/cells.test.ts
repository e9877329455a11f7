import { describe, expect, it } from 'vitest';
import { expectClose } from '../../../../test/support/close.js';
import { asRuntimeArray, expectSameInRuntime, onnxTolerance } from '../../../../test/support/onnx-export.js';
import { RuntimeModel } from '../../../../test/support/onnx-runtime.js';
import { normals, randomise } from '../../../../test/support/random.js';
import { unusualCells } from '../../../../test/support/unusual-cells.js';
import { libraryCells } from '../../../cells/registry.js';
import { Dense } from '../../../layers/dense.js';
import { Embedding } from '../../../layers/embedding.js';
import { LSTM } from '../../../layers/lstm.js';
import { RNN } from '../../../layers/rnn.js';
import { input } from '../../../layers/symbolic-tensor.js';
import { Random } from '../../../random.js';
import * as ops from '../../../tensor/index.js';
import { type Tensor, tensor } from '../../../tensor/tensor.js';
import { Functional } from '../../../training/graph/functional.js';
import { Sequential } from '../../../training/sequential.js';
import { writeOnnx } from './write-onnx.js';

const random = new Random(36);
const features = 3;
const cells = [...libraryCells, ...unusualCells].map((cell) => [cell.name, cell] as const);
const batches: readonly (readonly [Tensor])[] = [
  [normals([3, 7, features], random)],
  [normals([2, 5, features], random)],
];

it('writes token ids, an LSTM and a Dense', async () => {
  const model = new Sequential(
    [
      new Embedding({ inputDim: 11, outputDim: 3 }),
      new LSTM({ units: 5 }),
      new Dense({ units: 7, activation: 'softmax' }),
    ],
    { inputShape: [null] },
  );
  randomise(model, random);
  const ids = (batch: number, time: number): [Tensor] => [
    tensor(
      Float32Array.from({ length: batch * time }, () => Math.floor(11 * random.uniform())),
      [batch, time],
    ),
  ];
  await expectSameInRuntime(model, [ids(3, 5), ids(2, 9)]);
});

describe.each(cells)('%s in ONNX Runtime', (_, cell) => {
  it('gives every step and the last one, in both directions of time', async () => {
    const read = input({ shape: [null, features] });
    const layers = [
      { returnSequences: true },
      { returnSequences: true, goBackwards: true },
      {},
      { goBackwards: true },
    ].map((options) => new RNN({ cell, units: 5, ...options }));
    const model = new Functional({ inputs: read, outputs: layers.map((layer) => layer.apply(read)) });
    randomise(model, random);
    await expectSameInRuntime(model, batches);
  });

  it('goes on with the states that it gave', async () => {
    const layer = new RNN({ name: 'memory', cell, units: 5, returnSequences: true });
    const model = new Sequential([layer], { inputShape: [null, features] });
    randomise(model, random);
    const runtime = await RuntimeModel.open(await writeOnnx(model, { states: true }));
    const [[whole]] = batches;
    const parts = [ops.slice(whole, 1, 0, 3), ops.slice(whole, 1, 3, 7)];
    let states = Object.fromEntries(
      cell.states.map((state) => {
        const width = layer.sublayers.values().next().value as unknown as { widthOf(state: string): number };
        return [`memory_${state}_in`, normals([3, width.widthOf(state)], random)];
      }),
    );
    const initialState = Object.fromEntries(cell.states.map((state) => [state, states[`memory_${state}_in`]]));
    const expected = layer.apply(whole, { initialState });
    const steps: Tensor[] = [];
    for (const part of parts) {
      const inputs = await Promise.all(
        Object.entries({ input: part, ...states }).map(
          async ([name, value]) => [name, await asRuntimeArray(value)] as const,
        ),
      );
      const outputs = await runtime.run(Object.fromEntries(inputs));
      steps.push(tensor(Float32Array.from(outputs.memory.data), outputs.memory.shape));
      states = Object.fromEntries(
        cell.states.map((state) => {
          const { data, shape } = outputs[`memory_${state}_out`];
          return [`memory_${state}_in`, tensor(Float32Array.from(data), shape)];
        }),
      );
    }
    expectClose(await ops.concatenate(steps, 1).data(), await expected.data(), onnxTolerance, 'steps');
    expect(runtime.inputNames).toEqual(['input', ...Object.keys(states)]);
  });
});
