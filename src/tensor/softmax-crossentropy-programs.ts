import {
  add,
  div,
  type Expression,
  equal,
  exp,
  leaf,
  log,
  mul,
  neg,
  rowMax,
  select,
  sub,
} from '../expression/build.js';
import { type OutputRequest, type PointwiseProgram, pointwiseProgram } from '../expression/program.js';

const scaledElement = mul(leaf('x'), leaf('scale', 'row'));
export const scaleRows = pointwiseProgram('scaleRows', [{ name: 'y', expression: scaledElement }]);
export const sumToBias = pointwiseProgram('sumScaledRows', [
  { name: 'sum', expression: scaledElement, reduce: 'rows' },
]);
export const addToBias = pointwiseProgram('addScaledRows', [
  { name: 'sum', expression: scaledElement, reduce: 'rows', accumulate: true },
]);
export const weightedTotal = pointwiseProgram('weightedTotal', [
  { name: 'total', expression: mul(leaf('loss'), leaf('weight')), reduce: 'all' },
]);
export const timesFactor = pointwiseProgram('timesFactor', [
  { name: 'y', expression: mul(leaf('x'), leaf('factor', 'row')) },
]);

/** The programs of a fused softmax cross-entropy with or without some operands and results. */
export interface CrossentropyPrograms {
  /** From logits to the exponentials of their distance from the largest, and what is known of each row. */
  readonly exponentials: PointwiseProgram;
  /** From what is known of each row to its loss, and to what its derivative is scaled with. */
  readonly losses: PointwiseProgram;
}

/** What smoothed labels give every class of a row, in place. */
export const spreadOverRow = pointwiseProgram('spreadOverRow', [
  { name: 'y', expression: add(leaf('x'), leaf('share', 'row')) },
]);

interface Variant {
  readonly hasBias: boolean;
  readonly predicted: boolean;
  readonly derives: boolean;
  readonly isSmoothed: boolean;
}

const programs = new Map<string, CrossentropyPrograms>();

export function crossentropyPrograms(variant: Variant): CrossentropyPrograms {
  const key = JSON.stringify(variant);
  let found = programs.get(key);
  if (found === undefined) programs.set(key, (found = makePrograms(variant)));
  return found;
}

function makePrograms({ hasBias, predicted, derives, isSmoothed }: Variant): CrossentropyPrograms {
  const x = hasBias ? add(leaf('x'), leaf('bias', 'column')) : leaf('x');
  const largest = rowMax(x);
  const exponential = exp(sub(x, largest));
  // The smallest column among the largest logits.
  const first = neg(rowMax(select(equal(x, largest), neg(leaf('index', 'column')), -Infinity)));
  const exponentials: OutputRequest[] = [
    ...(derives ? [{ name: 'exponential', expression: exponential }] : []),
    { name: 'sum', expression: exponential, reduce: 'columns' },
    { name: 'largest', expression: largest, reduce: 'perRow' },
    ...(isSmoothed ? [{ name: 'distances', expression: sub(x, largest), reduce: 'columns' as const }] : []),
    ...(predicted ? [{ name: 'predicted', expression: first, reduce: 'perRow' as const }] : []),
  ];
  const ofLabel: Expression = hasBias ? add(leaf('ofLabel'), leaf('biasOfLabel')) : leaf('ofLabel');
  const distance = sub(ofLabel, leaf('largest'));
  // Of the label alone, and of each class.
  const [own, each] = [sub(1, leaf('labelSmoothing', 'scalar')), leaf('smoothingOfClass', 'scalar')];
  const smoothed = sub(log(leaf('sum')), add(mul(own, distance), mul(each, leaf('distances'))));
  const losses: OutputRequest[] = [
    { name: 'loss', expression: sub(log(leaf('sum')), distance) },
    ...(isSmoothed ? [{ name: 'smoothed', expression: smoothed }] : []),
    ...(derives
      ? [
          { name: 'scale', expression: div(leaf('weight'), leaf('sum')) },
          { name: 'minusSum', expression: isSmoothed ? neg(mul(own, leaf('sum'))) : neg(leaf('sum')) },
          ...(isSmoothed ? [{ name: 'minusShare', expression: neg(mul(each, leaf('sum'))) }] : []),
        ]
      : []),
  ];
  return {
    exponentials: pointwiseProgram('shiftedExponentials', exponentials),
    losses: pointwiseProgram('lossesOfRows', losses),
  };
}
