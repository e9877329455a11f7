import { RondoError } from '../errors.js';
import { describeShape, type Shape, sameShape, sizeOf } from '../shape.js';
import { asRows, asStoredRows, constantTensor, copyBlock } from './accumulate.js';
import { expansionOf, indicesByStrides } from './broadcast.js';
import { compressedView } from './compressed-view.js';
import { gather, gatherInto } from './gather.js';
import { axisIn, axisOf, requireTensors } from './operands.js';
import { operation } from './tape.js';
import { aliasTensor, emptyTensor, type Tensor } from './tensor.js';

/**
 * The same numbers under another shape; one axis may be -1 and is worked out. The memory is shared, so within a step a
 * reshaped variable follows the variable.
 *
 * @throws SHAPE_MISMATCH
 */
export function reshape(source: Tensor, shape: Shape): Tensor {
  requireTensors('reshape', [source]);
  const target = resolveShape(source, shape);
  if (sameShape(target, source.shape)) return source;
  const [result] = operation([source], () => ({
    outputs: [compressedView(source, target) ?? aliasTensor(source, target)],
    backward: ([dOutput]) => [dOutput && aliasTensor(dOutput, source.shape)],
  }));
  return result;
}

function resolveShape(source: Tensor, shape: Shape): number[] {
  const known = shape.filter((axis) => axis !== -1);
  const target =
    shape.length - known.length === 1
      ? shape.map((axis) => (axis === -1 ? source.size / sizeOf(known) : axis))
      : [...shape];
  if (sizeOf(target) === source.size && target.every((axis) => Number.isInteger(axis) && axis >= 0)) return target;
  throw new RondoError('SHAPE_MISMATCH', {
    where: 'reshape',
    what: 'the shapes hold different numbers of elements.',
    expected: `${source.size} elements, as in ${describeShape(source.shape)}; at most one axis may be -1`,
    received: describeShape(shape),
    fix: 'give a shape of the same size.',
  });
}

/**
 * The tensor with its axes in another order: axis i of the result is axis `order[i]` of the source. By default the
 * order is reversed.
 *
 * @throws SHAPE_MISMATCH where `order` does not name each axis once
 */
export function transpose(source: Tensor, order?: readonly number[]): Tensor {
  requireTensors('transpose', [source]);
  const axes = [...source.shape.keys()];
  const wanted = order ?? [...axes].reverse();
  if (wanted.length !== axes.length || axes.some((axis) => !wanted.includes(axis))) {
    throw new RondoError('SHAPE_MISMATCH', {
      where: 'transpose',
      what: '`order` is not a permutation of the axes.',
      expected: `each of ${axes.join(', ')} once`,
      received: describeShape(wanted),
      fix: 'name each axis once.',
    });
  }
  if (wanted.every((axis, i) => axis === i)) return source;
  // Axes of one place move no numbers.
  const moving = wanted.filter((axis) => source.shape[axis] !== 1);
  if (moving.every((axis, i) => i === 0 || axis > moving[i - 1]))
    return reshape(
      source,
      wanted.map((axis) => source.shape[axis]),
    );
  const [result] = operation([source], () => ({
    outputs: [permuted(source, wanted)],
    backward: ([dOutput]) => [
      dOutput &&
        permuted(
          dOutput,
          axes.map((axis) => wanted.indexOf(axis)),
        ),
    ],
  }));
  return result;
}

function permuted(source: Tensor, order: readonly number[]): Tensor {
  // Last axes that stay in place move as one row.
  let moved = order.length;
  while (order[moved - 1] === moved - 1) moved--;
  const strides = order.slice(0, moved).map((axis) => sizeOf(source.shape.slice(axis + 1, moved)));
  const shape = order.map((axis) => source.shape[axis]);
  return gatherInto(shape, source, sizeOf(shape.slice(moved)), indicesByStrides(shape.slice(0, moved), strides));
}

/**
 * The part of an axis from `start` to before `end`. Negative axes and places count from the end.
 *
 * @throws OUT_OF_RANGE
 */
export function slice(source: Tensor, axis: number, start: number, end?: number): Tensor {
  const at = axisOf('slice', source, axis);
  const length = source.shape[at];
  const from = start < 0 ? length + start : start;
  const to = end === undefined ? length : end < 0 ? length + end : end;
  if (!(Number.isInteger(from) && Number.isInteger(to) && from >= 0 && from <= to && to <= length)) {
    throw new RondoError('OUT_OF_RANGE', {
      where: 'slice',
      what: `axis ${axis} of ${describeShape(source.shape)} has no places ${start} to ${end ?? length}.`,
      expected: `whole numbers from 0 to ${length} in order, or negative ones counted from the end`,
      received: `${start} to ${end ?? length}`,
      fix: 'correct the axis or the places.',
    });
  }
  if (to - from === length) return source;
  const shape = source.shape.map((size, i) => (i === at ? to - from : size));
  const outer = sizeOf(shape.slice(0, at));
  const inner = sizeOf(shape.slice(at + 1));
  const [row, part, first] = [length * inner, (to - from) * inner, from * inner];
  const [result] = operation([source], () => {
    // With one block the part is contiguous, and needs no copy.
    const output = outer === 1 ? aliasTensor(source, shape, first) : emptyTensor(shape, source.storedType);
    if (outer > 1) copyBlock(outer, part, asStoredRows(source, row, first), asStoredRows(output, part));
    const backward = (dOutput: Tensor): Tensor => {
      const dSource = constantTensor(source.shape, 0);
      copyBlock(outer, part, asRows(dOutput, part), asRows(dSource, row, first));
      return dSource;
    };
    return { outputs: [output], backward: ([dOutput]) => [dOutput && backward(dOutput)] };
  });
  return result;
}

/** The tensor with an axis in reverse order. Negative axes count from the end. @throws OUT_OF_RANGE */
export function reverse(source: Tensor, axis: number): Tensor {
  const at = axisOf('reverse', source, axis);
  const length = source.shape[at];
  const inner = sizeOf(source.shape.slice(at + 1));
  const indices = indicesByStrides([sizeOf(source.shape.slice(0, at)), length], [length, -1], Math.max(0, length - 1));
  const [result] = operation([source], () => ({
    outputs: [gatherInto(source.shape, source, inner, indices)],
    backward: ([dOutput]) => [dOutput && gatherInto(source.shape, dOutput, inner, indices)],
  }));
  return result;
}

/** Repeats a tensor along missing leading axes and along its axes of 1 until it has `shape`. @throws SHAPE_MISMATCH */
export function expand(source: Tensor, shape: Shape): Tensor {
  requireTensors('expand', [source]);
  if (sameShape(source.shape, shape)) return source;
  const missing = shape.length - source.shape.length;
  if (missing < 0 || source.shape.some((axis, i) => axis !== 1 && axis !== shape[missing + i])) {
    throw new RondoError('SHAPE_MISMATCH', {
      where: 'expand',
      what: 'the tensor cannot be repeated into the shape.',
      expected: `axes that end like ${describeShape(source.shape)}, where an axis of 1 may have any size`,
      received: describeShape(shape),
      fix: 'reshape it first, so that the axes to repeat are 1.',
    });
  }
  const { columns, indices } = expansionOf(shape, source.shape);
  return gather(source, [...shape], columns, indices);
}

/**
 * Joins tensors along an axis; the other axes must agree. Negative axes count from the end. @throws SHAPE_MISMATCH,
 * OUT_OF_RANGE
 */
export function concatenate(sources: readonly Tensor[], axis = -1): Tensor {
  requireSome('concatenate', sources);
  const first = sources[0];
  const at = axisOf('concatenate', first, axis);
  requireAlike('concatenate', sources, at, axis);
  if (sources.length === 1) return first;
  const shape = first.shape.map((size, i) =>
    i === at ? sources.reduce((total, source) => total + source.shape[at], 0) : size,
  );
  const outer = sizeOf(shape.slice(0, at));
  const row = sizeOf(shape.slice(at));
  const widths = sources.map((source) => sizeOf(source.shape.slice(at)));
  const starts = widths.map((_, i) => widths.slice(0, i).reduce((sum, width) => sum + width, 0));
  const [result] = operation(sources, () => {
    const { storedType } = first;
    const joined = emptyTensor(
      shape,
      sources.every((source) => source.storedType === storedType) ? storedType : undefined,
    );
    sources.forEach((source, i) =>
      copyBlock(outer, widths[i], asStoredRows(source, widths[i]), asStoredRows(joined, row, starts[i])),
    );
    const part = (dOutput: Tensor, i: number): Tensor => {
      if (outer === 1) return aliasTensor(dOutput, sources[i].shape, starts[i]);
      const dSource = emptyTensor(sources[i].shape);
      copyBlock(outer, widths[i], asRows(dOutput, row, starts[i]), asRows(dSource, widths[i]));
      return dSource;
    };
    return {
      outputs: [joined],
      backward: ([dOutput], wanted) => sources.map((_, i) => (wanted[i] && dOutput ? part(dOutput, i) : undefined)),
    };
  });
  return result;
}

/**
 * Joins tensors of equal shape along a new axis, which takes the place `axis` of the result; negative ones count from
 * its end.
 *
 * @throws SHAPE_MISMATCH, OUT_OF_RANGE
 */
export function stack(sources: readonly Tensor[], axis = 0): Tensor {
  requireSome('stack', sources);
  requireAlike('stack', sources, -1, axis);
  const { shape } = sources[0];
  const at = axisIn('stack', [...shape, 1], axis);
  return concatenate(
    sources.map((source) => reshape(source, [...shape.slice(0, at), 1, ...shape.slice(at)])),
    at,
  );
}

function requireSome(where: string, sources: readonly Tensor[]): void {
  if (Array.isArray(sources) && sources.length > 0) return requireTensors(where, sources);
  throw new RondoError('USAGE', {
    where,
    what: 'there is nothing to join.',
    expected: 'a list of at least one tensor',
    received: Array.isArray(sources) ? '[]' : String(sources),
    fix: 'give the tensors in an array.',
  });
}

/** Checks that shapes are equal, but for the axis `but`. */
function requireAlike(where: string, sources: readonly Tensor[], but: number, axis: number): void {
  const wanted = sources[0].shape;
  for (const { shape } of sources) {
    if (shape.length === wanted.length && shape.every((size, i) => i === but || size === wanted[i])) continue;
    throw new RondoError('SHAPE_MISMATCH', {
      where,
      what: `the tensors cannot be joined along axis ${axis}.`,
      expected: `shapes like ${describeShape(wanted)}${but >= 0 ? ` but for axis ${but}` : ''}`,
      received: describeShape(shape),
      fix: 'make the other axes equal.',
    });
  }
}
