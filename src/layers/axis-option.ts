import { RondoError } from '../errors.js';
import { sizeOf } from '../shape.js';
import { transpose } from '../tensor/index.js';
import type { Tensor } from '../tensor/tensor.js';
import { type Named, titleOf } from './input-axes.js';
import { describeOpenShape, type OpenShape } from './layer.js';
import type { Mask } from './mask.js';

/** @throws OUT_OF_RANGE unless the option `axis` names an axis other than that of the batch */
export function requireAxis(where: string, axis: number): void {
  if (Number.isInteger(axis) && axis !== 0) return;
  throw new RondoError('OUT_OF_RANGE', {
    where,
    what: '`axis` is out of range.',
    expected: 'an axis other than the batch axis 0',
    received: String(axis),
    fix: 'use -1 for features, 1 for time.',
  });
}

/** The place of an axis in a shape; negative axes count from the end. @throws SHAPE_MISMATCH */
export function placeOfAxis(layer: Named & { readonly axis: number }, shape: OpenShape): number {
  const { axis } = layer;
  const at = axis < 0 ? shape.length + axis : axis;
  if (at >= 1 && at < shape.length) return at;
  throw new RondoError('SHAPE_MISMATCH', {
    where: titleOf(layer),
    what: `the input has no axis ${axis} besides the batch.`,
    expected: 'more axes, or another axis',
    received: describeOpenShape(shape),
    fix: 'correct `axis`.',
  });
}

/** {@link placeOfAxis} of an axis that is as wide as when the layer made its weights. @throws SHAPE_MISMATCH */
export function placeOfWidth(
  layer: Named & { readonly axis: number; readonly buildShape: OpenShape | undefined },
  shape: OpenShape,
): number {
  const at = placeOfAxis(layer, shape);
  const width = layer.buildShape?.at(layer.axis) ?? null;
  if (width === null || shape[at] === null || shape[at] === width) return at;
  throw new RondoError('SHAPE_MISMATCH', {
    where: titleOf(layer),
    what: `axis ${layer.axis} of the input has another size than the weights.`,
    expected: String(width),
    received: describeOpenShape(shape),
    fix: `give the layer ${width} features, or make it anew for the other width.`,
  });
}

/**
 * Checks that a mask runs along axes before the one in place `at`, as sums over all other axes need it. @throws USAGE
 */
export function requireMaskBefore(
  layer: Named & { readonly axis: number },
  at: number,
  shape: readonly number[],
  mask: Mask | undefined,
): void {
  if (mask === undefined || sizeOf(shape.slice(0, at)) % mask.length === 0) return;
  throw new RondoError('USAGE', {
    where: titleOf(layer),
    what: `the mask runs along axis ${layer.axis}, whose entries are kept apart.`,
    expected: 'a mask of axes before it',
    fix: 'give the features as `axis`, -1, or a tensor without a mask.',
  });
}

/** An input with one of its axes moved behind all others, and the way back. */
export function movedLast(
  input: Tensor,
  at: number,
): { readonly moved: Tensor; readonly back: (output: Tensor) => Tensor } {
  const others = [...input.shape.keys()].filter((axis) => axis !== at);
  const back = input.shape.map((_, axis) => (axis === at ? others.length : others.indexOf(axis)));
  return { moved: transpose(input, [...others, at]), back: (output) => transpose(output, back) };
}

/** Whether what a layer does along an axis leaves the time steps of `[batch, time, ...]` apart. */
export function keepsStepsApart(axis: number): boolean {
  return axis === -1 || axis > 1;
}
