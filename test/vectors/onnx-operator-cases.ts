import { Random } from '../../src/random.js';
import type { WrittenAttribute, WrittenEdge, WrittenNode, WrittenTensor } from '../support/onnx-writer.js';
import type { RuntimeCase } from './onnx-runtime-cases.js';

const random = new Random(21);
const drawn = (...shape: number[]): WrittenTensor => ({
  shape,
  data: Array.from({ length: shape.reduce((a, b) => a * b, 1) }, () => Math.round(random.normal() * 1e4) / 1e4),
});
const int64 = (...data: number[]): WrittenTensor => ({ type: 'int64', shape: [data.length], data });
const one = (value: number): WrittenTensor => ({ type: 'int64', shape: [], data: [value] });

/** A line of a graph: what it gives, the operator, what it reads. */
type Line = readonly [outputs: string, operator: string, inputs: string, attributes?: Record<string, WrittenAttribute>];

const nodesOf = (lines: readonly Line[]): WrittenNode[] =>
  lines.map(([outputs, operator, inputs, attributes]) => ({
    operator,
    inputs: inputs === '' ? [] : inputs.split(' ').map((name) => (name === '_' ? '' : name)),
    outputs: outputs.split(' ').map((name) => (name === '_' ? '' : name)),
    attributes,
  }));

/** Of x `[3, 4, 5]`, ids `[3, 4]` and constants; each of the outputs is a float of this rank. */
function graph(
  lines: readonly Line[],
  outputs: Readonly<Record<string, number>>,
  constants: Record<string, WrittenTensor> = {},
): RuntimeCase {
  const edge = ([name, rank]: [string, number]): WrittenEdge => ({
    name,
    shape: Array.from({ length: rank }, (_, i) => `${name}${i}`),
  });
  return {
    graph: {
      nodes: nodesOf(lines),
      constants,
      inputs: [
        { name: 'x', shape: ['batch', 'time', 5] },
        { name: 'ids', type: 'int64', shape: ['batch', 'time'] },
      ],
      outputs: Object.entries(outputs).map(edge),
    },
    inputs: {
      x: drawn(3, 4, 5),
      ids: { type: 'int64', shape: [3, 4], data: Array.from({ length: 12 }, () => random.integer(7)) },
    },
  };
}

const [units, features] = [2, 3];

/** Graphs of the operators that exported recurrent models have. */
export const operatorCases: Readonly<Record<string, RuntimeCase>> = {
  'a classifier as PyTorch exports it': graph(
    [
      ['embedded', 'Gather', 'table ids'],
      ['first', 'Transpose', 'embedded', { perm: [1, 0, 2] }],
      ['shape', 'Shape', 'first'],
      ['batch', 'Gather', 'shape at'],
      ['batches', 'Unsqueeze', 'batch zero'],
      ['states', 'Concat', 'two batches units', { axis: 0 }],
      ['zeros', 'Expand', 'nothing states'],
      ['steps last _', 'LSTM', 'first W R B _ zeros zeros', { hidden_size: units, direction: 'bidirectional' }],
      ['turned', 'Transpose', 'steps', { perm: [0, 2, 1, 3] }],
      ['joined', 'Reshape', 'turned keep'],
      ['end', 'Gather', 'joined minus', { axis: 0 }],
      ['logits', 'Gemm', 'end V b', { alpha: { float: 0.5 }, beta: { float: 2 }, transB: 1 }],
      ['probabilities', 'Softmax', 'logits', { axis: 1 }],
      ['scores', 'LogSoftmax', 'joined', { axis: 0 }],
    ],
    { probabilities: 2, scores: 3, last: 3 },
    {
      table: drawn(7, features),
      at: one(1),
      minus: one(-1),
      zero: int64(0),
      two: int64(2),
      units: int64(units),
      nothing: { shape: [1, 1, 1], data: [0] },
      W: drawn(2, 4 * units, features),
      R: drawn(2, 4 * units, units),
      B: drawn(2, 8 * units),
      keep: int64(0, 0, -1),
      V: drawn(3, 2 * units),
      b: drawn(3),
    },
  ),
  'parts of a tensor': graph(
    [
      ['backwards', 'Slice', 'x last before axis step'],
      ['every', 'Slice', 'x one far axis two'],
      ['left right', 'Split', 'x sizes', { axis: 2 }],
      ['joined', 'Concat', 'right left', { axis: 2 }],
      ['thin', 'Unsqueeze', 'x axes'],
      ['again', 'Squeeze', 'thin axes'],
      ['flat', 'Flatten', 'again', { axis: 2 }],
      ['tiled', 'Tile', 'x times'],
      ['reflected', 'Pad', 'x pads', { mode: 'reflect' }],
      ['zeros', 'Pad', 'x pads'],
      ['edges', 'Pad', 'x pads', { mode: 'edge' }],
      ['gathered', 'Gather', 'x places', { axis: 2 }],
    ],
    { backwards: 3, every: 3, joined: 3, flat: 2, tiled: 3, reflected: 3, zeros: 3, edges: 3, gathered: 4 },
    {
      last: int64(-1),
      before: int64(-100),
      axis: int64(1),
      step: int64(-1),
      one: int64(1),
      far: int64(2 ** 53),
      two: int64(2),
      sizes: int64(2, 3),
      axes: int64(1, 4),
      times: int64(1, 2, 1),
      pads: int64(0, 2, 1, 0, 1, 3),
      places: { type: 'int64', shape: [2, 2], data: [0, -1, 3, 2] },
    },
  ),
  'numbers in their places': graph(
    [
      ['sum', 'Add', 'x row'],
      ['part', 'Div', 'sum positive'],
      ['less', 'Sub', 'part x'],
      ['times', 'Mul', 'less row'],
      ['square', 'Pow', 'times two'],
      ['root', 'Sqrt', 'square'],
      ['logs', 'Log', 'positive'],
      ['most', 'Max', 'x row'],
      ['least', 'Min', 'x row'],
      ['held', 'Clip', 'x low high'],
      ['bent', 'LeakyRelu', 'x', { alpha: { float: 0.1 } }],
      ['hard', 'HardSigmoid', 'x'],
      ['elu', 'Elu', 'x', { alpha: { float: 0.7 } }],
      ['soft', 'Softplus', 'x'],
      ['sign', 'Softsign', 'x'],
      ['erf', 'Erf', 'x'],
      ['turned', 'Neg', 'x'],
      ['size', 'Abs', 'x'],
      ['one', 'Reciprocal', 'positive'],
      ['gate', 'Sigmoid', 'x'],
      ['bounded', 'Tanh', 'x'],
      ['above', 'Relu', 'x'],
      ['grown', 'Exp', 'x'],
      ['isMore', 'Greater', 'x row'],
      ['isLess', 'Not', 'isMore'],
      ['chosen', 'Where', 'isLess x positive'],
      ['numbers', 'Cast', 'ids', { to: 1 }],
      ['whole', 'Cast', 'grown', { to: 7 }],
      ['seen', 'Cast', 'whole', { to: 1 }],
    ],
    {
      root: 3,
      logs: 1,
      most: 3,
      least: 3,
      held: 3,
      bent: 3,
      hard: 3,
      elu: 3,
      soft: 3,
      sign: 3,
      erf: 3,
      turned: 3,
      size: 3,
      one: 1,
      gate: 3,
      bounded: 3,
      above: 3,
      chosen: 3,
      numbers: 2,
      seen: 3,
    },
    {
      row: drawn(5),
      positive: { shape: [5], data: [0.5, 1, 2, 3, 0.25] },
      two: { shape: [], data: [2] },
      low: { shape: [], data: [-0.5] },
      high: { shape: [], data: [0.75] },
    },
  ),
  'along axes': graph(
    [
      ['total', 'ReduceSum', 'x last', { keepdims: 0 }],
      ['mean', 'ReduceMean', 'x', { axes: [1, 2] }],
      ['most', 'ReduceMax', 'x', { axes: [1] }],
      ['least', 'ReduceMin', 'x', { axes: [0], keepdims: 0 }],
      ['whole', 'ReduceMean', 'x', { keepdims: 0 }],
      ['best', 'ArgMax', 'x', { axis: 1, keepdims: 0 }],
      ['label', 'Cast', 'best', { to: 1 }],
      ['normal', 'LayerNormalization', 'x row shift', { epsilon: { float: 0.01 } }],
      ['moved', 'Transpose', 'x', { perm: [0, 2, 1] }],
      ['batched', 'BatchNormalization', 'moved row shift shift positive'],
      ['product', 'MatMul', 'x moved'],
      ['vector', 'MatMul', 'x row'],
      ['dot', 'MatMul', 'row row'],
    ],
    { total: 2, mean: 3, most: 3, least: 2, whole: 0, label: 2, normal: 3, batched: 3, product: 3, vector: 2, dot: 0 },
    { last: int64(-1), row: drawn(5), shift: drawn(5), positive: { shape: [5], data: [0.5, 1, 2, 3, 0.25] } },
  ),
  'whole numbers': graph(
    [
      ['shape', 'Shape', 'x'],
      ['end', 'Shape', 'x', { start: -2 }],
      ['size', 'Size', 'x'],
      ['half', 'Div', 'shape two'],
      ['sum', 'Add', 'half two'],
      ['product', 'ReduceProd', 'end', { keepdims: 0 }],
      ['isEqual', 'Equal', 'product size'],
      ['chosen', 'Where', 'isEqual half sum'],
      ['filled', 'ConstantOfShape', 'chosen', { value: { tensor: { shape: [1], data: [0.25] } } }],
      ['least', 'Gather', 'shape at'],
      ['places', 'Range', 'zero least one'],
      ['counted', 'Cast', 'places', { to: 1 }],
      ['looked', 'Gather', 'x places'],
    ],
    { filled: 3, counted: 1, looked: 3 },
    { two: int64(2), at: one(0), zero: one(0), one: one(1) },
  ),
  convolutions: graph(
    [
      ['moved', 'Transpose', 'x', { perm: [0, 2, 1] }],
      ['strided', 'Conv', 'moved kernel bias', { pads: [1, 2], strides: [2], kernel_shape: [3] }],
      ['spread', 'Conv', 'moved kernel', { dilations: [2], pads: [2, 2] }],
      ['upper', 'Conv', 'moved kernel', { strides: [2], auto_pad: 'SAME_UPPER' }],
      ['lower', 'Conv', 'moved kernel', { strides: [2], auto_pad: 'SAME_LOWER' }],
      ['image', 'Unsqueeze', 'x one'],
      ['twice', 'Concat', 'image image', { axis: 1 }],
      ['grouped', 'Conv', 'twice square', { group: 2, pads: [1, 0, 0, 1] }],
    ],
    { strided: 3, spread: 3, upper: 3, lower: 3, grouped: 4 },
    { kernel: drawn(2, 5, 3), bias: drawn(2), square: drawn(4, 1, 2, 3), one: int64(1) },
  ),
  'one of two branches': graph(
    [
      ['shape', 'Shape', 'x'],
      ['batch', 'Gather', 'shape zero'],
      ['isThree', 'Equal', 'batch three'],
      [
        'result',
        'If',
        'isThree',
        {
          then_branch: {
            graph: {
              nodes: nodesOf([['then', 'Mul', 'x factor']]),
              constants: { factor: { shape: [], data: [3] } },
              inputs: [],
              outputs: [{ name: 'then', shape: ['a', 'b', 'c'] }],
            },
          },
          else_branch: {
            graph: {
              nodes: nodesOf([['otherwise', 'Squeeze', 'x zeros']]),
              inputs: [],
              outputs: [{ name: 'otherwise', shape: ['a', 'b'] }],
            },
          },
        },
      ],
    ],
    { result: 3 },
    { zero: one(0), three: one(3), zeros: int64(0) },
  ),
};
