import { RondoError, unknownName } from '../errors.js';
import { sizeOf } from '../shape.js';
import { describeOpenShape, type OpenShape } from './layer.js';
import { type Mask, resampledMask } from './mask.js';

/** How windows move along one axis. */
export interface WindowSteps {
  readonly kernelSize: number;
  readonly strides: number;
  readonly dilationRate: number;
  readonly padding: WindowPadding;
}

/**
 * `valid` reads only whole windows; `same` pads both ends with zeros (one more at the right where the number is odd) so
 * that stride 1 keeps the length; `causal` pads the left end, so that an output sees no later step.
 */
export type WindowPadding = 'valid' | 'same' | 'causal';

/** One number for every axis along which windows move, or one for each, such as height and width. */
export type PerAxis = number | readonly number[];

/** @throws OUT_OF_RANGE unless all are whole numbers of at least 1, and as many as there are axes */
export function perAxis(where: string, name: string, given: PerAxis, numAxes: number): readonly number[] {
  const each: unknown = typeof given === 'number' ? new Array<number>(numAxes).fill(given) : given;
  if (Array.isArray(each) && each.length === numAxes && each.every((one) => Number.isSafeInteger(one) && one >= 1))
    return each as number[];
  throw new RondoError('OUT_OF_RANGE', {
    where,
    what: given === undefined ? `\`${name}\` is missing.` : `\`${name}\` is out of range.`,
    expected: `a whole number of at least 1${numAxes === 1 ? '' : `, or ${numAxes} of them`}`,
    received: JSON.stringify(given) ?? 'nothing',
    fix: `write ${name}: ${numAxes === 1 ? '3' : '[3, 2]'}.`,
  });
}

/** @throws UNKNOWN_NAME */
export function requirePadding(where: string, padding: string, allowed: readonly WindowPadding[]): void {
  if (!(allowed as readonly string[]).includes(padding)) throw unknownName(where, 'padding', padding, allowed);
}

/** How many steps a window reaches over, besides the first. */
function reachOf({ kernelSize, dilationRate }: WindowSteps): number {
  return dilationRate * (kernelSize - 1);
}

/** Number of windows over `size` steps; 0 where none fits. */
export function countWindows(size: number, steps: WindowSteps): number {
  const covered = steps.padding === 'valid' ? size - reachOf(steps) : size;
  return Math.max(0, Math.ceil(covered / steps.strides));
}

/**
 * The numbers of windows along all axes. @param sizes null where unknown. @returns undefined where no window fits
 */
export function windowCounts(
  sizes: readonly (number | null)[],
  axes: readonly WindowSteps[],
): readonly (number | null)[] | undefined {
  const counts = axes.map((steps, i) => (sizes[i] === null ? null : countWindows(sizes[i]!, steps)));
  return counts.includes(0) ? undefined : counts;
}

/** What is said where an input is smaller than one window. */
export function noWindow(where: string, inputShape: OpenShape, axes: readonly WindowSteps[]): RondoError {
  return new RondoError('SHAPE_MISMATCH', {
    where,
    what: axes.length === 1 ? 'the sequences are shorter than one window.' : 'the input is smaller than one window.',
    expected: `at least ${axes.map(leastSize).join(' x ')} ${axes.length === 1 ? 'steps' : 'places'}`,
    received: describeOpenShape(inputShape),
    fix: "pad the input, use smaller windows, or padding: 'same'.",
  });
}

function leastSize(steps: WindowSteps): number {
  return steps.padding === 'valid' ? reachOf(steps) + 1 : 1;
}

/**
 * For each step of each window of `[batch, ...windows, ...kernel]`: its row in `[batch, ...sizes]`, -1 in the padding
 * and where masked.
 */
export function windowIndices(
  batch: number,
  sizes: readonly number[],
  axes: readonly WindowSteps[],
  mask?: Mask,
): Int32Array {
  const offsets = axes.map(({ kernelSize, dilationRate }) =>
    Array.from({ length: kernelSize }, (_, k) => k * dilationRate),
  );
  return rowsAt(batch, sizes, axes, offsets, mask && resampledMask(mask, batch * sizeOf(sizes)));
}

/**
 * Which windows of `[batch, ...windows]` count, from the steps that do. Padding zeros at an end are part of `same` and
 * `causal`, so there a window stands for one step and counts where that does: its middle one, its last one. `valid`
 * reads only whole windows, so all steps of one must count. Masked steps at either end thus leave as many windows as
 * without them.
 */
export function windowMask(
  batch: number,
  sizes: readonly number[],
  axes: readonly WindowSteps[],
  mask: Mask,
): Uint8Array {
  const deciding = axes.map((steps) => {
    if (steps.padding === 'valid') return Array.from({ length: steps.kernelSize }, (_, k) => k * steps.dilationRate);
    return [steps.padding === 'same' ? Math.floor(reachOf(steps) / 2) : reachOf(steps)];
  });
  const rows = rowsAt(batch, sizes, axes, deciding, resampledMask(mask, batch * sizeOf(sizes)));
  const width = deciding.reduce((product, { length }) => product * length, 1);
  return Uint8Array.from({ length: rows.length / width }, (_, i) =>
    rows.subarray(i * width, (i + 1) * width).includes(-1) ? 0 : 1,
  );
}

/** {@link windowIndices} of those steps of each window that lie at `offsets` from its first, by axis. */
function rowsAt(
  batch: number,
  sizes: readonly number[],
  axes: readonly WindowSteps[],
  offsets: readonly (readonly number[])[],
  mask: Mask | undefined,
): Int32Array {
  // Of one sample, axis after axis: row `window * seen + place` of the axes so far.
  let rows = Int32Array.of(0);
  let seen = 1;
  axes.forEach((steps, axis) => {
    const size = sizes[axis];
    const along = offsets[axis];
    const windows = countWindows(size, steps);
    const start = -paddingBefore(size, windows, steps);
    const numWindows = rows.length / seen;
    const next = new Int32Array(rows.length * windows * along.length);
    let i = 0;
    for (let outer = 0; outer < numWindows; outer++)
      for (let w = 0; w < windows; w++)
        for (let place = 0; place < seen; place++)
          for (const offset of along) {
            const at = start + w * steps.strides + offset;
            const row = rows[outer * seen + place];
            next[i++] = row >= 0 && at >= 0 && at < size ? row * size + at : -1;
          }
    rows = next;
    seen *= along.length;
  });
  const size = sizeOf(sizes);
  const all = new Int32Array(batch * rows.length);
  for (let b = 0; b < batch; b++)
    for (let i = 0; i < rows.length; i++) {
      const row = b * size + rows[i];
      all[b * rows.length + i] = rows[i] >= 0 && mask?.[row] !== 0 ? row : -1;
    }
  return all;
}

function paddingBefore(size: number, windows: number, steps: WindowSteps): number {
  if (steps.padding === 'valid') return 0;
  const reach = reachOf(steps);
  if (steps.padding === 'causal') return reach;
  return Math.floor(Math.max(0, (windows - 1) * steps.strides + reach + 1 - size) / 2);
}
