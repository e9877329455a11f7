import { describeShape, type Shape, sizeOf } from '../../shape.js';
import { BoundedCache } from '../../tensor/bounded-cache.js';
import type { OperatorCall } from './operator.js';
import { requirePossible } from './value-movement.js';

/** One axis along which windows move. */
export interface WindowAxis {
  readonly length: number;
  readonly kernel: number;
  readonly stride: number;
  readonly dilation: number;
  /** Places before the first. */
  readonly before: number;
  /** Places after the last. */
  readonly after: number;
  readonly count: number;
}

/** A list of whole numbers that an attribute gives for each axis. @throws FILE_FORMAT */
export function listOf({ node }: OperatorCall, name: string, length: number, byDefault: number): readonly number[] {
  const list = node.attribute(name, 'INTS') ?? new Array<number>(length).fill(byDefault);
  const least = name === 'pads' || name === 'output_padding' ? 0 : 1;
  if (list.length === length && list.every((size) => size >= least)) return list;
  throw node.fault(`\`${name}\` does not fit.`, `${length} whole numbers`, describeShape(list));
}

/**
 * How windows lie, by `strides`, `dilations`, `pads`, `auto_pad` and, for pooling, `ceil_mode`.
 *
 * @throws FILE_FORMAT; SHAPE_MISMATCH where no window fits
 */
export function windowAxes(call: OperatorCall, lengths: Shape, kernels: Shape): WindowAxis[] {
  const { node } = call;
  const rank = lengths.length;
  const strides = listOf(call, 'strides', rank, 1);
  const dilations = listOf(call, 'dilations', rank, 1);
  const pads = listOf(call, 'pads', 2 * rank, 0);
  const mode = autoPad(call);
  const roundsUp = node.integer('ceil_mode', 0) !== 0;
  const axes = lengths.map((length, i) => {
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
    const steps = (length + both - reach) / stride;
    let count = (roundsUp ? Math.ceil(steps) : Math.floor(steps)) + 1;
    // A window may not begin behind the input.
    if (roundsUp && (count - 1) * stride >= length + before) count--;
    if (count < 1 || kernel < 1)
      throw node.fault('no window fits the input.', `at least ${reach} places`, `${length + both}`, 'SHAPE_MISMATCH');
    return { length, kernel, stride, dilation, before, after: both - before, count };
  });
  requirePlaces(call, axes);
  return axes;
}

/** Places are listed by window, so there may not be too many of them. @throws OUT_OF_MEMORY */
export function requirePlaces(call: OperatorCall, axes: readonly WindowAxis[]): void {
  requirePossible(
    call,
    axes.flatMap(({ count, kernel }) => [count, kernel]),
  );
}

/** @throws FILE_FORMAT */
export function autoPad({ node }: OperatorCall): 'NOTSET' | 'VALID' | 'SAME_UPPER' | 'SAME_LOWER' {
  const mode = node.attribute('auto_pad', 'STRING') ?? 'NOTSET';
  if (mode === 'NOTSET' || mode === 'VALID' || mode === 'SAME_UPPER' || mode === 'SAME_LOWER') return mode;
  throw node.fault('`auto_pad` is none that there is.', 'NOTSET, VALID, SAME_UPPER or SAME_LOWER', mode);
}

/** The place that a window has of an axis, by window and place of it; -1 in padding. */
export function placesOfAxis({ length, kernel, stride, dilation, before, count }: WindowAxis): Int32Array {
  return Int32Array.from({ length: count * kernel }, (_, i) => {
    const place = Math.floor(i / kernel) * stride + (i % kernel) * dilation - before;
    return place >= 0 && place < length ? place : -1;
  });
}

/** 4 MiB of places, which a model that is run again asks for again. */
const remembered = new BoundedCache<Int32Array>(1 << 20, (places) => places.length);

/** By batch, window and place of the window, the row of the input; -1 in padding. Not to be written. */
export function windowPlaces(batch: number, axes: readonly WindowAxis[]): Int32Array {
  const key = axes.map(({ length, kernel, stride, dilation, before, count }) =>
    [length, kernel, stride, dilation, before, count].join(),
  );
  return remembered.get(`${batch} ${key.join(' ')}`, () => windowsAt(batch, axes, axes.map(placesOfAxis)));
}

/** The same, of places of each axis as {@link placesOfAxis} gives them. */
export function windowsAt(batch: number, axes: readonly WindowAxis[], places: readonly Int32Array[]): Int32Array {
  // The windows of all axes stand before the places of all axes.
  const sizes = [...axes.map(({ count }) => count), ...axes.map(({ kernel }) => kernel)];
  const each = sizeOf(sizes);
  const rows = sizeOf(axes.map(({ length }) => length));
  const all = new Int32Array(batch * each);
  const at = new Array<number>(sizes.length).fill(0);
  for (let i = 0; i < each; i++) {
    let row = 0;
    for (let axis = 0; axis < axes.length && row >= 0; axis++) {
      const place = places[axis][at[axis] * axes[axis].kernel + at[axes.length + axis]];
      row = place < 0 ? -1 : row * axes[axis].length + place;
    }
    for (let b = 0; b < batch; b++) all[b * each + i] = row < 0 ? -1 : b * rows + row;
    for (let axis = sizes.length - 1; axis >= 0 && ++at[axis] === sizes[axis]; axis--) at[axis] = 0;
  }
  return all;
}
