import { describeShape, type Shape, sizeOf } from '../../shape.js';
import { broadcastStrides, indicesByStrides } from '../../tensor/broadcast.js';
import * as ops from '../../tensor/index.js';
import { Tensor } from '../../tensor/tensor.js';
import { isPossibleShape, type OnnxValue, reshaped, WholeNumbers } from './onnx-values.js';
import type { Operator, OperatorCall } from './operator.js';
import { along, joinedValues, part, permuted, picked, requirePossible } from './value-movement.js';

/** Operators that put numbers into other places, or under other shapes, without computing any. */
export const movementOperators: Readonly<Record<string, Operator>> = {
  Identity: { inputs: [1, 1], run: (call) => [call.value(0)] },
  /** In prediction. */
  Dropout: { attributes: ['ratio', 'seed'], inputs: [1, 3], run: dropout },
  Transpose: { attributes: ['perm'], inputs: [1, 1], run: (call) => [transposed(call)] },
  Reshape: { attributes: ['allowzero'], inputs: [2, 2], run: (call) => [inShape(call)] },
  Flatten: { attributes: ['axis'], inputs: [1, 1], run: (call) => [flattened(call)] },
  Squeeze: { attributes: ['axes'], inputs: [1, 2], run: (call) => [squeezed(call)] },
  Unsqueeze: { attributes: ['axes'], inputs: [1, 2], run: (call) => [unsqueezed(call)] },
  Concat: { attributes: ['axis'], inputs: [1, Infinity], run: (call) => [joined(call)] },
  Split: { attributes: ['axis', 'split', 'num_outputs'], inputs: [1, 2], run: parts },
  Slice: { attributes: ['axes', 'starts', 'ends'], inputs: [1, 5], run: (call) => [sliced(call)] },
  Gather: { attributes: ['axis'], inputs: [2, 2], run: (call) => [gathered(call)] },
  Expand: { inputs: [2, 2], run: (call) => [expanded(call)] },
  Tile: { inputs: [2, 2], run: (call) => [tiled(call)] },
};

/** The second output says which places stay: all. */
function dropout(call: OperatorCall): OnnxValue[] {
  const value = call.value(0);
  const training = call.optional(2);
  if (training instanceof WholeNumbers && training.data.some((flag) => flag !== 0))
    throw call.node.fault('it is to be run in training mode.', 'training_mode false', 'true');
  return [value, new WholeNumbers('bool', value.shape, new Float64Array(value.size).fill(1))];
}

function transposed(call: OperatorCall): OnnxValue {
  const value = call.value(0);
  const axes = [...value.shape.keys()];
  const order = call.node.attribute('perm', 'INTS') ?? [...axes].reverse();
  if (order.length !== axes.length || axes.some((axis) => !order.includes(axis)))
    throw call.node.fault('`perm` is no order of the axes.', `each of ${axes.join(', ')} once`, describeShape(order));
  return permuted(value, order);
}

function inShape(call: OperatorCall): OnnxValue {
  const value = call.value(0);
  const wanted = call.wholes(1) ?? [];
  const keepsZeros = call.node.integer('allowzero', 0) !== 0;
  const known = wanted.map((axis, i) => (axis === 0 && !keepsZeros ? (value.shape[i] ?? 0) : axis));
  const rest = sizeOf(known.filter((axis) => axis !== -1));
  const isOpen = known.filter((axis) => axis === -1).length === 1;
  return withShape(call, value, isOpen ? known.map((axis) => (axis === -1 ? value.size / rest : axis)) : known);
}

function withShape(call: OperatorCall, value: OnnxValue, shape: Shape): OnnxValue {
  if (isPossibleShape(shape) && sizeOf(shape) === value.size) return reshaped(value, shape);
  throw call.node.fault(
    'the input cannot have that shape; a size of the traced batch may remain in it.',
    `${value.size} numbers, as in ${describeShape(value.shape)}`,
    describeShape(shape),
    'SHAPE_MISMATCH',
  );
}

function flattened(call: OperatorCall): OnnxValue {
  const value = call.value(0);
  const { shape } = value;
  const at = call.node.integer('axis', 1);
  const axis = at === shape.length ? at : call.axis(at, shape.length);
  return reshaped(value, [sizeOf(shape.slice(0, axis)), sizeOf(shape.slice(axis))]);
}

function squeezed(call: OperatorCall): OnnxValue {
  const value = call.value(0);
  const { shape } = value;
  const axes = call.listOf(1, 'axes')?.map((axis) => call.axis(axis, shape.length));
  const left = shape.filter((size, i) => (axes === undefined ? size !== 1 : !axes.includes(i)));
  return withShape(call, value, left);
}

function unsqueezed(call: OperatorCall): OnnxValue {
  const value = call.value(0);
  const given = call.listOf(1, 'axes');
  if (given === undefined) throw call.node.fault('`axes` is missing.');
  const rank = value.shape.length + given.length;
  const axes = new Set(given.map((axis) => call.axis(axis, rank)));
  if (axes.size !== given.length) throw call.node.fault('`axes` names an axis twice.', undefined, describeShape(given));
  const sizes = value.shape.values();
  const shape = Array.from({ length: rank }, (_, i) => (axes.has(i) ? 1 : (sizes.next().value as number)));
  return reshaped(value, shape);
}

function joined(call: OperatorCall): OnnxValue {
  const values = call.values();
  const first = values[0];
  const axis = call.axis(call.node.integer('axis', 0), first.shape.length);
  const alike = values.every(
    ({ shape }) =>
      shape.length === first.shape.length && shape.every((size, i) => i === axis || size === first.shape[i]),
  );
  if (!alike) {
    const shapes = values.map(({ shape }) => describeShape(shape)).join(', ');
    throw call.node.fault('the inputs do not fit together.', `equal axes but for ${axis}`, shapes, 'SHAPE_MISMATCH');
  }
  const shape = first.shape.map((size, i) =>
    i === axis ? values.reduce((sum, value) => sum + value.shape[axis], 0) : size,
  );
  requirePossible(call, shape);
  return joinedValues(values, axis);
}

function parts(call: OperatorCall): OnnxValue[] {
  const value = call.value(0);
  const axis = call.axis(call.node.integer('axis', 0), value.shape.length);
  const length = value.shape[axis];
  const count = call.node.attribute('num_outputs', 'INT') ?? call.node.outputs.length;
  const each = Math.ceil(length / count);
  const sizes =
    call.listOf(1, 'split') ??
    Array.from({ length: call.node.outputs.length }, (_, i) => Math.max(0, Math.min(each, length - i * each)));
  const fits = sizes.every((size) => Number.isInteger(size) && size >= 0);
  if (!fits || sizes.reduce((sum, size) => sum + size, 0) !== length || sizes.length !== call.node.outputs.length)
    throw call.node.fault('the parts do not make the whole.', `${length}`, sizes.join(' + '), 'SHAPE_MISMATCH');
  let start = 0;
  return sizes.map((size) => part(value, axis, start, (start += size)));
}

function sliced(call: OperatorCall): OnnxValue {
  let value = call.value(0);
  const rank = value.shape.length;
  const starts = call.listOf(1, 'starts');
  const ends = call.listOf(2, 'ends');
  const axes = call.listOf(3, 'axes') ?? starts?.map((_, i) => i);
  const steps = call.wholes(4) ?? starts?.map(() => 1);
  if (!starts || !ends || [ends, axes, steps].some((list) => list?.length !== starts.length))
    throw call.node.fault('starts, ends, axes and steps are not equally many.');
  starts.forEach((start, i) => {
    const axis = call.axis(axes![i], rank);
    const length = value.shape[axis];
    const step = steps![i];
    if (!Number.isInteger(step) || step === 0) throw call.node.fault('a step is 0.');
    const place = (given: number, least: number, most: number): number =>
      Math.max(least, Math.min(most, given < 0 ? given + length : given));
    const [from, to] =
      step > 0
        ? [place(start, 0, length), place(ends[i], 0, length)]
        : [place(start, -1, length - 1), place(ends[i], -1, length - 1)];
    const count = Math.max(0, Math.ceil((to - from) / step));
    value =
      step === 1
        ? part(value, axis, from, from + count)
        : along(
            value,
            axis,
            Int32Array.from({ length: count }, (_, j) => from + j * step),
          );
  });
  return value;
}

function gathered(call: OperatorCall): OnnxValue {
  const value = call.value(0);
  const indices = call.value(1);
  if (!(indices instanceof WholeNumbers)) throw call.node.fault('the indices are no whole numbers.');
  const axis = call.axis(call.node.integer('axis', 0), value.shape.length);
  const length = value.shape[axis];
  const places = Int32Array.from(indices.data, (index) => {
    if (index >= -length && index < length) return index < 0 ? index + length : index;
    throw call.node.fault('an index has no place.', `-${length} to ${length - 1}`, `${index}`, 'OUT_OF_RANGE');
  });
  requirePossible(call, [...value.shape.slice(0, axis), ...indices.shape, ...value.shape.slice(axis + 1)]);
  return along(value, axis, places, indices.shape);
}

function expanded(call: OperatorCall): OnnxValue {
  const value = call.value(0);
  const wanted = call.wholes(1) ?? [];
  const rank = Math.max(wanted.length, value.shape.length);
  const sizes = (shape: Shape): number[] => [...new Array<number>(rank - shape.length).fill(1), ...shape];
  const [own, other] = [sizes(value.shape), sizes(wanted)];
  const shape = own.map((size, i) => (size === 1 ? other[i] : size));
  requirePossible(call, shape);
  if (!other.every((size, i) => size === 1 || size === shape[i]))
    throw call.node.fault(
      'the input cannot be repeated into the shape.',
      describeShape(own),
      describeShape(wanted),
      'SHAPE_MISMATCH',
    );
  if (value instanceof Tensor) return ops.expand(value, shape);
  return picked(value, shape, 1, indicesByStrides(shape, broadcastStrides(rank, value.shape)));
}

function tiled(call: OperatorCall): OnnxValue {
  let value = call.value(0);
  const repeats = call.wholes(1) ?? [];
  const { shape } = value;
  if (repeats.length !== shape.length)
    throw call.node.fault('`repeats` has too few or too many.', `${shape.length}`, `${repeats.length}`);
  requirePossible(
    call,
    shape.map((size, i) => size * repeats[i]),
  );
  repeats.forEach((times, axis) => {
    const length = shape[axis];
    if (times !== 1)
      value = along(
        value,
        axis,
        Int32Array.from({ length: length * times }, (_, i) => i % length),
      );
  });
  return value;
}
