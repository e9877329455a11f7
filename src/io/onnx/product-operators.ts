import { describeShape, sizeOf } from '../../shape.js';
import * as ops from '../../tensor/index.js';
import { Tensor } from '../../tensor/tensor.js';
import { asTensor, int64s, type OnnxValue, reshaped, WholeNumbers } from './onnx-values.js';
import type { Operator, OperatorCall } from './operator.js';

/** Operators that multiply matrices, and that add up or normalise along axes. */
export const productOperators: Readonly<Record<string, Operator>> = {
  MatMul: { inputs: [2, 2], run: (call) => [product(call)] },
  Gemm: { attributes: ['alpha', 'beta', 'transA', 'transB'], inputs: [2, 3], run: (call) => [gemm(call)] },
  Softmax: { attributes: ['axis'], inputs: [1, 1], run: (call) => [alongAxis(call, ops.softmax)] },
  LogSoftmax: { attributes: ['axis'], inputs: [1, 1], run: (call) => [alongAxis(call, ops.logSoftmax)] },
  ReduceSum: reduction(ops.sum, (a, b) => a + b),
  ReduceMean: reduction(ops.mean),
  ReduceMax: reduction(ops.max, Math.max),
  ReduceMin: reduction((x, axis) => ops.neg(ops.max(ops.neg(x), axis)), Math.min),
  ReduceProd: reduction(undefined, (a, b) => a * b),
  ArgMax: { attributes: ['axis', 'keepdims', 'select_last_index'], inputs: [1, 1], run: (call) => [argMax(call)] },
  LayerNormalization: {
    attributes: ['axis', 'epsilon', 'stash_type'],
    inputs: [2, 3],
    run: (call) => [layerNormalization(call)],
  },
  BatchNormalization: {
    attributes: ['epsilon', 'momentum', 'spatial'],
    inputs: [5, 5],
    run: (call) => [batchNormalization(call)],
  },
};

function product(call: OperatorCall): OnnxValue {
  const [a, b] = [call.tensor(0), call.tensor(1)];
  // A vector is a matrix of one row or column, which the result does not have.
  const left = a.shape.length === 1 ? ops.reshape(a, [1, a.size]) : a;
  const right = b.shape.length === 1 ? ops.reshape(b, [b.size, 1]) : b;
  requireInner(call, left, right, left.shape.at(-1), right.shape.at(-2));
  const result = ops.matmul(left, right);
  const shape = [...result.shape];
  if (b.shape.length === 1) shape.pop();
  if (a.shape.length === 1) shape.splice(b.shape.length === 1 ? -1 : -2, 1);
  return ops.reshape(result, shape);
}

function requireInner(call: OperatorCall, a: Tensor, b: Tensor, left?: number, right?: number): void {
  if (left !== undefined && left === right) return;
  const received = `${describeShape(a.shape)} and ${describeShape(b.shape)}`;
  throw call.node.fault('the matrices do not fit together.', '[..., m, k] and [..., k, n]', received, 'SHAPE_MISMATCH');
}

function gemm(call: OperatorCall): OnnxValue {
  const { node } = call;
  const [a, b] = [call.tensor(0), call.tensor(1)];
  const [transposeA, transposeB] = [node.integer('transA', 0) !== 0, node.integer('transB', 0) !== 0];
  requireInner(call, a, b, a.shape.at(transposeA ? -2 : -1), b.shape.at(transposeB ? -1 : -2));
  const alpha = node.attribute('alpha', 'FLOAT') ?? 1;
  const beta = node.attribute('beta', 'FLOAT') ?? 1;
  const result = ops.matmul(a, b, { transposeA, transposeB });
  const scaled = alpha === 1 ? result : ops.mul(result, alpha);
  const added = call.inputs[2];
  if (added === undefined || beta === 0) return scaled;
  return ops.add(scaled, beta === 1 ? asTensor(added) : ops.mul(asTensor(added), beta));
}

/** Before version 13, all axes from the given one on are one row. */
function alongAxis(call: OperatorCall, run: (x: Tensor) => Tensor): OnnxValue {
  const x = call.tensor(0);
  const { shape } = x;
  const isRow = call.node.version < 13;
  const axis = call.axis(call.node.integer('axis', isRow ? 1 : -1), shape.length);
  if (isRow) return ops.reshape(run(ops.reshape(x, [sizeOf(shape.slice(0, axis)), sizeOf(shape.slice(axis))])), shape);
  if (axis === shape.length - 1) return run(x);
  const order = [...shape.keys()].filter((i) => i !== axis);
  order.push(axis);
  const back = [...shape.keys()].map((i) => order.indexOf(i));
  return ops.transpose(run(ops.transpose(x, order)), back);
}

function reduction(
  ofTensor?: (x: Tensor, axis: number) => Tensor,
  ofWholes?: (a: number, b: number) => number,
): Operator {
  return {
    attributes: ['axes', 'keepdims', 'noop_with_empty_axes'],
    inputs: [1, 2],
    run(call) {
      const value = call.value(0);
      const { shape } = value;
      const given = call.listOf(1, 'axes')?.map((axis) => call.axis(axis, shape.length)) ?? [];
      if (given.length === 0 && call.node.integer('noop_with_empty_axes', 0) !== 0) return [value];
      const axes = new Set(given.length === 0 ? shape.keys() : given);
      if ((value instanceof Tensor ? ofTensor : ofWholes) === undefined)
        throw call.node.fault('it does not take such numbers.');
      let reduced = value;
      for (const axis of [...axes].sort((a, b) => b - a))
        reduced = reduced instanceof Tensor ? ofTensor!(reduced, axis) : reducedWholes(call, reduced, axis, ofWholes!);
      if (call.node.integer('keepdims', 1) === 0) return [reduced];
      return [
        reshaped(
          reduced,
          shape.map((size, i) => (axes.has(i) ? 1 : size)),
        ),
      ];
    },
  };
}

function reducedWholes(
  call: OperatorCall,
  { type, shape, data }: WholeNumbers,
  axis: number,
  combine: (a: number, b: number) => number,
): WholeNumbers {
  const count = shape[axis];
  const inner = sizeOf(shape.slice(axis + 1));
  if (count === 0) throw call.node.fault('there are no numbers to reduce.');
  const left = [...shape.slice(0, axis), ...shape.slice(axis + 1)];
  const result = Float64Array.from({ length: sizeOf(left) }, (_, i) => {
    const first = Math.floor(i / inner) * count * inner + (i % inner);
    let reduced = data[first];
    for (let j = 1; j < count; j++) reduced = combine(reduced, data[first + j * inner]);
    return reduced;
  });
  return new WholeNumbers(type, left, result);
}

function argMax(call: OperatorCall): OnnxValue {
  if (call.node.integer('select_last_index', 0) !== 0)
    throw call.node.fault('the last of equal numbers is wanted.', 'select_last_index 0', '1');
  const x = call.tensor(0);
  const { shape } = x;
  const axis = call.axis(call.node.integer('axis', 0), shape.length);
  const order = [...shape.keys()].filter((i) => i !== axis);
  const rows = ops.transpose(x, [...order, axis]);
  if (shape[axis] === 0) throw call.node.fault('there are no numbers to compare.');
  const keeps = call.node.integer('keepdims', 1) !== 0;
  return reshaped(
    int64s([...ops.argMax(rows)]),
    keeps ? shape.map((size, i) => (i === axis ? 1 : size)) : order.map((i) => shape[i]),
  );
}

/** Along the last axis. */
function layerNormalization(call: OperatorCall): OnnxValue {
  const x = call.tensor(0);
  const axis = call.axis(call.node.integer('axis', -1), x.shape.length);
  if (axis !== x.shape.length - 1)
    throw call.node.fault('it normalises along several axes.', 'the last axis alone', `axis ${axis}`);
  const kept = [...x.shape.slice(0, -1), 1];
  const centred = ops.sub(x, ops.reshape(ops.mean(x, -1), kept));
  const variance = ops.reshape(ops.mean(ops.square(centred), -1), kept);
  const epsilon = call.node.attribute('epsilon', 'FLOAT') ?? 1e-5;
  const normal = ops.mul(ops.div(centred, ops.sqrt(ops.add(variance, epsilon))), call.tensor(1));
  return call.inputs[2] === undefined ? normal : ops.add(normal, call.tensor(2));
}

/** In prediction, with the statistics of the file. */
function batchNormalization(call: OperatorCall): OnnxValue {
  const x = call.tensor(0);
  const alongFeatures = (at: number): Tensor =>
    ops.reshape(call.tensor(at), [call.tensor(at).size, ...new Array<number>(Math.max(0, x.shape.length - 2)).fill(1)]);
  const [scale, shift, mean, variance] = [1, 2, 3, 4].map(alongFeatures);
  const epsilon = call.node.attribute('epsilon', 'FLOAT') ?? 1e-5;
  const factor = ops.div(scale, ops.sqrt(ops.add(variance, epsilon)));
  return ops.add(ops.mul(ops.sub(x, mean), factor), shift);
}
