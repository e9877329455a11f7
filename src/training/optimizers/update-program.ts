import { add, div, type Expression, leaf, max, min, mul, sqrt, sub } from '../../expression/build.js';
import { type OutputRequest, type PointwiseProgram, pointwiseProgram } from '../../expression/program.js';
import type { CommonOptions } from './options.js';
import type { UpdateRule } from './update-rule.js';

/**
 * The update of one weight as one program: clipping, decay, the rule, and the moving average. Inputs `weight`,
 * `gradient`, `slot.NAME`, `average` and `squaredNorm` (one value), scalars `decay`, `emaMomentum` and the rule's;
 * outputs over the inputs of their names.
 *
 * @param overwrites whether the weight becomes its average.
 */
export function updateProgram(
  rule: UpdateRule,
  { clip, weightDecay, ema }: CommonOptions,
  overwrites: boolean,
): PointwiseProgram {
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
  const outputs: OutputRequest[] = slots.map((slot) => ({ name: `slot.${slot}`, expression: next[slot] }));
  if (ema !== undefined) outputs.push({ name: 'average', expression: average });
  return pointwiseProgram(rule.name, [...outputs, { name: 'weight', expression: overwrites ? average : next.weight }]);
}

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
