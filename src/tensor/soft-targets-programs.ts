import {
  add,
  detach,
  div,
  equal,
  exp,
  greater,
  leaf,
  log,
  max,
  mul,
  neg,
  rowMax,
  rowSum,
  select,
  square,
  sub,
} from '../expression/build.js';
import { type PointwiseProgram, pointwiseProgram } from '../expression/program.js';
import type { PointwiseFunction } from './pointwise.js';

/** Keeps a logarithm finite where every other class has underflowed, or there is none. */
const LEAST_SUM = 1e-30;

const [alpha, labelShare, inverse] = ['alpha', 'labelShare', 'inverseTemperature'].map((name) => leaf(name, 'scalar'));
const temperature = div(1, inverse);
const largest = leaf('largest', 'row');

/** The programs of soft targets in a fused softmax cross-entropy, in the order in which they run. */
export interface SoftTargetPrograms {
  /** `[rows, classes]`: the largest logit of each row, and its class where that is wanted. */
  readonly largest: PointwiseProgram;
  /** `[rows, k]`: what the classes of the targets add up to. */
  readonly named: PointwiseProgram;
  /** `[rows, classes]`, in which the named classes are masked: what all others add up to. */
  readonly others: PointwiseProgram;
  /** `[1, rows]`: the losses, and the factors of the derivative. */
  readonly losses: PointwiseProgram;
  /** `[rows, classes]`, in place: the derivative by the logits of the other classes; 0 for the masked ones. */
  readonly otherSlopes: PointwiseProgram;
  /** `[rows, k]`: the derivative by the logits of the named classes. */
  readonly namedSlopes: PointwiseProgram;
}

const made = new Map<string, SoftTargetPrograms>();

export function softTargetPrograms(variant: {
  readonly hasBias: boolean;
  readonly predicted: boolean;
}): SoftTargetPrograms {
  const key = JSON.stringify(variant);
  let found = made.get(key);
  if (found === undefined) made.set(key, (found = makePrograms(variant)));
  return found;
}

function makePrograms({ hasBias, predicted }: { hasBias: boolean; predicted: boolean }): SoftTargetPrograms {
  const x = hasBias ? add(leaf('x'), leaf('bias', 'column')) : leaf('x');
  const top = rowMax(x);
  const first = neg(rowMax(select(equal(x, top), neg(leaf('index', 'column')), -Infinity)));
  const own = hasBias ? add(leaf('logit'), leaf('bias')) : leaf('logit');
  const [distance, ownDistance] = [sub(x, largest), sub(own, largest)];
  const label = sub(hasBias ? add(leaf('ofLabel'), leaf('biasOfLabel')) : leaf('ofLabel'), leaf('largest'));
  // Sums at temperature 1, and at that of the targets: of all classes, and of those that are not named.
  const sum = add(leaf('namedSum'), leaf('otherSum'));
  const others = max(leaf('otherSoftSum'), LEAST_SUM);
  const softSum = add(leaf('namedSoftSum'), leaf('otherSoftSum'));
  const loss = sub(log(sum), label);
  const soft = sub(log(softSum), add(mul(leaf('expected'), inverse), mul(leaf('rest'), log(others))));
  const softSlope = mul(alpha, temperature);
  return {
    largest: pointwiseProgram('largestLogits', [
      { name: 'largest', expression: top, reduce: 'perRow' },
      ...(predicted ? [{ name: 'predicted', expression: first, reduce: 'perRow' as const }] : []),
    ]),
    named: pointwiseProgram('sumsOfNamedClasses', [
      { name: 'sum', expression: exp(ownDistance), reduce: 'columns' },
      { name: 'softSum', expression: exp(mul(ownDistance, inverse)), reduce: 'columns' },
      { name: 'expected', expression: mul(leaf('probability'), ownDistance), reduce: 'columns' },
    ]),
    others: pointwiseProgram('sumsOfOtherClasses', [
      { name: 'sum', expression: exp(distance), reduce: 'columns' },
      { name: 'softSum', expression: exp(mul(distance, inverse)), reduce: 'columns' },
    ]),
    losses: pointwiseProgram('lossesOfSoftTargets', [
      { name: 'loss', expression: loss },
      { name: 'counted', expression: add(mul(labelShare, loss), mul(alpha, square(temperature), soft)) },
      { name: 'hardFactor', expression: div(labelShare, sum) },
      { name: 'softFactor', expression: div(softSlope, softSum) },
      { name: 'otherFactor', expression: mul(softSlope, sub(div(1, softSum), div(leaf('rest'), others))) },
      { name: 'minusLabelShare', expression: neg(labelShare) },
    ]),
    otherSlopes: pointwiseProgram('slopesOfOtherClasses', [
      {
        name: 'slope',
        expression: add(
          mul(leaf('hardFactor', 'row'), exp(distance)),
          mul(leaf('otherFactor', 'row'), exp(mul(distance, inverse))),
        ),
      },
    ]),
    namedSlopes: pointwiseProgram('slopesOfNamedClasses', [
      {
        name: 'slope',
        expression: sub(
          add(
            mul(leaf('hardFactor', 'row'), exp(ownDistance)),
            mul(leaf('softFactor', 'row'), exp(mul(ownDistance, inverse))),
          ),
          mul(softSlope, leaf('probability')),
        ),
      },
    ]),
  };
}

/**
 * The soft part of the loss on stored logits. Operands: the targets as full rows, -1 for classes that they do not name;
 * the logits; and what is left for the others, `[..., 1]`.
 */
export const softCrossentropy: PointwiseFunction = {
  name: 'softCrossentropy',
  build: ([target, x, rest], scalars) => {
    const isOther = greater(0, target);
    const y = mul(x, scalars.inverseTemperature);
    const shifted = sub(y, detach(rowMax(y)));
    const e = exp(shifted);
    const named = rowSum(select(isOther, 0, mul(target, shifted)));
    const others = log(max(rowSum(select(isOther, e, 0)), LEAST_SUM));
    const loss = sub(log(rowSum(e)), add(named, mul(rest, others)));
    return mul(scalars.alpha, div(loss, square(scalars.inverseTemperature)));
  },
  scalars: ['alpha', 'inverseTemperature'],
  alongRows: true,
  perRow: true,
};
