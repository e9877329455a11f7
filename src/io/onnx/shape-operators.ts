import { sizeOf } from '../../shape.js';
import { Tensor, tensor } from '../../tensor/tensor.js';
import { int64s, mostValues, type OnnxValue, WholeNumbers } from './onnx-values.js';
import type { Operator, OperatorCall } from './operator.js';
import { requirePossible } from './value-movement.js';

/** Operators that give constants, and shapes as lists of whole numbers. */
export const shapeOperators: Readonly<Record<string, Operator>> = {
  Constant: {
    attributes: ['value', 'value_float', 'value_floats', 'value_int', 'value_ints'],
    inputs: [0, 0],
    run: (call) => [constant(call)],
  },
  ConstantOfShape: { attributes: ['value'], inputs: [1, 1], run: (call) => [filled(call)] },
  Shape: { attributes: ['start', 'end'], inputs: [1, 1], run: (call) => [shapeOf(call)] },
  Size: { inputs: [1, 1], run: (call) => [new WholeNumbers('int64', [], Float64Array.of(call.value(0).size))] },
  Range: { inputs: [3, 3], run: (call) => [range(call)] },
};

function constant({ node }: OperatorCall): OnnxValue {
  const value = node.attribute('value', 'TENSOR');
  if (value !== undefined) return value;
  const whole = node.attribute('value_int', 'INT');
  if (whole !== undefined) return new WholeNumbers('int64', [], Float64Array.of(whole));
  const wholes = node.attribute('value_ints', 'INTS');
  if (wholes !== undefined) return int64s(wholes);
  const float = node.attribute('value_float', 'FLOAT');
  if (float !== undefined) return tensor(Float32Array.of(float), []);
  const floats = node.attribute('value_floats', 'FLOATS');
  if (floats !== undefined) return tensor(Float32Array.from(floats), [floats.length]);
  throw node.fault('it has no value.');
}

function filled(call: OperatorCall): OnnxValue {
  const shape = requirePossible(call, call.wholes(0) ?? []);
  const value = call.node.attribute('value', 'TENSOR');
  if (value !== undefined && value.size !== 1) throw call.node.fault('`value` is not one number.');
  if (value instanceof WholeNumbers)
    return new WholeNumbers(value.type, shape, new Float64Array(sizeOf(shape)).fill(value.data[0]));
  return tensor(new Float32Array(sizeOf(shape)).fill(value?.hostNumbers()[0] ?? 0), shape);
}

function shapeOf(call: OperatorCall): OnnxValue {
  const { shape } = call.value(0);
  return int64s(shape.slice(call.node.integer('start', 0), call.node.attribute('end', 'INT')));
}

function range(call: OperatorCall): OnnxValue {
  const values = [0, 1, 2].map((at) => call.value(at));
  if (values.some(({ size }) => size !== 1)) throw call.node.fault('start, limit and delta are not one number each.');
  const [start, limit, delta] = values.map((value) => (value instanceof Tensor ? value.dataSync()[0] : value.data[0]));
  const count = Math.max(0, Math.ceil((limit - start) / delta));
  if (!(count <= mostValues))
    throw call.node.fault('it gives too many numbers.', `at most ${mostValues}`, `${count}`, 'OUT_OF_MEMORY');
  const numbers = Float64Array.from({ length: count }, (_, i) => start + i * delta);
  const [first] = values;
  return first instanceof WholeNumbers ? new WholeNumbers(first.type, [count], numbers) : tensor(numbers, [count]);
}
