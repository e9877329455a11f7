import { maximumOf, minimumOf } from '../../extremes.js';
import { nearestWhole } from '../../rounding.js';
import { describeShape, sizeOf } from '../../shape.js';
import * as ops from '../../tensor/index.js';
import { type Tensor, tensor } from '../../tensor/tensor.js';
import type { OnnxNode } from './onnx-node.js';
import { asTensor, type OnnxValue, WholeNumbers, type WholeType, wholeTypes } from './onnx-values.js';
import type { Operator, OperatorCall } from './operator.js';
import { productsOf } from './product-operators.js';

/** Operators between floats and the whole numbers that stand for them: `float = (whole - zero point) * scale`. */
export const quantizedOperators: Readonly<Record<string, Operator>> = {
  DequantizeLinear: {
    attributes: ['axis', 'block_size', 'output_dtype'],
    inputs: [2, 3],
    check: refuseBlocks,
    run: (call) => [dequantized(call, 0, call.value(0))],
  },
  QuantizeLinear: {
    attributes: ['axis', 'block_size', 'output_dtype', 'precision', 'saturate'],
    inputs: [2, 3],
    check: refuseBlocks,
    run: (call) => [quantized(call, call.tensor(0), 1)],
  },
  DynamicQuantizeLinear: { inputs: [1, 1], run: dynamicallyQuantized },
  MatMulInteger: { inputs: [2, 4], work: productsOf(0, 1), run: (call) => [wholeProduct(call)] },
  QLinearMatMul: {
    inputs: [8, 8],
    work: productsOf(0, 3),
    run(call) {
      const [a, b] = [0, 3].map((at) => dequantized(call, at, call.value(at)));
      return [quantized(call, ops.matmul(a, b), 6)];
    },
  },
};

function refuseBlocks(node: OnnxNode): void {
  if (node.integer('block_size', 0) !== 0) throw node.fault('blocks are not run.', 'block_size 0', 'another');
  if (node.integer('output_dtype', 0) !== 0)
    throw node.fault('`output_dtype` is not read.', 'the type of the zero point', 'another');
}

/** One number, or one for each place of the axis, to be broadcast over the input. */
function alongAxis(call: OperatorCall, numbers: Tensor, rank: number): Tensor {
  if (numbers.size === 1) return ops.reshape(numbers, []);
  const axis = call.axis(call.node.integer('axis', 1), rank);
  return ops.reshape(numbers, [numbers.size, ...new Array<number>(rank - axis - 1).fill(1)]);
}

/** Of an input with its scale and zero point behind it. */
function dequantized(call: OperatorCall, at: number, value: OnnxValue): Tensor {
  const rank = value.shape.length;
  const scale = alongAxis(call, call.tensor(at + 1), rank);
  const zero = call.optional(at + 2);
  const whole = asTensor(value);
  return ops.mul(zero === undefined ? whole : ops.sub(whole, alongAxis(call, asTensor(zero), rank)), scale);
}

/** @param at the place of the scale, before that of the zero point, whose type the result has. */
function quantized(call: OperatorCall, x: Tensor, at: number): WholeNumbers {
  const zero = call.optional(at + 1);
  const type: WholeType = zero instanceof WholeNumbers ? zero.type : 'uint8';
  const rank = x.shape.length;
  const places = ops.div(x, alongAxis(call, call.tensor(at), rank));
  const offset = zero === undefined ? undefined : alongAxis(call, asTensor(zero), rank);
  const zeros = offset === undefined ? undefined : ops.expand(offset, x.shape).dataSync();
  return saturated(type, x.shape, places.dataSync(), (i) => zeros?.[i] ?? 0);
}

/** Rounded to the nearest, of two the even one, and held in the range of the type. */
function saturated(
  type: WholeType,
  shape: readonly number[],
  numbers: ArrayLike<number>,
  zeroAt: (i: number) => number,
): WholeNumbers {
  const range = 2 ** (8 * wholeTypes[type]);
  const low = type.startsWith('u') ? 0 : -range / 2;
  const held = (x: number): number => Math.max(low, Math.min(low + range - 1, x));
  const data = Float64Array.from({ length: sizeOf(shape) }, (_, i) => held(nearestWhole(numbers[i]) + zeroAt(i)));
  return new WholeNumbers(type, shape, data);
}

/** Whole numbers from 0 to 255 that cover all numbers and 0; with their scale and zero point. */
function dynamicallyQuantized(call: OperatorCall): OnnxValue[] {
  const x = call.tensor(0);
  const numbers = x.dataSync();
  const least = Math.min(0, minimumOf(numbers));
  const most = Math.max(0, maximumOf(numbers));
  const scale = Math.fround(Math.fround(most - least) / 255) || 1;
  const zero = Math.max(0, Math.min(255, nearestWhole(Math.fround(-least / scale))));
  const places = Float32Array.from(numbers, (number) => number / scale);
  return [
    saturated('uint8', x.shape, places, () => zero),
    tensor([scale], []),
    new WholeNumbers('uint8', [], Float64Array.of(zero)),
  ];
}

/** As floats, which hold whole numbers up to 2^24; a larger sum is rounded as a cast to float32 rounds it. */
function wholeProduct(call: OperatorCall): Tensor {
  const [a, b] = [call.tensor(0), call.tensor(1)];
  if (a.shape.length < 2 || b.shape.length < 2 || a.shape.at(-1) !== b.shape.at(-2)) {
    const received = `${describeShape(a.shape)} and ${describeShape(b.shape)}`;
    throw call.node.fault(
      'the matrices do not fit together.',
      '[..., m, k] and [..., k, n]',
      received,
      'SHAPE_MISMATCH',
    );
  }
  const less = (x: Tensor, at: number, axis: 'rows' | 'columns'): Tensor => {
    if (call.optional(at) === undefined) return x;
    const zero = call.tensor(at);
    return ops.sub(x, axis === 'rows' && zero.size > 1 ? ops.reshape(zero, [zero.size, 1]) : zero);
  };
  return ops.matmul(less(a, 2, 'rows'), less(b, 3, 'columns'));
}
