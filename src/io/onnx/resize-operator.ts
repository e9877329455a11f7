import { describeShape } from '../../shape.js';
import * as ops from '../../tensor/index.js';
import { type Tensor, tensor } from '../../tensor/tensor.js';
import type { OnnxNode } from './onnx-node.js';
import type { OnnxValue } from './onnx-values.js';
import type { Operator, OperatorCall } from './operator.js';
import { along, requirePossible } from './value-movement.js';

/** The place in the input that one of the output stands for: of lengths of both, and how many times as long it is. */
type Coordinate = (place: number, length: number, resized: number, scale: number) => number;

const coordinates: Readonly<Record<string, Coordinate>> = {
  half_pixel: (x, _length, _resized, scale) => (x + 0.5) / scale - 0.5,
  pytorch_half_pixel: (x, _length, resized, scale) => (resized > 1 ? (x + 0.5) / scale - 0.5 : 0),
  half_pixel_symmetric: (x, length, resized, scale) =>
    (length / 2) * (1 - resized / (scale * length)) + (x + 0.5) / scale - 0.5,
  asymmetric: (x, _length, _resized, scale) => x / scale,
  align_corners: (x, length, resized) => (resized > 1 ? (x * (length - 1)) / (resized - 1) : 0),
};

const roundings: Readonly<Record<string, (x: number) => number>> = {
  round_prefer_floor: (x) => Math.ceil(x - 0.5),
  round_prefer_ceil: (x) => Math.floor(x + 0.5),
  floor: Math.floor,
  ceil: Math.ceil,
};

/** Attributes whose value stands for one of several ways, those that are run. */
const ways: Readonly<Record<string, readonly string[]>> = {
  mode: ['nearest', 'linear'],
  coordinate_transformation_mode: Object.keys(coordinates),
  nearest_mode: Object.keys(roundings),
  keep_aspect_ratio_policy: ['stretch'],
};

/** Stretches or shrinks axes, by the nearest place or between two. */
export const resizeOperators: Readonly<Record<string, Operator>> = {
  Resize: {
    attributes: [...Object.keys(ways), 'antialias', 'axes', 'cubic_coeff_a', 'exclude_outside', 'extrapolation_value'],
    inputs: [2, 4],
    check,
    run: (call) => [resized(call)],
  },
};

function check(node: OnnxNode): void {
  if (node.version < 11) throw node.fault('it is of an old version.', 'version 11 or later', `${node.version}`);
  for (const [name, known] of Object.entries(ways)) {
    const way = node.attribute(name, 'STRING') ?? known[0];
    if (!known.includes(way)) throw node.fault(`\`${name}\` is not run.`, known.join(', '), way);
  }
  if (node.integer('antialias', 0) !== 0) throw node.fault('`antialias` is not run.', '0', '1');
}

function resized(call: OperatorCall): OnnxValue {
  const { node } = call;
  const x = call.tensor(0);
  const rank = x.shape.length;
  const axes = node.attribute('axes', 'INTS')?.map((axis) => call.axis(axis, rank)) ?? [...x.shape.keys()];
  const sizes = call.wholes(3);
  const given = call.optional(2);
  const scales = given === undefined || given.size === 0 ? undefined : call.tensor(2).dataSync();
  const count = sizes?.length ?? scales?.length;
  if (count !== axes.length)
    throw node.fault('`sizes` or `scales` do not fit.', `${axes.length} numbers`, `${count ?? 'none'}`);
  const isNearest = (node.attribute('mode', 'STRING') ?? 'nearest') === 'nearest';
  const coordinate = coordinates[node.attribute('coordinate_transformation_mode', 'STRING') ?? 'half_pixel'];
  const round = roundings[node.attribute('nearest_mode', 'STRING') ?? 'round_prefer_floor'];
  let result = x;
  axes.forEach((axis, i) => {
    const length = x.shape[axis];
    const size = sizes?.[i] ?? Math.floor(length * scales![i]);
    const scale = scales?.[i] ?? size / length;
    requirePossible(
      call,
      result.shape.map((old, at) => (at === axis ? size : old)),
    );
    if (size === length && scale === 1) return;
    if (!(length >= 1)) throw node.fault('there is nothing to stretch.', 'at least 1 place', describeShape(x.shape));
    const places = Float64Array.from({ length: size }, (_, place) => coordinate(place, length, size, scale));
    const held = (place: number): number => Math.max(0, Math.min(length - 1, place));
    if (isNearest)
      result = along(
        result,
        axis,
        Int32Array.from(places, (place) => held(round(place))),
      ) as Tensor;
    else {
      const inside = places.map(held);
      const lower = along(result, axis, Int32Array.from(inside, Math.floor)) as Tensor;
      const upper = along(result, axis, Int32Array.from(inside, Math.ceil)) as Tensor;
      const share = tensor(
        inside.map((place) => place - Math.floor(place)),
        [size, ...new Array<number>(rank - axis - 1).fill(1)],
      );
      result = ops.add(lower, ops.mul(ops.sub(upper, lower), share));
    }
  });
  return result;
}
