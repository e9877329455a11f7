import { RondoError } from '../errors.js';
import { describeOpenShape, type OpenShape, requireOpenAxes } from './layer.js';

/** What messages need to know of a layer. */
export interface Named {
  readonly className: string;
  readonly name: string;
}

/** Class and name of a layer, as messages begin. */
export function titleOf({ className, name }: Named): string {
  return name === className ? className : `${className} ${name}`;
}

/** Checks for `[batch, time, features]`. @throws SHAPE_MISMATCH */
export function requireSequence(
  layer: Named,
  shape: OpenShape,
  features: number | null,
  fix = 'give the layer sequences: [batch, time, features].',
): void {
  requirePlaces(layer, shape, { axes: ['time'], features, fix });
}

/** Checks for `[batch, ...axes, features]`, such as the pixels of images. @throws SHAPE_MISMATCH */
export function requirePlaces(
  layer: Named,
  shape: OpenShape,
  { axes, features, fix }: { axes: readonly string[]; features: number | null; fix?: string | undefined },
): void {
  const named = axes.map((axis) => [axis, null] as const);
  requireOpenAxes(
    titleOf(layer),
    shape,
    [['batch', null], ...named, ['features', features]],
    fix ?? `give the layer [batch, ${axes.join(', ')}, features].`,
  );
}

/** Checks for `[batch, ..., features]` with at least `leastRank` axes. @throws SHAPE_MISMATCH */
export function requireFeatures(layer: Named, shape: OpenShape, features: number | null, leastRank = 2): void {
  const last = shape.at(-1) ?? null;
  if (shape.length >= leastRank && (features === null || last === null || last === features)) return;
  const between = leastRank > 2 ? 'time, ..., ' : '..., ';
  throw new RondoError('SHAPE_MISMATCH', {
    where: titleOf(layer),
    what: 'the input has the wrong shape.',
    expected: `[batch, ${between}features${features === null ? '' : ` = ${features}`}], ${leastRank} axes or more`,
    received: describeOpenShape(shape),
    fix:
      features === null
        ? 'give every sample an axis of features.'
        : `give the layer ${features} features, or make it anew for the other width.`,
  });
}
