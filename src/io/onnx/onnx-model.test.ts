import { readFile } from 'node:fs/promises';
import { describe, expect, it } from 'vitest';
import { expectClose } from '../../../test/support/close.js';
import { messageAfter } from '../../../test/support/message-after.js';
import { onnxBytes, textField, type WrittenNode, type WrittenTensor } from '../../../test/support/onnx-writer.js';
import { itWithData } from '../../../test/support/published-data.js';
import { LSTM } from '../../layers/lstm.js';
import * as ops from '../../tensor/index.js';
import { valueAndGradients } from '../../tensor/tape.js';
import { tensor } from '../../tensor/tensor.js';
import { Variable } from '../../tensor/variable.js';
import { readOnnx } from './onnx-model.js';

const numbers = (...shape: number[]): WrittenTensor => {
  const length = shape.reduce((a, b) => a * b, 1);
  return { shape, data: Array.from({ length }, (_, i) => Math.sin(i + shape.length) / 2) };
};
const [units, features] = [2, 3];
const lstm: WrittenNode = {
  operator: 'LSTM',
  name: 'memory',
  inputs: ['x', 'W', 'R', '', '', 'h', 'c'],
  outputs: ['y', 'last'],
  attributes: { hidden_size: units },
};

/** An LSTM that starts from constants, of a batch that an exporter has traced. */
function traced(
  start: WrittenTensor,
  nodes: readonly WrittenNode[] = [],
  constants: Record<string, WrittenTensor> = {},
): Uint8Array {
  return onnxBytes({
    nodes: [lstm, ...nodes],
    constants: {
      W: numbers(1, 4 * units, features),
      R: numbers(1, 4 * units, units),
      h: start,
      c: start,
      ...constants,
    },
    inputs: [{ name: 'x', shape: ['time', 'batch', features] }],
    outputs: [{ name: nodes.at(-1)?.outputs[0] ?? 'last', shape: [1, 'batch', units] }],
  });
}
const zeros: WrittenTensor = { shape: [1, 1, units], data: [0, 0] };
const x = (time: number, batch: number) => tensor(numbers(time, batch, features).data, [time, batch, features]);

describe('an ONNX model', () => {
  it('takes any batch and length where states of the traced batch are zeros', async () => {
    const model = readOnnx(traced(zeros), 'traced.onnx');
    for (const [time, batch] of [
      [1, 1],
      [4, 3],
      [2, 5],
    ])
      expect((await model.predict({ x: x(time, batch) })).last.shape).toEqual([1, batch, units]);
  });

  it('names the node where another constant of the traced batch remains', async () => {
    const model = readOnnx(traced(numbers(1, 1, units)), 'traced.onnx');
    expect((await model.predict({ x: x(2, 1) })).last.shape).toEqual([1, 1, units]);
    const message = await messageAfter(() => model.predict({ x: x(2, 3) }));
    expect(message).toMatch(/SHAPE_MISMATCH\] traced.onnx, LSTM `memory`: `initial_h`/);
    const reshape: WrittenNode = { operator: 'Reshape', name: 'view', inputs: ['last', 'to'], outputs: ['z'] };
    const viewed = readOnnx(
      traced(zeros, [reshape], { to: { type: 'int64', shape: [3], data: [1, 1, 2] } }),
      'traced.onnx',
    );
    expect(await messageAfter(() => viewed.predict({ x: x(2, 3) }))).toMatch(
      /Reshape `view`: .*traced batch may remain/,
    );
  });

  it('takes one input without its name, and says where there are several', async () => {
    const model = readOnnx(traced(zeros), 'traced.onnx');
    const { last } = await model.predict({ x: x(4, 3) });
    expect([...(await (await model.predict(x(4, 3))).last.data())]).toEqual([...(await last.data())]);
    const sum = { operator: 'Add', name: 'sum', inputs: ['a', 'b'], outputs: ['c'] };
    const edges = ['a', 'b', 'c'].map((name) => ({ name, shape: [3] }));
    const two = readOnnx(
      onnxBytes({ nodes: [sum], constants: {}, inputs: edges.slice(0, 2), outputs: edges.slice(2) }),
    );
    expect(await messageAfter(() => two.predict([1, 2, 3]))).toMatch(/USAGE.*2 inputs[^]*an object of a, b/);
  });

  it('has layers whose weights give the same in a layer made here', async () => {
    const model = readOnnx(traced(zeros));
    expect([...model.layers.keys()]).toEqual(['memory']);
    const layer = model.layers.get('memory')!;
    const own = new LSTM({ units, useBias: false });
    own.ensureBuilt([null, null, features]);
    const weights = [...layer.namedWeights('')].map(([, { variable }]) => variable);
    expect(own.weights.map(({ shape }) => shape)).toEqual(weights.map(({ shape }) => shape));
    const input = x(4, 3);
    const { last } = await model.predict({ x: input });
    const { states } = layer.apply(ops.transpose(input, [1, 0, 2]));
    expectClose(await states[0].hidden.data(), await last.data(), 1e-6, 'hidden');
  });

  it('notes derivatives', () => {
    const model = readOnnx(traced(zeros));
    const given = new Variable([2, 1, features], [0.1, -0.2, 0.3, 0.4, -0.5, 0.6], 'given');
    const loss = () => ops.sum(model.apply({ x: given }).last);
    const [gradient] = valueAndGradients(loss, [given]).gradients;
    expect(Math.max(...gradient.dataSync().map(Math.abs))).toBeGreaterThan(1e-3);
  });

  it('notes a GRU whose reset gate is probably in the wrong place', () => {
    const rows = 3 * units;
    const notesOf = (bias: number[], attributes: WrittenNode['attributes'], producer?: string): readonly string[] => {
      const node: WrittenNode = {
        operator: 'GRU',
        name: 'memory',
        inputs: ['x', 'W', 'R', 'B'],
        outputs: ['', 'last'],
        attributes: { hidden_size: units, ...attributes },
      };
      const bytes = onnxBytes({
        nodes: [node],
        constants: {
          W: numbers(1, rows, features),
          R: numbers(1, rows, units),
          B: { shape: [1, 2 * rows], data: bias },
        },
        inputs: [{ name: 'x', shape: ['time', 'batch', features] }],
        outputs: [{ name: 'last', shape: [1, 'batch', units] }],
      });
      const from = producer === undefined ? [] : [...textField(2, producer), ...textField(3, '2.9.0')];
      return readOnnx(Uint8Array.from([...from, ...bytes]), 'gru.onnx').notes;
    };
    const zero = new Array<number>(2 * rows).fill(0);
    const ofCandidate = zero.map((x, i) => (i >= 2 * rows - units ? 0.5 : x));
    const ofGate = zero.map((x, i) => (i === rows ? 0.5 : x));
    expect(notesOf(ofCandidate, {})).toEqual([
      expect.stringMatching(
        /^gru.onnx, GRU `memory`: linear_before_reset is 0, but the candidate has a recurrent bias/,
      ),
    ]);
    expect(notesOf(zero, {}, 'pytorch')).toEqual([expect.stringMatching(/the file is from pytorch 2.9.0/)]);
    expect(notesOf(ofGate, {})).toEqual([]);
    expect(notesOf(ofCandidate, { linear_before_reset: 1 }, 'pytorch')).toEqual([]);
  });

  it('refuses inputs that there are not, that are missing or do not fit', async () => {
    const model = readOnnx(traced(zeros), 'traced.onnx');
    expect(await messageAfter(() => model.predict({ X: x(1, 1) }))).toMatch(/UNKNOWN_NAME.*did you mean `x`/);
    expect(await messageAfter(() => model.predict({}))).toMatch(/USAGE.*inputs are missing/);
    const narrow = tensor(new Float32Array(6), [1, 3, 2]);
    expect(await messageAfter(() => model.predict({ x: narrow }))).toMatch(/expected: \[time = 1, batch = 3, 3\]/);
  });

  itWithData('hears speech as Silero VAD does in ONNX Runtime', 'models/silero_vad/silero_vad.onnx', async (path) => {
    const model = readOnnx(await readFile(path), path);
    const wav = await readFile(path.replace('silero_vad.onnx', 'test.wav'));
    const from = wav.indexOf('data') + 8;
    const samples = Float32Array.from({ length: 64 * 512 }, (_, i) => wav.readInt16LE(from + 2 * i) / 32768);
    const heard: number[] = [];
    let state = tensor(new Float32Array(256), [2, 1, 128]);
    for (let i = 0; i < 61; i++) {
      // Each window begins with the last samples of the one before.
      const input = new Float32Array(576);
      input.set(samples.subarray(Math.max(0, i * 512 - 64), (i + 1) * 512), i === 0 ? 64 : 0);
      const { output, stateN } = model.apply({ input: tensor(input, [1, 576]), state, sr: tensor([16000], []) });
      state = stateN;
      if (i % 10 === 0) heard.push(output.item());
    }
    const expected = [0.2083421, 0.9998345, 0.9999193, 0.9999467, 0.9959202, 0.9999636, 0.9937754];
    expectClose(heard, expected, 3e-6, 'probabilities of speech');
  });
});
