import * as e from '../../expression/build.js';
import { currentBackend } from '../../kernels/select.js';
import { describeShape, sizeOf } from '../../shape.js';
import { BoundedCache } from '../../tensor/bounded-cache.js';
import { gather } from '../../tensor/gather.js';
import * as ops from '../../tensor/index.js';
import { applyPointwise, type PointwiseFunction } from '../../tensor/pointwise.js';
import { Tensor } from '../../tensor/tensor.js';
import { Variable } from '../../tensor/variable.js';
import { type OnnxValue, WholeNumbers } from './onnx-values.js';
import { numbersIn, type Operator, type OperatorCall } from './operator.js';
import { along, requirePossible } from './value-movement.js';
import { autoPad, listOf, requirePlaces, type WindowAxis, windowAxes, windowPlaces } from './window-axes.js';

/** Operators along the axes that windows move along. */
export const windowOperators: Readonly<Record<string, Operator>> = {
  Conv: {
    attributes: ['auto_pad', 'dilations', 'group', 'kernel_shape', 'pads', 'strides'],
    inputs: [2, 3],
    // Each number of the result meets one filter.
    work: (call, outputs) => (numbersIn(outputs) * call.value(1).size) / Math.max(1, call.value(1).shape[0]),
    run: (call) => [convolution(call)],
  },
  ConvTranspose: {
    attributes: ['auto_pad', 'dilations', 'group', 'kernel_shape', 'output_padding', 'output_shape', 'pads', 'strides'],
    inputs: [2, 3],
    work: (call, outputs) => (numbersIn(outputs) * call.value(1).size) / Math.max(1, call.value(1).shape[1]),
    run: (call) => [transposedConvolution(call)],
  },
  Pad: {
    attributes: ['mode', 'pads', 'value'],
    inputs: [1, 4],
    check(node) {
      const mode = node.attribute('mode', 'STRING') ?? 'constant';
      if (!padModes.includes(mode)) throw node.fault('`mode` is not run.', padModes.join(', '), mode);
    },
    run: (call) => [padded(call)],
  },
};

/**
 * `[batch, features, ...]` with a kernel `[filters, features / groups, ...]`: all windows laid out side by side, and one
 * product for each group.
 */
function convolution(call: OperatorCall): OnnxValue {
  const [x, kernel] = [call.tensor(0), call.tensor(1)];
  return convolved(call, x, kernel, matrixOf, () => windowAxes(call, x.shape.slice(2), kernel.shape.slice(2)));
}

/** @param matrix of a kernel `[filters, features / groups, ...]`, as {@link matrixOf}. */
function convolved(
  call: OperatorCall,
  x: Tensor,
  kernel: Tensor,
  matrix: (kernel: Tensor) => Tensor,
  axesOf: () => readonly WindowAxis[],
): OnnxValue {
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
  const axes = axesOf();
  requirePlaces(call, axes);
  const counts = axes.map(({ count }) => count);
  const width = features / groups;
  requirePossible(call, [batch, ...counts, ...kernel.shape.slice(1)]);
  // Places that every window has together or not at all move as one row.
  const [runs, together] = runsOf(axes);
  const columns = together * width;
  const last = [...x.shape.keys()].filter((i) => i !== 1);
  const rows = ops.transpose(x, [...last, 1]);
  const outputs = Array.from({ length: groups }, (_, g) => {
    const seen = groups === 1 ? rows : ops.slice(rows, -1, g * width, (g + 1) * width);
    const own = groups === 1 ? kernel : ops.slice(kernel, 0, (g * filters) / groups, ((g + 1) * filters) / groups);
    const places = sizeOf(axes.map((axis) => axis.kernel));
    const shape = [batch * sizeOf(counts), places * width];
    const windows = isWhole(axes) ? ops.reshape(seen, shape) : gather(seen, shape, columns, windowPlaces(batch, runs));
    return ops.matmul(windows, matrix(own));
  });
  const joined = ops.concatenate(outputs, -1);
  const bias = call.optional(2) === undefined ? joined : ops.add(joined, call.tensor(2));
  const shaped = ops.reshape(bias, [batch, ...counts, filters]);
  return ops.transpose(shaped, [0, rank + 1, ...counts.map((_, i) => i + 1)]);
}

/** Windows of runs of places of the last axis, and how many places a run has: as many as all its windows begin and end with. */
function runsOf(axes: readonly WindowAxis[]): [axes: readonly WindowAxis[], together: number] {
  const last = axes[axes.length - 1];
  const { length, kernel, stride, dilation, before } = last;
  const together = dilation === 1 ? [length, kernel, stride, before].reduce(commonDivisor) : 1;
  if (together <= 1) return [axes, 1];
  const [lengthOf, kernelOf, strideOf, beforeOf] = [length, kernel, stride, before].map((size) => size / together);
  const runs = { ...last, length: lengthOf, kernel: kernelOf, stride: strideOf, before: beforeOf };
  return [[...axes.slice(0, -1), runs], together];
}

function commonDivisor(a: number, b: number): number {
  return b === 0 ? a : commonDivisor(b, a % b);
}

/** Whether each place is a window of its own. */
function isWhole(axes: readonly WindowAxis[]): boolean {
  return axes.every(
    ({ length, kernel, stride, before, count }) => kernel === 1 && stride === 1 && before === 0 && count === length,
  );
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

/**
 * The adjoint of a convolution: one of the mirrored kernel over the input with zeros between its places.
 * Kernel `[features, filters / groups, ...]`.
 */
function transposedConvolution(call: OperatorCall): OnnxValue {
  const { node } = call;
  const [x, kernel] = [call.tensor(0), call.tensor(1)];
  const rank = x.shape.length - 2;
  const groups = node.integer('group', 1);
  const [features, each, ...kernels] = kernel.shape;
  if (rank < 1 || kernels.length !== rank || !(groups >= 1 && features % groups === 0) || features !== x.shape[1]) {
    const expected = '[batch, features, ...] and [features, filters / groups, ...]';
    const received = `${describeShape(x.shape)} and ${describeShape(kernel.shape)}, ${groups} groups`;
    throw node.fault('the kernel does not fit the input.', expected, received, 'SHAPE_MISMATCH');
  }
  const strides = listOf(call, 'strides', rank, 1);
  const dilations = listOf(call, 'dilations', rank, 1);
  const extra = listOf(call, 'output_padding', rank, 0);
  const pads = listOf(call, 'pads', 2 * rank, 0);
  const lengths = node.attribute('output_shape', 'INTS');
  const mode = autoPad(call);
  if (lengths !== undefined && lengths.length !== rank)
    throw node.fault('`output_shape` does not fit.', `${rank} sizes`, describeShape(lengths));
  let spread: OnnxValue = x;
  const axes = kernels.map((size, i): WindowAxis => {
    const reach = dilations[i] * (size - 1) + 1;
    const whole = strides[i] * (x.shape[2 + i] - 1) + extra[i] + reach;
    const isSame = mode === 'SAME_UPPER' || mode === 'SAME_LOWER';
    const wanted = lengths?.[i] ?? (isSame ? x.shape[2 + i] * strides[i] : undefined);
    const both = wanted === undefined ? 0 : Math.max(0, whole - wanted);
    const half = mode === 'SAME_UPPER' ? Math.floor(both / 2) : Math.ceil(both / 2);
    const cut = wanted !== undefined ? half : mode === 'NOTSET' ? pads[i] : 0;
    const count = wanted ?? whole - (mode === 'NOTSET' ? pads[i] + pads[rank + i] : 0);
    if (!(count >= 1 && size >= 1))
      throw node.fault('it gives nothing.', 'at least 1 place', `${count}`, 'SHAPE_MISMATCH');
    const places = Math.max(0, strides[i] * (x.shape[2 + i] - 1) + 1);
    requirePossible(call, [...spread.shape.slice(0, 2 + i), places, ...spread.shape.slice(3 + i)]);
    const between = Int32Array.from({ length: places }, (_, at) => (at % strides[i] === 0 ? at / strides[i] : -1));
    if (strides[i] > 1) spread = along(spread, 2 + i, between);
    return {
      length: places,
      kernel: size,
      stride: 1,
      dilation: dilations[i],
      before: reach - 1 - cut,
      after: 0,
      count,
    };
  });
  // [features, filters / groups, ...] as [filters, features / groups, ...], each axis of places turned round.
  const grouped = ops.reshape(kernel, [groups, features / groups, each, ...kernels]);
  const order = [0, 2, 1, ...kernels.map((_, i) => 3 + i)];
  const swapped = ops.reshape(ops.transpose(grouped, order), [groups * each, features / groups, ...kernels]);
  const mirrored = kernels.reduce((turned, _, i) => ops.reverse(turned, 2 + i), swapped);
  return convolved(call, spread as Tensor, mirrored, matrixOf, () => axes);
}

const padModes = ['constant', 'reflect', 'edge', 'wrap'];

function padded(call: OperatorCall): OnnxValue {
  const { node } = call;
  let value = call.value(0);
  const rank = value.shape.length;
  const pads = call.listOf(1, 'pads') ?? [];
  const axes = call.wholes(3)?.map((axis) => call.axis(axis, rank)) ?? [...value.shape.keys()];
  if (pads.length !== 2 * axes.length || !pads.every((count) => Number.isInteger(count)))
    throw node.fault('`pads` has too few or too many.', `${2 * axes.length}`, `${pads.length}`);
  const mode = node.attribute('mode', 'STRING') ?? 'constant';
  const filling = call.optional(2) === undefined ? (node.attribute('value', 'FLOAT') ?? 0) : call.number(2);
  const isFilled = mode === 'constant' && filling !== 0;
  const inside = isFilled ? onesLike(value) : value;
  const isOutside = isFilled ? paddedBy(call, inside, axes, pads, mode) : undefined;
  value = paddedBy(call, value, axes, pads, mode);
  if (isOutside === undefined) return value;
  if (value instanceof Tensor && isOutside instanceof Tensor)
    return applyPointwise(fillOutside, [isOutside, value], { filling });
  const { data } = isOutside as WholeNumbers;
  const wholes = value as WholeNumbers;
  return new WholeNumbers(
    wholes.type,
    wholes.shape,
    wholes.data.map((x, i) => (data[i] === 0 ? filling : x)),
  );
}

const fillOutside: PointwiseFunction = {
  name: 'onnx.Pad',
  build: ([inside, x], { filling }) => e.select(inside, x, filling),
  scalars: ['filling'],
};

function onesLike(value: OnnxValue): OnnxValue {
  if (value instanceof Tensor) return ops.ones(value.shape);
  return new WholeNumbers(value.type, value.shape, new Float64Array(value.size).fill(1));
}

/** 1 MiB of places by the sizes of an axis and what is added, for a model that is run again. */
const remembered = new BoundedCache<Int32Array>(1 << 18, (places) => places.length);

/** With places added before and after those of each axis; zeros in the mode `constant`. */
function paddedBy(
  call: OperatorCall,
  given: OnnxValue,
  axes: readonly number[],
  pads: readonly number[],
  mode: string,
): OnnxValue {
  const { node } = call;
  let value = given;
  axes.forEach((axis, i) => {
    const [before, after] = [pads[i], pads[i + axes.length]];
    if (before === 0 && after === 0) return;
    const length = value.shape[axis];
    requirePossible(
      call,
      value.shape.map((size, at) => (at === axis ? size + before + after : size)),
    );
    const most = mode === 'reflect' ? length - 1 : mode !== 'constant' && length === 0 ? 0 : Infinity;
    if (Math.max(before, after) > most)
      throw node.fault(
        'more is to be added than there is.',
        `at most ${most}`,
        `${Math.max(before, after)}`,
        'SHAPE_MISMATCH',
      );
    const places = remembered.get(`${length} ${before} ${after} ${mode}`, () =>
      Int32Array.from({ length: length + before + after }, (_, j) => placeOf(j - before, length, mode)),
    );
    value = along(value, axis, places);
  });
  return value;
}

/** The place that stands at one before the first or after the last; -1 for zeros. */
function placeOf(place: number, length: number, mode: string): number {
  if (place >= 0 && place < length) return place;
  if (mode === 'constant') return -1;
  if (mode === 'wrap') return ((place % length) + length) % length;
  if (mode === 'edge') return place < 0 ? 0 : length - 1;
  return place < 0 ? -place : 2 * (length - 1) - place;
}
