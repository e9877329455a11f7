import * as e from '../../expression/build.js';
import { broadcastOf, describeShape } from '../../shape.js';
import { broadcastStrides, indicesByStrides } from '../../tensor/broadcast.js';
import * as ops from '../../tensor/index.js';
import { applyPointwise, type PointwiseFunction } from '../../tensor/pointwise.js';
import { Tensor } from '../../tensor/tensor.js';
import { floor, mapped } from './function-operators.js';
import type { OnnxNode } from './onnx-node.js';
import { type ElementType, elementTypes, isFloatType } from './onnx-tensor.js';
import {
  asTensor,
  asWholes,
  larger,
  numberOfType,
  type OfWholes,
  type OnnxValue,
  smaller,
  WholeNumbers,
  type WholeType,
  wholeProduct,
} from './onnx-values.js';
import type { Operator, OperatorCall } from './operator.js';
import { picked } from './value-movement.js';

/** Operators that compute each number of a result from several in the same place, and that compare and choose. */
export const numberOperators: Readonly<Record<string, Operator>> = {
  Add: arithmetic(ops.add, (a, b) => a + b),
  Sub: arithmetic(ops.sub, (a, b) => a - b),
  Mul: arithmetic(ops.mul, wholeProduct),
  /** Of whole numbers, without what is behind the point. */
  Div: arithmetic(ops.div, (a, b) => Math.trunc(a / b)),
  Min: ofSeveral(ops.minimum, smaller),
  Max: ofSeveral(ops.maximum, larger),
  Sum: ofSeveral(ops.add, (a, b) => a + b),
  Mean: { inputs: [1, Infinity], run: (call) => [average(call)] },
  Mod: { attributes: ['fmod'], inputs: [2, 2], run: (call) => [remainder(call)] },
  PRelu: { inputs: [2, 2], run: (call) => [bent(call)] },
  Pow: { inputs: [2, 2], run: (call) => [power(call)] },
  Clip: { attributes: ['min', 'max'], inputs: [1, 3], run: (call) => [clipped(call)] },
  Equal: comparison((a, b) => a === b),
  Greater: comparison((a, b) => a > b),
  GreaterOrEqual: comparison((a, b) => a >= b),
  Less: comparison((a, b) => a < b),
  LessOrEqual: comparison((a, b) => a <= b),
  And: comparison((a, b) => a !== 0 && b !== 0),
  Or: comparison((a, b) => a !== 0 || b !== 0),
  Xor: comparison((a, b) => (a !== 0) !== (b !== 0)),
  Not: { inputs: [1, 1], run: (call) => [mapped(asWholes(call.value(0), 'bool'), (x) => 1 - x)] },
  Where: { inputs: [3, 3], run: (call) => [chosen(call)] },
  Cast: {
    attributes: ['to', 'saturate', 'round_mode'],
    inputs: [1, 1],
    check: (node) => void targetType(node),
    run: (call) => [inType(call.value(0), targetType(call.node))],
  },
  CastLike: {
    attributes: ['saturate', 'round_mode'],
    inputs: [2, 2],
    run: (call) => {
      const like = call.value(1);
      return [inType(call.value(0), like instanceof Tensor ? 'float32' : like.type)];
    },
  },
};

function arithmetic(ofTensors: (a: Tensor, b: Tensor) => Tensor, ofWholes: OfWholes): Operator {
  return { inputs: [2, 2], run: (call) => [binary(call, call.value(0), call.value(1), ofTensors, ofWholes)] };
}

function ofSeveral(ofTensors: (a: Tensor, b: Tensor) => Tensor, ofWholes: OfWholes): Operator {
  return {
    inputs: [1, Infinity],
    run: (call) => [call.values().reduce((a, b) => binary(call, a, b, ofTensors, ofWholes))],
  };
}

function binary(
  call: OperatorCall,
  a: OnnxValue,
  b: OnnxValue,
  ofTensors: (a: Tensor, b: Tensor) => Tensor,
  ofWholes: OfWholes,
): OnnxValue {
  if (a instanceof WholeNumbers && b instanceof WholeNumbers) return together(call, a, b, a.type, ofWholes);
  requireTogether(call, a, b);
  return ofTensors(asTensor(a), asTensor(b));
}

function together(
  call: OperatorCall,
  a: WholeNumbers,
  b: WholeNumbers,
  type: WholeType,
  combine: OfWholes,
): WholeNumbers {
  const shape = requireTogether(call, a, b);
  const [left, right] = [a, b].map((value) => spread(value, shape).data);
  const held = numberOfType(type);
  return new WholeNumbers(
    type,
    shape,
    left.map((x, i) => held(combine(x, right[i], a.type))),
  );
}

/** @throws SHAPE_MISMATCH */
function requireTogether(call: OperatorCall, a: OnnxValue, b: OnnxValue): number[] {
  const shape = broadcastOf(a.shape, b.shape);
  if (shape !== undefined) return shape;
  throw call.node.fault(
    'the inputs do not fit together.',
    'equal axes, or 1',
    `${describeShape(a.shape)} and ${describeShape(b.shape)}`,
    'SHAPE_MISMATCH',
  );
}

function spread(value: WholeNumbers, shape: readonly number[]): WholeNumbers {
  if (value.shape.length === shape.length && value.shape.every((size, i) => size === shape[i])) return value;
  return picked(value, shape, 1, indicesByStrides(shape, broadcastStrides(shape.length, value.shape))) as WholeNumbers;
}

/** Truth values stay on the host, so floats are read from their device. */
function comparison(holds: (a: number, b: number) => boolean): Operator {
  const onHost = (value: OnnxValue): WholeNumbers =>
    value instanceof WholeNumbers ? value : new WholeNumbers('bool', value.shape, Float64Array.from(value.dataSync()));
  return {
    inputs: [2, 2],
    run: (call) => [
      together(call, onHost(call.value(0)), onHost(call.value(1)), 'bool', (a, b) => Number(holds(a, b))),
    ],
  };
}

const choice: PointwiseFunction = { name: 'onnx.Where', build: ([condition, a, b]) => e.select(condition, a, b) };

function chosen(call: OperatorCall): OnnxValue {
  const condition = asWholes(call.value(0), 'bool');
  const [a, b] = [call.value(1), call.value(2)];
  requireTogether(call, a, b);
  requireTogether(call, condition, a);
  requireTogether(call, condition, b);
  if (a instanceof Tensor || b instanceof Tensor)
    return applyPointwise(choice, [asTensor(condition), asTensor(a), asTensor(b)]);
  const shape = requireTogether(
    call,
    together(call, a, b, a.type, (x) => x),
    condition,
  );
  const [test, yes, no] = [condition, a, b].map((value) => spread(value, shape).data);
  return new WholeNumbers(
    a.type,
    shape,
    test.map((holds, i) => (holds ? yes[i] : no[i])),
  );
}

function targetType(node: OnnxNode): ElementType {
  const to = node.integer('to', 0);
  const type = elementTypes.get(to);
  if (type !== undefined) return type;
  throw node.fault('`to` is a type that is not read.', [...elementTypes.values()].join(', '), `type ${to}`);
}

function inType(value: OnnxValue, type: ElementType): OnnxValue {
  return isFloatType(type) ? asTensor(value) : asWholes(value, type);
}

function average(call: OperatorCall): OnnxValue {
  const values = call.values();
  const sum = values.reduce((a, b) => binary(call, a, b, ops.add, (x, y) => x + y));
  return ops.mul(asTensor(sum), 1 / values.length);
}

const slopes: PointwiseFunction = {
  name: 'onnx.PRelu',
  build: ([x, slope]) => e.select(e.greater(x, 0), x, e.mul(slope, x)),
};

function bent(call: OperatorCall): OnnxValue {
  const [x, slope] = [call.tensor(0), call.tensor(1)];
  requireTogether(call, x, slope);
  return applyPointwise(slopes, [x, slope]);
}

const floatRemainder: PointwiseFunction = {
  name: 'onnx.Mod',
  build: ([a, b]) => {
    const quotient = e.div(a, b);
    const whole = e.mul(e.sign(quotient), floor(e.abs(quotient)));
    return e.sub(a, e.mul(e.detach(whole), b));
  },
};

/** With the sign of the divisor, or with `fmod` and for floats with that of the dividend. */
function remainder(call: OperatorCall): OnnxValue {
  const [a, b] = [call.value(0), call.value(1)];
  const isFmod = call.node.integer('fmod', 0) !== 0;
  const ofWholes = (x: number, y: number): number => {
    const rest = x % y;
    return isFmod || rest === 0 || rest < 0 === y < 0 ? rest : rest + y;
  };
  if (a instanceof WholeNumbers && b instanceof WholeNumbers) return together(call, a, b, a.type, ofWholes);
  if (!isFmod) throw call.node.fault('it takes floats with `fmod` alone.', 'fmod 1', '0');
  requireTogether(call, a, b);
  return applyPointwise(floatRemainder, [asTensor(a), asTensor(b)]);
}

/** Of one exponent for all numbers; a power that is whole and small is a product, which negative numbers have too. */
function power(call: OperatorCall): OnnxValue {
  const [base, exponents] = [call.value(0), call.value(1)];
  if (base instanceof WholeNumbers && exponents instanceof WholeNumbers)
    return together(call, base, exponents, base.type, (a, b) => a ** b);
  if (exponents.size !== 1)
    throw call.node.fault('it has more than one exponent.', 'one number', describeShape(exponents.shape));
  const exponent = exponents instanceof Tensor ? exponents.dataSync()[0] : exponents.data[0];
  const x = asTensor(base);
  if (exponent === 0.5) return ops.sqrt(x);
  if (!Number.isInteger(exponent) || Math.abs(exponent) > 16) return ops.exp(ops.mul(ops.log(x), exponent));
  if (exponent === 0) return ops.add(ops.mul(x, 0), 1);
  let product = x;
  for (let i = 1; i < Math.abs(exponent); i++) product = ops.mul(product, x);
  return exponent < 0 ? ops.div(1, product) : product;
}

function clipped(call: OperatorCall): OnnxValue {
  let value = call.value(0);
  const bound = (at: number, attribute: string): OnnxValue | number | undefined =>
    call.optional(at) ?? call.node.attribute(attribute, 'FLOAT');
  for (const [limit, ofTensors, ofWholes] of [
    [bound(1, 'min'), ops.maximum, larger],
    [bound(2, 'max'), ops.minimum, smaller],
  ] as const) {
    if (limit === undefined) continue;
    if (typeof limit === 'number') value = ofTensors(asTensor(value), limit);
    else value = binary(call, value, limit, ofTensors, ofWholes);
  }
  return value;
}
