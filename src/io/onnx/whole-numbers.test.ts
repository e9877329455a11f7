import { expect, it } from 'vitest';
import { onnxBytes, type WrittenNode, type WrittenTensor } from '../../../test/support/onnx-writer.js';
import { tensor } from '../../tensor/tensor.js';
import { readOnnx } from './onnx-model.js';

const y = (type: 'int32' | 'float', node: WrittenNode, constants: Record<string, WrittenTensor>, x?: number[]) => {
  const bytes = onnxBytes({
    nodes: [node],
    constants,
    inputs: x === undefined ? [] : [{ name: 'x', shape: [x.length] }],
    outputs: [{ name: 'y', type, shape: ['n'] }],
  });
  return readOnnx(bytes, 'whole.onnx')
    .apply(x === undefined ? {} : { x: tensor(x) })
    .y.array();
};

it('sums beyond the range of their type begin at its other end', () => {
  const int32 = (...data: number[]): WrittenTensor => ({ type: 'int32', shape: [data.length], data });
  const node = (operator: string): WrittenNode => ({ operator, inputs: ['a', 'b'], outputs: ['y'] });
  const constants = { a: int32(2 ** 31 - 1, -7, 5), b: int32(2, 3, 70_000) };
  expect(y('int32', node('Add'), constants)).toEqual([-(2 ** 31) + 1, -4, 70_005]);
  expect(y('int32', node('Mul'), { a: int32(2 ** 31 - 1, -7), b: int32(2 ** 31 - 1, 3) })).toEqual([1, -21]);
  const high = { a: int32(2 ** 31 - 1, 1, 2 ** 30, 2 ** 30), b: { type: 'int64', shape: [], data: [0] } } as const;
  expect(y('int32', node('CumSum'), high)).toEqual([2 ** 31 - 1, -(2 ** 31), -(2 ** 30), 0]);
  for (const [operator, expected] of [
    ['ReduceSum', 0],
    ['ReduceProd', 0],
    ['ReduceMax', 2 ** 31 - 1],
  ] as const)
    expect(y('int32', { operator, inputs: ['a'], outputs: ['y'] }, high)).toEqual([expected]);
  expect(y('int32', { operator: 'Neg', inputs: ['a'], outputs: ['y'] }, { a: int32(-(2 ** 31), 5) })).toEqual([
    -(2 ** 31),
    -5,
  ]);
  const places = { a: int32(2 ** 31 - 1, 5), i: { type: 'int64', shape: [1], data: [0] }, u: int32(3) } as const;
  const written = {
    operator: 'ScatterElements',
    inputs: ['a', 'i', 'u'],
    outputs: ['y'],
    attributes: { axis: 0, reduction: 'add' },
  };
  expect(y('int32', written, places)).toEqual([-(2 ** 31) + 2, 5]);
  expect(y('int32', node('Div'), constants)).toEqual([2 ** 30 - 1, -2, 0]);
});

it('numbers that are written to one place again and again are all combined', () => {
  const places = [3, 0, 3, 3, 1, 3, 3, 0];
  const updates = places.map((_, i) => 2 ** i);
  for (const [reduction, combine] of [
    ['add', (a: number, b: number) => a + b],
    ['max', Math.max],
    ['none', (_: number, b: number) => b],
  ] as const) {
    const expected = [0.5, -1, 2, 300, 7];
    places.forEach((place, i) => (expected[place] = combine(expected[place], updates[i])));
    const node = {
      operator: 'ScatterElements',
      inputs: ['x', 'i', 'u'],
      outputs: ['y'],
      attributes: { axis: 0, reduction },
    };
    const constants: Record<string, WrittenTensor> = {
      i: { type: 'int64', shape: [places.length], data: places },
      u: { shape: [places.length], data: updates },
    };
    expect(y('float', node, constants, [0.5, -1, 2, 300, 7]), reduction).toEqual(expected);
  }
});
