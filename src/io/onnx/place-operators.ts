import { describeShape, type Shape, sizeOf } from '../../shape.js';
import { indicesByStrides } from '../../tensor/broadcast.js';
import * as ops from '../../tensor/index.js';
import { Tensor, tensor } from '../../tensor/tensor.js';
import type { OnnxNode } from './onnx-node.js';
import {
  asTensor,
  asWholes,
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
import type { Operator, OperatorCall } from './operator.js';
import { along, joinedValues, permuted, picked, requirePossible } from './value-movement.js';

/** Operators that read from places, or write to places, which numbers give; and that find places. */
export const placeOperators: Readonly<Record<string, Operator>> = {
  GatherElements: { attributes: ['axis'], inputs: [2, 2], run: (call) => [gatheredElements(call)] },
  GatherND: { attributes: ['batch_dims'], inputs: [2, 2], run: (call) => [gatheredRows(call)] },
  ScatterElements: scattering(['axis', 'reduction'], elementPlaces),
  Scatter: scattering(['axis'], elementPlaces),
  ScatterND: scattering(['reduction'], rowPlaces),
  Compress: { attributes: ['axis'], inputs: [2, 2], run: (call) => [compressed(call)] },
  NonZero: { inputs: [1, 1], run: (call) => [placesOfNonZero(call)] },
  OneHot: { attributes: ['axis'], inputs: [3, 3], run: (call) => [oneHot(call)] },
  TopK: { attributes: ['axis', 'largest', 'sorted', 'k'], inputs: [1, 2], run: largest },
  ReverseSequence: { attributes: ['batch_axis', 'time_axis'], inputs: [2, 2], run: (call) => [reversed(call)] },
  Trilu: { attributes: ['upper'], inputs: [1, 2], run: (call) => [triangle(call)] },
};

function wholesAt(call: OperatorCall, at: number): WholeNumbers {
  const value = call.value(at);
  if (value instanceof WholeNumbers) return value;
  throw call.node.fault('the indices are no whole numbers.');
}

/** @throws OUT_OF_RANGE, naming the node */
function placeIn(node: OnnxNode, index: number, length: number): number {
  if (index >= -length && index < length) return index < 0 ? index + length : index;
  throw node.fault('an index has no place.', `-${length} to ${length - 1}`, `${index}`, 'OUT_OF_RANGE');
}

/** Of an input and indices of its rank: for each index, the number of the place along the axis. */
function elementPlaces(call: OperatorCall): { places: Int32Array; columns: number } {
  const { shape } = call.value(0);
  const indices = wholesAt(call, 1);
  const rank = shape.length;
  const axis = call.axis(call.node.integer('axis', 0), rank);
  const fits = indices.shape.length === rank && indices.shape.every((size, i) => i === axis || size <= shape[i]);
  if (!fits) throw unfit(call, shape, indices.shape);
  const strides = shape.map((_, i) => sizeOf(shape.slice(i + 1)));
  // The index stands for the place along the axis.
  const around = indicesByStrides(
    indices.shape,
    strides.map((stride, i) => (i === axis ? 0 : stride)),
  );
  const places = Int32Array.from(
    indices.data,
    (index, i) => around[i] + placeIn(call.node, index, shape[axis]) * strides[axis],
  );
  return { places, columns: 1 };
}

/** Of an input and indices `[..., depth]`: for each `depth` of them, the number of a row of the rest. */
function rowPlaces(call: OperatorCall): { places: Int32Array; columns: number } {
  const { shape } = call.value(0);
  const indices = wholesAt(call, 1);
  return placesOfRows(call, indices, shape, 0);
}

function placesOfRows(
  call: OperatorCall,
  indices: WholeNumbers,
  shape: Shape,
  numBatchAxes: number,
): { places: Int32Array; columns: number } {
  const depth = indices.shape.at(-1) ?? 0;
  const batches = shape.slice(0, numBatchAxes);
  const fits =
    indices.shape.length > numBatchAxes &&
    depth >= 1 &&
    numBatchAxes + depth <= shape.length &&
    batches.every((size, i) => indices.shape[i] === size);
  if (!fits) throw unfit(call, shape, indices.shape);
  const axes = shape.slice(numBatchAxes, numBatchAxes + depth);
  const count = indices.size / depth;
  const perBatch = count / sizeOf(batches);
  const places = Int32Array.from({ length: count }, (_, i) => {
    let row = Math.floor(i / perBatch);
    for (let d = 0; d < depth; d++) row = row * axes[d] + placeIn(call.node, indices.data[i * depth + d], axes[d]);
    return row;
  });
  return { places, columns: sizeOf(shape.slice(numBatchAxes + depth)) };
}

function unfit(call: OperatorCall, shape: Shape, indices: Shape): Error {
  const received = `${describeShape(shape)} and ${describeShape(indices)}`;
  return call.node.fault('the indices do not fit the input.', undefined, received, 'SHAPE_MISMATCH');
}

function gatheredElements(call: OperatorCall): OnnxValue {
  const { places } = elementPlaces(call);
  return picked(call.value(0), wholesAt(call, 1).shape, 1, places);
}

function gatheredRows(call: OperatorCall): OnnxValue {
  const value = call.value(0);
  const indices = wholesAt(call, 1);
  const numBatchAxes = call.node.integer('batch_dims', 0);
  if (!(numBatchAxes >= 0)) throw call.node.fault('`batch_dims` is impossible.', 'at least 0', `${numBatchAxes}`);
  const { places, columns } = placesOfRows(call, indices, value.shape, numBatchAxes);
  const rest = value.shape.slice(numBatchAxes + (indices.shape.at(-1) ?? 0));
  const shape = requirePossible(call, [...indices.shape.slice(0, -1), ...rest]);
  return picked(value, shape, columns, places);
}

type Combine = (a: OnnxValue, b: OnnxValue) => OnnxValue;

/** What a place gets of its own number and one that is written to it. */
const reductions: Readonly<Record<string, Combine>> = {
  add: onBoth(ops.add, (a, b) => a + b),
  mul: onBoth(ops.mul, wholeProduct),
  max: onBoth(ops.maximum, larger),
  min: onBoth(ops.minimum, smaller),
};

function onBoth(ofTensors: (a: Tensor, b: Tensor) => Tensor, ofWholes: OfWholes): Combine {
  return (a, b) => {
    if (a instanceof WholeNumbers && b instanceof WholeNumbers) {
      const held = numberOfType(a.type);
      return new WholeNumbers(
        a.type,
        a.shape,
        a.data.map((x, i) => held(ofWholes(x, b.data[i], a.type))),
      );
    }
    return ofTensors(asTensor(a), asTensor(b));
  };
}

function scattering(
  attributes: readonly string[],
  placesOf: (call: OperatorCall) => { places: Int32Array; columns: number },
): Operator {
  return {
    attributes,
    inputs: [3, 3],
    check(node) {
      const name = node.attribute('reduction', 'STRING') ?? 'none';
      if (name !== 'none' && !Object.hasOwn(reductions, name))
        throw node.fault('`reduction` is not run.', ['none', ...Object.keys(reductions)].join(', '), name);
    },
    run(call) {
      const value = call.value(0);
      const updates = call.value(2);
      const { places, columns } = placesOf(call);
      const name = call.node.attribute('reduction', 'STRING') ?? 'none';
      if (updates.size !== places.length * columns) throw unfit(call, value.shape, updates.shape);
      return [scattered(value, updates, places, columns, reductions[name])];
    },
  };
}

/** Rows of updates at their places. Those of one place are combined in pairs first, so that each place is written once. */
function scattered(
  value: OnnxValue,
  updates: OnnxValue,
  places: Int32Array,
  columns: number,
  combine: Combine | undefined,
): OnnxValue {
  if (columns === 0 || places.length === 0) return value;
  const before = reshaped(value, [value.size]);
  const rowsAt = (source: OnnxValue, rows: readonly number[]): OnnxValue =>
    picked(source, [rows.length * columns], columns, Int32Array.from(rows));
  const { rows, rowOf } =
    combine === undefined ? lastOfPlaces(updates, places) : inPairs(updates, places, rowsAt, combine);
  const written = rowsAt(rows, [...rowOf.values()]);
  const after = combine === undefined ? written : combine(rowsAt(before, [...rowOf.keys()]), written);
  const numRows = value.size / columns;
  const sources = Int32Array.from({ length: numRows }, (_, i) => i);
  [...rowOf.keys()].forEach((place, at) => {
    sources[place] = numRows + at;
  });
  return reshaped(picked(joinedValues([before, after], 0), [value.size], columns, sources), value.shape);
}

/** Rows, and by place which one is written there. */
interface RowsOfPlaces {
  readonly rows: OnnxValue;
  readonly rowOf: ReadonlyMap<number, number>;
}

function lastOfPlaces(rows: OnnxValue, places: Int32Array): RowsOfPlaces {
  return { rows, rowOf: new Map(Array.from(places, (place, i) => [place, i])) };
}

/** Half as many rows of each place in each round, until there is one. */
function inPairs(
  updates: OnnxValue,
  places: Int32Array,
  rowsAt: (source: OnnxValue, rows: readonly number[]) => OnnxValue,
  combine: Combine,
): RowsOfPlaces {
  let rows = updates;
  let left: readonly number[] = Array.from(places);
  while (new Set(left).size < left.length) {
    const open = new Map<number, number>();
    const [first, second, place]: number[][] = [[], [], []];
    left.forEach((at, row) => {
      const other = open.get(at);
      if (other === undefined) open.set(at, row);
      else {
        first.push(other);
        second.push(row);
        place.push(at);
        open.delete(at);
      }
    });
    rows = joinedValues([combine(rowsAt(rows, first), rowsAt(rows, second)), rowsAt(rows, [...open.values()])], 0);
    left = [...place, ...open.keys()];
  }
  return { rows, rowOf: new Map(left.map((at, row) => [at, row])) };
}

function compressed(call: OperatorCall): OnnxValue {
  const value = call.value(0);
  const flags = asWholes(call.value(1), 'bool');
  const places = Int32Array.from([...flags.data.keys()].filter((i) => flags.data[i] !== 0));
  const given = call.node.attribute('axis', 'INT');
  const [source, axis] =
    given === undefined ? [reshaped(value, [value.size]), 0] : [value, call.axis(given, value.shape.length)];
  if (flags.size > source.shape[axis]) throw unfit(call, source.shape, flags.shape);
  return along(source, axis, places);
}

function numbersOf(value: OnnxValue): ArrayLike<number> {
  return value instanceof Tensor ? value.hostNumbers() : value.data;
}

function placesOfNonZero(call: OperatorCall): OnnxValue {
  const value = call.value(0);
  const numbers = numbersOf(value);
  const found = Array.from({ length: value.size }, (_, i) => i).filter((i) => numbers[i] !== 0);
  const { shape } = value;
  const places = shape.flatMap((size, axis) => {
    const stride = sizeOf(shape.slice(axis + 1));
    return found.map((i) => Math.floor(i / stride) % size);
  });
  return reshaped(int64s(places), [shape.length, found.length]);
}

/** An index outside of the depth has no place. */
function oneHot(call: OperatorCall): OnnxValue {
  const indices = numbersOf(call.value(0));
  const { shape } = call.value(0);
  const depth = call.number(1);
  const values = call.value(2);
  if (values.size !== 2) throw call.node.fault('`values` are not two numbers.');
  const at = call.node.integer('axis', -1);
  const axis = call.axis(at, shape.length + 1);
  const whole = requirePossible(call, [...shape.slice(0, axis), depth, ...shape.slice(axis)]);
  const [off, on] = [numbersOf(values)[0], numbersOf(values)[1]];
  const inner = sizeOf(shape.slice(axis));
  const data = new Float64Array(sizeOf(whole)).fill(off);
  for (let i = 0; i < indices.length; i++) {
    const place = indices[i] < 0 ? indices[i] + depth : indices[i];
    if (!(Number.isInteger(place) && place >= 0 && place < depth)) continue;
    data[(Math.floor(i / inner) * depth + place) * inner + (i % inner)] = on;
  }
  return values instanceof Tensor ? tensor(data, whole) : new WholeNumbers(values.type, whole, data);
}

/** The largest or smallest numbers of each row of an axis, in order, and their places; the first of equal ones first. */
function largest(call: OperatorCall): OnnxValue[] {
  const { node } = call;
  const value = call.value(0);
  const axis = call.axis(node.integer('axis', -1), value.shape.length);
  const count = call.optional(1) === undefined ? node.integer('k', 0) : call.whole(1);
  const length = value.shape[axis];
  if (!(count >= 0 && count <= length))
    throw node.fault('more are wanted than there are.', `0 to ${length}`, `${count}`, 'OUT_OF_RANGE');
  const sign = node.integer('largest', 1) === 0 ? 1 : -1;
  const order = [...value.shape.keys()].filter((i) => i !== axis);
  order.push(axis);
  const back = order.map((_, i) => order.indexOf(i));
  const rows = permuted(value, order);
  const numbers = numbersOf(rows);
  const numRows = length === 0 ? 0 : rows.size / length;
  const places = new Float64Array(numRows * count);
  for (let row = 0; row < numRows; row++) {
    const start = row * length;
    const sorted = Array.from({ length }, (_, i) => i).sort(
      (a, b) => sign * (numbers[start + a] - numbers[start + b]) || a - b,
    );
    places.set(sorted.slice(0, count), row * count);
  }
  const shape = order.map((i) => (i === axis ? count : value.shape[i]));
  const sources = Int32Array.from(places, (place, i) => Math.floor(i / count) * length + place);
  const values = picked(rows, shape, 1, sources);
  return [permuted(values, back), permuted(new WholeNumbers('int64', shape, places), back)];
}

/** The first steps of each sequence in reverse order, as many as its length says. */
function reversed(call: OperatorCall): OnnxValue {
  const { node } = call;
  const value = call.value(0);
  const [batchAxis, timeAxis] = [node.integer('batch_axis', 1), node.integer('time_axis', 0)];
  const lengths = call.wholes(1) ?? [];
  const [first, second, ...rest] = value.shape;
  const [batch, time] = batchAxis === 0 ? [first, second] : [second, first];
  const fits = batchAxis + timeAxis === 1 && batchAxis * timeAxis === 0 && lengths.length === batch;
  if (!fits || lengths.some((length) => !(length >= 0 && length <= time)))
    throw node.fault('the lengths do not fit the input.', `${batch} from 0 to ${time}`, describeShape(lengths));
  const rows = Int32Array.from({ length: batch * time }, (_, i) => {
    const [b, t] = batchAxis === 0 ? [Math.floor(i / time), i % time] : [i % batch, Math.floor(i / batch)];
    const from = t < lengths[b] ? lengths[b] - 1 - t : t;
    return batchAxis === 0 ? b * time + from : from * batch + b;
  });
  return picked(value, value.shape, sizeOf(rest), rows);
}

/** Zeros below or above a diagonal of the last two axes. */
function triangle(call: OperatorCall): OnnxValue {
  const value = call.value(0);
  const isUpper = call.node.integer('upper', 1) !== 0;
  const diagonal = call.optional(1) === undefined ? 0 : call.whole(1);
  const [rows, columns] = value.shape.slice(-2);
  if (columns === undefined) throw call.node.fault('the input is no matrix.', undefined, describeShape(value.shape));
  const places = Int32Array.from({ length: value.size }, (_, i) => {
    const past = (i % columns) - (Math.floor(i / columns) % rows) - diagonal;
    return (isUpper ? past >= 0 : past <= 0) ? i : -1;
  });
  return picked(value, value.shape, 1, places);
}
