import { describeShape, sizeOf } from '../../shape.js';
import * as ops from '../../tensor/index.js';
import { Tensor } from '../../tensor/tensor.js';
import {
  asTensor,
  int64s,
  larger,
  numberOfType,
  type OfWholes,
  type OnnxValue,
  reshaped,
  smaller,
  WholeNumbers,
  wholeProduct,
} from './onnx-values.js';
import { numbersIn, type Operator, type OperatorCall } from './operator.js';
import { along } from './value-movement.js';

/** Operators that multiply matrices, and that add up along axes. */
export const productOperators: Readonly<Record<string, Operator>> = {
  MatMul: { inputs: [2, 2], work: productsOf(0, 1), run: (call) => [product(call)] },
  Gemm: {
    attributes: ['alpha', 'beta', 'transA', 'transB'],
    inputs: [2, 3],
    work: productsOf(0, 1),
    run: (call) => [gemm(call)],
  },
  Softmax: { attributes: ['axis'], inputs: [1, 1], run: (call) => [alongAxis(call, ops.softmax)] },
  LogSoftmax: { attributes: ['axis'], inputs: [1, 1], run: (call) => [alongAxis(call, ops.logSoftmax)] },
  ReduceSum: reduction(ops.sum, (a, b) => a + b),
  ReduceMean: reduction(ops.mean),
  ReduceMax: reduction(ops.max, larger),
  ReduceMin: reduction((x, axis) => ops.neg(ops.max(ops.neg(x), axis)), smaller),
  ReduceProd: reduction(undefined, wholeProduct),
  ReduceSumSquare: reduction((x, axis) => ops.sum(ops.square(x), axis)),
  ReduceL1: reduction((x, axis) => ops.sum(ops.abs(x), axis)),
  ReduceL2: reduction((x, axis) => ops.sum(ops.square(x), axis), undefined, ops.sqrt),
  ReduceLogSum: reduction(ops.sum, undefined, ops.log),
  ReduceLogSumExp: reduction(logSumExp),
  CumSum: { attributes: ['exclusive', 'reverse'], inputs: [2, 2], run: (call) => [runningSum(call)] },
  ArgMin: argument(ops.neg),
  ArgMax: argument((x) => x),
};

/** Products of matrices, of the numbers of both and of the result: `m k`, `k n` and `m n`; of several matrices more than there are. */
export function productsOf(left: number, right: number): NonNullable<Operator['work']> {
  return (call, outputs) => Math.sqrt(call.value(left).size * call.value(right).size * numbersIn(outputs));
}

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
  const added = call.optional(2);
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

/**
 * @param ofTensor along one axis, which all that are reduced become.
 * @param last of what that gives.
 */
function reduction(
  ofTensor?: (x: Tensor, axis: number) => Tensor,
  ofWholes?: OfWholes,
  last?: (x: Tensor) => Tensor,
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
      const left = shape.map((size, i) => (axes.has(i) ? 1 : size));
      const kept = call.node.integer('keepdims', 1) !== 0 ? left : shape.filter((_, i) => !axes.has(i));
      if (!(value instanceof Tensor)) {
        let reduced = value;
        for (const axis of [...axes].sort((a, b) => b - a)) reduced = reducedWholes(call, reduced, axis, ofWholes!);
        return [reshaped(reduced, kept)];
      }
      const reduced = ofTensor!(...inOneAxis(value, axes));
      return [ops.reshape(last === undefined ? reduced : last(reduced), kept)];
    },
  };
}

/** The axes as one, which stands where they do if they follow each other, and last otherwise; of none, one of a place. */
function inOneAxis(value: Tensor, axes: ReadonlySet<number>): [Tensor, number] {
  const { shape } = value;
  if (axes.size === 0) return [ops.reshape(value, [...shape, 1]), shape.length];
  const sorted = [...axes].sort((a, b) => a - b);
  const [first] = sorted;
  const end = first + sorted.length;
  const size = sizeOf(sorted.map((axis) => shape[axis]));
  if (sorted.at(-1) === end - 1)
    return [ops.reshape(value, [...shape.slice(0, first), size, ...shape.slice(end)]), first];
  const others = [...shape.keys()].filter((axis) => !axes.has(axis));
  const outer = others.map((axis) => shape[axis]);
  return [ops.reshape(ops.transpose(value, [...others, ...sorted]), [...outer, size]), outer.length];
}

/** The largest is subtracted first, so that no exponential overflows. */
function logSumExp(x: Tensor, axis: number): Tensor {
  const kept = x.shape.map((size, i) => (i === axis ? 1 : size));
  const most = ops.max(x, axis);
  const sums = ops.sum(ops.exp(ops.sub(x, ops.reshape(most, kept))), axis);
  return ops.add(ops.log(sums), most);
}

/** Sums of numbers twice as far apart in each round, which are as exact as sums in pairs. */
function runningSum(call: OperatorCall): OnnxValue {
  const { node } = call;
  const given = call.value(0);
  const axis = call.axis(call.whole(1), given.shape.length);
  const length = given.shape[axis];
  const isReverse = node.integer('reverse', 0) !== 0;
  const before = (value: OnnxValue, steps: number): OnnxValue =>
    along(
      value,
      axis,
      Int32Array.from({ length }, (_, i) => {
        const place = isReverse ? i + steps : i - steps;
        return place < length ? place : -1;
      }),
    );
  let sum = node.integer('exclusive', 0) !== 0 ? before(given, 1) : given;
  for (let steps = 1; steps < length; steps *= 2) sum = added(sum, before(sum, steps));
  return sum;
}

function added(a: OnnxValue, b: OnnxValue): OnnxValue {
  if (a instanceof Tensor || b instanceof Tensor) return ops.add(asTensor(a), asTensor(b));
  const { data } = b;
  const held = numberOfType(a.type);
  return new WholeNumbers(
    a.type,
    a.shape,
    a.data.map((x, i) => held(x + data[i])),
  );
}

function reducedWholes(
  call: OperatorCall,
  { type, shape, data }: WholeNumbers,
  axis: number,
  combine: OfWholes,
): WholeNumbers {
  const count = shape[axis];
  const inner = sizeOf(shape.slice(axis + 1));
  if (count === 0) throw call.node.fault('there are no numbers to reduce.');
  const left = [...shape.slice(0, axis), ...shape.slice(axis + 1)];
  const held = numberOfType(type);
  const result = Float64Array.from({ length: sizeOf(left) }, (_, i) => {
    const first = Math.floor(i / inner) * count * inner + (i % inner);
    let reduced = data[first];
    for (let j = 1; j < count; j++) reduced = held(combine(reduced, data[first + j * inner], type));
    return reduced;
  });
  return new WholeNumbers(type, left, result);
}

/** @param toLargest of numbers, of which the largest stands where the one that is wanted does. */
function argument(toLargest: (x: Tensor) => Tensor): Operator {
  return {
    attributes: ['axis', 'keepdims', 'select_last_index'],
    inputs: [1, 1],
    check(node) {
      if (node.integer('select_last_index', 0) !== 0)
        throw node.fault('the last of equal numbers is wanted.', 'select_last_index 0', '1');
    },
    run(call) {
      const x = toLargest(call.tensor(0));
      const { shape } = x;
      const axis = call.axis(call.node.integer('axis', 0), shape.length);
      const order = [...shape.keys()].filter((i) => i !== axis);
      const rows = ops.transpose(x, [...order, axis]);
      if (shape[axis] === 0) throw call.node.fault('there are no numbers to compare.');
      const keeps = call.node.integer('keepdims', 1) !== 0;
      return [
        reshaped(
          int64s([...ops.argMax(rows)]),
          keeps ? shape.map((size, i) => (i === axis ? 1 : size)) : order.map((i) => shape[i]),
        ),
      ];
    },
  };
}
