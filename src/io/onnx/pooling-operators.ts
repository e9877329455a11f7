import { describeShape, type Shape, sizeOf } from '../../shape.js';
import { gatherTensor } from '../../tensor/gather.js';
import * as ops from '../../tensor/index.js';
import { type Tensor, tensor } from '../../tensor/tensor.js';
import type { OnnxNode } from './onnx-node.js';
import type { EdgeValue, OnnxValue } from './onnx-values.js';
import { numbersIn, type Operator, type OperatorCall } from './operator.js';
import { requirePossible } from './value-movement.js';
import { placesOfAxis, type WindowAxis, windowAxes, windowsAt } from './window-axes.js';

const attributes = ['auto_pad', 'ceil_mode', 'dilations', 'kernel_shape', 'pads', 'strides'];

/** Operators that make one number of a window, of an input `[batch, features, ...]`. */
export const poolingOperators: Readonly<Record<string, Operator>> = {
  MaxPool: {
    attributes: [...attributes, 'storage_order'],
    inputs: [1, 1],
    check: requireOneOutput,
    work: numbersOfWindows,
    run: (call) => [largestOfWindows(call)],
  },
  AveragePool: {
    attributes: [...attributes, 'count_include_pad'],
    inputs: [1, 1],
    work: numbersOfWindows,
    run: (call) => [meanOfWindows(call)],
  },
  GlobalMaxPool: { inputs: [1, 1], run: (call) => [ofAll(call, ops.max)] },
  GlobalAveragePool: { inputs: [1, 1], run: (call) => [ofAll(call, ops.mean)] },
};

function numbersOfWindows(call: OperatorCall, outputs: readonly (EdgeValue | undefined)[]): number {
  return numbersIn(outputs) * sizeOf(call.node.attribute('kernel_shape', 'INTS') ?? []);
}

function requireOneOutput(node: OnnxNode): void {
  if (node.outputs.slice(1).some((name) => name !== ''))
    throw node.fault('the places of the largest numbers are wanted.', 'one output', `${node.outputs.length}`);
}

function ofAll(call: OperatorCall, reduce: (x: Tensor, axis: number) => Tensor): OnnxValue {
  const x = requireSpace(call);
  const [batch, features, ...space] = x.shape;
  const flat = ops.reshape(x, [batch, features, sizeOf(space)]);
  return ops.reshape(reduce(flat, 2), [batch, features, ...space.map(() => 1)]);
}

function requireSpace(call: OperatorCall): Tensor {
  const x = call.tensor(0);
  if (x.shape.length >= 3) return x;
  const expected = '[batch, features, ...]';
  throw call.node.fault('the input has too few axes.', expected, describeShape(x.shape), 'SHAPE_MISMATCH');
}

/** Padding is no number: in its place stands the next number of the window. */
function largestOfWindows(call: OperatorCall): OnnxValue {
  const { x, axes } = axesOf(call);
  const inside = axes.map((axis) => {
    const places = placesOfAxis(axis);
    for (let window = 0; window < axis.count; window++) {
      const own = places.subarray(window * axis.kernel, (window + 1) * axis.kernel);
      const known = own.find((place) => place >= 0);
      if (known === undefined)
        throw call.node.fault('a window lies in padding alone.', undefined, undefined, 'SHAPE_MISMATCH');
      for (let i = 0; i < own.length; i++) if (own[i] < 0) own[i] = known;
    }
    return places;
  });
  return pooled(call, x, axes, inside, (windows) => ops.max(windows, 1));
}

function meanOfWindows(call: OperatorCall): OnnxValue {
  const { x, axes } = axesOf(call);
  const countsPadding = call.node.integer('count_include_pad', 0) !== 0;
  // How many places of each window count, where those behind the padding that `ceil_mode` reaches never do.
  const counted = axes.map((axis) => {
    const all = countsPadding
      ? placesOfAxis({ ...axis, length: axis.length + axis.before + axis.after, before: 0 })
      : placesOfAxis(axis);
    return Array.from(
      { length: axis.count },
      (_, i) => all.subarray(i * axis.kernel, (i + 1) * axis.kernel).filter((place) => place >= 0).length,
    );
  });
  const divisors = counted.reduce((products, own) => products.flatMap((product) => own.map((n) => product * n)), [1]);
  const shares = tensor(
    Float64Array.from(divisors, (n) => 1 / n),
    [divisors.length, 1],
  );
  const places = axes.map(placesOfAxis);
  return pooled(call, x, axes, places, (windows) => {
    const sums = ops.sum(windows, 1);
    const [rows, features] = sums.shape;
    return ops.mul(ops.reshape(sums, [rows / divisors.length, divisors.length, features]), shares);
  });
}

function axesOf(call: OperatorCall): { x: Tensor; axes: WindowAxis[] } {
  const x = requireSpace(call);
  const space = x.shape.slice(2);
  const kernel = call.node.attribute('kernel_shape', 'INTS') ?? [];
  if (kernel.length !== space.length)
    throw call.node.fault(
      '`kernel_shape` does not fit.',
      `${space.length} sizes`,
      describeShape(kernel),
      'SHAPE_MISMATCH',
    );
  return { x, axes: windowAxes(call, space, kernel) };
}

/** @param reduce windows `[batch * counts, places, features]` to one number for each of the features. */
function pooled(
  call: OperatorCall,
  x: Tensor,
  axes: readonly WindowAxis[],
  places: readonly Int32Array[],
  reduce: (windows: Tensor) => Tensor,
): Tensor {
  const [batch, features] = x.shape;
  const counts = axes.map(({ count }) => count);
  const kernel = sizeOf(axes.map((axis) => axis.kernel));
  const windows: Shape = [batch * sizeOf(counts), kernel, features];
  requirePossible(call, windows);
  const last = [...x.shape.keys()].filter((i) => i !== 1);
  const rows = ops.transpose(x, [...last, 1]);
  const seen = gatherTensor(rows, windows, features, windowsAt(batch, axes, places));
  const result = ops.reshape(reduce(seen), [batch, ...counts, features]);
  return ops.transpose(result, [0, counts.length + 1, ...counts.map((_, i) => i + 1)]);
}
