import {
  add,
  div,
  type Expression,
  exp,
  greater,
  leaf,
  max,
  mul,
  neg,
  rowMax,
  select,
  sub,
} from '../../expression/build.js';
import { type OutputRequest, type PointwiseProgram, pointwiseProgram } from '../../expression/program.js';
import type { AttentionCall } from './attention-call.js';

/** The programs over the scores of a block `[queries, keys]`. */
export interface ScorePrograms {
  /** The largest product of each query with a key that it sees. */
  readonly largest: PointwiseProgram;
  /** From products to exponentials, at most 1; with dropout also to those that are not dropped. */
  readonly exponentials: PointwiseProgram;
  /** From dL/d(weights) to dL/d(products), up to the normaliser; with dropout also the exponentials not dropped. */
  readonly dProducts: PointwiseProgram;
}

const known = new Map<string, ScorePrograms>();

export function scorePrograms({
  isCausal,
  mask,
  dropoutMask,
}: Pick<AttentionCall, 'isCausal' | 'mask' | 'dropoutMask'>): ScorePrograms {
  const key = `${isCausal} ${mask?.access} ${dropoutMask?.access}`;
  let programs = known.get(key);
  if (programs === undefined) {
    let product: Expression = leaf('product');
    if (isCausal) product = select(greater(leaf('keyIndex', 'column'), leaf('queryIndex', 'row')), -Infinity, product);
    if (mask !== undefined) product = select(leaf('mask', mask.access), product, -Infinity);
    const factor = dropoutMask && leaf('dropoutMask', dropoutMask.access);
    known.set(key, (programs = makePrograms(product, factor)));
  }
  return programs;
}

/** Where no key is seen, masked scores are infinitely far from this too. */
const lowest = -3e38;
const scale = leaf('scale', 'scalar');

/** Sums are no outputs: beside them V8 would not widen the stores of elements. */
function makePrograms(product: Expression, dropoutFactor: Expression | undefined): ScorePrograms {
  const shift = max(mul(leaf('largest', 'row'), scale), lowest);
  const exponential = exp(add(mul(product, scale), neg(shift)));
  const stored = leaf('exponential');
  const dropped = (value: Expression): OutputRequest[] =>
    dropoutFactor === undefined ? [] : [{ name: 'dropped', expression: mul(value, dropoutFactor) }];
  const dWeight = dropoutFactor === undefined ? leaf('dWeight') : mul(leaf('dWeight'), dropoutFactor);
  return {
    largest: pointwiseProgram('attention.largest', [
      { name: 'largest', expression: rowMax(product), reduce: 'perRow' },
    ]),
    exponentials: pointwiseProgram('attention.exponentials', [
      { name: 'exponential', expression: exponential },
      ...dropped(exponential),
    ]),
    dProducts: pointwiseProgram('attention.dProducts', [
      { name: 'dProduct', expression: mul(stored, mul(sub(dWeight, leaf('mean', 'row')), scale)) },
      ...dropped(stored),
    ]),
  };
}

const sum = leaf('sum', 'row');
/** What makes weights of a query's exponentials; 0 where it sees no key. */
const normaliser = select(greater(sum, 0), div(1, sum), 0);

/** The weighted sum of values, from that with exponentials in the place of weights. */
export const normalise = pointwiseProgram('attention.normalise', [
  { name: 'output', expression: mul(leaf('output'), normaliser) },
]);

const scaled = mul(leaf('dOutput'), normaliser);
/** dL/d(output) times the normaliser; and the mean over a query's weights of their derivatives, times it too. */
export const scaleGradient = pointwiseProgram('attention.scaleGradient', [
  { name: 'dScaled', expression: scaled },
  { name: 'mean', expression: mul(scaled, leaf('output')), reduce: 'columns' },
]);
