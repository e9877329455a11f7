import { currentBackend } from '../../kernels/select.js';
import { describeShape, type Shape, sizeOf } from '../../shape.js';
import { gatherTensor } from '../../tensor/gather.js';
import * as ops from '../../tensor/index.js';
import { Tensor } from '../../tensor/tensor.js';
import { Variable } from '../../tensor/variable.js';
import { along, requirePossible } from './movement-operators.js';
import type { OnnxValue } from './onnx-values.js';
import type { Operator, OperatorCall } from './operator.js';

/** Operators along the axes that windows move along. */
export const windowOperators: Readonly<Record<string, Operator>> = {
  Conv: {
    attributes: ['auto_pad', 'dilations', 'group', 'kernel_shape', 'pads', 'strides'],
    inputs: [2, 3],
    run: (call) => [convolution(call)],
  },
  Pad: { attributes: ['mode', 'pads', 'value'], inputs: [1, 4], run: (call) => [padded(call)] },
};

/** One axis along which windows move. */
interface WindowAxis {
  readonly length: number;
  readonly kernel: number;
  readonly stride: number;
  readonly dilation: number;
  /** Places before the first. */
  readonly before: number;
  readonly count: number;
}

/**
 * `[batch, features, ...]` with a kernel `[filters, features / groups, ...]`: all windows laid out side by side, and one
 * product for each group.
 */
function convolution(call: OperatorCall): OnnxValue {
  const [x, kernel] = [call.tensor(0), call.tensor(1)];
  const rank = x.shape.length - 2;
  const groups = call.node.integer('group', 1);
  const [batch, features] = x.shape;
  const filters = kernel.shape[0];
  const fits =
    rank >= 1 &&
    kernel.shape.length === rank + 2 &&
    groups >= 1 &&
    kernel.shape[1] * groups === features &&
    filters % groups === 0;
  if (!fits) {
    throw call.node.fault(
      'the kernel does not fit the input.',
      '[batch, features, ...] and [filters, features / groups, ...]',
      `${describeShape(x.shape)} and ${describeShape(kernel.shape)}, ${groups} groups`,
      'SHAPE_MISMATCH',
    );
  }
  const axes = windowAxes(call, x.shape.slice(2), kernel.shape.slice(2));
  const counts = axes.map(({ count }) => count);
  const width = features / groups;
  requirePossible(call, [batch, ...counts, ...kernel.shape.slice(1)]);
  const indices = windowPlaces(batch, axes);
  const last = [...x.shape.keys()].filter((i) => i !== 1);
  const rows = ops.transpose(x, [...last, 1]);
  const outputs = Array.from({ length: groups }, (_, g) => {
    const seen = groups === 1 ? rows : ops.slice(rows, -1, g * width, (g + 1) * width);
    const own = groups === 1 ? kernel : ops.slice(kernel, 0, (g * filters) / groups, ((g + 1) * filters) / groups);
    const places = sizeOf(axes.map((axis) => axis.kernel));
    const windows = gatherTensor(seen, [batch * sizeOf(counts), places * width], width, indices);
    return ops.matmul(windows, matrixOf(own));
  });
  const joined = ops.concatenate(outputs, -1);
  const bias = call.inputs[2] === undefined ? joined : ops.add(joined, call.tensor(2));
  const shaped = ops.reshape(bias, [batch, ...counts, filters]);
  return ops.transpose(shaped, [0, rank + 1, ...counts.map((_, i) => i + 1)]);
}

/** Those of kernels that are constants, which would be made again in each run. */
const matrices = new WeakMap<Tensor, Variable>();

/** The kernel as `[places * features, filters]`. */
function matrixOf(kernel: Tensor): Tensor {
  const known = matrices.get(kernel);
  if (known !== undefined) return known;
  const order = [...kernel.shape.keys()].filter((i) => i > 1);
  const filters = kernel.shape[0];
  const matrix = ops.reshape(ops.transpose(kernel, [...order, 1, 0]), [kernel.size / filters, filters]);
  if (!(kernel instanceof Variable) || currentBackend().readNow === undefined) return matrix;
  const kept = new Variable(matrix.shape, matrix.dataSync(), `${kernel.name}/matrix`, false);
  matrices.set(kernel, kept);
  return kept;
}

function windowAxes(call: OperatorCall, lengths: Shape, kernels: Shape): WindowAxis[] {
  const { node } = call;
  const rank = lengths.length;
  const listOf = (name: string, length: number, byDefault: number): readonly number[] => {
    const list = node.attribute(name, 'INTS') ?? new Array<number>(length).fill(byDefault);
    if (list.length === length && list.every((size) => size >= (name === 'pads' ? 0 : 1))) return list;
    throw node.fault(`\`${name}\` does not fit.`, `${length} whole numbers`, describeShape(list));
  };
  const strides = listOf('strides', rank, 1);
  const dilations = listOf('dilations', rank, 1);
  const pads = listOf('pads', 2 * rank, 0);
  const mode = node.attribute('auto_pad', 'STRING') ?? 'NOTSET';
  if (!['NOTSET', 'VALID', 'SAME_UPPER', 'SAME_LOWER'].includes(mode))
    throw node.fault('`auto_pad` is none that there is.', 'NOTSET, VALID, SAME_UPPER or SAME_LOWER', mode);
  return lengths.map((length, i) => {
    const [kernel, stride, dilation] = [kernels[i], strides[i], dilations[i]];
    const reach = dilation * (kernel - 1) + 1;
    const same = Math.max(0, (Math.ceil(length / stride) - 1) * stride + reach - length);
    const both = mode === 'NOTSET' ? pads[i] + pads[i + rank] : mode === 'VALID' ? 0 : same;
    const before =
      mode === 'NOTSET'
        ? pads[i]
        : mode === 'SAME_UPPER'
          ? Math.floor(both / 2)
          : mode === 'VALID'
            ? 0
            : Math.ceil(both / 2);
    const count = Math.floor((length + both - reach) / stride) + 1;
    if (count < 1 || kernel < 1)
      throw node.fault('no window fits the input.', `at least ${reach} places`, `${length + both}`, 'SHAPE_MISMATCH');
    return { length, kernel, stride, dilation, before, count };
  });
}

/** By batch, window and place of the window, the row of the input; -1 in padding. */
function windowPlaces(batch: number, axes: readonly WindowAxis[]): Int32Array {
  // The windows of all axes stand before the places of all axes.
  const byAxis = axes.map(({ length, kernel, stride, dilation, before, count }) =>
    Array.from({ length: count * kernel }, (_, i) => {
      const place = Math.floor(i / kernel) * stride + (i % kernel) * dilation - before;
      return place >= 0 && place < length ? place : -1;
    }),
  );
  const sizes = [...axes.map(({ count }) => count), ...axes.map(({ kernel }) => kernel)];
  const each = sizeOf(sizes);
  const rows = sizeOf(axes.map(({ length }) => length));
  const all = new Int32Array(batch * each);
  for (let i = 0; i < each; i++) {
    const at = new Array<number>(sizes.length);
    for (let axis = sizes.length - 1, rest = i; axis >= 0; axis--) {
      at[axis] = rest % sizes[axis];
      rest = Math.floor(rest / sizes[axis]);
    }
    let row = 0;
    axes.forEach(({ length, kernel }, axis) => {
      const place = byAxis[axis][at[axis] * kernel + at[axes.length + axis]];
      row = row < 0 || place < 0 ? -1 : row * length + place;
    });
    for (let b = 0; b < batch; b++) all[b * each + i] = row < 0 ? -1 : b * rows + row;
  }
  return all;
}

function padded(call: OperatorCall): OnnxValue {
  const { node } = call;
  let value = call.value(0);
  const rank = value.shape.length;
  const pads = call.listOf(1, 'pads') ?? [];
  const axes = call.wholes(3)?.map((axis) => call.axis(axis, rank)) ?? [...value.shape.keys()];
  if (pads.length !== 2 * axes.length || !pads.every((count) => Number.isInteger(count)))
    throw node.fault('`pads` has too few or too many.', `${2 * axes.length}`, `${pads.length}`);
  const mode = node.attribute('mode', 'STRING') ?? 'constant';
  const given = call.inputs[2];
  const filling =
    given === undefined
      ? (node.attribute('value', 'FLOAT') ?? 0)
      : given instanceof Tensor
        ? given.dataSync()[0]
        : given.data[0];
  if (mode === 'constant' && filling !== undefined && filling !== 0)
    throw node.fault('it fills with another number than 0.', '0', `${filling}`);
  axes.forEach((axis, i) => {
    const [before, after] = [pads[i], pads[i + axes.length]];
    if (before === 0 && after === 0) return;
    const length = value.shape[axis];
    requirePossible(
      call,
      value.shape.map((size, at) => (at === axis ? size + before + after : size)),
    );
    const most = mode === 'reflect' ? length - 1 : mode === 'edge' && length === 0 ? -1 : Infinity;
    if (Math.max(before, after) > most)
      throw node.fault(
        'more is to be added than there is.',
        `at most ${most}`,
        `${Math.max(before, after)}`,
        'SHAPE_MISMATCH',
      );
    value = along(
      value,
      axis,
      Int32Array.from({ length: length + before + after }, (_, j) => placeOf(j - before, length, mode)),
    );
  });
  if (!['constant', 'reflect', 'edge'].includes(mode))
    throw node.fault('`mode` is not run.', 'constant, reflect or edge', mode);
  return value;
}

/** The place that stands at one before the first or after the last; -1 for zeros. */
function placeOf(place: number, length: number, mode: string): number {
  if (place >= 0 && place < length) return place;
  if (mode === 'constant') return -1;
  if (mode === 'edge') return place < 0 ? 0 : length - 1;
  return place < 0 ? -place : 2 * (length - 1) - place;
}
