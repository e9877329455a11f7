import { describeShape } from '../../shape.js';
import { int64s, type OnnxValue, reshaped, ValueSequence, WholeNumbers } from './onnx-values.js';
import type { Operator, OperatorCall } from './operator.js';
import { joinedValues, part, requirePossible, stackedValues } from './value-movement.js';

/** Operators on sequences, in which exported loops collect their steps. */
export const sequenceOperators: Readonly<Record<string, Operator>> = {
  SequenceEmpty: { attributes: ['dtype'], inputs: [0, 0], run: () => [new ValueSequence([])] },
  SequenceConstruct: { inputs: [1, Infinity], run: (call) => [new ValueSequence(call.values())] },
  SequenceInsert: { inputs: [2, 3], run: (call) => [inserted(call)] },
  SequenceErase: { inputs: [1, 2], run: (call) => [erased(call)] },
  SequenceAt: { inputs: [2, 2], run: (call) => [elementAt(call)] },
  SequenceLength: {
    inputs: [1, 1],
    run: (call) => [new WholeNumbers('int64', [], Float64Array.of(call.sequence(0).length))],
  },
  ConcatFromSequence: { attributes: ['axis', 'new_axis'], inputs: [1, 1], run: (call) => [joined(call)] },
  SplitToSequence: { attributes: ['axis', 'keepdims'], inputs: [1, 2], run: (call) => [split(call)] },
};

/** @param most the place behind the last that there may be. */
function placeOf(call: OperatorCall, at: number, length: number, most: number): number {
  const place = call.optional(at) === undefined ? most : call.whole(at);
  const positive = place < 0 ? place + length : place;
  if (positive >= 0 && positive <= most) return positive;
  throw call.node.fault('a place is not in the sequence.', `-${length} to ${most}`, `${place}`, 'OUT_OF_RANGE');
}

function inserted(call: OperatorCall): ValueSequence {
  const values = [...call.sequence(0)];
  values.splice(placeOf(call, 2, values.length, values.length), 0, call.value(1));
  return new ValueSequence(values);
}

function erased(call: OperatorCall): ValueSequence {
  const values = [...call.sequence(0)];
  values.splice(placeOf(call, 1, values.length, values.length - 1), 1);
  return new ValueSequence(values);
}

function elementAt(call: OperatorCall): OnnxValue {
  const values = call.sequence(0);
  return values[placeOf(call, 1, values.length, values.length - 1)];
}

function joined(call: OperatorCall): OnnxValue {
  const { node } = call;
  const values = call.sequence(0);
  if (values.length === 0) throw node.fault('the sequence is empty.', 'at least one tensor', 'none', 'SHAPE_MISMATCH');
  const isNew = node.integer('new_axis', 0) !== 0;
  const [{ shape }] = values;
  const axis = call.axis(node.integer('axis', 0), shape.length + (isNew ? 1 : 0));
  const fits = (other: readonly number[]): boolean =>
    other.length === shape.length && other.every((size, i) => size === shape[i] || (i === axis && !isNew));
  if (!values.every((value) => fits(value.shape))) {
    const shapes = values.slice(0, 8).map((value) => describeShape(value.shape));
    throw node.fault('the tensors do not fit together.', undefined, shapes.join(', '), 'SHAPE_MISMATCH');
  }
  requirePossible(call, [values.reduce((sum, value) => sum + value.size, 0)]);
  return isNew ? stackedValues(values, axis) : joinedValues(values, axis);
}

/** Into parts of a length, or of lengths of their own; without either into single places. */
function split(call: OperatorCall): ValueSequence {
  const { node } = call;
  const value = call.value(0);
  const axis = call.axis(node.integer('axis', 0), value.shape.length);
  const length = value.shape[axis];
  const given = call.wholes(1);
  const isSingle = given === undefined;
  const each = isSingle ? 1 : given.length === 1 && call.value(1).shape.length === 0 ? given[0] : undefined;
  if (each !== undefined && !(each >= 1)) throw node.fault('a part has no length.', 'at least 1', `${each}`);
  const lengths =
    each === undefined
      ? (given ?? [])
      : Array.from({ length: Math.ceil(length / each) }, (_, i) => Math.min(each, length - i * each));
  if (!lengths.every((size) => size >= 0) || lengths.reduce((sum, size) => sum + size, 0) !== length)
    throw node.fault(
      'the parts do not make the whole.',
      `${length}`,
      describeShape(int64s(lengths).shape),
      'SHAPE_MISMATCH',
    );
  const drops = isSingle && node.integer('keepdims', 1) === 0;
  let start = 0;
  return new ValueSequence(
    lengths.map((size) => {
      const own = part(value, axis, start, (start += size));
      return drops ? reshaped(own, [...own.shape.slice(0, axis), ...own.shape.slice(axis + 1)]) : own;
    }),
  );
}
