import { describe, expect, it } from 'vitest';
import { messageAfter } from '../../../test/support/message-after.js';
import { onnxBytes, type WrittenNode, type WrittenTensor } from '../../../test/support/onnx-writer.js';
import { tensor } from '../../tensor/tensor.js';
import { drawOnnx } from './draw-onnx.js';
import { readOnnx } from './onnx-model.js';

const [units, features] = [2, 3];
const numbers = (...shape: number[]): WrittenTensor => ({
  shape,
  data: Array.from({ length: shape.reduce((a, b) => a * b, 1) }, (_, i) => Math.sin(i + shape.length) / 2),
});
const gru: WrittenNode = {
  operator: 'GRU',
  name: 'memory',
  inputs: ['x', 'W', 'R', '', '', 'start'],
  outputs: ['y', 'last'],
  attributes: { hidden_size: units },
};
const bytesOf = (nodes: readonly WrittenNode[], shape: readonly (number | string)[] = [1, 'batch', units]) =>
  onnxBytes({
    nodes,
    constants: { W: numbers(1, 3 * units, features), R: numbers(1, 3 * units, units) },
    inputs: [
      { name: 'x', shape: ['time', 'batch', features] },
      { name: 'h', shape },
    ],
    outputs: [{ name: nodes.at(-1)!.outputs.at(-1)!, shape: [1, 'batch', units] }],
  });
const moved: WrittenNode = { operator: 'Identity', inputs: ['h'], outputs: ['start'] };
const x = tensor(numbers(5, 3, features).data, [5, 3, features]);

describe('states that recurrent nodes begin with', () => {
  it('are zeros where they are not given, through operators that move numbers', async () => {
    const model = readOnnx(bytesOf([moved, gru]), 'gru.onnx');
    expect([...model.initialStates]).toEqual(['h']);
    const zeros = tensor(new Float32Array(3 * units), [1, 3, units]);
    const given = await model.predict({ x, h: zeros });
    const left = await model.predict(model.withZeroStates({ x }));
    expect(left.last.array()).toEqual(given.last.array());
    const ones = tensor(new Float32Array(3 * units).fill(1), [1, 3, units]);
    expect((await model.predict(model.withZeroStates({ x, h: ones }))).last.array()).not.toEqual(given.last.array());
  });

  it('are none where something else reads them', () => {
    const sum: WrittenNode = { operator: 'Add', inputs: ['last', 'h'], outputs: ['sum'] };
    expect(readOnnx(bytesOf([moved, gru, sum])).initialStates.size).toBe(0);
    const scaled: WrittenNode = { operator: 'Tanh', inputs: ['h'], outputs: ['start'] };
    expect(readOnnx(bytesOf([scaled, gru])).initialStates.size).toBe(0);
  });

  it('must be given where their size does not follow', async () => {
    const model = readOnnx(bytesOf([moved, gru], [1, 'rows', units]), 'gru.onnx');
    expect(await messageAfter(() => model.withZeroStates({ x }))).toContain(
      'how large the state `h` is does not follow',
    );
  });
});

describe('a drawing of an ONNX graph', () => {
  it('has a box for each node, input and output, and escapes their names', () => {
    const named = { ...moved, name: '<script>' };
    const svg = drawOnnx(readOnnx(bytesOf([named, gru]), 'gru.onnx'), 'gru.onnx');
    expect(svg).toMatch(/^<svg[^]*<\/svg>\s*$/);
    for (const text of ['gru.onnx', 'GRU', 'Identity', 'memory', 'numbers of the file']) expect(svg).toContain(text);
    expect(svg).not.toContain('<script>');
  });
});
