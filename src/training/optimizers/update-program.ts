import { add, div, type Expression, leaf, max, min, mul, select, sqrt, sub } from '../../expression/build.js';
import { type OutputRequest, type PointwiseProgram, pointwiseProgram } from '../../expression/program.js';
import type { CommonOptions } from './options.js';
import type { UpdateRule } from './update-rule.js';

const isFinite = leaf('isFinite', 'row');

/**
 * The update of one weight as one program: clipping, decay, the rule, and the moving average. Inputs `weight`,
 * `gradient`, `slot.NAME`, `average` and `squaredNorm` (one value), scalars `decay`, `emaMomentum` and the rule's;
 * outputs over the inputs of their names.
 *
 * @param form.overwrites whether the weight becomes its average.
 * @param form.isGuarded whether there is an input `isFinite` (one value), and all stays as it is where that is 0.
 * @param form.isMasked whether there is an input `mask`, and all is 0 where that is 0.
 */
export function updateProgram(
  rule: UpdateRule,
  { clip, weightDecay, ema }: CommonOptions,
  { overwrites, isGuarded, isMasked }: { overwrites: boolean; isGuarded: boolean; isMasked: boolean },
): PointwiseProgram {
  const kept = (value: Expression): Expression => (isMasked ? select(leaf('mask'), value, 0) : value);
  const slots = Object.keys(rule.slots);
  const scalars = Object.keys(rule.scalars({ step: 1, learningRate: 0, counters: { ...rule.counters } }));
  const weight = leaf('weight');
  const next = rule.update({
    gradient: clippedGradient(clip),
    weight: weightDecay > 0 ? sub(weight, mul(weight, leaf('decay', 'scalar'))) : weight,
    slots: named(slots, (slot) => leaf(`slot.${slot}`)),
    scalars: named(scalars, (name) => leaf(name, 'scalar')),
  });
  const momentum = leaf('emaMomentum', 'scalar');
  const average = add(mul(momentum, leaf('average')), mul(sub(1, momentum), next.weight));
  const output = (name: string, expression: Expression): OutputRequest => ({
    name,
    expression: isGuarded ? select(isFinite, kept(expression), leaf(name)) : kept(expression),
  });
  const outputs = slots.map((slot) => output(`slot.${slot}`, next[slot]));
  if (ema !== undefined) outputs.push(output('average', average));
  return pointwiseProgram(rule.name, [...outputs, output('weight', overwrites ? average : next.weight)]);
}

/** Adds a gradient to the sum of those of earlier batches, as often as its batch counts, and multiplies by `share`. */
export function accumulateProgram(isGuarded: boolean): PointwiseProgram {
  const sum = leaf('sum');
  const next = mul(add(sum, mul(leaf('gradient'), leaf('count', 'scalar'))), leaf('share', 'scalar'));
  return pointwiseProgram('accumulateGradient', [
    { name: 'sum', expression: isGuarded ? select(isFinite, next, sum) : next },
  ]);
}

/** Empties the sum of gradients after an update. */
export const clearProgram = pointwiseProgram('clearGradients', [
  { name: 'sum', expression: select(isFinite, 0, leaf('sum')) },
]);

function clippedGradient(clip: CommonOptions['clip']): Expression {
  const gradient = leaf('gradient');
  if (clip === undefined) return gradient;
  const { kind, limit } = clip;
  if (kind === 'value') return min(max(gradient, -limit), limit);
  return mul(gradient, div(limit, max(sqrt(leaf('squaredNorm', 'row')), limit)));
}

function named(names: readonly string[], value: (name: string) => Expression): Record<string, Expression> {
  return Object.fromEntries(names.map((name) => [name, value(name)]));
}
